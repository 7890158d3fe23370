from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient

from bot.channels.web import WebChannel
from tests.channels.little_bot import NOON, LittleBot, client_of

Client = TestClient[web.Request, web.Application]
Socket = ClientWebSocketResponse

ID = "0123456789abcdef"


def web_channel(bot: LittleBot, *, demo: bool, secure: bool = False) -> WebChannel:
    return WebChannel(
        bot.receive,
        bot,
        bot,
        demo=demo,
        allowed_hosts=("chat.example.com",),
        secure_cookies=secure,
        clock=lambda: NOON,
        timezone=ZoneInfo("Asia/Shanghai"),
    )


@pytest.fixture
def bot() -> LittleBot:
    return LittleBot()


@pytest_asyncio.fixture
async def demo(bot: LittleBot) -> AsyncIterator[Client]:
    async with client_of(web_channel(bot, demo=True)) as client:
        yield client


@pytest_asyncio.fixture
async def live(bot: LittleBot) -> AsyncIterator[Client]:
    async with client_of(web_channel(bot, demo=False)) as client:
        yield client


def cookie_of(headers: Any) -> SimpleCookie:
    return SimpleCookie(headers.get("Set-Cookie", ""))


async def frame(socket: Socket) -> dict[str, Any]:
    made: dict[str, Any] = await socket.receive_json(timeout=5)
    return made


async def greet(socket: Socket, cursor: int | None = None) -> dict[str, Any]:
    await socket.send_json({"type": "hello", "cursor": cursor})
    return await frame(socket)


async def ask(socket: Socket, text: str, message_id: str = ID, **more: str) -> dict[str, Any]:
    """Says something and returns what comes after the typing sign."""
    await socket.send_json({"type": "say", "id": message_id, "text": text, **more})
    assert await frame(socket) == {"type": "typing"}
    return await frame(socket)


# The page


@pytest.mark.asyncio
async def test_the_page_is_closed_to_foreign_scripts_and_frames(live: Client) -> None:
    response = await live.get("/")
    assert response.status == 200
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert f"ws://127.0.0.1:{live.port}" in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, 'data-testid="people"'),
        ({"as": "demo-resident"}, 'data-testid="input"'),
        ({"as": "guest"}, 'data-testid="input"'),
        ({"view": "two"}, 'name="left"'),
        ({"as": "demo-nobody"}, 'data-testid="people"'),
    ],
)
@pytest.mark.asyncio
async def test_demo_mode_has_a_door(demo: Client, query: dict[str, str], shown: str) -> None:
    response = await demo.get("/", params=query)
    assert response.status == 200
    assert shown in await response.text()


@pytest.mark.parametrize("query", [{}, {"as": "demo-resident"}, {"view": "two"}])
@pytest.mark.asyncio
async def test_outside_demo_mode_there_is_only_the_chat(live: Client, query: dict[str, str]) -> None:
    assert 'data-testid="input"' in await (await live.get("/", params=query)).text()
    assert (await live.get("/demo/people")).status == 404


@pytest.mark.asyncio
async def test_the_door_lists_the_demo_people(demo: Client) -> None:
    people = await (await demo.get("/demo/people")).json()
    assert {"sender": "demo-grid", "name": "赵敏", "role": "网格员"} in people


@pytest.mark.asyncio
async def test_static_files_are_revalidated_and_nothing_else_is_served(live: Client) -> None:
    script = await live.get("/static/chat.js")
    assert (script.status, script.content_type) == (200, "text/javascript")
    again = await live.get("/static/chat.js", headers={"If-None-Match": script.headers["ETag"]})
    assert again.status == 304
    for name in ("index.html", "nothing.js", "..%2Fchannel.py", "channel.py"):
        assert (await live.get(f"/static/{name}")).status == 404


@pytest.mark.asyncio
async def test_pages_hold_no_inline_script_or_style(demo: Client) -> None:
    for query in ({}, {"as": "guest"}, {"view": "two"}):
        page = await (await demo.get("/", params=query)).text()
        assert page.count("<script") == page.count('<script type="module" src="/static/')
        assert "<style" not in page
        assert " style=" not in page
        assert " on" + "click" not in page


# Who is there


@pytest.mark.asyncio
async def test_the_cookie_is_out_of_reach_and_kept(live: Client) -> None:
    made = cookie_of((await live.get("/")).headers)["chat"]
    assert made["httponly"]
    assert made["samesite"] == "Strict"
    assert len(made.value) == 22  # 128 bits
    again = cookie_of((await live.get("/", headers={"Cookie": f"chat={made.value}"})).headers)["chat"]
    assert again.value == made.value


