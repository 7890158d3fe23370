"""Callbacks of the 公众号: how they look, which answers are taken, and when they come again."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from tests.conftest import Clock
from tests.platforms.bare_calls import BareCalls
from tests.platforms.deliverer import Post
from tests.platforms.driven_wait import DrivenWait
from tests.platforms.envelope import Envelope, signature
from tests.platforms.errors import ApiError
from tests.platforms.scripted_bot import ScriptedBot, text_reply
from tests.platforms.wechat_server import SORRY, WeChatServer
from tests.platforms.xml_form import Fields, read, write


@pytest.fixture
def wechat(wechat_with_bot: WeChatServer) -> WeChatServer:
    return wechat_with_bot


def reply(wechat: WeChatServer, words: str = "您好", **other: Any) -> str:
    return text_reply("o1", wechat.account.original_id, words, **other)


def sealed(wechat: WeChatServer, inside: str, *, key: str = "", appid: str = "", token: str = "") -> str:
    account = wechat.account
    encrypt = Envelope(key or account.aes_key, appid or account.appid).seal(inside)
    sign = signature(token or account.token, "1", "2", encrypt)
    return write({"Encrypt": encrypt, "MsgSignature": sign, "TimeStamp": 1, "Nonce": "2"})


async def test_a_plain_message_is_signed_and_has_its_fields(
    wechat: WeChatServer, bot: ScriptedBot, clock: Clock
) -> None:
    await wechat.add_fan("o1").says("你好 ]]> 😀 \x01")
    (post,) = bot.heard
    now = str(int(clock().timestamp()))
    assert post.value("signature") == signature(wechat.account.token, now, post.value("nonce"))
    assert (post.value("timestamp"), post.value("openid")) == (now, "o1")
    assert b"<Content><![CDATA[" in (post.body or b"")
    fields = read(post.body or b"")
    assert fields.pop("MsgId")
    assert fields == {
        "ToUserName": wechat.account.original_id,
        "FromUserName": "o1",
        "CreateTime": now,
        "MsgType": "text",
        "Content": "你好 ]]> 😀 ",
    }


async def test_safe_mode_shows_nothing_outside_and_compatible_mode_all(wechat: WeChatServer, bot: ScriptedBot) -> None:
    fan = wechat.add_fan("o1")
    for mode in ("safe", "compatible"):
        wechat.account.mode = mode  # type: ignore[assignment]
        await fan.says("秘密")
    safe, compatible = bot.heard
    assert set(read(safe.body or b"")) == {"ToUserName", "Encrypt"}
    assert {"Content", "MsgId", "Encrypt"} < set(read(compatible.body or b""))
    for post in (safe, compatible):
        encrypt = str(read(post.body or b"")["Encrypt"])
        right = signature(wechat.account.token, post.value("timestamp"), post.value("nonce"), encrypt)
        assert (post.value("encrypt_type"), post.value("msg_signature")) == ("aes", right)
        inside = Envelope(wechat.account.aes_key, wechat.account.appid).open(encrypt)
        assert read(inside.encode())["Content"] == "秘密"


async def test_json_is_a_choice(wechat: WeChatServer, bot: ScriptedBot) -> None:
    wechat.account.json = True
    answer = {"ToUserName": "o1", "FromUserName": wechat.account.original_id, "CreateTime": 1, "MsgType": "text"}
    bot.says(json.dumps({**answer, "Content": "您好"}))
    fan = wechat.add_fan("o1")
    assert (await fan.says("在吗")).seen == ["您好"]
    assert isinstance(json.loads(bot.heard[0].body or b"")["MsgId"], int)
    bot.says(reply(wechat))
    assert (await fan.says("在吗")).seen == [SORRY]


async def test_each_act_has_its_callback(wechat: WeChatServer, bot: ScriptedBot) -> None:
    fan = wechat.add_fan("o1", following=False)
    await fan.scans("grid-3")
    await fan.scans("grid-3")
    await fan.clicks("daily")
    await fan.views("https://example.org/")
    await fan.sends_voice("体温三十六度五")
    await fan.sends_location(34.27, 108.95, "西安")
    await fan.sends_link("通知", "https://example.org/")
    await fan.chooses("1", "好")
    await fan.reports_position(34.27, 108.95)
    await fan.answers_popup("N1", accept=False)
    await fan.unfollows()
    heard = [read(post.body or b"") for post in bot.heard]
    assert [str(fields.get("Event", fields["MsgType"])) for fields in heard] == (
        "subscribe SCAN CLICK VIEW voice location link text LOCATION subscribe_msg_popup_event unsubscribe".split()
    )
    assert [fields.get("EventKey") for fields in heard[:4]] == [
        "qrscene_grid-3",
        "grid-3",
        "daily",
        "https://example.org/",
    ]
    assert heard[0]["Ticket"] == heard[1]["Ticket"]
    assert heard[4]["Recognition"] == "体温三十六度五"
    assert (heard[5]["Location_X"], heard[5]["Label"]) == ("34.27", "西安")
    assert heard[7]["bizmsgmenuid"] == "1"
    assert ["MsgId" in fields for fields in heard] == [False] * 4 + [True] * 4 + [False] * 3


@pytest.mark.parametrize("body", ["", "success"])
async def test_no_reply_shows_nothing(wechat: WeChatServer, bot: ScriptedBot, body: str) -> None:
    bot.says(body)
    delivery = await wechat.add_fan("o1").says("在吗")
    assert (delivery.seen, delivery.problems, delivery.taken) == ([], [], True)


async def test_a_right_reply_is_shown_and_kept(wechat: WeChatServer, bot: ScriptedBot) -> None:
    bot.says(reply(wechat, "字" * 682))
    delivery = await wechat.add_fan("o1").says("在吗")
    assert (delivery.seen, delivery.problems) == (["字" * 682], [])
    assert [(entry.way, entry.kind) for entry in wechat.journal.of("o1")] == [("passive", "text")]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"ToUserName": "o2"}, "ToUserName"),
        ({"ToUserName": "gh_0a1b2c3d4e5f", "FromUserName": "o1"}, "ToUserName"),
        ({"FromUserName": "wxb1c2d3e4f5061728"}, "FromUserName"),
        ({"CreateTime": "now"}, "CreateTime"),
        ({"MsgType": "poem"}, "poem"),
        ({"MsgType": "image"}, "Image"),
        ({"Content": ""}, "Content"),
        ({"Content": "字" * 683}, "2049 bytes"),
        ({"MsgType": "news", "ArticleCount": 2, "Articles": {"item": {"Title": "a"}}}, "ArticleCount"),
    ],
)
async def test_replies_with_wrong_fields(
    wechat: WeChatServer, bot: ScriptedBot, other: dict[str, Any], why: str
) -> None:
    bot.says(reply(wechat, **other))
    delivery = await wechat.add_fan("o1").says("在吗")
    assert delivery.seen == [SORRY]
    assert why in delivery.problems[0]
    assert len(delivery.attempts) == 1
    assert [entry.way for entry in wechat.journal.of("o1")] == ["notice"]


@pytest.mark.parametrize(
    "body",
    [
        "您好",
        " success",
        "SUCCESS",
        '{"errcode": 0}',
        "<xml></xml>",
        "<xml>您好</xml>",
        "<html><body/></html>",
        "<xml><ToUserName>o1</ToUserName>",
        b"\xff\xfe",
    ],
)
async def test_answers_that_are_no_replies(wechat: WeChatServer, bot: ScriptedBot, body: str | bytes) -> None:
    bot.says(body)
    delivery = await wechat.add_fan("o1").says("在吗")
    assert (delivery.seen, delivery.attempts[0].outcome) == ([SORRY], "invalid")


async def test_forms_that_xml_allows_and_the_platform_does_not(wechat: WeChatServer, bot: ScriptedBot) -> None:
    fan = wechat.add_fan("o1")
    good = reply(wechat)
    for bad in (
        "<!DOCTYPE xml>" + good,
        good.replace("<MsgType>", "<MsgType>text</MsgType><MsgType>"),
        good.replace("</xml>", "loose</xml>"),
        good.replace("<![CDATA[您好]]>", "a ]]> b & c"),
    ):
        bot.says(bad)
        assert (await fan.says("在吗")).seen == [SORRY]
    bot.says(good.replace("<![CDATA[您好]]>", "&lt;您好&gt;"))
    assert (await fan.says("在吗")).seen == ["<您好>"]


async def test_other_kinds_of_replies(wechat: WeChatServer, bot: ScriptedBot) -> None:
    fan = wechat.add_fan("o1")
    item = {"item": [{"Title": "通知", "Url": "https://example.org/"}]}
    others: list[tuple[dict[str, Any], list[str]]] = [
        ({"MsgType": "news", "ArticleCount": 1, "Articles": item}, ["通知"]),
        ({"MsgType": "image", "Image": {"MediaId": "m"}}, ["[图片]"]),
        ({"MsgType": "transfer_customer_service"}, []),
    ]
    for other, seen in others:
        bot.says(reply(wechat, **other))
        delivery = await fan.says("在吗")
        assert (delivery.seen, delivery.problems) == (seen, [])


async def test_an_encrypted_reply_is_checked_in_every_part(wechat: WeChatServer, bot: ScriptedBot) -> None:
    wechat.account.mode = "safe"
    wechat.account.previous_aes_key = "P" * 43
    fan = wechat.add_fan("o1")
    good = reply(wechat)
    right = sealed(wechat, good)
    for body, seen in (
        (right, "您好"),
        (sealed(wechat, good, key="P" * 43), "您好"),
        (good, SORRY),
        (sealed(wechat, good, token="guess"), SORRY),
        (sealed(wechat, good, appid=wechat.account.original_id), SORRY),
        (sealed(wechat, good, key="Z" * 43), SORRY),
        (sealed(wechat, ""), SORRY),
        (sealed(wechat, "success"), SORRY),
        (right.replace("<TimeStamp>1<", "<TimeStamp>2<"), SORRY),
        (right.replace("TimeStamp", "Timestamp"), SORRY),
    ):
        bot.says(body)
        assert (await fan.says("在吗")).seen == [seen], body
    bot.says("success")
    assert (await fan.says("在吗")).problems == []


async def test_compatible_mode_takes_either_and_plain_mode_only_plain(wechat: WeChatServer, bot: ScriptedBot) -> None:
    fan = wechat.add_fan("o1")
    wechat.account.mode = "compatible"
    for body in (reply(wechat), sealed(wechat, reply(wechat))):
        bot.says(body)
        assert (await fan.says("在吗")).seen == ["您好"]
    wechat.account.mode = "plain"
    assert (await fan.says("在吗")).seen == [SORRY]


class Slow:
    """Lets each answer wait until its event is set."""

    def __init__(self, bot: ScriptedBot, body: str) -> None:
        self.gates = [asyncio.Event() for _ in range(4)]
        self.begun = 0
        bot.script = self._script
        self._body = body

    async def _script(self, post: Post) -> web.Response:
        gate = self.gates[self.begun]
        self.begun += 1
        await gate.wait()
        return web.Response(text=self._body)


async def test_a_late_answer_is_cut_after_five_seconds_and_the_message_comes_three_times(
    wechat: WeChatServer, bot: ScriptedBot, wait: DrivenWait, clock: Clock
) -> None:
    slow = Slow(bot, reply(wechat))
    task = asyncio.create_task(wechat.add_fan("o1").says("慢"))
    for number in (1, 2, 3):
        await bot.until_heard(number)
        clock.advance(seconds=4.9)
        await wait.wake()
        assert not task.done()
        clock.advance(seconds=0.1)
        await wait.wake()
    delivery = await task
    assert [attempt.outcome for attempt in delivery.attempts] == ["late"] * 3
    assert delivery.seen == [SORRY]
    assert slow.begun == 3
    ids = {str(read(post.body or b"")["MsgId"]) for post in bot.heard}
    nonces = {post.value("nonce") for post in bot.heard}
    assert (len(ids), len(nonces)) == (1, 3)


async def _second_delivery(wechat: WeChatServer, bot: ScriptedBot, wait: DrivenWait, clock: Clock) -> list[str]:
    slow = Slow(bot, reply(wechat))
    slow.gates[1].set()
    task = asyncio.create_task(wechat.add_fan("o1").says("慢"))
    await bot.until_heard(1)
    clock.advance(seconds=5)
    await wait.wake()
    delivery = await task
    assert [attempt.outcome for attempt in delivery.attempts] == ["late", "reply"]
    return delivery.seen


async def test_the_answer_to_the_second_delivery_is_shown(
    wechat: WeChatServer, bot: ScriptedBot, wait: DrivenWait, clock: Clock
) -> None:
    assert await _second_delivery(wechat, bot, wait, clock) == ["您好"]


async def test_or_it_is_not_as_the_switch_says(
    wechat: WeChatServer, bot: ScriptedBot, wait: DrivenWait, clock: Clock
) -> None:
    wechat.account.callbacks.later_answers_show = False
    assert await _second_delivery(wechat, bot, wait, clock) == []


async def test_an_error_status_brings_the_message_again(
    wechat: WeChatServer, bot: ScriptedBot, wait: DrivenWait, clock: Clock
) -> None:
    wechat.account.callbacks.deliveries = 4
    wechat.account.callbacks.same_post_again = True
    bot.says("oh", 502)
    task = asyncio.create_task(wechat.add_fan("o1").says("在吗"))
    wechat.account.callbacks.refusal_gap = 7
    for number in (1, 2, 3):
        await wait.until_waiting(seconds=7)
        assert len(bot.heard) == number
        clock.advance(seconds=7)
        await wait.wake()
    delivery = await task
    assert [attempt.status for attempt in delivery.attempts] == [502] * 4
    assert delivery.seen == [SORRY]
    assert len({post.body for post in bot.heard}) == len({post.value("nonce") for post in bot.heard}) == 1


async def test_a_bot_that_is_away_is_unreachable(wechat: WeChatServer, wait: DrivenWait) -> None:
    wechat.account.callback_url = "http://127.0.0.1:9/callback"
    wechat.account.callbacks.deliveries = 1
    delivery = await wechat.add_fan("o1").says("在吗")
    assert (delivery.attempts[0].outcome, delivery.seen) == ("unreachable", [SORRY])


async def test_what_happens_without_a_word_from_the_fan_never_says_sorry(
    wechat: WeChatServer, bot: ScriptedBot
) -> None:
    bot.says("oh")
    fan = wechat.add_fan("o1")
    assert (await fan.reports_position(1, 2)).seen == (await fan.unfollows()).seen == []
    assert wechat.journal.of("o1") == []


async def test_messages_can_come_out_of_order_and_again(wechat: WeChatServer, bot: ScriptedBot, clock: Clock) -> None:
    fan = wechat.add_fan("o1")
    first = fan.message("text", Content="一")
    clock.advance(seconds=1)
    second = fan.message("text", Content="二")
    for fields in (second, first, second):
        await wechat.deliver(fields)
    assert [read(post.body or b"")["Content"] for post in bot.heard] == ["二", "一", "二"]


async def test_the_address_check(wechat: WeChatServer, bot: ScriptedBot) -> None:
    async def echo(post: Post) -> web.Response:
        return web.Response(text=post.value("echostr"))

    bot.script = echo
    assert (await wechat.check_url()).accepted
    right = signature(wechat.account.token, bot.heard[0].value("timestamp"), bot.heard[0].value("nonce"))
    assert bot.heard[0].value("signature") == right
    await wechat.check_url(signed=False)
    assert bot.heard[1].value("signature") != signature(
        wechat.account.token, bot.heard[1].value("timestamp"), bot.heard[1].value("nonce")
    )
    bot.says("ok")
    assert not (await wechat.check_url()).accepted


@pytest.mark.parametrize("counts", [True, False])
async def test_whether_a_passive_reply_uses_up_a_message(wechat: WeChatServer, bot: ScriptedBot, counts: bool) -> None:
    wechat.account.passive_reply_counts = counts
    bot.says(reply(wechat))
    fan = wechat.add_fan("o1")
    await fan.says("在吗")
    for _ in range(4 if counts else 5):
        fan.window.take(wechat.now())
    with pytest.raises(ApiError, match="45047"):
        fan.window.take(wechat.now())


@pytest.mark.parametrize("when", ["queued", "before", "after", "never"])
async def test_the_outcome_of_a_template_comes_when_the_switch_says(
    wechat: WeChatServer, bot: ScriptedBot, when: str
) -> None:
    wechat.account.job_events = when  # type: ignore[assignment]
    wechat.account.templates = {"T1": ("first",)}
    wechat.add_fan("o1")
    wechat.job_status = "failed:user block"
    body = {"touser": "o1", "template_id": "T1", "data": {"first": {"value": "您好"}}}
    async with BareCalls(wechat.base_url, lambda: str(wechat.tokens.stable(force=False)["access_token"])) as api:
        msgid = (await api.post("/cgi-bin/message/template/send", body))["msgid"]
    assert wechat.journal.of("o1") == []
    if when == "before":
        assert len(bot.heard) == 1
    await wechat.finish_jobs()
    heard: list[Fields] = [dict(read(post.body or b"")) for post in bot.heard]
    told = [(fields["Event"], fields["MsgID"], fields["Status"]) for fields in heard]
    assert told == ([] if when == "never" else [("TEMPLATESENDJOBFINISH", str(msgid), "failed:user block")])
