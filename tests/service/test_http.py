"""The addresses that the running service offers, in demo mode and outside of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.service.rest_chat import RestChat
from tests.service.running_service import RunningService, command, eventually
from tests.service.web_chat import visitor

WEBHOOK = "/webhooks/rest/webhook"
MESSAGES = "/webhooks/rest/messages"


@pytest_asyncio.fixture
async def http(demo: RunningService) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(demo.url) as session:
        yield session


async def test_health_and_readiness(http: aiohttp.ClientSession) -> None:
    async with http.get("/healthz") as response:
        assert (response.status, await response.json()) == (200, {"alive": True})
    async with http.get("/readyz") as response:
        ready = await response.json()
        assert response.status == 200
        assert ready["ready"] is True
        assert ready["model"]


async def test_metrics_count_messages(demo: RunningService, http: aiohttp.ClientSession) -> None:
    before = await _figures(http)
    await RestChat(demo.url, "counted").says("你好", "今天天气怎么样", "帮助")
    after = await _figures(http)
    counter = 'bot_messages_total{channel="rest"}'
    assert after[counter] - before.get(counter, 0) == 3
    assert after["bot_turn_seconds_count"] - before["bot_turn_seconds_count"] == 3
    assert after["bot_turn_seconds_sum"] > before["bot_turn_seconds_sum"]
    assert after["bot_no_answer_total"] - before["bot_no_answer_total"] == 1


async def test_metrics_are_not_for_those_behind_a_proxy(http: aiohttp.ClientSession) -> None:
    async with http.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}) as response:
        assert response.status == 403
        assert "本机" in (await response.json())["error"]


async def _figures(http: aiohttp.ClientSession) -> dict[str, float]:
    async with http.get("/metrics") as response:
        assert response.status == 200
        lines = (await response.text()).splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(figure) for name, _, figure in pairs}


async def test_a_reply_has_the_form_of_rasas_rest_channel(http: aiohttp.ClientSession) -> None:
    async with http.post(WEBHOOK, json={"sender": "form", "message": "打卡"}) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        [asked] = await response.json()
    assert asked["recipient_id"] == "form"
    assert "体温" in asked["text"]
    assert asked["custom"] == {"process": "daily_report", "field": "temperature"}
    async with http.post(WEBHOOK, json={"sender": "form", "message": "36.5"}) as response:
        [asked] = await response.json()
    assert set(asked) == {"recipient_id", "text", "buttons", "custom"}
    assert asked["custom"]["field"] == "symptoms"
    assert {"title": "没有症状", "payload": "没有症状"} in asked["buttons"]
    assert all(set(button) == {"title", "payload"} for button in asked["buttons"])


async def test_an_answer_names_its_entry_and_its_source(demo: RunningService) -> None:
    chat = RestChat(demo.url, "asks")
    answer = await chat.says("我健康码变黄了还能坐火车吗")
    assert chat.custom["entry"] == "T7"
    assert answer.splitlines()[-1].startswith("依据：篇五")


async def test_a_repeated_message_gets_the_same_reply_and_makes_one_record(demo: RunningService) -> None:
    chat, twin = RestChat(demo.url, "repeats"), RestChat(demo.url, "repeats")
    await chat.reports("36.4", confirmed=False)
    await asyncio.gather(chat.says("确认提交", message_id="confirm-1"), twin.says("确认提交", message_id="confirm-1"))
    assert "打卡成功" in chat.text
    assert twin.reply == chat.reply
    first = chat.reply
    await chat.says("确认提交", message_id="confirm-1")
    assert chat.reply == first
    assert await demo.records_of("repeats") == [("daily_report", True)]


async def test_pushes_are_fetched_by_cursor(demo: RunningService) -> None:
    guest, grid = RestChat(demo.url, "feverish"), RestChat(demo.url, "demo-grid")
    assert await guest.pushed() == {"cursor": 0, "messages": []}
    seen = (await grid.pushed())["cursor"]
    told = await guest.reports("38.6")
    assert "发热门诊" in told
    assert "依据：" not in told

    async def alert() -> dict[str, Any] | None:
        found = (await grid.pushed(seen))["messages"]
        return next((message for message in found if "38.6" in message["text"]), None)

    raised = await eventually(alert)
    assert set(raised) == {"id", "text", "buttons", "custom", "at"}
    assert [button["title"] for button in raised["buttons"]] == ["收到", "已处理", "查看"]
    assert datetime.fromisoformat(raised["at"]).utcoffset() is not None
    await grid.says(raised["buttons"][0]["payload"])

    async def word_of_it() -> dict[str, Any] | None:
        found = await guest.pushed()
        return found if found["messages"] else None

    told_guest = await eventually(word_of_it)
    [message] = told_guest["messages"]
    assert "已收到" in message["text"]
    assert told_guest["cursor"] >= 1
    assert await guest.pushed(told_guest["cursor"]) == {"cursor": told_guest["cursor"], "messages": []}


GOOD = {"sender": "s", "message": "你好"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "JSON"),
        ({"message": "你好"}, 400, "sender"),
        ({"sender": "s"}, 400, "message"),
        ({**GOOD, "message": "字" * 4_001}, 400, "4000"),
        ({**GOOD, "message": "坏\x00字"}, 400, "无法识别"),
        ({**GOOD, "message_id": 5}, 400, "message_id"),
        ({**GOOD, "padding": "x" * 300_000}, 413, "64 KiB"),
    ],
)
async def test_a_wrong_body_is_refused_with_a_reason(
    http: aiohttp.ClientSession, body: bytes | dict[str, Any], status: int, words: str
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with http.post(WEBHOOK, data=data) as response:
        assert response.status == status
        assert words in (await response.json())["error"]


@pytest.mark.parametrize("after", ["-1", "1.5", "十", "9" * 30])
async def test_a_wrong_cursor_is_refused_with_a_reason(http: aiohttp.ClientSession, after: str) -> None:
    async with http.get(MESSAGES, params={"sender": "s", "after": after}) as response:
        assert response.status == 400
        assert "after" in (await response.json())["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"X-Forwarded-For": "203.0.113.7"}, 403),
        ({"Forwarded": "for=203.0.113.7"}, 403),
    ],
)
async def test_rest_refuses_who_is_not_of_this_machine(
    http: aiohttp.ClientSession, headers: dict[str, str], status: int
) -> None:
    async with http.post(WEBHOOK, json=GOOD, headers=headers) as response:
        assert response.status == status
        assert _is_chinese((await response.json())["error"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/static/../../settings.py", 404),
        ("GET", "/static/%2e%2e%2f%2e%2e%2fsettings.py", 404),
        ("GET", WEBHOOK, 405),
        ("DELETE", "/", 405),
        ("GET", "/ws", 400),
    ],
)
async def test_a_wrong_address_is_told_in_words(
    http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with http.request(method, path) as response:
        assert response.status == status
        said = await response.text()
    assert _is_chinese(said)
    assert "Traceback" not in said
    assert ".py" not in said


async def test_the_page_protects_itself(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


# ── outside demo mode ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def office(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service as an office runs it: no demo, a secret key, no place and nobody in it yet."""
    service = RunningService(tmp_path_factory.mktemp("office"), BOT_DEMO="0", BOT_SECRET_KEY="office-secret-" * 4)
    try:
        service.start()
        yield service
    finally:
        service.clear_away()