@pytest.mark.asyncio
async def test_a_secure_cookie_is_bound_to_the_host(bot: LittleBot) -> None:
    async with client_of(web_channel(bot, demo=False, secure=True)) as client:
        assert cookie_of((await client.get("/")).headers)["__Host-chat"]["secure"]


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Referer": "https://news.example/a"}], ids=["new", "old"]
)
@pytest.mark.asyncio
async def test_a_link_from_another_site_does_not_overwrite_the_cookie_it_held_back(
    live: Client, headers: dict[str, str]
) -> None:
    response = await live.get("/", headers=headers)
    assert response.status == 200
    assert "Set-Cookie" not in response.headers


@pytest.mark.asyncio
async def test_a_visitor_is_known_by_a_hash_and_apart_from_others(live: Client, bot: LittleBot) -> None:
    tokens = []
    for _ in range(2):
        tokens.append(cookie_of((await live.get("/")).headers)["chat"].value)
        live.session.cookie_jar.clear()
    for token in (*tokens, tokens[0]):
        async with live.ws_connect("/ws", headers={"Cookie": f"chat={token}"}) as socket:
            await ask(socket, "你好", message_id=f"{ID}-{len(bot.heard)}")
    first, second, first_again = (heard.sender for heard in bot.heard)
    assert first == first_again != second
    assert tokens[0] not in first


@pytest.mark.parametrize("cookie", [{}, {"Cookie": "chat=demo-grid"}, {"Cookie": "chat="}])
@pytest.mark.asyncio
async def test_without_a_cookie_the_page_is_told_to_fetch_one(live: Client, cookie: dict[str, str]) -> None:
    async with live.ws_connect("/ws", headers=cookie) as socket:
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
        assert socket.close_code == 4401


@pytest.mark.asyncio
async def test_a_demo_name_opens_nothing_outside_demo_mode(live: Client, bot: LittleBot) -> None:
    token = cookie_of((await live.get("/?as=demo-grid")).headers)["chat"].value
    async with live.ws_connect("/ws?as=demo-grid", headers={"Cookie": f"chat={token}"}) as socket:
        assert (await greet(socket))["face"] == {"name": "访客", "role": "未绑定"}
        await ask(socket, "你好")
    assert bot.heard[0].sender.startswith("visitor-")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ws?as=demo-grid", {"Origin": "https://evil.example"}, 403),
        ("/ws?as=demo-grid", {"Origin": "null"}, 403),
        ("/ws?as=demo-grid", {"Host": "evil.example"}, 400),
        ("/ws?as=demo-grid", {"Host": "chat.example.com", "Origin": "http://localhost"}, 403),
        ("/ws?as=demo-nobody", {}, 404),
    ],
)
@pytest.mark.asyncio
async def test_refuses_a_foreign_websocket(demo: Client, path: str, headers: dict[str, str], status: int) -> None:
    with pytest.raises(WSServerHandshakeError) as refusal:
        await demo.ws_connect(path, headers=headers)
    assert refusal.value.status == status


@pytest.mark.parametrize("path", ["/", "/demo/people", "/ws"])
@pytest.mark.asyncio
async def test_refuses_a_rebound_host(demo: Client, path: str) -> None:
    assert (await demo.get(path, headers={"Host": "evil.example"})).status == 400


@pytest.mark.asyncio
async def test_takes_an_allowed_host_and_its_origin(demo: Client) -> None:
    headers = {"Host": "chat.example.com", "Origin": "https://chat.example.com"}
    async with demo.ws_connect("/ws?as=demo-grid", headers=headers) as socket:
        assert (await greet(socket))["type"] == "welcome"


@pytest.mark.asyncio
async def test_a_plain_request_for_the_websocket_gets_a_reason(demo: Client) -> None:
    response = await demo.get("/ws?as=demo-grid")
    assert response.status == 400
    assert "WebSocket" in await response.text()


# The talk


@pytest.mark.asyncio
async def test_welcome_answer_and_history_share_ids(demo: Client) -> None:
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        assert await greet(socket) == {
            "type": "welcome",
            "face": {"name": "王秀英", "role": "居民"},
            "demo": True,
            "now": "2022-01-28T12:00:00+08:00",
            "history": [],
            "cursor": 0,
        }
        answer = await ask(socket, "/打卡", shown="打卡")
        assert answer == {
            "type": "answer",
            "id": ID,
            "parts": [
                {
                    "id": f"{ID}/1",
                    "text": "收到：/打卡",
                    "buttons": [{"title": "好", "payload": "/好"}],
                    "custom": {"offers": ["daily_report"]},
                    "at": "2022-01-28T12:00:00+08:00",
                },
                {"id": f"{ID}/2", "text": "还有别的吗？", "at": "2022-01-28T12:00:00+08:00"},
            ],
        }
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        history = (await greet(socket))["history"]
    assert [(line["id"], line["by"], line["text"]) for line in history] == [
        (ID, "person", "打卡"),
        (f"{ID}/1", "bot", "收到：/打卡"),
        (f"{ID}/2", "bot", "还有别的吗？"),
    ]
    assert [{k: v for k, v in line.items() if k != "by"} for line in history[1:]] == answer["parts"]


