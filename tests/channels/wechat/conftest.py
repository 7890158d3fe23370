"""A 公众号 at the simulator, and the bot's channel behind it with a conversation that the test holds up at will."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import web
from redis.asyncio import Redis

from bot.channels.wechat import Account, WeChatChannel, WeChatSender
from bot.conversation.callback_store import RedisCallbacks, RedisTokens
from bot.conversation.spool import DiskSpool
from bot.services.context import Services
from bot.services.platform_events import Contacts
from tests.channels.little_bot import LittleBot
from tests.conftest import Clock
from tests.platforms.driven_wait import DrivenWait
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer


@pytest.fixture
def bot() -> LittleBot:
    return LittleBot()


@pytest.fixture
def wait(clock: Clock) -> DrivenWait:
    return DrivenWait(clock)


@pytest_asyncio.fixture
async def wechat(clock: Clock, wait: DrivenWait) -> AsyncIterator[WeChatServer]:
    async with WeChatServer(WeChatAccount(mode="safe"), clock, wait) as server:
        yield server


class Processes:
    """Processes of the bot: each has a channel of its own; all share one Redis."""

    def __init__(
        self, services: Services, wechat: WeChatServer, bot: LittleBot, clock: Clock, wait: DrivenWait
    ) -> None:
        self.services = services
        self.wechat = wechat
        self.bot = bot
        self._clock = clock
        self._wait = wait
        self.channels: list[WeChatChannel] = []
        self._ends: list[Callable[[], Awaitable[None]]] = []

    def account(self) -> Account:
        """What the bot's operator has set for the simulated account as it is now."""
        given = self.wechat.account
        keys = () if given.mode == "plain" else (given.aes_key,)
        return Account(given.appid, given.secret, given.token, keys, self.wechat.base_url, given.certified)

    def sender(self, account: Account | None = None) -> WeChatSender:
        """What sends outside of a turn."""
        account = account or self.account()
        tokens = RedisTokens(self.services, "wechat", account.appid)
        store = RedisCallbacks(self.services, "wechat")
        made = WeChatSender(account, tokens, store, self._clock, self.services.settings.timezone)
        self._ends.append(made.close)
        return made

    def spool(self) -> DiskSpool:
        """The spool of this machine; each process opens it for itself."""
        made = DiskSpool(self.services.settings.data_dir, "wechat", 100, self.services.vault, self._clock)

        async def close() -> None:
            made.close()

        self._ends.append(close)
        return made

    async def start(self, **account: object) -> WeChatChannel:
        """A new process; callbacks go to it from now on."""
        return await self._start(self.services, **account)

    async def start_without_redis(self) -> WeChatChannel:
        """A new process that cannot reach Redis."""
        nowhere = Redis.from_url("unix:///nowhere/redis.sock")
        self._ends.append(nowhere.close)
        return await self._start(replace(self.services, redis=nowhere))

    async def _start(self, services: Services, **account: object) -> WeChatChannel:
        ours = replace(self.account(), **account)  # type: ignore[arg-type]
        late = self.sender(ours) if ours.certified else None
        store, contacts, spool = RedisCallbacks(services, "wechat"), Contacts(services), self.spool()
        channel = WeChatChannel(self.bot.receive, ours, store, contacts, late, spool, self._clock, self._wait)
        app = web.Application(client_max_size=256 * 1024)
        app.add_routes(list(channel.routes()))
        # as in earnest: aiohttp's TestServer would end a handler whose line is dead
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._ends.append(runner.cleanup)
        self.wechat.account.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/wechat"
        self.channels.append(channel)
        return channel

    async def stop(self) -> None:
        self.bot.may_answer.set()
        for channel in self.channels:
            await channel.stop()
        for end in reversed(self._ends):
            await end()


@pytest_asyncio.fixture
async def processes(
    services: Services, wechat: WeChatServer, bot: LittleBot, clock: Clock, wait: DrivenWait
) -> AsyncIterator[Processes]:
    made = Processes(services, wechat, bot, clock, wait)
    yield made
    await made.stop()
