"""Mass messages of the 公众号."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Clock
from tests.platforms.bare_calls import BareCalls
from tests.platforms.scripted_bot import ScriptedBot
from tests.platforms.wechat_server import WeChatServer

ALL, LIST, GET = "/cgi-bin/message/mass/sendall", "/cgi-bin/message/mass/send", "/cgi-bin/message/mass/get"


def to_all(words: str = "通知", **other: Any) -> dict[str, Any]:
    return {"filter": {"is_to_all": True}, "msgtype": "text", "text": {"content": words}, **other}


@pytest.fixture
def town(wechat: WeChatServer) -> WeChatServer:
    for number in range(3):
        wechat.add_fan(f"o{number}")
    return wechat


async def test_a_fan_gets_four_a_month(town: WeChatServer, api: BareCalls, clock: Clock) -> None:
    for _ in range(5):
        assert await api.code(ALL, to_all()) == 0
    assert [len(town.journal.of(openid)) for openid in town.fans] == [4, 4, 4]
    clock.set_local("2022-02-01 00:00")
    assert await api.code(ALL, to_all()) == 0
    assert town.journal.count("mass") == 15


async def test_a_subscription_account_sends_once_a_day(town: WeChatServer, api: BareCalls, clock: Clock) -> None:
    town.account.kind = "subscription"
    assert [await api.code(ALL, to_all()), await api.code(ALL, to_all())] == [0, 45028]
    clock.advance(days=1)
    assert await api.code(ALL, to_all()) == 0


async def test_a_key_is_good_for_one_message(town: WeChatServer, api: BareCalls, clock: Clock) -> None:
    first = await api.post(ALL, to_all(clientmsgid="k1"))
    assert await api.code(ALL, to_all(clientmsgid="k1")) == 45066
    clock.advance(seconds=61)
    again = await api.post(ALL, to_all(clientmsgid="k1"))
    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert await api.code(ALL, to_all(clientmsgid="k" * 65)) == 45067
    assert town.journal.count("mass") == 3


@pytest.mark.parametrize(
    ("people", "code"),
    [(["o0", "o1"], 0), (["o0"], 40032), (["o0"] * 10_001, 40032), (["o0", "strange"], 40003), ("o0", 40032)],
)
async def test_lists(town: WeChatServer, api: BareCalls, people: Any, code: int) -> None:
    assert await api.code(LIST, {"touser": people, "msgtype": "text", "text": {"content": "通知"}}) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [(to_all(""), 44004), (to_all("字" * 700), 45002), (to_all(msgtype="poem"), 40008), (to_all(filter={}), 40035)],
)
async def test_limits(town: WeChatServer, api: BareCalls, body: Any, code: int) -> None:
    assert await api.code(ALL, body) == code


async def test_minute_and_day_quota(town: WeChatServer, api: BareCalls, clock: Clock) -> None:
    codes = [await api.code(ALL, to_all()) for _ in range(61)]
    assert (codes.count(0), codes[-1]) == (60, 45011)
    clock.advance(minutes=1)
    codes = [await api.code(ALL, to_all()) for _ in range(41)]
    assert (codes.count(0), codes[-1]) == (40, 45009)


@pytest.mark.parametrize(
    ("status", "sent", "kept"), [("send success", 3, "SEND_SUCCESS"), ("err(20431)", 0, "SEND_FAIL")]
)
async def test_the_outcome_is_told(
    town: WeChatServer, api: BareCalls, bot: ScriptedBot, status: str, sent: int, kept: str
) -> None:
    town.account.callback_url = bot.url
    town.jobs.mass_status = status
    msgid = (await api.post(ALL, to_all()))["msg_id"]
    (delivery,) = await town.finish_jobs()
    assert {"Event": "MASSSENDJOBFINISH", "MsgID": msgid, "Status": status, "SentCount": sent}.items() <= dict(
        delivery.fields
    ).items()
    assert town.journal.count("mass") == sent
    assert (await api.post(GET, {"msg_id": msgid}))["msg_status"] == kept
    assert await api.code(GET, {"msg_id": 1}) == 40035
