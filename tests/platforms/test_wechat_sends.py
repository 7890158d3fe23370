"""Customer-service messages, template messages and notices of the 公众号: each limit and each refusal by a bare call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Clock
from tests.platforms.bare_calls import IMAGE, BareCalls
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_server import WeChatServer

CUSTOM, TYPING = "/cgi-bin/message/custom/send", "/cgi-bin/message/custom/typing"
TEMPLATE, NOTICE = "/cgi-bin/message/template/send", "/cgi-bin/message/subscribe/bizsend"
DATA = {"first": {"value": "您好"}, "time2": {"value": "2022-01-20 08:00"}}


@pytest.fixture
def fan(wechat: WeChatServer) -> Fan:
    """One who has just written."""
    fan = wechat.add_fan("o1")
    fan.message("text", Content="在吗")
    return fan


@pytest.fixture
def templates(wechat: WeChatServer) -> WeChatServer:
    wechat.account.templates = {"T1": ("first", "time2")}
    wechat.account.notice_templates = {"N1": ("thing1", "time2")}
    return wechat


def text(words: Any, **other: Any) -> dict[str, Any]:
    return {"touser": "o1", "msgtype": "text", "text": {"content": words}, **other}


async def test_a_message_reaches_the_fan(wechat: WeChatServer, api: BareCalls, fan: Fan, clock: Clock) -> None:
    assert await api.code(CUSTOM, text("您好")) == 0
    (entry,) = wechat.journal.of("o1")
    assert (entry.way, entry.kind, entry.text, entry.at) == ("custom", "text", "您好", clock())
    assert wechat.calls[CUSTOM] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (text("x" * 2_048), 0),
        (text("x" * 2_049), 45002),
        (text("字" * 683), 45002),
        (text(""), 44004),
        (text(None), 44004),
        (text("x", touser="o2"), 40003),
        (text("x", touser=None), 40003),
        (text("x", msgtype="poem"), 40008),
        (text("x", msgtype="image"), 47001),
        ({"touser": "o1", "msgtype": "image", "image": {"media_id": "gone"}}, 40007),
        ({"touser": "o1", "msgtype": "news", "news": {"articles": [{"title": "a"}]}}, 0),
        ({"touser": "o1", "msgtype": "news", "news": {"articles": [{"title": "a"}, {"title": "b"}]}}, 45008),
        ({"touser": "o1", "msgtype": "msgmenu", "msgmenu": {"head_content": "?", "list": []}}, 40035),
        (b"", 44002),
        (b"{'touser': 1}", 47001),
    ],
)
async def test_limits_of_a_customer_service_message(api: BareCalls, fan: Fan, body: Any, code: int) -> None:
    assert await api.code(CUSTOM, body) == code


async def test_all_used_kinds_are_taken(wechat: WeChatServer, api: BareCalls, fan: Fan) -> None:
    image = (await api.upload("image", IMAGE))["media_id"]
    menu = {"head_content": "选哪个？", "list": [{"id": "1", "content": "好"}, {"id": "2", "content": "不好"}]}
    for kind, part in (("image", {"media_id": image}), ("msgmenu", menu), ("miniprogrampage", {"title": "小程序"})):
        assert await api.code(CUSTOM, {"touser": "o1", "msgtype": kind, kind: part}) == 0
    assert wechat.journal.texts("o1") == ["[图片]", "选哪个？\n好\n不好", "小程序"]


async def test_who_is_not_reached(wechat: WeChatServer, api: BareCalls, fan: Fan) -> None:
    for switch, code in (("blacklisted", 43019), ("refuses_messages", 48002), ("frozen", 50002)):
        setattr(fan, switch, True)
        assert await api.code(CUSTOM, text("x")) == code
        setattr(fan, switch, False)
    fan.event("unsubscribe")
    assert await api.code(CUSTOM, text("x")) == 45015
    assert wechat.journal.of("o1") == []


async def test_accounts_that_may_not(wechat: WeChatServer, api: BareCalls, fan: Fan) -> None:
    wechat.account.banned_paths = {CUSTOM}
    assert await api.code(CUSTOM, text("x")) == 48004
    wechat.account.banned_paths = set()
    wechat.account.certified = False
    for path in (CUSTOM, TYPING, TEMPLATE, NOTICE):
        assert await api.code(path, text("x")) == 48001


async def test_a_message_opens_five_within_48_hours(api: BareCalls, fan: Fan, clock: Clock) -> None:
    clock.advance(hours=48, seconds=-1)
    assert [await api.code(CUSTOM, text("x")) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    clock.advance(seconds=1)
    assert await api.code(CUSTOM, text("x")) == 45015
    fan.message("text", Content="在吗")
    assert await api.code(CUSTOM, text("x")) == 0


@pytest.mark.parametrize("event", ["subscribe", "SCAN", "CLICK", "scancode_waitmsg"])
async def test_an_event_opens_three_within_a_minute(
    wechat: WeChatServer, api: BareCalls, clock: Clock, event: str
) -> None:
    fan = wechat.add_fan("o1")
    assert await api.code(CUSTOM, text("x")) == 45015
    fan.event(event, EventKey="k")
    clock.advance(seconds=59)
    assert [await api.code(CUSTOM, text("x")) for _ in range(4)] == [0, 0, 0, 45047]
    clock.advance(seconds=1)
    assert await api.code(CUSTOM, text("x")) == 45015


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH"])
async def test_other_events_open_nothing(wechat: WeChatServer, api: BareCalls, event: str) -> None:
    wechat.add_fan("o1").event(event)
    assert await api.code(CUSTOM, text("x")) == 45015


async def test_a_msgmenu_entry_counts_as_a_click(api: BareCalls, fan: Fan) -> None:
    fan.message("text", Content="好", bizmsgmenuid="1")
    assert [await api.code(CUSTOM, text("x")) for _ in range(4)] == [0, 0, 0, 45047]


async def test_both_readings_of_several_actions(wechat: WeChatServer, api: BareCalls, clock: Clock) -> None:
    wechat.add_fan("o0")
    wechat.account.windows = "sum"
    adding, last = wechat.add_fan("o1"), wechat.fans["o0"]
    for fan in (adding, last):
        fan.message("text", Content="在吗")
        fan.event("CLICK", EventKey="k")
    assert [await api.code(CUSTOM, text("x")) for _ in range(9)] == [0] * 8 + [45047]
    assert [await api.code(CUSTOM, text("x", touser="o0")) for _ in range(4)] == [0] * 3 + [45047]
    adding.message("text", Content="在吗")
    clock.advance(minutes=1)
    assert await api.code(CUSTOM, text("x")) == 0
    assert await api.code(CUSTOM, text("x", touser="o0")) == 45015


async def test_a_payment_opens_any_number(wechat: WeChatServer, api: BareCalls) -> None:
    wechat.add_fan("o1").pays()
    assert {await api.code(CUSTOM, text("x")) for _ in range(30)} == {0}


async def test_minute_quota_and_its_end(wechat: WeChatServer, api: BareCalls, fan: Fan, clock: Clock) -> None:
    wechat.account.minute_quotas[CUSTOM] = 2
    assert [await api.code(CUSTOM, text("x")) for _ in range(3)] == [0, 0, 45011]
    clock.advance(minutes=1)
    assert await api.code(CUSTOM, text("x")) == 0


async def test_typing(api: BareCalls, fan: Fan, clock: Clock) -> None:
    body = {"touser": "o1", "command": "Typing"}
    assert [await api.code(TYPING, body), await api.code(TYPING, body)] == [0, 45081]
    assert await api.code(TYPING, {**body, "command": "Dance"}) == 45072
    assert await api.code(TYPING, {**body, "command": "CancelTyping"}) == 0
    assert await api.code(TYPING, body) == 0
    clock.advance(seconds=31)
    assert await api.code(TYPING, body) == 45080


def template(**other: Any) -> dict[str, Any]:
    return {"touser": "o1", "template_id": "T1", "data": DATA, **other}


async def test_a_template_needs_no_window_and_tells_its_outcome(templates: WeChatServer, api: BareCalls) -> None:
    templates.add_fan("o1")
    answer = await api.post(TEMPLATE, template())
    assert answer["errcode"] == 0
    (entry,) = templates.journal.of("o1")
    assert (entry.way, entry.kind, entry.text, entry.id) == (
        "template",
        "T1",
        "您好\n2022-01-20 08:00",
        str(answer["msgid"]),
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (template(template_id="T9"), 40037),
        (template(touser="o9"), 40003),
        (template(data={"first": {"value": "您好"}}), 47003),
        (template(data={**DATA, "first": {"value": " "}}), 47003),
        (template(data=None), 47003),
    ],
)
async def test_limits_of_a_template(templates: WeChatServer, api: BareCalls, body: Any, code: int) -> None:
    templates.add_fan("o1")
    answer = await api.post(TEMPLATE, body)
    assert answer["errcode"] == code
    if code == 47003:
        assert "data." in answer["errmsg"]


async def test_templates_that_are_refused(templates: WeChatServer, api: BareCalls) -> None:
    fan = templates.add_fan("o1", following=False)
    assert await api.code(TEMPLATE, template()) == 43004
    fan.event("subscribe")
    templates.account.restricted_templates = {"T1"}
    assert await api.code(TEMPLATE, template()) == 43116
    templates.account.restricted_templates = set()
    templates.account.marketing_templates = {"T1"}
    assert await api.code(TEMPLATE, template()) == 40249
    templates.account.kind = "subscription"
    assert await api.code(TEMPLATE, template()) == 48001


async def test_a_key_keeps_a_template_from_coming_twice(templates: WeChatServer, api: BareCalls, clock: Clock) -> None:
    templates.add_fan("o1")
    first = await api.post(TEMPLATE, template(client_msg_id="k1"))
    assert await api.post(TEMPLATE, template(client_msg_id="k1")) == first
    assert templates.journal.count("template") == 1
    assert [dropped.why for dropped in templates.journal.dropped] == ["duplicate"]
    clock.advance(minutes=10)
    assert (await api.post(TEMPLATE, template(client_msg_id="k1")))["msgid"] != first["msgid"]


async def test_a_notice_uses_up_a_consent(templates: WeChatServer, api: BareCalls) -> None:
    fan = templates.add_fan("o1")
    body = {"touser": "o1", "template_id": "N1", "data": {"thing1": {"value": "请报健康"}, "time2": DATA["time2"]}}
    assert await api.code(NOTICE, body) == 43101
    await fan.answers_popup("N1")
    await fan.answers_popup("N1", accept=False)
    assert [await api.code(NOTICE, body), await api.code(NOTICE, body)] == [0, 43101]
    await fan.answers_popup("N1", standing=True)
    assert [await api.code(NOTICE, body), await api.code(NOTICE, body)] == [0, 0]
    assert templates.journal.count("subscribe") == 3
    assert await api.code(NOTICE, {**body, "template_id": "T1"}) == 40037
    too_long = {**body, "data": {**body["data"], "thing1": {"value": "字" * 21}}}  # type: ignore[dict-item]
    assert await api.code(NOTICE, too_long) == 47003
    templates.account.field_rules = False
    assert await api.code(NOTICE, too_long) == 0
