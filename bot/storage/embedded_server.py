"""What the embedded PostgreSQL and Redis have in common: a child process with a folder, a log and an orderly end.

The child runs in a session of its own, so that a Ctrl-C in the terminal reaches only the parent, which stops the child
when nobody needs it any more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from bot.errors import EmbeddedServerError
from bot.storage.data_dir_lock import hold_data_dir, release_data_dir

logger = logging.getLogger(__name__)

_STOP_PATIENCE = 60.0
_LARGEST_LOG = 5_000_000


class EmbeddedServer:
    """One server process on `<data_dir>/<name>`; holds the data folder from `start` to `stop`. Not for several
    threads at once, but for `give_up`.

    A subclass says with which command, how the server tells that it is ready, and which signal ends it in order.
    `program` is the name that the server's processes have.
    """

    name: str
    program: str
    stop_signal: signal.Signals

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self.folder = self.data_dir / self.name
        self.log = self.folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._holder: int | None = None
        self._given_up = threading.Event()

    @property
    def pid(self) -> int | None:
        """The server's process id, None when it does not run."""
        return self._process.pid if self._process is not None and self.is_alive() else None

    def is_alive(self) -> bool:
        """Whether the process that was started still runs; says nothing about whether it answers."""
        return self._process is not None and self._process.poll() is None

    def start(self, patience: float) -> None:
        """Starts the server and waits until it answers, at most `patience` seconds (recovery after a crash takes time).

        Raises:
            EmbeddedServerError: the data folder is in use, or the server does not come up.
        """
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.data_dir = self.data_dir.resolve()
            self.folder = self.data_dir / self.name
            self.log = self.folder / f"{self.name}.log"
            hold_data_dir(self.data_dir, self.name)
            self._holder = os.getpid()
            try:
                self.folder.mkdir(mode=0o700, exist_ok=True)
                self.folder.chmod(0o700)
                self._prepare()
                self._launch(patience)
            except BaseException:
                self.stop()
                raise
        except OSError as error:
            raise EmbeddedServerError(f"{self.name} 无法在 {self.data_dir} 启动：{error}") from error

    def give_up(self) -> None:
        """Makes a `start` or `restart` that still waits in another thread fail at once; for when the service is to end."""
        self._given_up.set()

    def restart(self, patience: float = 600.0) -> None:
        """Starts a server that was not stopped again, also when it died; its data and its URL stay the same."""
        if self._holder != os.getpid():
            raise EmbeddedServerError(f"{self.name} 不是由本进程启动，或已经停止，不能重启。")
        self._end_process()
        try:
            self._launch(patience)
        except BaseException:
            self._end_process()
            raise

    def stop(self) -> None:
        """Ends the server in order and gives the data folder back. Harmless if done twice, or by a forked worker."""
        if self._holder != os.getpid():
            return
        try:
            self._end_process()
            self._tidy()
        finally:
            self._holder = None
            release_data_dir(self.data_dir, self.name)

    def _prepare(self) -> None:
        """Makes what the server needs before its first start."""

    def _tidy(self) -> None:
        """Takes away what `_prepare` made and nobody needs once the server is down."""

    def _command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def _home(self) -> Path:
        """The folder that the server makes its working directory, by which its processes are known."""
        raise NotImplementedError

    def _is_ready(self, pid: int) -> bool:
        raise NotImplementedError

    def _launch(self, patience: float) -> None:
        self._end_leftovers()
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        log_fd = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(  # noqa: S603 (the command is ours)
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                # Nothing of the parent's: PG* variables would override what we say, and its secrets stay its own.
                env={"PATH": os.defpath, "LC_ALL": "C"},
                cwd=self.folder,
                start_new_session=True,
                umask=0o077,
            )
        finally:
            os.close(log_fd)
        self._wait_until_ready(self._process, patience)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], patience: float) -> None:
        began = time.monotonic()
        told = began
        while not self._is_ready(process.pid):
            now = time.monotonic()
            if process.poll() is not None:
                raise EmbeddedServerError(f"{self.name} 启动失败（退出码 {process.returncode}）。{self._log_end()}")
            if now - began > patience:
                raise EmbeddedServerError(f"{self.name} 在 {patience:.0f} 秒内没有就绪。{self._log_end()}")
            if now - told > 5:
                told = now
                logger.info("%s 正在恢复数据，已等待 %.0f 秒", self.name, now - began)
            if self._given_up.wait(0.02):
                raise EmbeddedServerError(f"{self.name} 的启动被中止。")

    def _log_end(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        except OSError:
            lines = []
        return f"日志 {self.log} 的末尾：\n" + "\n".join(lines)

    def _end_process(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(_STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                logger.warning("%s 在 %.0f 秒内没有停止，强制结束", self.name, _STOP_PATIENCE)
                self._process.kill()
                self._process.wait()
        self._process = None
        self._end_leftovers()

    def _end_leftovers(self) -> None:
        """Ends the server's processes whose parent was killed: nobody owns them, for we hold the data folder."""
        left = _processes_of(self.program, self._home())
        among = {process.pid for process in left}
        for process in left:
            # Only the topmost: a server ends its own children, a lone child ends by itself when its server is gone.
            if _parent_pid(process) not in among:
                _send(process, self.stop_signal)
        for process in _still_running_after(_STOP_PATIENCE, left):
            logger.warning("%s 的残留进程 %d 没有停止，强制结束", self.name, process.pid)
            _send(process, signal.SIGKILL)
        if alive := _still_running_after(_STOP_PATIENCE, left):
            raise EmbeddedServerError(f"{self.name} 的残留进程 {[process.pid for process in alive]} 无法结束。")


def _processes_of(program: str, home: Path) -> list[psutil.Process]:
    """The processes of `program` at work in `home`. Not by a pid file: after a crash its number may be another's."""
    return [process for process in psutil.process_iter() if _is_at_work(process, program, home)]


def _is_at_work(process: psutil.Process, program: str, home: Path) -> bool:
    try:
        # The command line too: in a container root may not see the working directory of another user's process.
        return process.name() == program and (str(home) in process.cmdline() or process.cwd() == str(home))
    except psutil.Error:
        return False  # gone meanwhile, or none of ours


def _still_running_after(patience: float, processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    deadline = time.monotonic() + patience
    while (alive := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        # Not `wait`: an orphan stays a zombie for good where the container's first process collects none.
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _parent_pid(process: psutil.Process) -> int | None:
    try:
        return int(process.ppid())
    except psutil.Error:
        return None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.Error):  # gone meanwhile; if it may not be ended, the wait that follows tells
        process.send_signal(number)