@pytest.mark.asyncio
async def test_a_message_said_again_after_a_lost_connection_happens_once(demo: Client, bot: LittleBot) -> None:
    bot.may_answer.clear()
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        await socket.send_json({"type": "say", "id": ID, "text": "打卡"})
        await asyncio.wait_for(bot.answering.wait(), 5)
    bot.may_answer.set()
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        answer = await ask(socket, "打卡")
    assert answer["parts"][0]["text"] == "收到：打卡"
    assert len(bot.heard) == 1


@pytest.mark.asyncio
async def test_a_turn_ends_although_its_browser_left(demo: Client, bot: LittleBot) -> None:
    bot.may_answer.clear()
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        await socket.send_json({"type": "say", "id": ID, "text": "打卡"})
        await asyncio.wait_for(bot.answering.wait(), 5)
    async with demo.ws_connect("/ws?as=demo-grid") as socket:
        await greet(socket)  # by now the server has seen the first one go
    bot.may_answer.set()
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        assert [line["id"] for line in (await greet(socket))["history"]] == [ID, f"{ID}/1", f"{ID}/2"]


@pytest.mark.asyncio
async def test_messages_are_answered_in_order(demo: Client, bot: LittleBot) -> None:
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        for number in range(3):
            await socket.send_json({"type": "say", "id": f"message-{number}", "text": str(number)})
        frames = [await frame(socket) for _ in range(6)]
    assert [made.get("id") for made in frames if made["type"] == "answer"] == ["message-0", "message-1", "message-2"]


@pytest.mark.asyncio
async def test_pushes_reach_an_open_page_and_one_that_comes_back(demo: Client, bot: LittleBot) -> None:
    bot.push("demo-grid", "早先的")
    async with demo.ws_connect("/ws?as=demo-grid") as socket:
        welcome = await greet(socket)
        assert welcome["cursor"] == 1
        assert [line["id"] for line in welcome["history"]] == ["push/1"]
        bot.push("demo-grid", "现在的")
        assert await frame(socket) == {
            "type": "push",
            "cursor": 2,
            "message": {"id": "push/2", "text": "现在的", "at": "2022-01-28T12:00:00+08:00"},
        }
    bot.push("demo-grid", "不在时的")
    async with demo.ws_connect("/ws?as=demo-grid") as socket:
        assert (await greet(socket, cursor=2))["cursor"] == 2
        missed = await frame(socket)
        assert (missed["cursor"], missed["message"]["text"]) == (3, "不在时的")
        bot.push("demo-grid", "回来后的")
        assert (await frame(socket))["cursor"] == 4


@pytest.mark.asyncio
async def test_a_push_goes_to_its_person_only(demo: Client, bot: LittleBot) -> None:
    async with demo.ws_connect("/ws?as=demo-resident") as resident, demo.ws_connect("/ws?as=demo-grid") as grid:
        await greet(resident)
        await greet(grid)
        bot.push("demo-grid", "提醒")
        assert (await frame(grid))["message"]["text"] == "提醒"
        await resident.send_json({"type": "ping"})
        assert await frame(resident) == {"type": "pong"}


@pytest.mark.parametrize("cursor", [99, -1, True, "1", 1.5, {}])
@pytest.mark.asyncio
async def test_a_cursor_that_cannot_be_starts_from_the_newest(demo: Client, bot: LittleBot, cursor: Any) -> None:
    bot.push("demo-grid", "早先的")
    async with demo.ws_connect("/ws?as=demo-grid") as socket:
        assert (await greet(socket, cursor))["cursor"] == 1
        bot.push("demo-grid", "现在的")
        assert (await frame(socket))["cursor"] == 2


@pytest.mark.asyncio
async def test_the_header_follows_a_binding(live: Client) -> None:
    token = cookie_of((await live.get("/")).headers)["chat"].value
    async with live.ws_connect("/ws", headers={"Cookie": f"chat={token}"}) as socket:
        assert (await greet(socket))["face"]["role"] == "未绑定"
        assert (await ask(socket, "绑定 1234"))["type"] == "answer"
        assert await frame(socket) == {"type": "face", "face": {"name": "李建国", "role": "员工"}}


