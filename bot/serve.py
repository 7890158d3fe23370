"""The parent process: owns the embedded servers, loads the model once, forks the workers and looks after all of them."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import orjson
from redis.exceptions import RedisError

from bot.errors import BotError, EmbeddedServerError
from bot.services.context import RUNNING, build_services, secret_key
from bot.settings import Settings
from bot.storage.data_dir_lock import hold_data_dir, leave_data_dirs
from bot.storage.embedded_postgres import EmbeddedPostgres, start_postgres
from bot.storage.embedded_redis import EmbeddedRedis, start_redis
from bot.storage.migrate import migrate

if TYPE_CHECKING:
    from bot.assistant.host import Assistant

logger = logging.getLogger(__name__)

_GRACE_SECONDS = 15.0
_EARLY_SECONDS, _EARLY_ENDS = 5.0, 5  # so many workers in a row that end so soon: it is not bad luck
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_BEGAN = time.monotonic()


class _Stop(SystemExit):
    """SIGTERM, Ctrl-C or a closed terminal. No `Exception`, which a library or an event loop at work would swallow."""


def serve(settings: Settings) -> None:
    """Runs the service until it is told to stop; whatever it started, it ends.

    Raises:
        BotError: the service cannot run; the message is for the operator.
    """
    for number in _STOPS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup means what it says
            signal.signal(number, _raise_stop)
    parent = _Parent(settings)
    try:
        parent.run()
    except _Stop:
        pass
    finally:
        # a second Ctrl-C must not leave a server behind
        for number in _STOPS:
            signal.signal(number, signal.SIG_IGN)
        parent.stop()


def _raise_stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


def _say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:5.1f} 秒] {text}", flush=True)


class _Parent:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._postgres: EmbeddedPostgres | None = None
        self._redis: EmbeddedRedis | None = None
        self._workers: dict[int, float] = {}
        self._early_ends = 0
        # The kernel closes `alive` when the parent is gone, however it ended; its workers hold the other end.
        self._until_gone, self._alive = os.pipe()
        self._note = settings.data_dir / RUNNING
        self._noted = False

    def run(self) -> None:
        settings = self._settings
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        hold_data_dir(settings.data_dir.resolve(), "service")
        listener = _listen(settings)
        secret_key(settings)
        model = _model(settings)
        database_url, redis_url = self._servers()
        _say("检查数据库结构" + ("，载入演示数据" if settings.demo else ""))
        asyncio.run(_prepare(settings, database_url, redis_url))
        _say("载入模型（约需十几秒）")
        # TensorFlow and its kin warn about themselves while Rasa imports them, whatever the filters say
        with warnings.catch_warnings(record=True):
            from bot.assistant.host import Assistant  # here, because importing Rasa takes most of the start

            assistant = Assistant(model, settings.action_url)
        host, port = listener.getsockname()[:2]
        self._noted = True
        self._note.unlink(missing_ok=True)
        self._note.touch(mode=0o600)  # before anything stands in it: a URL may hold a password
        self._note.write_bytes(
            orjson.dumps(
                {
                    "database_url": database_url,
                    "redis_url": redis_url,
                    "demo": settings.demo,
                    "port": port,
                    "pid": os.getpid(),
                }
            )
        )
        gc.collect()
        gc.freeze()  # so that a worker's garbage collection does not copy the shared pages
        work = _Work(settings, database_url, redis_url, assistant, listener)
        for _ in range(settings.workers):
            self._fork(work)
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        _say(
            f"已就绪：http://{shown}:{port}/"
            + ("　（演示模式：选一个身份，或打开双窗格 /?view=two）" if settings.demo else "")
        )
        self._watch(work)

    def stop(self) -> None:
        for pid in self._workers:
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while self._workers and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.05)
        for pid in self._workers:
            _signal(pid, signal.SIGKILL)
        if self._redis is not None:
            self._redis.stop()
        if self._postgres is not None:
            self._postgres.stop()
        if self._noted:  # else it is of the service that has the data folder already
            self._note.unlink(missing_ok=True)

    def _servers(self) -> tuple[str, str]:
        settings = self._settings
        database_url, redis_url = settings.database_url, settings.redis_url
        if settings.embedded_database:
            _say("启动内嵌 PostgreSQL")
            self._postgres = start_postgres(settings.data_dir)
            database_url = self._postgres.url
        if settings.embedded_redis:
            _say("启动内嵌 Redis")
            self._redis = start_redis(settings.data_dir)
            redis_url = self._redis.url
        return database_url, redis_url

    def _fork(self, work: _Work) -> None:
        # A stop between these lines would make the child end what its parent owns, or the parent forget the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        pid = os.fork()
        if pid == 0:
            leave_data_dirs()
            os.close(self._alive)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it reaches the parent too, which ends its workers in order
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
            status = 1
            try:
                status = work.run(self._until_gone)
            finally:
                os._exit(status)
        self._workers[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)

    def _watch(self, work: _Work) -> None:
        while True:
            for pid, born in self._reap().items():
                logger.error("worker %s ended and is replaced", pid)
                self._early_ends = self._early_ends + 1 if time.monotonic() - born < _EARLY_SECONDS else 0
                if self._early_ends == _EARLY_ENDS:
                    raise BotError("工作进程一启动就退出，请查看上面的日志。")
                self._fork(work)
            for server in (self._redis, self._postgres):
                if server is not None and not server.is_alive():
                    logger.error("the embedded %s died and is started again", server.name)
                    server.restart()
            time.sleep(0.2)

    def _reap(self) -> dict[int, float]:
        """The workers that have ended since the last call, with their time of birth."""
        ended = {}
        for pid in list(self._workers):
            if os.waitpid(pid, os.WNOHANG) != (0, 0):
                ended[pid] = self._workers.pop(pid)
        return ended


class _Work:
    """What a worker does from its fork to its end."""

    def __init__(
        self, settings: Settings, database_url: str, redis_url: str, assistant: Assistant, listener: socket.socket
    ) -> None:
        self._settings = settings
        self._database_url = database_url
        self._redis_url = redis_url
        self._assistant = assistant
        self._listener = listener

    def run(self, until_gone: int) -> int:
        try:
            asyncio.run(self._serve(until_gone))
        except Exception:
            logger.exception("worker failed")
            return 1
        return 0

    async def _serve(self, until_gone: int) -> None:
        from aiohttp import web

        from bot.app import make_app

        # connections are made after the fork: two processes on one socket would read each other's answers
        services = build_services(self._settings, self._database_url, self._redis_url)
        runner = web.AppRunner(
            make_app(services, self._assistant), access_log=None, shutdown_timeout=_GRACE_SECONDS / 2
        )
        await runner.setup()
        await web.SockSite(runner, self._listener).start()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        # A parent that was killed cannot tell: its orphans must not keep the port from the next one.
        loop.add_reader(until_gone, stop.set)
        await stop.wait()
        loop.remove_reader(until_gone)
        await runner.cleanup()


def _model(settings: Settings) -> Path:
    """The model to serve; trained first when the content has changed since the last one."""
    named = Path(settings.model)
    if named.is_file():
        return named
    from bot.assistant.training import trained_model

    model = trained_model()
    if not model.exists():
        _say("内容有变化，训练模型（两核机器约一分钟）")
        done = subprocess.run([sys.executable, "-m", "bot", "train"], check=False)
        if done.returncode != 0:
            raise BotError("模型训练失败，服务没有启动；原因见上面的输出。")
    return model


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, before anything that takes long: a port in use is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        raise BotError(
            f"无法监听 {settings.host}:{settings.port}（{error.strerror}）；请换一个端口，例如 BOT_PORT=8081 make run。"
        ) from error
    listener.listen(1024)
    listener.setblocking(False)
    return listener


async def _prepare(settings: Settings, database_url: str, redis_url: str) -> None:
    await migrate(database_url)
    services = build_services(settings, database_url, redis_url)
    try:
        await services.redis.ping()
        if settings.demo:
            from bot.services.demo import load_demo

            await load_demo(services)
    except (OSError, RedisError) as error:
        raise EmbeddedServerError(f"Redis 没有应答：{error}") from error
    finally:
        await services.engine.dispose()
        await services.redis.close()


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
