"""The service as its operator runs it: `python -m bot serve` in a process of its own, on a data folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import psutil
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.content import ROOT
from tests.sql import beside

START_SECONDS = 180.0
STOP_SECONDS = 60.0

_here = build_opener(ProxyHandler({}))
Found = TypeVar("Found")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs `python -m bot …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


class RunningService:
    """One service; its data folder is `<folder>/data`, its output goes to `<folder>/service.log`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.log = folder / "service.log"
        self.port = free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
        self.environment = {
            **inherited,
            "BOT_DATA_DIR": str(self.data_dir),
            "BOT_PORT": str(self.port),
            "BOT_DEMO": "1",
            "BOT_QUIET_HOURS": "00:00-00:00",  # the tests run by night as by day
            "RASA_TELEMETRY_ENABLED": "false",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The parent process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the parent process runs."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Starts the process and does not wait for it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_as_in_a_terminal,
            )

    def start(self) -> None:
        """Starts it and waits until it says that it is ready; it alone, not one before it on the same port."""
        self.launch()
        self.wait_for(lambda: self._noted() and self.is_ready())

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Returns when `condition` holds; fails with the end of the log when the service ends first, or it takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            assert self.running, f"the service ended:\n{self.output()[-3000:]}"
            assert time.monotonic() < deadline, f"it takes too long:\n{self.output()[-3000:]}"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        return bool(self.model())

    def model(self) -> str:
        """Which model /readyz names; empty while nothing is served."""
        try:
            with _here.open(f"{self.url}/readyz", timeout=5) as response:
                return str(json.load(response)["model"])
        except (URLError, OSError):
            return ""

    def output(self) -> str:
        """What it has written to stdout and stderr."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def send(self, number: signal.Signals) -> int:
        """Sends the parent a signal and returns the exit status that it then ends with."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def clear_away(self) -> None:
        """Ends it, and whatever a failed test has left of it."""
        if self.running:
            self.send(signal.SIGTERM)
        for process in self.processes():
            process.kill()

    def processes(self) -> list[psutil.Process]:
        """All processes that work on the data folder, however they came to be."""
        return [process for process in psutil.process_iter() if self._works_here(process)]

    def children(self, command: str) -> list[psutil.Process]:
        """The supervisor's processes that run `python -m bot <command>`."""
        children = [child for child in psutil.Process(self.pid).children() if _lives(child)]
        return [child for child in children if child.cmdline()[1:4] == ["-m", "bot", command]]

    def workers(self) -> set[int]:
        """The worker processes."""
        return {child.pid for parent in self.children("generation") for child in parent.children() if _lives(child)}

    def server(self, program: str) -> int:
        """The process of the embedded server `program`."""
        [found] = [child for child in psutil.Process(self.pid).children() if child.name() == program]
        return int(found.pid)

    def _works_here(self, process: psutil.Process) -> bool:
        folder = str(self.data_dir)
        try:
            return _lives(process) and (
                process.environ().get("BOT_DATA_DIR") == folder
                or process.cwd().startswith(folder)
                or any(folder in argument for argument in process.cmdline())
            )
        except psutil.Error:
            return False

    def _noted(self) -> bool:
        return (self.data_dir / "running.json").exists() and self.note()["pid"] == self.pid

    def note(self) -> dict[str, Any]:
        """What it tells the plain commands beside it."""
        found: dict[str, Any] = json.loads((self.data_dir / "running.json").read_bytes())
        return found

    async def sql(self, statement: str, **changed: str) -> list[tuple[Any, ...]]:
        """The rows of a statement on its database; `changed` as in `tests.sql.beside`."""
        url = beside(self.note()["database_url"], **changed)
        engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            result = await connection.execute(sa.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    async def records_of(self, sender: str) -> list[tuple[Any, ...]]:
        """Process and currency of what this sender has filed."""
        return await self.sql(
            "SELECT process, current FROM records JOIN accounts USING (person_id) "
            f"WHERE channel = 'rest' AND external_id = '{sender}'"
        )


async def eventually(look: Callable[[], Awaitable[Found | None]], seconds: float = 15.0) -> Found:
    """What `look` finds, asked again until it finds something."""
    deadline = time.monotonic() + seconds
    while (found := await look()) is None:
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.05)
    return found


def _lives(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def _as_in_a_terminal() -> None:
    """Where the tests run under nohup, the service under test does not."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
