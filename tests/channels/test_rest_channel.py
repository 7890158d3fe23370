from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, UnixConnector, web
from aiohttp.test_utils import TestClient

from bot.channels.rest import RestChannel
from tests.channels.little_bot import LittleBot, client_of

WEBHOOK = "/webhooks/rest/webhook"
MESSAGES = "/webhooks/rest/messages"
TOKEN = "t0ken"

Client = TestClient[web.Request, web.Application]


def rest(bot: LittleBot, *, demo: bool = True, token: str = "", hosts: tuple[str, ...] = ()) -> RestChannel:
    return RestChannel(bot.receive, bot, demo=demo, allowed_hosts=hosts, rest_token=token)


@pytest.fixture
def bot() -> LittleBot:
    return LittleBot()


@pytest_asyncio.fixture
async def demo(bot: LittleBot) -> AsyncIterator[Client]:
    async with client_of(rest(bot)) as client:
        yield client


@pytest_asyncio.fixture
async def guarded(bot: LittleBot) -> AsyncIterator[Client]:
    async with client_of(rest(bot, demo=False, token=TOKEN, hosts=("Bot.Example.com",))) as client:
        yield client


@pytest.mark.asyncio
async def test_answers_as_rasas_own_rest_channel_does(demo: Client, bot: LittleBot) -> None:
    response = await demo.post(WEBHOOK, json={"sender": "demo-resident", "message": "打卡"})
    assert response.status == 200
    assert await response.json() == [
        {
            "recipient_id": "demo-resident",
            "text": "收到：打卡",
            "buttons": [{"title": "好", "payload": "/好"}],
            "custom": {"offers": ["daily_report"]},
        },
        {"recipient_id": "demo-resident", "text": "还有别的吗？"},
    ]
    assert (bot.heard[0].channel, bot.heard[0].sender, bot.heard[0].message_id) == ("rest", "demo-resident", None)


@pytest.mark.asyncio
async def test_hands_on_the_message_id_so_that_a_repeat_is_known(demo: Client, bot: LittleBot) -> None:
    body = {"sender": "s", "message": "打卡", "message_id": "m1"}
    first = await (await demo.post(WEBHOOK, json=body)).json()
    second = await (await demo.post(WEBHOOK, json=body)).json()
    assert first == second
    assert [heard.message_id for heard in bot.heard] == ["m1"]


@pytest.mark.asyncio
async def test_fetches_what_was_pushed_after_the_cursor(demo: Client, bot: LittleBot) -> None:
    bot.push("demo-grid", "第一条")
    bot.push("demo-grid", "第二条")
    everything = await (await demo.get(MESSAGES, params={"sender": "demo-grid"})).json()
    assert everything["cursor"] == 2
    assert [message["text"] for message in everything["messages"]] == ["第一条", "第二条"]
    rest_of_it = await (await demo.get(MESSAGES, params={"sender": "demo-grid", "after": "1"})).json()
    assert rest_of_it["messages"] == [{"id": "push/2", "text": "第二条", "at": "2022-01-28T04:00:00+00:00"}]
    nothing = await (await demo.get(MESSAGES, params={"sender": "demo-grid", "after": "2"})).json()
    assert nothing == {"cursor": 2, "messages": []}


GOOD = {"sender": "s", "message": "你好"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "JSON"),
        (b"{", 400, "JSON"),
        (b"\xff\xfe", 400, "JSON"),
        (b"[" * 20_000, 400, "JSON"),
        (b'{"sender": "s", "message": ' + b"9" * 5_000 + b"}", 400, "JSON"),
        (b'["s"]', 400, "对象"),
        (b'{"message": "m"}', 400, "sender"),
        ({**GOOD, "sender": " "}, 400, "sender"),
        ({**GOOD, "sender": 7}, 400, "sender"),
        ({**GOOD, "sender": "s" * 129}, 400, "128"),
        ({**GOOD, "sender": "a\x00b"}, 400, "无法识别"),
        ({**GOOD, "sender": "a\nb"}, 400, "无法识别"),
        ({"sender": "s"}, 400, "message"),
        ({**GOOD, "message": ""}, 400, "message"),
        ({**GOOD, "message": " \n"}, 400, "message"),
        ({**GOOD, "message": ["你好"]}, 400, "message"),
        ({**GOOD, "message": "字" * 4_001}, 400, "4000"),
        ({**GOOD, "message": "坏\x00字"}, 400, "无法识别"),
        (b'{"sender": "s", "message": "\\ud83d"}', 400, "无法识别"),
        ({**GOOD, "message_id": 5}, 400, "message_id"),
        ({**GOOD, "message_id": "m" * 129}, 400, "128"),
        ({**GOOD, "padding": "x" * 65_536}, 413, "64 KiB"),
    ],
)
@pytest.mark.asyncio
async def test_refuses_a_bad_body_with_a_reason(
    demo: Client, bot: LittleBot, body: bytes | dict[str, Any], status: int, words: str
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await demo.post(WEBHOOK, data=data)
    assert response.status == status
    assert words in (await response.json())["error"]
    assert bot.heard == []


@pytest.mark.asyncio
async def test_takes_the_longest_message_and_sender(demo: Client, bot: LittleBot) -> None:
    response = await demo.post(WEBHOOK, json={"sender": "s" * 128, "message": "字" * 4_000})
    assert response.status == 200
    assert len(bot.heard[0].text) == 4_000


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "sender"),
        ({"sender": "s" * 129}, "128"),
        ({"sender": "s", "after": "-1"}, "after"),
        ({"sender": "s", "after": "一"}, "after"),
        ({"sender": "s", "after": ""}, "after"),
        ({"sender": "s", "after": "9" * 5_000}, "after"),
        ({"sender": "s", "after": str(2**63)}, "after"),
    ],
)
@pytest.mark.asyncio
async def test_refuses_a_bad_query_with_a_reason(demo: Client, query: dict[str, str], words: str) -> None:
    response = await demo.get(MESSAGES, params=query)
    assert response.status == 400
    assert words in (await response.json())["error"]


