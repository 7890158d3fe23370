"""A generation as the supervisor sees it: one loaded model and the workers that serve it, in processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

_STOP_SECONDS = 15.0
_LOOK_SECONDS = 0.02


class Generation:
    """Made by `start`. `failure`: what it said before it ended, in Chinese; empty when it ended without a word."""

    def __init__(self, model: str, process: subprocess.Popen[bytes], line: socket.socket) -> None:
        self.model = model
        self.failure = ""
        self._process = process
        self._line = line
        self._ready = asyncio.Event()
        self._ready_at: float | None = None
        self._over = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    def start(cls, model: str, file: Path, listener: socket.socket, until_gone: int) -> Generation:
        """Starts the process, which loads the model at once and waits for `give`. `until_gone`: see `end_with_supervisor`."""
        ours, theirs = socket.socketpair()
        with theirs:
            fds = (listener.fileno(), theirs.fileno(), until_gone)
            process = subprocess.Popen(  # noqa: S603 (the command is ours)
                [sys.executable, "-m", "bot", "generation", str(file), *map(str, fds)],
                stdin=subprocess.DEVNULL,
                pass_fds=fds,
                # The served products of matrices are small: more threads only cost memory, and none survives the fork.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                # A session of its own: Ctrl-C and a closed terminal reach the supervisor alone, which ends it in order, and
                # one signal to the group ends it with all its workers.
                start_new_session=True,
            )
        ours.setblocking(False)
        return cls(model, process, ours)

    def give(self, database_url: str, redis_url: str) -> None:
        """Tells it that the servers are up, and where."""
        self._tell({"database_url": database_url, "redis_url": redis_url})

    async def is_ready(self) -> bool:
        """Returns when all its workers take connections; False when it ended before."""
        waits = [asyncio.create_task(self._ready.wait()), asyncio.create_task(self._over.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self._ready.is_set() and not self._over.is_set()

    async def ended(self) -> None:
        """Returns when its process has ended, whoever ended it."""
        await self._over.wait()

    @property
    def served_seconds(self) -> float:
        """For how long its workers have taken connections; 0 when they never did."""
        return 0.0 if self._ready_at is None else time.monotonic() - self._ready_at

    async def end(self, drain: bool = False) -> None:
        """Lets its workers finish what they are at, with `drain` also move their clients over to other workers, and ends it."""
        deadline = time.monotonic() + _STOP_SECONDS
        if self._ready.is_set():
            self._tell({"end": "drain" if drain else "stop"})
            # Not the process alone: if it was killed, its workers are still finishing what they are at.
            while time.monotonic() < deadline and self._group_lives():  # noqa: ASYNC110 (nobody tells us)
                await asyncio.sleep(_LOOK_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """Ends it and all its workers at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._over.wait()
        await asyncio.gather(self._listening, return_exceptions=True)

    def _group_lives(self) -> bool:
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _tell(self, message: dict[str, Any]) -> None:
        with suppress(OSError):  # it has ended, which `_listen` sees
            self._line.send(orjson.dumps(message) + b"\n")

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._line)
        try:
            async for line in reader:
                said = orjson.loads(line)
                if "ready" in said:
                    self._ready_at = time.monotonic()
                    self._ready.set()
                self.failure = said.get("failed", self.failure)
        except ConnectionError:
            pass  # killed while something was on the way to it
        finally:
            while self._process.poll() is None:  # noqa: ASYNC110 (its end of the line is closed: it takes no time)
                await asyncio.sleep(_LOOK_SECONDS)
            self._over.set()
            writer.close()
