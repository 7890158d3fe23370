"""Both platforms with a driven clock, a bot to script, and bare calls with a token."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import Clock
from tests.platforms.bare_calls import BareCalls
from tests.platforms.driven_wait import DrivenWait
from tests.platforms.scripted_bot import ScriptedBot
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_corp import WeComApp, WeComCorp
from tests.platforms.wecom_server import WeComServer


@pytest.fixture
def wait(clock: Clock) -> DrivenWait:
    return DrivenWait(clock)


@pytest_asyncio.fixture
async def bot() -> AsyncIterator[ScriptedBot]:
    async with ScriptedBot() as bot:
        yield bot


@pytest_asyncio.fixture
async def wechat(clock: Clock, wait: DrivenWait) -> AsyncIterator[WeChatServer]:
    async with WeChatServer(WeChatAccount(), clock, wait) as wechat:
        yield wechat


@pytest_asyncio.fixture
async def wecom(clock: Clock, wait: DrivenWait) -> AsyncIterator[WeComServer]:
    """A corp with two apps; the second has no callback address."""
    second = WeComApp(agentid=1_000_003, name="另一个应用", secret="another-secret")
    async with WeComServer(WeComCorp(apps=[WeComApp(), second]), clock, wait) as wecom:
        yield wecom


@pytest_asyncio.fixture
async def api(wechat: WeChatServer) -> AsyncIterator[BareCalls]:
    """Calls of the 公众号's API with a token."""
    async with BareCalls(wechat.base_url, lambda: str(wechat.tokens.stable(force=False)["access_token"])) as calls:
        yield calls


@pytest_asyncio.fixture
async def qyapi(wecom: WeComServer) -> AsyncIterator[BareCalls]:
    """Calls of the 企业微信 API with the first app's token."""
    async with BareCalls(wecom.base_url, lambda: wecom.tokens.current(wecom.app)) as calls:
        yield calls


@pytest.fixture
def wechat_with_bot(wechat: WeChatServer, bot: ScriptedBot) -> WeChatServer:
    wechat.account.callback_url = bot.url
    return wechat


@pytest.fixture
def wecom_with_bot(wecom: WeComServer, bot: ScriptedBot) -> WeComServer:
    wecom.app.callback_url = bot.url
    return wecom
