"""The process of one generation: loads one model and forks the workers that serve it, which share the model's memory.

It is an interpreter of its own, started by the supervisor, with which it talks in JSON lines over a socket:

    to it     {"database_url": …, "redis_url": …}        the servers are up
              {"end": "drain" | "stop"}                  its workers finish what they are at and end, then it does
    from it   {"ready": true}                            all workers take connections
              {"failed": "…"}                            in Chinese; it ends
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bot.serving.child import end_with_supervisor
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.assistant.host import Assistant
    from bot.serving.worker import Work

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_EARLY_SECONDS, _EARLY_ENDS = 5.0, 5  # so many workers in a row that end so soon: it is not bad luck


def run_generation(settings: Settings, model: Path, listener: int, control: int, until_gone: int) -> int:
    """Serves `model` until the supervisor says otherwise or is gone; the numbers are file descriptors from it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_supervisor(until_gone)
    supervisor = _Supervisor(socket.socket(fileno=control))
    try:
        assistant = _load(settings, model)
    except Exception as error:
        logger.exception("the model %s cannot be loaded", model.name)
        supervisor.tell({"failed": f"模型 {model.name} 无法载入（{type(error).__name__}），原因见日志。"})
        return 1
    urls = supervisor.hear(None)
    if "database_url" not in urls:
        return 0  # told to end before there was anything to serve
    gc.collect()
    gc.freeze()  # so that a worker's garbage collection does not copy the shared pages
    from bot.serving.worker import Work

    ready, told = os.pipe()
    work = Work(
        settings,
        urls["database_url"],
        urls["redis_url"],
        assistant,
        socket.socket(fileno=listener),
        told,
    )
    return _Generation(work, supervisor, ready).run()


def _load(settings: Settings, model: Path) -> Assistant:
    # TensorFlow and its kin warn about themselves while Rasa imports them, whatever the filters say
    with warnings.catch_warnings(record=True):
        from bot.assistant.host import Assistant

        return Assistant(model, settings.action_url)


class _Supervisor:
    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._heard = b""

    def tell(self, message: dict[str, Any]) -> None:
        with suppress(OSError):  # it is gone, and so are we in a moment
            self.line.sendall(orjson.dumps(message) + b"\n")

    def hear(self, seconds: float | None, also: int | None = None) -> dict[str, Any]:
        """The next message; {} when none comes in time, or when there is something to read at `also` before."""
        while b"\n" not in self._heard:
            lines: list[Any] = [self.line] if also is None else [self.line, also]
            readable, _, _ = select.select(lines, [], [], seconds)
            if self.line not in readable:
                return {}
            more = self.line.recv(65536)
            if not more:
                os._exit(1)
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        message: dict[str, Any] = orjson.loads(line)
        return message


class _Generation:
    def __init__(self, work: Work, supervisor: _Supervisor, ready: int) -> None:
        self._work = work
        self._supervisor = supervisor
        self._ready = ready
        self._workers: dict[int, float] = {}
        self._early_ends = 0
        self._taking = 0  # how many workers have said that they take connections
        # The kernel closes `alive` when this process is gone, however it ended; its workers hold the other end.
        self._until_gone, self._alive = os.pipe()

    def run(self) -> int:
        from bot.serving.worker import DRAIN, STOP

        count = self._work.settings.workers
        for _ in range(count):
            self._fork()
        ending = False
        while self._workers or not ending:
            said = self._supervisor.hear(_LOOK_SECONDS, also=self._ready)
            if "end" in said:
                ending = True
                self._signal(DRAIN if said["end"] == "drain" else STOP)
            if select.select([self._ready], [], [], 0)[0]:
                before = self._taking
                self._taking += len(os.read(self._ready, 64))
                if before < count <= self._taking:
                    self._supervisor.tell({"ready": True})
            for pid, born in self._reap().items():
                if ending:
                    continue
                logger.error("worker %s ended and is replaced", pid)
                self._early_ends = self._early_ends + 1 if time.monotonic() - born < _EARLY_SECONDS else 0
                if self._early_ends == _EARLY_ENDS:
                    self._supervisor.tell({"failed": "工作进程一启动就退出，请查看上面的日志。"})
                    return 1  # its other workers end with it
                self._fork()
        return 0

    def _fork(self) -> None:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(self._alive)
                self._supervisor.line.close()  # the supervisor takes its end for this generation's end
                status = self._work.run(self._until_gone)
            finally:
                os._exit(status)
        self._workers[pid] = time.monotonic()

    def _reap(self) -> dict[int, float]:
        """The workers that have ended since the last call, with their time of birth."""
        ended = {}
        for pid in list(self._workers):
            if os.waitpid(pid, os.WNOHANG) != (0, 0):
                ended[pid] = self._workers.pop(pid)
        return ended

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._workers:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