SAY = {"type": "say", "id": ID, "text": "你好"}


@pytest.mark.parametrize(
    ("sent", "message_id", "words"),
    [
        ("{", None, "格式"),
        ("[" * 5_000, None, "格式"),
        ("[1]", None, "格式"),
        ({"type": "shout", "id": ID}, ID, "类型"),
        ({"type": "say", "text": "你好"}, None, "编号"),
        ({**SAY, "id": "a/b/c/d/e"}, None, "编号"),
        ({**SAY, "id": 12345678}, None, "编号"),
        ({**SAY, "text": ""}, ID, "空"),
        ({**SAY, "text": " \n "}, ID, "空"),
        ({**SAY, "text": 5}, ID, "空"),
        ({**SAY, "text": "字" * 1_001}, ID, "1000"),
        ({**SAY, "text": "坏\x00字"}, ID, "无法识别"),
        ('{"type": "say", "id": "0123456789abcdef", "text": "\\ud83d"}', ID, "无法识别"),
        ({**SAY, "shown": 5}, ID, "格式"),
        ({**SAY, "shown": "\x00"}, ID, "无法识别"),
        ({**SAY, "text": "x" * 16_384}, ID, "16 KiB"),
        (b"\x00\x01", None, "文字"),
    ],
)
@pytest.mark.asyncio
async def test_refuses_a_bad_frame_and_goes_on(
    demo: Client, bot: LittleBot, sent: Any, message_id: str | None, words: str
) -> None:
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        if isinstance(sent, bytes):
            await socket.send_bytes(sent)
        elif isinstance(sent, str):
            await socket.send_str(sent)
        else:
            await socket.send_json(sent)
        refusal = await frame(socket)
        assert (refusal["type"], refusal["id"]) == ("refused", message_id)
        assert words in refusal["text"]
        assert (await ask(socket, "还在吗", message_id="another-one"))["type"] == "answer"
    assert [heard.text for heard in bot.heard] == ["还在吗"]


@pytest.mark.asyncio
async def test_too_many_waiting_messages_are_refused_not_dropped(demo: Client, bot: LittleBot) -> None:
    bot.may_answer.clear()
    async with demo.ws_connect("/ws?as=demo-resident") as socket:
        await socket.send_json({**SAY, "id": "message-first"})
        await asyncio.wait_for(bot.answering.wait(), 5)
        for number in range(21):
            await socket.send_json({**SAY, "id": f"message-{number:02}"})
        assert await frame(socket) == {"type": "typing"}
        refusal = await frame(socket)
        assert (refusal["type"], refusal["id"]) == ("refused", "message-20")
        bot.may_answer.set()
        answered = 0
        while answered < 21:
            answered += (await frame(socket))["type"] == "answer"


@pytest.mark.asyncio
async def test_a_failed_turn_gets_words_and_its_text_stays_out_of_the_log(
    demo: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with demo.ws_connect("/ws?as=demo-resident") as socket:
            refusal = await ask(socket, "故障 330102199001011234")
            assert (refusal["type"], refusal["id"]) == ("refused", ID)
            assert "稍后" in refusal["text"]
            assert (await ask(socket, "你好", message_id="another-one"))["type"] == "answer"
    assert "RuntimeError" in caplog.text
    assert "330102199001011234" not in caplog.text


@pytest.mark.parametrize("when", ["at the hello", "at a push"])
@pytest.mark.asyncio
async def test_a_mailbox_that_is_down_makes_the_page_come_back_later(demo: Client, bot: LittleBot, when: str) -> None:
    async with demo.ws_connect("/ws?as=demo-grid") as socket:
        if when == "at a push":
            await greet(socket)
        bot.mailbox_is_down = True
        if when == "at a push":
            bot.push("demo-grid", "提醒")
        else:
            await socket.send_json({"type": "hello", "cursor": None})
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
        assert socket.close_code == 1013
    bot.mailbox_is_down = False
    async with demo.ws_connect("/ws?as=demo-grid") as socket:
        assert (await greet(socket))["type"] == "welcome"


@pytest.mark.asyncio
async def test_stop_closes_open_pages(bot: LittleBot) -> None:
    channel = web_channel(bot, demo=True)
    async with client_of(channel) as client, client.ws_connect("/ws?as=demo-grid") as socket:
        await greet(socket)
        closing = asyncio.create_task(channel.stop())
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
        await closing
        assert socket.close_code == 1001
