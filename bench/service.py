"""The service under test: `python -m bot serve` on a data folder of its own and a free port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 300.0  # a first start trains the model


@contextmanager
def running_service(data_dir: Path, content: Path) -> Iterator[str]:
    """Starts the service, gives its address once it is ready, and stops it.

    Raises:
        RuntimeError: it ended or did not get ready; the message holds the end of its log.
    """
    data_dir.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment |= {
        "BOT_DEMO": "1",
        "BOT_PORT": "0",
        "BOT_RATE_LIMIT": "1000000",
        "BOT_DATA_DIR": str(data_dir),
        "BOT_CONTENT_DIR": str(content),
        "BOT_WORKERS": os.environ.get("BOT_WORKERS", "1"),
    }
    log = data_dir / "service.log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=environment, stdout=out, stderr=out)
        try:
            yield _address_when_ready(process, data_dir, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _address_when_ready(process: subprocess.Popen[bytes], data_dir: Path, log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    note = data_dir / "running.json"
    while time.monotonic() < deadline and process.poll() is None:
        if note.exists():
            address = f"http://127.0.0.1:{json.loads(note.read_bytes())['port']}"
            try:
                with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                    return address
            except (urllib.error.URLError, OSError):
                pass
        time.sleep(0.2)
    raise RuntimeError("the service did not get ready:\n" + log.read_text(encoding="utf-8", errors="replace")[-3000:])
