"""企业微信: callbacks as the simulated platform delivers them, and app messages with cards."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from bot.channels.base import Button, Outgoing
from bot.channels.sending import Failed, Later, Quota, Sent, Standing
from bot.channels.wecom import App, WeComChannel, WeComSender
from bot.conversation.callback_store import RedisCallbacks, RedisTokens
from bot.conversation.spool import DiskSpool
from bot.services.contacts import standing
from bot.services.context import Services
from bot.services.platform_events import Contacts
from tests.channels.little_bot import LittleBot
from tests.conftest import Clock
from tests.platforms.misdeeds import MISDEEDS, Misdeed
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_server import WeComServer

SEND = "/cgi-bin/message/send"
ALERT = Outgoing(
    "🔴【紧急】每日健康打卡异常\n王*，3号楼\n・体温 38.2 ℃",
    (Button("收到", "收到 A7K2"), Button("已处理", "已处理 A7K2"), Button("查看", "查看 A7K2")),
    purpose="alert",
)


@pytest.fixture
def bot() -> LittleBot:
    return LittleBot()


@pytest_asyncio.fixture
async def wecom(clock: Clock) -> AsyncIterator[WeComServer]:
    async with WeComServer(WeComCorp(), clock) as server:
        yield server


@pytest_asyncio.fixture
async def sender(services: Services, wecom: WeComServer, bot: LittleBot, clock: Clock) -> AsyncIterator[WeComSender]:
    """The bot behind the app: its channel takes callbacks, and this sends outside of them."""
    given = wecom.app
    app = App(wecom.corp.corpid, given.agentid, given.secret, given.token, (given.aes_key,), wecom.base_url)
    store = RedisCallbacks(services, "wecom")
    made = WeComSender(app, RedisTokens(services, "wecom", app.corpid), store, clock)
    spool = DiskSpool(services.settings.data_dir, "wecom", 100, services.vault, clock)
    channel = WeComChannel(bot.receive, app, store, Contacts(services), made, spool, clock)
    served = web.Application(client_max_size=256 * 1024)
    served.add_routes(list(channel.routes()))
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    given.callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/wecom"
    yield made
    await channel.stop()
    await runner.cleanup()
    await made.close()
    spool.close()


async def test_a_member_is_answered_and_the_address_verified(
    sender: WeComSender, wecom: WeComServer, bot: LittleBot
) -> None:
    assert (await wecom.check_url()).accepted
    assert not (await wecom.check_url(signed=False)).accepted
    member = wecom.add_member("zhangsan")
    delivery = await member.says("待办")
    assert delivery.problems == []
    assert delivery.seen == ["收到：待办\n回复数字就行：\n1. 好\n\n还有别的吗？"]
    await member.says("1")
    await member.clicks("今日汇总")
    await member.sends_location(34.2, 108.9, "陕西省西安市")
    assert [heard.text for heard in bot.heard] == ["待办", "/好", "今日汇总", "陕西省西安市"]
    assert "看不懂图片" in (await member.sends_image()).seen[0]


@pytest.mark.parametrize("misdeed", MISDEEDS, ids=str)
async def test_what_is_forged_or_broken_does_nothing(
    sender: WeComSender, wecom: WeComServer, bot: LittleBot, misdeed: Misdeed
) -> None:
    if not misdeed.fits(wecom):
        return
    answer = await wecom.post(misdeed.make(wecom, wecom.add_member("zhangsan").message("text", Content="报告")))
    assert answer.status < 500
    if misdeed.expect == "taken":
        assert answer.status == 200
        assert [heard.text for heard in bot.heard] == ["报告"]
    else:
        assert bot.heard == []
        assert misdeed.expect == "harmless" or answer.status == 0 or 400 <= answer.status < 500


async def test_a_message_again_is_done_once(sender: WeComSender, wecom: WeComServer, bot: LittleBot) -> None:
    fields = wecom.add_member("zhangsan").message("text", Content="你好")
    assert (await wecom.deliver(fields)).seen == (await wecom.deliver(fields)).seen
    assert len(bot.heard) == 1


async def test_who_leaves_the_range_is_not_written_to(
    sender: WeComSender, wecom: WeComServer, services: Services, bot: LittleBot
) -> None:
    member = wecom.add_member("zhangsan")
    await member.leaves_view()
    known = await standing(services, "wecom", "zhangsan")
    assert not known.following
    assert isinstance(await sender.send("zhangsan", ALERT, known), Failed)
    await member.comes_into_view()
    assert [heard.text for heard in bot.heard] == ["帮助"]


async def test_an_alert_is_a_card_whose_press_is_said_once_and_shown_on_the_card(
    sender: WeComSender, wecom: WeComServer, bot: LittleBot
) -> None:
    member = wecom.add_member("zhangsan")
    assert isinstance(await sender.send("zhangsan", ALERT, Standing()), Sent)
    [entry] = wecom.journal.of("zhangsan")
    assert entry.kind == "template_card"
    assert "王*，3号楼" in entry.text
    pressed = member.press(entry, "收到 A7K2")
    first = await wecom.deliver(pressed)
    assert first.problems == []
    assert [heard.text for heard in bot.heard] == ["收到 A7K2"]
    entries = await wecom.journal.until("zhangsan", 3)
    assert {one.way for one in entries} == {"message", "card_update"}
    assert any(one.text.startswith("收到：收到 A7K2") for one in entries)
    await wecom.deliver(pressed)
    assert len(bot.heard) == 1


async def test_a_long_or_buttonless_message_is_a_text(sender: WeComSender, wecom: WeComServer) -> None:
    wecom.add_member("zhangsan")
    await sender.send("zhangsan", Outgoing("请打卡", (Button("打卡", "打卡"),), purpose="reminder"), Standing())
    await sender.send("zhangsan", Outgoing("发热的人先做核酸。" * 200, purpose="broadcast"), Standing())
    texts = wecom.journal.texts("zhangsan")
    assert texts[0] == "请打卡\n回复数字就行：\n1. 打卡"
    assert len(texts[1].encode()) <= 2048
    assert texts[1].endswith("看下面的）")


@pytest.mark.parametrize("code", [40014, 42001])
async def test_a_token_that_dies_early_is_renewed_once(sender: WeComSender, wecom: WeComServer, code: int) -> None:
    wecom.add_member("zhangsan")
    assert await sender.custom("zhangsan", "一")
    wecom.revoke_tokens(code)
    assert await sender.custom("zhangsan", "二")
    assert wecom.journal.texts("zhangsan") == ["一", "二"]
    assert wecom.calls["/cgi-bin/gettoken"] == 2


async def test_one_call_goes_to_many_and_each_has_an_end(sender: WeComSender, wecom: WeComServer) -> None:
    for name in ("Zhangsan", "lisi"):
        wecom.add_member(name)
    results = await sender.send_many(["Zhangsan", "lisi", "Nobody"], Outgoing("明天停水", purpose="broadcast"))
    assert [type(results[one]) for one in ("Zhangsan", "lisi", "Nobody")] == [Sent, Sent, Failed]
    assert wecom.calls[SEND] == 1
    assert wecom.journal.texts("Zhangsan") == wecom.journal.texts("lisi") == ["明天停水"]


async def test_what_leads_to_a_page_is_a_text_card(sender: WeComSender, wecom: WeComServer) -> None:
    wecom.add_member("zhangsan")
    text = "新政策：返乡人员提前3天报备\n全文 https://example.cn/policy?id=3"
    assert isinstance(await sender.send("zhangsan", Outgoing(text, purpose="broadcast"), Standing()), Sent)
    [entry] = wecom.journal.of("zhangsan")
    assert entry.kind == "textcard"
    assert "返乡人员提前3天报备" in entry.text
    assert entry.content["textcard"]["url"] == "https://example.cn/policy?id=3"


async def test_notices_are_markdown_where_the_operator_wants_it(
    sender: WeComSender, wecom: WeComServer, services: Services, clock: Clock
) -> None:
    wecom.add_member("zhangsan")
    app = App(
        wecom.corp.corpid, wecom.app.agentid, wecom.app.secret, wecom.app.token, (), wecom.base_url, markdown=True
    )  # fmt: skip
    marked = WeComSender(
        app, RedisTokens(services, "wecom", app.corpid), RedisCallbacks(services, "wecom"), clock
    )  # fmt: skip
    await marked.send("zhangsan", Outgoing("今日汇总\n已报 20 人", purpose="reminder"), Standing())
    await marked.close()
    [entry] = wecom.journal.of("zhangsan")
    assert (entry.kind, entry.text) == ("markdown", "**今日汇总**\n已报 20 人")


async def test_what_the_account_may_send_a_day_is_not_exceeded(
    sender: WeComSender, wecom: WeComServer, services: Services, clock: Clock
) -> None:
    clock.set_local("2022-01-31 12:00")
    app = App(
        wecom.corp.corpid, wecom.app.agentid, wecom.app.secret, wecom.app.token, (), wecom.base_url,
        quotas=(Quota("app", 100, "日"), Quota("app", 2000, "月")),
    )  # fmt: skip
    wecom.add_member("zhangsan")
    counted = WeComSender(
        app, RedisTokens(services, "wecom", app.corpid), RedisCallbacks(services, "wecom"), clock
    )  # fmt: skip
    assert isinstance(await counted.send("zhangsan", Outgoing("一"), Standing(spent={"app/日": 49})), Sent)
    day = await counted.send("zhangsan", Outgoing("二"), Standing(spent={"app/日": 50}))
    month = await counted.send("zhangsan", Outgoing("二"), Standing(spent={"app/月": 1950}))
    await counted.close()
    assert isinstance(day, Later)
    assert isinstance(month, Later)
    assert [
        f"{services.settings.timezone.fromutc(one.at.replace(tzinfo=services.settings.timezone)):%m-%d %H:%M}"
        for one in (day, month)
    ] == [
        "02-01 00:05",
        "02-01 00:05",
    ]
    assert wecom.journal.texts("zhangsan") == ["一"]


async def test_a_receiver_in_the_list_of_the_unreached_has_not_got_it(sender: WeComSender, wecom: WeComServer) -> None:
    result = await sender.send("Nobody", Outgoing("通知"), Standing())
    assert isinstance(result, Failed)
    assert result.failure == "not_reachable"
