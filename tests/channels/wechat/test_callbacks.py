"""Callbacks of a 公众号, as the simulated platform delivers them: signed, sealed, again, too early, too late, and forged."""

from __future__ import annotations

import asyncio

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.tencent.envelope import Envelope, signature
from bot.services.contacts import home_of, standing
from bot.services.context import Services
from tests.channels.little_bot import LittleBot
from tests.channels.wechat.conftest import Processes
from tests.conftest import Clock
from tests.platforms.deliverer import Delivery
from tests.platforms.driven_wait import DrivenWait
from tests.platforms.misdeeds import MISDEEDS, Misdeed
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_server import WeChatServer

MODES = ("plain", "compatible", "safe")


@pytest.mark.parametrize("mode", MODES)
async def test_a_message_is_answered_in_every_mode(processes: Processes, wechat: WeChatServer, mode: str) -> None:
    wechat.account.mode = mode  # type: ignore[assignment]
    await processes.start()
    assert (await wechat.check_url()).accepted
    assert not (await wechat.check_url(signed=False)).accepted
    delivery = await wechat.add_fan().says("你好 ]]> 😀")
    assert delivery.problems == []
    assert delivery.seen == ["收到：你好 ]]> 😀\n回复数字就行：\n1. 好\n\n还有别的吗？"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("misdeed", MISDEEDS, ids=str)
async def test_what_is_forged_or_broken_does_nothing(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, mode: str, misdeed: Misdeed
) -> None:
    wechat.account.mode = mode  # type: ignore[assignment]
    if not misdeed.fits(wechat):
        return
    await processes.start()
    answer = await wechat.post(misdeed.make(wechat, wechat.add_fan().message("text", Content="报告")))
    assert answer.status < 500
    if misdeed.expect == "taken":
        assert answer.status == 200
        assert [heard.text for heard in bot.heard] == ["报告"]
    else:
        assert bot.heard == []
        assert misdeed.expect == "harmless" or answer.status == 0 or 400 <= answer.status < 500


def test_the_vectors_of_the_documentation() -> None:
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    sealed = (
        "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR"
        "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3"
        "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
    )
    assert signature("AAAAA", "1714112445", "415670741", sealed) == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    inside = Envelope("A" * 43, "wxba5fad812f8e6fb9").open(sealed)
    assert len(inside) == 167
    assert b"debug_demo" in inside
    assert (
        Envelope("A" * 43, "wwcorp0000000001").open(
            "uMMzGtqcnpOzXOYBwDQNrXC+D16NlFQLwvzhsMma2UtaXC40nUUfPVZZmXwn/tB/vsoeb8ESf1CI5pdFY5ZDTg=="
        )
        == b"1616140317555161061"
    )


async def test_the_key_before_is_good_while_keys_are_changed(
    processes: Processes, wechat: WeChatServer, bot: LittleBot
) -> None:
    old = wechat.account.aes_key
    await processes.start(keys=("Z" * 43, old))
    assert (await wechat.add_fan().says("你好")).problems == []
    wechat.account.aes_key, wechat.account.previous_aes_key = "Z" * 43, old
    assert (await wechat.add_fan().says("你好")).problems == []
    assert len(bot.heard) == 2


# again


async def test_the_same_message_again_gets_the_same_answer(
    processes: Processes, wechat: WeChatServer, bot: LittleBot
) -> None:
    await processes.start()
    fields = wechat.add_fan().message("text", Content="你好")
    first, again = await wechat.deliver(fields), await wechat.deliver(fields)
    assert first.seen == again.seen
    post = wechat.compose(fields, nonce="77")
    assert [(await wechat.post(post)).status for _ in range(2)] == [200, 200]
    assert len(bot.heard) == 1


async def test_a_nonce_is_good_for_one_message(processes: Processes, wechat: WeChatServer, bot: LittleBot) -> None:
    wechat.account.mode = "plain"
    await processes.start()
    fan = wechat.add_fan()
    first = wechat.compose(fan.message("text", Content="我没事"), nonce="77")
    forged = wechat.compose(fan.message("text", Content="我发烧了"), nonce="77")
    assert (await wechat.post(first)).status == 200
    assert (await wechat.post(forged)).status == 403
    assert [heard.text for heard in bot.heard] == ["我没事"]


async def test_two_events_of_one_second_are_two(processes: Processes, wechat: WeChatServer, bot: LittleBot) -> None:
    await processes.start()
    fan = wechat.add_fan()
    for key in ("打卡", "帮助", "打卡"):
        await fan.clicks(key)
    assert [heard.text for heard in bot.heard] == [
        "打卡",
        "帮助",
    ]  # the third is the first again: same second, same key


async def _runs_out(clock: Clock, wait: DrivenWait, seconds: float = 5.0) -> None:
    """The patience of so many seconds is over: five are the platform's, others the bot's."""
    await wait.until_waiting(1, seconds)
    clock.advance(seconds=seconds)
    await wait.wake()


async def test_a_slow_answer_is_worked_out_once_and_seen_once(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, clock: Clock, wait: DrivenWait
) -> None:
    await processes.start()
    bot.may_answer.clear()
    asking = asyncio.create_task(wechat.add_fan().says("慢"))
    await wait.until_waiting(1, 6.0)
    await _runs_out(clock, wait)
    await wait.until_waiting(2, 6.0)
    clock.advance(seconds=2)
    await wait.wake()  # the first delivery's line is dead for the bot too, and the second waits
    bot.may_answer.set()
    delivery = await asking
    assert [attempt.outcome for attempt in delivery.attempts] == ["late", "reply"]
    assert len(delivery.seen) == 1
    assert len(bot.heard) == 1


async def _all_three_late(fan: Fan, clock: Clock, wait: DrivenWait) -> Delivery:
    asking = asyncio.create_task(fan.says("很慢"))
    for count in (1, 2):
        await wait.until_waiting(count, 6.0)  # the bot has begun to wait too, and longer than the platform
        await _runs_out(clock, wait)
    await _runs_out(clock, wait, 4.5)
    return await asking


async def test_what_comes_after_the_last_delivery_goes_by_customer_service(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, clock: Clock, wait: DrivenWait
) -> None:
    channel = await processes.start()
    bot.may_answer.clear()
    fan = wechat.add_fan()
    delivery = await _all_three_late(fan, clock, wait)
    assert [attempt.outcome for attempt in delivery.attempts] == ["late", "late", "success"]
    assert delivery.seen == []
    bot.may_answer.set()
    await channel.stop()
    assert len(bot.heard) == 1
    [entry] = wechat.journal.of(fan.openid)
    assert (entry.way, entry.text[:5]) == ("custom", "收到：很慢")
    assert (await standing(processes.services, "wechat", fan.openid)).sent_since == 1


async def test_an_account_without_customer_service_says_that_it_looks(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, clock: Clock, wait: DrivenWait
) -> None:
    wechat.account.certified = False
    channel = await processes.start()
    bot.may_answer.clear()
    fan = wechat.add_fan()
    delivery = await _all_three_late(fan, clock, wait)
    assert delivery.seen == ["正在查，回复任意字查看。"]
    bot.may_answer.set()
    await channel.stop()
    assert (await fan.says("好")).seen[0].startswith("收到：很慢")
    assert (await fan.says("你好")).seen[0].startswith("收到：你好")
    assert [heard.text for heard in bot.heard] == ["很慢", "你好"]


async def test_a_report_that_follows_on_it_is_no_mere_word(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, clock: Clock, wait: DrivenWait
) -> None:
    wechat.account.certified = False
    channel = await processes.start()
    bot.may_answer.clear()
    fan = wechat.add_fan()
    await _all_three_late(fan, clock, wait)
    bot.may_answer.set()
    await channel.stop()
    [seen] = (await fan.says("打卡 38.2")).seen
    assert "收到：很慢" in seen
    assert "收到：打卡 38.2" in seen


async def test_another_process_gives_the_answer_of_the_first(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, clock: Clock, wait: DrivenWait
) -> None:
    await processes.start()
    bot.may_answer.clear()
    asking = asyncio.create_task(wechat.add_fan().says("慢"))
    await bot.answering.wait()
    await processes.start()  # the platform's next delivery goes there
    await _runs_out(clock, wait)
    await wait.until_waiting(2, 6.0)
    bot.may_answer.set()
    assert (await asking).seen[0].startswith("收到：慢")
    assert len(bot.heard) == 1


# what people do


async def test_each_kind_of_message(processes: Processes, wechat: WeChatServer, bot: LittleBot) -> None:
    await processes.start()
    fan = wechat.add_fan()
    await fan.sends_voice("我要打卡。")
    await fan.sends_location(34.2, 108.9, "陕西省西安市雁塔区")
    assert [heard.text for heard in bot.heard] == ["我要打卡", "陕西省西安市雁塔区"]
    assert "请打字" in (await fan.sends_voice()).seen[0]
    assert "看不懂图片" in (await fan.sends_image()).seen[0]
    assert "看得懂文字" in (await fan.sends_link("标题", "https://example.cn")).seen[0]
    assert "地名" in (await fan.sends_location(34.2, 108.9)).seen[0]
    assert len(bot.heard) == 2


async def test_a_digit_typed_back_is_the_button(processes: Processes, wechat: WeChatServer, bot: LittleBot) -> None:
    await processes.start()
    fan = wechat.add_fan()
    await fan.says("你好")
    await fan.says("1")
    await fan.says("7")
    assert [(heard.text, heard.shown) for heard in bot.heard] == [("你好", None), ("/好", "好"), ("7", None)]


async def test_a_long_answer_goes_on_with_one_word(processes: Processes, wechat: WeChatServer) -> None:
    await processes.start()
    fan = wechat.add_fan()
    long = "发热的人先做核酸。" * 200
    first = (await fan.says(long)).seen[0]
    assert len(first.encode()) <= 2048
    assert first.endswith("。\n（还没完，回复“继续”看下面的）")
    parts = [first]
    while parts[-1].endswith("看下面的）"):
        parts.append((await fan.says("继续")).seen[0])
    whole = "".join(part.removesuffix("\n（还没完，回复“继续”看下面的）") for part in parts)
    assert whole.count("发热的人先做核酸。") == 200
    assert (await fan.says("继续")).seen[0].startswith("收到：继续")


async def test_following_scanning_and_the_menu(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, services: Services
) -> None:
    await processes.start()
    fan = wechat.add_fan(following=False)
    await fan.follows("bind_AAAA-BBBB")
    await fan.scans("place_4")
    await fan.clicks("打卡")
    assert [heard.text for heard in bot.heard] == ["绑定 AAAA-BBBB", "帮助", "打卡"]
    assert await home_of(services, "wechat", fan.openid) == 4
    assert (await fan.views("https://example.cn")).seen == []
    assert (await fan.reports_position(34.2, 108.9)).seen == []
    assert (await fan.unfollows()).problems == []
    assert not (await standing(services, "wechat", fan.openid)).following
    await fan.follows()
    assert (await standing(services, "wechat", fan.openid)).heard_by == "follow"


async def test_the_window_opens_with_the_person_alone(
    processes: Processes, wechat: WeChatServer, services: Services, clock: Clock
) -> None:
    await processes.start()
    fan = wechat.add_fan()
    await fan.views("https://example.cn")
    assert (await standing(services, "wechat", fan.openid)).heard is None
    await fan.says("你好")
    known = await standing(services, "wechat", fan.openid)
    assert (known.heard, known.heard_by, known.sent_since) == (clock(), "message", 0)
    await fan.answers_popup("notice-1")
    assert (await standing(services, "wechat", fan.openid)).popups == {"notice-1": 1}
    await fan.answers_popup("notice-1", accept=False)
    assert (await standing(services, "wechat", fan.openid)).popups == {}


@given(
    body=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda t: f"<xml>{t}</xml>".encode())),
    inside=st.booleans(),
    query=st.lists(
        st.tuples(
            st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "encrypt_type"]), st.text(max_size=40)
        ),
        max_size=6,
    ),
)
@hypothesis.settings(
    max_examples=400, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], derandomize=True
)
async def test_no_callback_whatever_brings_a_5xx(
    processes: Processes, wechat: WeChatServer, bot: LittleBot, body: bytes, inside: bool, query: list[tuple[str, str]]
) -> None:
    if not processes.channels:
        await processes.start()
    if inside:  # signed and sealed as it should be, with anything inside
        sealed = Envelope(wechat.account.aes_key, wechat.account.appid).seal(body)
        post = wechat.compose({"FromUserName": "o1"}, sealed=sealed)
    else:
        post = wechat.compose(wechat.add_fan().message("text", Content="报告"))
        post.query, post.body = query, body
    answer = await wechat.post(post)
    assert answer.status < 500
    assert b"Traceback" not in answer.body
    assert bot.heard == []
