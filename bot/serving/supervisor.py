"""The supervisor: takes the signals, owns the port and the embedded servers, and starts all other processes.

It never imports Rasa, and nothing that takes long blocks it: a signal wakes it at any moment of its life, and it then ends
in order all that it has started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket

from bot.conversation.spool import check_spool
from bot.errors import BotError
from bot.serving.changes import Changes
from bot.serving.child import run_child
from bot.serving.model_shelf import ModelShelf
from bot.serving.progress import say
from bot.serving.servers import Servers
from bot.serving.succession import Succession
from bot.serving.tasks import all_of, cancel
from bot.settings import Settings
from bot.storage.data_dir_lock import hold_data_dir
from bot.storage.running_note import remove_running_note, write_running_note

_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_SECONDS = 0.2


def serve(settings: Settings) -> None:
    """Runs the service until it is told to stop; whatever it started, it ends.

    Raises:
        BotError: the service cannot run; the message is for the operator.
    """
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in _STOPS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup means what it says
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    hold_data_dir(settings.data_dir.resolve(), "service")
    if settings.calling_channels:
        check_spool(settings.data_dir)
    service = _Service(settings, _listen(settings))
    work, stopped = asyncio.create_task(service.run()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            await work
    finally:
        await cancel(work, stopped)
        await service.end()


class _Service:
    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        # The kernel closes `alive` when this process is gone, however it ended; its children hold the other end.
        self._until_gone, self._alive = os.pipe()
        self._servers = Servers(settings)
        self._shelf = ModelShelf(settings.data_dir)
        self._succession = Succession(settings, self._shelf, listener, self._until_gone)

    async def run(self) -> None:
        # The model is loaded while the servers start.
        await all_of(self._succession.start(), self._start_servers())
        changes = Changes(self._shelf, self._succession, self._settings.train_delay, self._until_gone)
        await all_of(
            self._say_when_ready(), self._servers.keep(), self._succession.keep(), changes.obey(), changes.build()
        )

    async def end(self) -> None:
        await self._succession.end()
        await self._servers.end()
        remove_running_note(self._settings.data_dir)

    async def _start_servers(self) -> None:
        database_url, redis_url = await self._servers.start()
        write_running_note(
            self._settings.data_dir,
            database_url=database_url,
            redis_url=redis_url,
            demo=self._settings.demo,
            port=self._listener.getsockname()[1],
        )
        say("检查数据库结构" + ("，载入演示数据" if self._settings.demo else ""))
        if await run_child(self._until_gone, "prepare") != 0:
            raise BotError("数据库没有准备好，服务没有启动；原因见上面的输出。")
        self._succession.give(database_url, redis_url)

    async def _say_when_ready(self) -> None:
        while not await self._succession.is_ready():  # noqa: ASYNC110 (another takes its place)
            await asyncio.sleep(_LOOK_SECONDS)
        host, port = self._listener.getsockname()[:2]
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        demo = "　（演示模式：选一个身份，或打开双窗格 /?view=two）" if self._settings.demo else ""
        say(f"已就绪：http://{shown}:{port}/{demo}")


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
