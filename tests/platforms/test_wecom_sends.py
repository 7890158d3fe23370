"""App messages and cards of 企业微信: receivers, limits, duplicates, updates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Clock
from tests.platforms.bare_calls import IMAGE, BareCalls
from tests.platforms.wecom_server import WeComServer

SEND, UPDATE, RECALL = "/cgi-bin/message/send", "/cgi-bin/message/update_template_card", "/cgi-bin/message/recall"
AGENT = 1_000_002


@pytest.fixture
def wecom(wecom_with_bot: WeComServer) -> WeComServer:
    """With a callback address, and two members."""
    wecom_with_bot.add_department(2, "第三网格")
    wecom_with_bot.add_department(3, "一号楼", 2)
    wecom_with_bot.add_member("ZhaoMin", departments=[2])
    wecom_with_bot.add_member("liqiang", departments=[3])
    return wecom_with_bot


def text(words: Any = "您好", to: str = "zhaomin", **other: Any) -> dict[str, Any]:
    return {"touser": to, "agentid": AGENT, "msgtype": "text", "text": {"content": words}, **other}


def message(kind: str, part: Any) -> dict[str, Any]:
    return {"touser": "zhaomin", "agentid": AGENT, "msgtype": kind, kind: part}


def card(task_id: str = "alert-1", **other: Any) -> dict[str, Any]:
    buttons = [{"text": "收到", "key": "ack", "style": 1}, {"text": "已处理", "key": "done", "style": 2}]
    content = {
        "card_type": "button_interaction",
        "main_title": {"title": "发热预警", "desc": "第三网格"},
        "horizontal_content_list": [{"keyname": "姓名", "value": "王*英"}],
        "task_id": task_id,
        "button_list": buttons,
    }
    return {**content, **other}


async def test_a_message_reaches_members(wecom: WeComServer, qyapi: BareCalls) -> None:
    answer = await qyapi.post(SEND, text("通知", "ZHAOMIN|liqiang|nobody"))
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody")
    assert answer["msgid"]
    assert [wecom.journal.texts(userid) for userid in ("ZhaoMin", "liqiang")] == [["通知"], ["通知"]]
    (entry,) = wecom.journal.of("liqiang")
    assert (entry.way, entry.kind, entry.agent, entry.id) == ("message", "text", AGENT, answer["msgid"])


async def test_departments_and_all(wecom: WeComServer, qyapi: BareCalls) -> None:
    answer = await qyapi.post(SEND, text(to="", toparty="2|88", totag="5"))
    assert (answer["errcode"], answer["invalidparty"], answer["invalidtag"]) == (0, "88", "5")
    await qyapi.post(SEND, text(to="@all"))
    assert [len(wecom.journal.of(userid)) for userid in ("ZhaoMin", "liqiang")] == [2, 2]
    wecom.app.visible = {"liqiang"}
    wecom.tree.members["liqiang"].status = 5
    assert await qyapi.code(SEND, text(to="@all")) == 81013


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (text(to=""), 82001),
        (text(to="nobody"), 81013),
        (text(to="|".join(f"u{n}" for n in range(1_001))), 40032),
        (text(to="|".join(f"u{n}" for n in range(999)) + "|zhaomin"), 0),
        (text(toparty="|".join(str(n) for n in range(101))), 82002),
        (text(totag="|".join(str(n) for n in range(101))), 82003),
        (text(to=["zhaomin"]), 40035),  # type: ignore[arg-type]
        (text(agentid=None), 41011),
        (text(agentid="1000002"), 40056),
        (text(agentid=7), 40056),
        (text(agentid=1_000_003), 301002),
        (text(msgtype="poem"), 40008),
        (text(""), 44004),
        (message("text", None), 40035),
        (message("markdown", {"content": "字" * 683}), 45002),
        (message("markdown", {"content": "**好**"}), 0),
        (message("textcard", {"title": "t", "description": "d", "url": "https://example.org/"}), 0),
        (message("textcard", {"title": "t" * 129, "description": "d", "url": "https://example.org/"}), 45002),
        (message("textcard", {"title": "t", "description": "d" * 513, "url": "https://example.org/"}), 45002),
        (message("textcard", {"title": "t", "description": "d", "url": "example.org"}), 40058),
        (message("textcard", {"description": "d", "url": "https://example.org/"}), 41016),
        (message("textcard", {"title": "t", "url": "https://example.org/"}), 41033),
        (message("news", {"articles": [{"title": "t"}] * 9}), 45008),
        (message("image", {"media_id": "gone"}), 40007),
        (b"", 44002),
        (b"{", 47001),
    ],
)
async def test_limits_of_a_message(qyapi: BareCalls, wecom: WeComServer, body: Any, code: int) -> None:
    assert await qyapi.code(SEND, body) == code


async def test_a_long_text_is_cut_inside_a_character(wecom: WeComServer, qyapi: BareCalls) -> None:
    assert await qyapi.code(SEND, text("字" * 683)) == 0
    assert wecom.journal.texts("ZhaoMin") == ["字" * 682 + "�"]


async def test_files_go_by_their_kind(wecom: WeComServer, qyapi: BareCalls) -> None:
    image = {"media_id": (await qyapi.upload("image", IMAGE))["media_id"]}
    assert await qyapi.code(SEND, message("image", image)) == 0
    assert await qyapi.code(SEND, message("file", image)) == 40007


async def test_the_same_message_comes_once_where_that_is_asked(
    wecom: WeComServer, qyapi: BareCalls, clock: Clock
) -> None:
    body = text(enable_duplicate_check=1)
    assert [await qyapi.code(SEND, body), await qyapi.code(SEND, body)] == [0, 0]
    assert await qyapi.code(SEND, text("另一条", enable_duplicate_check=1)) == 0
    assert await qyapi.code(SEND, text(enable_duplicate_check=1, duplicate_check_interval=14_401)) == 40035
    assert wecom.journal.texts("ZhaoMin") == ["您好", "另一条"]
    assert [dropped.why for dropped in wecom.journal.dropped] == ["duplicate"]
    clock.advance(minutes=30)
    await qyapi.code(SEND, body)
    assert wecom.journal.count() == 3


async def test_more_than_thirty_a_minute_are_dropped_without_a_word(
    wecom: WeComServer, qyapi: BareCalls, clock: Clock
) -> None:
    assert {await qyapi.code(SEND, text(f"{number}")) for number in range(32)} == {0}
    assert await qyapi.code(SEND, text(to="liqiang")) == 0
    assert (len(wecom.journal.of("ZhaoMin")), len(wecom.journal.of("liqiang"))) == (30, 1)
    assert [(dropped.text, dropped.why) for dropped in wecom.journal.dropped] == [
        ("30", "member_rate"),
        ("31", "member_rate"),
    ]
    clock.advance(minutes=1)
    await qyapi.code(SEND, text("later"))
    assert wecom.journal.texts("ZhaoMin")[-1] == "later"


async def test_the_messages_of_a_day(wecom: WeComServer, qyapi: BareCalls, clock: Clock) -> None:
    wecom.corp.account_limit, wecom.corp.member_minute = 1, 1_000
    codes = [await qyapi.code(SEND, text(f"{number}")) for number in range(201)]
    assert (codes.count(0), codes[-1]) == (200, 45009)
    clock.advance(days=1)
    assert await qyapi.code(SEND, text()) == 0


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({}, 0),
        ({"task_id": ""}, 42014),
        ({"task_id": "有字"}, 42014),
        ({"task_id": "x" * 129}, 42014),
        ({"main_title": {}}, 41016),
        ({"card_type": "poem"}, 40058),
        ({"button_list": []}, 42017),
        ({"button_list": [{"text": "a", "key": str(n)} for n in range(7)]}, 42017),
        ({"button_list": [{"text": "a", "key": "k"}, {"text": "b", "key": "k"}]}, 42018),
        ({"button_list": [{"text": "a", "key": "k" * 1_025}]}, 42018),
        ({"button_list": [{"text": "", "key": "k"}]}, 42019),
        ({"button_list": [{"text": "a", "key": "k", "style": 5}]}, 42017),
        ({"button_list": [{"type": 1, "text": "a", "url": "https://example.org/"}]}, 0),
        ({"horizontal_content_list": [{"keyname": "a"}] * 7}, 40058),
        ({"jump_list": [{"title": "a"}] * 4}, 40058),
        ({"action_menu": {"action_list": []}}, 40058),
        ({"card_type": "text_notice", "card_action": {"type": 1, "url": "https://example.org/"}}, 0),
        ({"card_type": "text_notice"}, 40058),
        ({"card_type": "text_notice", "card_action": {"type": 1, "url": "example"}}, 40058),
        ({"card_type": "vote_interaction"}, 40058),
        ({"card_type": "multiple_interaction", "select_list": [{}] * 4}, 40058),
    ],
)
async def test_limits_of_a_card(wecom: WeComServer, qyapi: BareCalls, other: dict[str, Any], code: int) -> None:
    assert await qyapi.code(SEND, message("template_card", card(**other))) == code


async def test_a_card_that_calls_back_needs_an_address(wecom: WeComServer, qyapi: BareCalls) -> None:
    wecom.app.callback_url = ""
    assert await qyapi.code(SEND, message("template_card", card())) == 43012


async def test_a_task_id_is_used_once(wecom: WeComServer, qyapi: BareCalls) -> None:
    body = message("template_card", card())
    assert [await qyapi.code(SEND, body), await qyapi.code(SEND, body)] == [0, 42014]
    assert wecom.journal.texts("ZhaoMin") == ["发热预警\n第三网格\n姓名：王*英"]
    assert wecom.tree.members["ZhaoMin"].card("alert-1").buttons == {"ack": "收到", "done": "已处理"}


async def sent(qyapi: BareCalls, to: str = "zhaomin|liqiang") -> str:
    """The response code of a card to both."""
    return str((await qyapi.post(SEND, {**message("template_card", card()), "touser": to}))["response_code"])


def update(code: str, **other: Any) -> dict[str, Any]:
    body = {"userids": ["zhaomin", "nobody"], "agentid": AGENT, "response_code": code}
    return {**body, "button": {"replace_name": "已收到"}, **other}


async def test_a_card_is_updated_once_by_its_code(wecom: WeComServer, qyapi: BareCalls) -> None:
    code = await sent(qyapi)
    answer = await qyapi.post(UPDATE, update(code))
    assert (answer["errcode"], answer["invaliduser"]) == (0, ["nobody"])
    assert (await qyapi.post(UPDATE, update(code)))["errcode"] == 42022
    zhaomin, liqiang = wecom.tree.members["ZhaoMin"], wecom.tree.members["liqiang"]
    assert (zhaomin.card("alert-1").label, zhaomin.card("alert-1").buttons) == ("已收到", {})
    assert len(liqiang.card("alert-1").buttons) == 2
    assert [(entry.way, entry.text) for entry in wecom.journal.of("ZhaoMin")[1:]] == [("card_update", "已收到")]


async def test_a_card_is_replaced_for_all(wecom: WeComServer, qyapi: BareCalls) -> None:
    code = await sent(qyapi)
    new = card(main_title={"title": "发热预警（已处理）"}, replace_text="已处理")
    assert await qyapi.code(UPDATE, update(code, atall=1, button=None, template_card=new)) == 0
    for userid in ("ZhaoMin", "liqiang"):
        assert wecom.journal.texts(userid)[-1] == "发热预警（已处理）\n姓名：王*英\n已处理"
        assert wecom.tree.members[userid].card("alert-1").closed


@pytest.mark.parametrize("hours", [72, 24])
async def test_a_code_ends(wecom: WeComServer, qyapi: BareCalls, clock: Clock, hours: int) -> None:
    wecom.corp.response_code_hours = hours
    code = await sent(qyapi)
    clock.advance(hours=hours)
    assert await qyapi.code(UPDATE, update(code)) == 42022


async def test_updates_that_are_refused(wecom: WeComServer, qyapi: BareCalls) -> None:
    code = await sent(qyapi)
    assert await qyapi.code(UPDATE, update("guess")) == 42016
    assert await qyapi.code(UPDATE, update(code, userids=[])) == 82001
    assert await qyapi.code(UPDATE, update(code, userids=["u"] * 1_001)) == 40032
    assert await qyapi.code(UPDATE, update(code, button={})) == 42019
    other = wecom.tokens.current(wecom.corp.apps[1])
    assert await qyapi.code(UPDATE, update(code, agentid=1_000_003), access_token=other) == 42015
    assert await qyapi.code(UPDATE, update(code)) == 0


async def test_a_message_can_be_recalled_for_a_day(wecom: WeComServer, qyapi: BareCalls, clock: Clock) -> None:
    msgid = (await qyapi.post(SEND, text()))["msgid"]
    assert await qyapi.code(RECALL, {"msgid": msgid}) == 0
    assert wecom.journal.of("ZhaoMin")[-1].kind == "recall"
    clock.advance(hours=24)
    assert await qyapi.code(RECALL, {"msgid": msgid}) == 40058
