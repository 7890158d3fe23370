"""Owns both embedded servers in a process of its own, for tests that interrupt or kill it: `python FILE DATA_DIR`.

Prints one JSON line when both run; stops them when its input ends or at Ctrl-C.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from pathlib import Path

from bot.storage.embedded_postgres import start_postgres
from bot.storage.embedded_redis import start_redis

# what runs in the background of a shell without job control inherits that Ctrl-C is ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
postgres = start_postgres(Path(sys.argv[1]))
redis = start_redis(Path(sys.argv[1]))
started = {"postgres": {"url": postgres.url, "pid": postgres.pid}, "redis": {"url": redis.url, "pid": redis.pid}}
with contextlib.suppress(KeyboardInterrupt):
    print(json.dumps(started), flush=True)
    sys.stdin.read()
redis.stop()
postgres.stop()