FOREIGN = [
    ({"Host": "evil.example"}, 400),
    ({"Host": "127.0.0.1.evil.example"}, 400),
    ({"Host": "localhost:80; script-src *"}, 400),
    ({"Host": "0.0.0.0:8080"}, 400),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "http://localhost.evil.example"}, 403),
    ({"Origin": "http://[broken"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
]


@pytest.mark.parametrize(("headers", "status"), FOREIGN)
@pytest.mark.asyncio
async def test_refuses_what_another_site_leads_here(
    demo: Client, bot: LittleBot, headers: dict[str, str], status: int
) -> None:
    for response in (
        await demo.post(WEBHOOK, json=GOOD, headers=headers),
        await demo.get(MESSAGES, params={"sender": "s"}, headers=headers),
    ):
        assert response.status == status
        assert (await response.json())["error"]
    assert bot.heard == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "LOCALHOST:9"},
        {"Host": "[::1]:8080"},
        {"Host": "127.0.0.2"},
        {"Host": "localhost:8080", "Origin": "http://127.0.0.1:3000"},
    ],
)
@pytest.mark.asyncio
async def test_takes_every_name_of_this_machine(demo: Client, headers: dict[str, str]) -> None:
    assert (await demo.post(WEBHOOK, json=GOOD, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "bot.example.com"}, 200),
        ({"Host": "bot.example.com:8443", "Origin": "https://bot.example.com"}, 200),
        ({"Host": "other.example.com"}, 400),
        ({"Host": "bot.example.com", "Origin": "http://localhost:3000"}, 403),
    ],
)
@pytest.mark.asyncio
async def test_takes_allowed_hosts(guarded: Client, headers: dict[str, str], status: int) -> None:
    authorized = {"Authorization": f"Bearer {TOKEN}", **headers}
    assert (await guarded.post(WEBHOOK, json=GOOD, headers=authorized)).status == status


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, {}, 200),
        ({"Authorization": f"bearer {TOKEN}", "X-Forwarded-For": "203.0.113.9"}, {}, 200),
        ({}, {"token": TOKEN}, 200),
        ({}, {}, 401),
        ({"Authorization": "Bearer "}, {}, 401),
        ({"Authorization": "Bearer t0ke"}, {}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, {}, 401),
        ({}, {"token": "错误"}, 401),
    ],
)
@pytest.mark.asyncio
async def test_asks_for_the_token_where_one_is_set(
    guarded: Client, headers: dict[str, str], query: dict[str, str], status: int
) -> None:
    said = await guarded.post(WEBHOOK, json=GOOD, headers=headers, params=query)
    fetched = await guarded.get(MESSAGES, headers=headers, params={"sender": "s", **query})
    assert (said.status, fetched.status) == (status, status)
    if status == 401:
        assert "令牌" in (await said.json())["error"]
        assert said.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.asyncio
async def test_a_set_token_is_asked_for_in_demo_mode_too(bot: LittleBot) -> None:
    async with client_of(rest(bot, demo=True, token=TOKEN)) as client:
        assert (await client.post(WEBHOOK, json=GOOD)).status == 401


@pytest.mark.asyncio
async def test_serves_nobody_without_a_token_outside_demo_mode(bot: LittleBot) -> None:
    async with client_of(rest(bot, demo=False)) as client:
        response = await client.post(WEBHOOK, json=GOOD)
        assert response.status == 403
        assert "BOT_REST_TOKEN" in (await response.json())["error"]


@pytest.mark.parametrize(
    "header", ["Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "X-Real-IP"]
)
@pytest.mark.asyncio
async def test_a_forwarded_request_is_never_from_this_machine(demo: Client, header: str) -> None:
    response = await demo.post(WEBHOOK, json=GOOD, headers={header: "127.0.0.1"})
    assert response.status == 403
    assert "本机" in (await response.json())["error"]


@pytest.mark.asyncio
async def test_a_peer_that_is_not_loopback_needs_a_token(bot: LittleBot, tmp_path: Path) -> None:
    application = web.Application()
    application.add_routes(rest(bot).routes())
    runner = web.AppRunner(application)
    await runner.setup()
    path = str(tmp_path / "s")
    await web.UnixSite(runner, path).start()
    try:
        async with (
            ClientSession(connector=UnixConnector(path)) as session,
            session.post("http://localhost" + WEBHOOK, json=GOOD) as response,
        ):
            assert response.status == 403
    finally:
        await runner.cleanup()
