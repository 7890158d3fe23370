"""What every channel promises, whatever its platform: one suite, played through the chat page, REST and both WeChat platforms."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient

from bot.channels.base import Channel, Incoming
from bot.channels.rest import RestChannel
from bot.channels.web import WebChannel
from bot.platforms import wechat_channel, wechat_sender, wecom_channel, wecom_sender
from bot.services.context import Services
from tests.channels.little_bot import NOON, LittleBot, client_of
from tests.conftest import Clock
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_server import WeComServer

MORE = "（还没完，回复“继续”看下面的）"


class Line(Protocol):
    """Two people at one channel: who 0 and 1."""

    name: str

    async def says(self, who: int, text: str) -> str:
        """All that this person then sees of the answer."""

    async def again(self) -> str:
        """The newest message once more, as the platform delivers it again."""

    async def presses_first(self, who: int) -> None:
        """They choose the first of the buttons that they were shown."""


class RestLine:
    """Messages with an id."""

    name = "rest"

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self._client = client
        self._numbers = itertools.count()
        self._last: dict[str, str] = {}
        self._buttons: list[dict[str, str]] = []

    async def says(self, who: int, text: str) -> str:
        self._last = {"sender": f"person-{who}", "message": text, "message_id": f"message-{next(self._numbers)}"}
        return await self.again()

    async def again(self) -> str:
        response = await self._client.post("/webhooks/rest/webhook", json=self._last)
        assert response.status < 500
        if response.status != 200:
            return str((await response.json())["error"])
        bubbles: list[dict[str, Any]] = await response.json()
        self._buttons = [button for bubble in bubbles for button in bubble.get("buttons", ())]
        return "\n".join(bubble["text"] for bubble in bubbles)

    async def presses_first(self, who: int) -> None:
        await self.says(who, self._buttons[0]["payload"])


class WebLine:
    """Sockets of two demo people."""

    name = "web"

    def __init__(self, sockets: list[ClientWebSocketResponse]) -> None:
        self._sockets = sockets
        self._numbers = itertools.count()
        self._last: tuple[int, dict[str, str]] = (0, {})
        self._buttons: list[dict[str, str]] = []

    async def says(self, who: int, text: str) -> str:
        self._last = (who, {"type": "say", "id": f"{next(self._numbers):016x}", "text": text})
        return await self.again()

    async def again(self) -> str:
        who, frame = self._last
        await self._sockets[who].send_json(frame)
        seen: dict[str, Any] = {}
        while seen.get("id") != frame["id"]:  # what greets and what says that it is being typed have no id
            seen = await self._sockets[who].receive_json(timeout=5)
        bubbles = seen.get("parts", [seen])
        self._buttons = [button for bubble in bubbles for button in bubble.get("buttons", ())]
        return "\n".join(bubble["text"] for bubble in bubbles)

    async def presses_first(self, who: int) -> None:
        await self.says(who, self._buttons[0]["payload"])


class PlatformLine:
    """Followers of a 公众号, or members of a corp."""

    def __init__(self, server: WeChatServer | WeComServer, name: str) -> None:
        self.name = name
        self._server = server
        self._people: list[Any] = [
            server.add_fan() if isinstance(server, WeChatServer) else server.add_member(f"member-{number}")
            for number in range(2)
        ]
        self._last: Any = None

    async def says(self, who: int, text: str) -> str:
        self._last = self._people[who].message("text", Content=text)
        seen = await self.again()
        while seen.endswith(MORE):
            delivery = await self._people[who].says("继续")
            seen = seen.removesuffix(MORE) + "".join(delivery.seen)
        return seen

    async def again(self) -> str:
        delivery = await self._server.deliver(self._last)
        assert delivery.problems == []
        return "".join(delivery.seen)

    async def presses_first(self, who: int) -> None:
        await self._people[who].says("1")


@pytest.fixture
def bot() -> LittleBot:
    return LittleBot()


@pytest_asyncio.fixture(params=["web", "rest", "wechat", "wecom"])
async def line(request: pytest.FixtureRequest, bot: LittleBot, services: Services, clock: Clock) -> AsyncIterator[Line]:
    async with AsyncExitStack() as stack:
        if request.param == "rest":
            client = await stack.enter_async_context(
                client_of(RestChannel(bot.receive, bot, demo=True, allowed_hosts=(), rest_token=""))
            )
            yield RestLine(client)
        elif request.param == "web":
            channel = WebChannel(
                bot.receive, bot, bot, demo=True, allowed_hosts=(), secure_cookies=False, clock=lambda: NOON,
                timezone=ZoneInfo("Asia/Shanghai"),
            )  # fmt: skip
            client = await stack.enter_async_context(client_of(channel))
            sockets = [await client.ws_connect(f"/ws?as={name}") for name in ("demo-resident", "demo-grid")]
            for socket in sockets:
                await socket.send_json({"type": "hello", "cursor": None})
            yield WebLine(sockets)
        elif request.param == "wechat":
            account = WeChatAccount(mode="safe")
            wechat = await stack.enter_async_context(WeChatServer(account, clock))
            ours = _with(
                services, wechat_appid=account.appid, wechat_secret=account.secret, wechat_token=account.token,
                wechat_aes_key=(account.aes_key,), wechat_api_base=wechat.base_url,
            )  # fmt: skip
            sender = wechat_sender(ours)
            account.callback_url = await _served(stack, wechat_channel(ours, bot.receive, sender), sender.close)
            yield PlatformLine(wechat, "wechat")
        else:
            wecom = await stack.enter_async_context(WeComServer(WeComCorp(), clock))
            app = wecom.app
            ours = _with(
                services, wecom_corpid=wecom.corp.corpid, wecom_agentid=app.agentid, wecom_secret=app.secret,
                wecom_token=app.token, wecom_aes_key=(app.aes_key,), wecom_api_base=wecom.base_url,
            )  # fmt: skip
            out = wecom_sender(ours)
            app.callback_url = await _served(stack, wecom_channel(ours, bot.receive, out), out.close)
            yield PlatformLine(wecom, "wecom")


def _with(services: Services, **settings: object) -> Services:
    return replace(services, settings=replace(services.settings, **settings))  # type: ignore[arg-type]


async def _served(stack: AsyncExitStack, channel: Channel, close: Callable[[], Any]) -> str:
    app = web.Application(client_max_size=256 * 1024)
    app.add_routes(list(channel.routes()))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stack.push_async_callback(close)
    stack.push_async_callback(runner.cleanup)
    return f"http://127.0.0.1:{runner.addresses[0][1]}/{channel.name}"


def _new(bot: LittleBot) -> Incoming:
    return bot.heard[-1]


async def test_what_is_said_arrives_word_for_word_and_its_whole_answer_comes_back_in_order(
    line: Line, bot: LittleBot
) -> None:
    text = '体温 36.5℃，<b>没有</b>症状 & ]]> "好" 😀 /打卡'
    seen = await line.says(0, text)
    assert (_new(bot).channel, _new(bot).text, _new(bot).shown) == (line.name, text, None)
    assert seen.index(f"收到：{text}") < seen.index("还有别的吗？")


async def test_a_button_says_what_it_stands_for(line: Line, bot: LittleBot) -> None:
    await line.says(0, "你好")
    await line.presses_first(0)
    assert _new(bot).text == "/好"


async def test_a_message_that_comes_again_is_done_once_and_answered_alike(line: Line, bot: LittleBot) -> None:
    first = await line.says(0, "报告")
    assert await line.again() == first
    assert len(bot.heard) == 1
    await line.says(0, "报告")  # the same words anew are another message
    assert len(bot.heard) == 2


async def test_two_people_are_two(line: Line, bot: LittleBot) -> None:
    await line.says(0, "甲说的")
    await line.says(1, "乙说的")
    assert len({heard.sender for heard in bot.heard}) == 2


async def test_a_long_answer_comes_whole(line: Line, bot: LittleBot) -> None:
    long = "".join(f"第{number}条：发热的人先做核酸。" for number in range(60))
    assert f"收到：{long}" in (await line.says(0, long)).replace("\n", "")


async def test_blanks_and_endless_texts_bring_words_and_no_trouble(line: Line, bot: LittleBot) -> None:
    assert await line.says(0, "   ")
    assert await line.says(0, "长" * 8000)
    assert "收到：还在吗" in await line.says(0, "还在吗")
