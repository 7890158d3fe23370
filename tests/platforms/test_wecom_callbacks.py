"""Callbacks of 企业微信: how they look, which answers are taken, cards that are pressed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.conftest import Clock
from tests.platforms.bare_calls import BareCalls
from tests.platforms.deliverer import Post
from tests.platforms.driven_wait import DrivenWait
from tests.platforms.envelope import Envelope, signature
from tests.platforms.scripted_bot import ScriptedBot, text_reply
from tests.platforms.wecom_member import Member
from tests.platforms.wecom_server import WeComServer
from tests.platforms.xml_form import Read, read, write

SEND = "/cgi-bin/message/send"


@pytest.fixture
def wecom(wecom_with_bot: WeComServer) -> WeComServer:
    return wecom_with_bot


@pytest.fixture
def member(wecom: WeComServer) -> Member:
    return wecom.add_member("zhaomin", name="赵敏")


def opened(wecom: WeComServer, post: Post) -> dict[str, Read]:
    """The message inside, with its signature checked."""
    outside = read(post.body or b"")
    encrypt = str(outside["Encrypt"])
    assert outside["AgentID"] == str(wecom.app.agentid)
    assert post.value("msg_signature") == signature(
        wecom.app.token, post.value("timestamp"), post.value("nonce"), encrypt
    )
    assert [name for name, _ in post.query] == ["msg_signature", "timestamp", "nonce"]
    return read(Envelope(wecom.app.aes_key, wecom.corp.corpid).open(encrypt).encode())


def sealed(wecom: WeComServer, inside: str, *, receiver: str = "") -> str:
    encrypt = Envelope(wecom.app.aes_key, receiver or wecom.corp.corpid).seal(inside)
    sign = signature(wecom.app.token, "1", "2", encrypt)
    return write({"Encrypt": encrypt, "MsgSignature": sign, "TimeStamp": 1, "Nonce": "2"})


def reply(wecom: WeComServer, words: str = "您好", **other: Any) -> str:
    return sealed(wecom, text_reply("zhaomin", wecom.corp.corpid, words, **other))


async def test_each_act_has_its_callback(wecom: WeComServer, bot: ScriptedBot, member: Member) -> None:
    await member.says("今天谁没报")
    await member.sends_image()
    await member.sends_voice()
    await member.sends_location(34.27, 108.95, "西安")
    await member.sends_link("通知", "https://example.org/")
    await member.enters()
    await member.clicks("summary")
    await member.comes_into_view()
    await member.leaves_view()
    await member.reports_position(34.27, 108.95)
    heard = [opened(wecom, post) for post in bot.heard]
    assert [str(fields.get("Event", fields["MsgType"])) for fields in heard] == (
        "text image voice location link enter_agent click subscribe unsubscribe LOCATION".split()
    )
    assert all(fields["ToUserName"] == wecom.corp.corpid and fields["FromUserName"] == "zhaomin" for fields in heard)
    assert ["MsgId" in fields for fields in heard] == [True] * 5 + [False] * 5
    wecom.app.reports_entering = False
    assert await member.enters() is None


async def test_an_empty_answer_and_a_sealed_reply_are_taken(
    wecom: WeComServer, bot: ScriptedBot, member: Member
) -> None:
    delivery = await member.says("在吗")
    assert (delivery.attempts[0].outcome, delivery.seen, delivery.problems) == ("empty", [], [])
    bot.says(reply(wecom))
    delivery = await member.says("在吗")
    assert (delivery.seen, delivery.problems) == (["您好"], [])
    (entry,) = wecom.journal.of("zhaomin")
    assert (entry.way, entry.agent) == ("passive", wecom.app.agentid)


async def test_answers_that_are_not_taken_show_nothing(wecom: WeComServer, bot: ScriptedBot, member: Member) -> None:
    plain = text_reply("zhaomin", wecom.corp.corpid, "您好")
    for body in ("success", plain, sealed(wecom, plain, receiver="ww"), reply(wecom, ToUserName="liqiang")):
        bot.says(body)
        delivery = await member.says("在吗")
        assert (delivery.seen, delivery.attempts[0].outcome, len(delivery.problems)) == ([], "invalid", 1)


async def test_a_long_reply_is_cut(wecom: WeComServer, bot: ScriptedBot, member: Member) -> None:
    bot.says(reply(wecom, "字" * 683))
    delivery = await member.says("在吗")
    assert delivery.seen == ["字" * 682 + "�"]
    assert "was cut" in delivery.problems[0]


async def test_events_that_take_no_reply(wecom: WeComServer, bot: ScriptedBot, member: Member) -> None:
    bot.says(reply(wecom))
    assert (await member.leaves_view()).problems
    delivery = await member.enters()
    assert delivery is not None
    assert delivery.seen == ["您好"]


async def test_the_address_check_is_encrypted(wecom: WeComServer, bot: ScriptedBot) -> None:
    async def decrypt(post: Post) -> web.Response:
        inside = Envelope(wecom.app.aes_key, wecom.corp.corpid).open(post.value("echostr"))
        return web.Response(text=inside)

    bot.script = decrypt
    assert (await wecom.check_url()).accepted
    (post,) = bot.heard
    right = signature(wecom.app.token, post.value("timestamp"), post.value("nonce"), post.value("echostr"))
    assert post.value("msg_signature") == right
    bot.says('"1616140317555161061"')
    assert not (await wecom.check_url()).accepted


async def test_another_status_brings_the_message_again(
    wecom: WeComServer, bot: ScriptedBot, member: Member, wait: DrivenWait, clock: Clock
) -> None:
    bot.says("oh", 500)
    wecom.corp.callbacks.refusal_gap = 7
    task = asyncio.create_task(member.says("在吗"))
    await wait.until_waiting(seconds=7)
    bot.says("")
    clock.advance(seconds=7)
    await wait.wake()
    delivery = await task
    assert [attempt.outcome for attempt in delivery.attempts] == ["refused", "empty"]
    assert len({str(opened(wecom, post)["MsgId"]) for post in bot.heard}) == 1


def card(**other: Any) -> dict[str, Any]:
    content = {
        "card_type": "button_interaction",
        "main_title": {"title": "发热预警"},
        "task_id": "alert-1",
        "button_list": [{"text": "收到", "key": "ack"}, {"text": "已处理", "key": "done"}],
        "action_menu": {"desc": "更多", "action_list": [{"text": "转派", "key": "pass"}]},
    }
    return {**content, **other}


async def send_card(wecom: WeComServer, qyapi: BareCalls, **other: Any) -> None:
    body = {
        "touser": "zhaomin",
        "agentid": wecom.app.agentid,
        "msgtype": "template_card",
        "template_card": card(**other),
    }
    assert await qyapi.code(SEND, body) == 0


async def test_a_button_calls_back_with_a_code_that_updates_the_card(
    wecom: WeComServer, bot: ScriptedBot, member: Member, qyapi: BareCalls
) -> None:
    await send_card(wecom, qyapi)
    (entry,) = wecom.journal.of("zhaomin")
    await member.presses(entry, "ack")
    event = opened(wecom, bot.heard[0])
    assert (event["Event"], event["EventKey"], event["TaskId"]) == ("template_card_event", "ack", "alert-1")
    update = {"userids": ["zhaomin"], "agentid": wecom.app.agentid, "response_code": event["ResponseCode"]}
    body = {**update, "button": {"replace_name": "已收到"}}
    assert await qyapi.code("/cgi-bin/message/update_template_card", body) == 0
    assert member.card("alert-1").label == "已收到"
    with pytest.raises(ValueError, match="已收到"):
        await member.presses(entry, "ack")


async def test_a_button_can_be_pressed_twice_before_the_card_changes(
    wecom: WeComServer, bot: ScriptedBot, member: Member, qyapi: BareCalls
) -> None:
    await send_card(wecom, qyapi)
    fields = member.press(wecom.journal.of("zhaomin")[0], "done")
    for _ in range(2):
        await wecom.deliver(fields)
    first, second = (opened(wecom, post) for post in bot.heard)
    assert first == second


async def test_a_reply_to_the_press_changes_the_card(
    wecom: WeComServer, bot: ScriptedBot, member: Member, qyapi: BareCalls
) -> None:
    await send_card(wecom, qyapi)
    (entry,) = wecom.journal.of("zhaomin")
    heading = {"ToUserName": "zhaomin", "FromUserName": wecom.corp.corpid, "CreateTime": 1}
    bot.says(reply(wecom))
    assert (await member.presses(entry, "ack")).problems
    bot.says(sealed(wecom, write({**heading, "MsgType": "update_button", "Button": {"ReplaceName": "已收到"}})))
    assert (await member.presses(entry, "ack")).seen == ["已收到"]
    assert member.card("alert-1").closed


async def test_a_reply_can_replace_the_card(
    wecom: WeComServer, bot: ScriptedBot, member: Member, qyapi: BareCalls
) -> None:
    await send_card(wecom, qyapi)
    heading = {"ToUserName": "zhaomin", "FromUserName": wecom.corp.corpid, "CreateTime": 1}
    new = {"CardType": "text_notice", "MainTitle": {"Title": "已处理"}}
    bot.says(sealed(wecom, write({**heading, "MsgType": "update_template_card", "TemplateCard": new})))
    assert (await member.presses(wecom.journal.of("zhaomin")[0], "done")).seen == ["已处理"]


async def test_the_menu_of_a_card(wecom: WeComServer, bot: ScriptedBot, member: Member, qyapi: BareCalls) -> None:
    await send_card(wecom, qyapi)
    (entry,) = wecom.journal.of("zhaomin")
    await member.picks(entry, "pass")
    assert opened(wecom, bot.heard[0])["Event"] == "template_card_menu_event"
    with pytest.raises(ValueError, match="no drop"):
        await member.picks(entry, "drop")


@pytest.mark.parametrize("misspelled", [False, True])
async def test_choices_are_told_one_or_many(
    wecom: WeComServer, bot: ScriptedBot, member: Member, qyapi: BareCalls, misspelled: bool
) -> None:
    wecom.corp.misspelled_options = misspelled
    options = [{"id": "1", "text": "发热"}, {"id": "2", "text": "咳嗽"}]
    box = {"question_key": "q", "mode": 1, "option_list": options}
    submit = {"text": "提交", "key": "submit"}
    await send_card(wecom, qyapi, card_type="vote_interaction", checkbox=box, submit_button=submit, button_list=[])
    await member.presses(wecom.journal.of("zhaomin")[0], "submit", {"q": ["1"]})
    chosen = opened(wecom, bot.heard[0])["SelectedItems"]
    name = "OpitonId" if misspelled else "OptionId"
    assert chosen == {"SelectedItem": {"QuestionKey": "q", f"{name}s": {name: "1"}}}
