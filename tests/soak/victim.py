"""A process at the bot's work that is killed in the midst of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Victim:
    """One process of `tests.soak.work`. `kills` counts those that met a child still at work."""

    def __init__(self, data_dir: Path, database_url: str, redis_url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.soak.work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.kills = 0
        self._tell({"data_dir": str(data_dir), "database_url": database_url, "redis_url": redis_url})
        assert self._line() == "ready"

    def work(self, job: dict[str, Any], kill_after: float | None = None) -> None:
        """Does a job to its end, or until it is killed with SIGKILL after so many seconds.

        Raises:
            AssertionError: the job failed by itself.
        """
        self._tell(job)
        child = int(self._line())
        timer = threading.Timer(kill_after, _kill, [child]) if kill_after is not None else None
        if timer:
            timer.start()
        status = int(self._line())
        if timer:
            timer.cancel()
            timer.join()
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        self.kills += killed
        assert killed or status == 0, f"the job {job['kind']} ended with {status}"

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _tell(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextlib.contextmanager
def victims(count: int, data_dir: Path, database_url: str, redis_url: str) -> Iterator[list[Victim]]:
    """So many processes on the same servers, ended afterwards."""
    made = [Victim(data_dir, database_url, redis_url) for _ in range(count)]
    try:
        yield made
    finally:
        for one in made:
            one.close()


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