async def test_an_office_has_no_demo_people(office: RunningService) -> None:
    async with aiohttp.ClientSession(office.url) as http:
        async with http.get("/demo/people") as response:
            assert response.status == 404
        for address in ("/", "/?as=demo-grid", "/?view=two"):
            async with http.get(address) as response:
                page = await response.text()
                assert 'data-testid="log"' in page
                assert 'data-testid="people"' not in page
                assert "演示" not in page.replace("换一位演示人员", "")  # the label of a link that only the demo shows
    async with aiohttp.ClientSession(office.url) as http, http.ws_connect("/ws?as=demo-grid") as socket:
        closing = await socket.receive(timeout=15)
        assert closing.type is aiohttp.WSMsgType.CLOSE  # without a cookie that name is nobody
    assert await office.sql("SELECT count(*) FROM people") == [(0,)]


async def test_an_office_without_a_token_offers_no_rest(office: RunningService) -> None:
    async with aiohttp.ClientSession(office.url) as http:
        async with http.post(WEBHOOK, json={"sender": "demo-grid", "message": "待处理"}) as response:
            assert response.status == 403
            assert "BOT_REST_TOKEN" in (await response.json())["error"]
        async with http.get(MESSAGES, params={"sender": "demo-grid"}) as response:
            assert response.status == 403


async def test_an_unbound_visitor_is_told_how_to_bind(office: RunningService) -> None:
    async with visitor(office) as stranger:
        told = await stranger.says("打卡")
        assert "绑定" in told
        assert "邀请码" in told
        assert stranger.faces == [{"name": "访客", "role": "未绑定"}]


async def test_nothing_is_collected_from_who_does_not_consent(office: RunningService) -> None:
    counts = "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM records), (SELECT count(*) FROM consents)"
    before = await office.sql(counts)
    async with visitor(office) as stranger:
        asked = await stranger.says("返乡申报")
        assert "同意吗" in asked
        assert [button["title"] for button in stranger.reply[-1]["buttons"]] == ["同意", "不同意"]
        assert "没有收集任何信息" in await stranger.says("不同意")
        asked_again = await stranger.says("返乡申报")
        assert "同意吗" in asked_again
        await stranger.says("不同意")
    assert await office.sql(counts) == before


async def test_an_invitation_binds_once(office: RunningService) -> None:
    made = command("admin", "invite", "--role", "community", environment=office.environment)
    assert made.returncode == 0, made.stderr
    found = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", made.stdout)
    assert found is not None, made.stdout
    async with visitor(office) as invited, visitor(office) as late:
        assert "绑定成功" in await invited.says(f"绑定 {found[0]}")
        await invited.frame("face")
        assert "社区" in invited.faces[-1]["role"]
        assert "待处理" in await invited.says("待处理")
        assert "已用过" in await late.says(f"绑定 {found[0]}")
        assert "工作人员" in await late.says("待处理")
        assert [face["role"] for face in late.faces] == ["未绑定"]


async def test_the_command_line_names_the_roles_that_there_are(office: RunningService) -> None:
    refused = command("admin", "invite", "--role", "king", environment=office.environment)
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert line.startswith("错误：")
    assert "community" in line


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
