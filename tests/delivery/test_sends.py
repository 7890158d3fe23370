"""What goes out to a platform: by which way, when not, and what becomes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.channels.base import Button
from bot.services import people
from bot.services.contacts import standing
from bot.services.messages import deliver_due
from bot.services.platform_events import Contacts
from bot.services.sends import _claim, send_due
from tests.alerts.reporting import place_id
from tests.conftest import Clock
from tests.delivery.conftest import Post
from tests.office import Office
from tests.platforms import faults

CUSTOM = "/cgi-bin/message/custom/send"
TEMPLATE = "/cgi-bin/message/template/send"


async def test_within_the_window_it_is_a_customer_service_message(post: Post) -> None:
    person, fan = await post.follower("甲")
    await post.owes(person, "预警", buttons=(Button("收到", "收到 A7K2"), Button("查看", "查看 A7K2")))
    await post.goes_out()
    [entry] = post.wechat.journal.of(fan.openid)
    assert (entry.way, entry.text) == ("custom", "预警\n回复数字就行：\n1. 收到\n2. 查看")
    assert await post.states() == [("sent", None)]
    assert (await standing(post.services, "wechat", fan.openid)).sent_since == 1


async def test_outside_of_the_window_an_alert_is_a_template_message(post: Post, clock: Clock) -> None:
    person, fan = await post.follower("甲")
    clock.advance(hours=48)
    await post.owes(person, "王*，3号楼，体温 38.2 ℃，达到发热阈值，请马上联系")
    await post.goes_out()
    [entry] = post.wechat.journal.of(fan.openid)
    assert entry.way == "template"
    assert entry.text.splitlines() == ["王*，3号楼，体温 38.2 ℃，达到…", "2022-01-22 08:00"]


async def test_a_notice_goes_by_a_consent_and_each_consent_is_good_for_one(post: Post) -> None:
    person, fan = await post.follower("甲", heard=False)
    fan.consents["N1"] += 1
    await Contacts(post.services).granted("wechat", fan.openid, {"N1": 1})
    await post.owes(person, "今晚核酸", "broadcast")
    await post.owes(person, "明晚核酸", "broadcast")
    await post.goes_out()
    assert [(entry.way, entry.text) for entry in post.wechat.journal.of(fan.openid)] == [("subscribe", "今晚核酸")]
    assert [state for state, _ in await post.states()] == ["sent", "failed"]
    assert "48小时" in str((await post.states())[1][1])


async def test_the_count_of_a_window_is_kept(post: Post) -> None:
    person, fan = await post.follower("甲", heard=False)
    await post.hears(fan, "menu")
    for number in range(5):
        await post.owes(person, f"提示{number}", "reply")
    await post.goes_out()
    assert len(post.wechat.journal.of(fan.openid)) == 3
    assert not post.wechat.errors
    assert [state for state, _ in await post.states()] == ["sent"] * 3 + ["failed"] * 2


async def test_who_has_left_is_not_written_to(post: Post) -> None:
    person, fan = await post.follower("甲")
    await Contacts(post.services).left("wechat", fan.openid)
    await post.owes(person, "预警")
    await post.goes_out()
    assert await post.states() == [("failed", "没有关注公众号")]
    assert post.wechat.calls[CUSTOM] == 0
    async with post.services.transaction() as connection:
        state = await connection.scalar(sa.text("SELECT state FROM outbox WHERE purpose = 'alert'"))
    assert state == "failed"


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_dies_early_is_renewed_once(post: Post, code: int) -> None:
    person, fan = await post.follower("甲")
    await post.owes(person, "一")
    await post.goes_out()
    post.wechat.revoke_tokens(code)
    await post.owes(person, "二")
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == ["一", "二"]
    assert post.wechat.tokens.issued == 2


async def test_fifty_sends_at_once_fetch_one_token(post: Post) -> None:
    for number in range(50):
        person, _ = await post.follower(f"人{number}")
        await post.owes(person, "预警")
    while await deliver_due(post.services):
        pass
    await asyncio.gather(*(send_due(post.services, {"wechat": post.sender}, most=10) for _ in range(6)))
    await post.goes_out()
    assert post.wechat.journal.count("custom") == 50
    assert post.wechat.calls["/cgi-bin/stable_token"] == 1


async def test_a_busy_platform_is_tried_again_and_a_minutes_quota_waits_a_minute(post: Post, clock: Clock) -> None:
    person, fan = await post.follower("甲")
    post.wechat.faults.next(CUSTOM, faults.errcode(-1))
    await post.owes(person, "一")
    await post.goes_out()
    assert [state for state, _ in await post.states()] == ["due"]
    clock.advance(seconds=2)
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == ["一"]
    post.wechat.faults.next(CUSTOM, faults.errcode(45011))
    await post.owes(person, "二")
    await post.goes_out()
    await post.owes(person, "三")
    calls = post.wechat.calls[CUSTOM]
    await post.goes_out()
    assert post.wechat.calls[CUSTOM] == calls  # the whole channel waits
    clock.advance(minutes=1)
    await post.goes_out()
    assert sorted(post.wechat.journal.texts(fan.openid)) == ["一", "三", "二"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (43019, "已被公众号拉黑"),
        (48002, "已关闭消息接收"),
        (46004, "账号不存在"),
        (45002, "内容太长"),
        (99999, "99999"),
    ],
)
async def test_each_refusal_ends_with_its_reason(post: Post, code: int, reason: str) -> None:
    person, _ = await post.follower("甲")
    post.wechat.faults.next(CUSTOM, faults.errcode(code))
    await post.owes(person, "通知", "broadcast")
    await post.goes_out()
    [(state, said)] = await post.states()
    assert state == "failed"
    assert reason in str(said)


async def test_a_way_whose_quota_is_spent_is_not_asked_for(post: Post, clock: Clock) -> None:
    person, fan = await post.follower("甲")
    key = f"spent:wechat:{post.services.today():%Y-%m-%d}"
    await post.services.redis.hset(key, mapping={"custom": 499_950})
    await post.owes(person, "一")
    await post.goes_out()
    assert [entry.way for entry in post.wechat.journal.of(fan.openid)] == ["template"]
    assert int(await post.services.redis.hget(key, "template")) == 1
    await post.services.redis.hset(key, mapping={"template": 99_950})
    await post.owes(person, "二")
    await post.goes_out()
    assert await post.states() == [("sent", None), ("due", "今天的发送次数已用完")]
    assert post.wechat.calls[CUSTOM] == 0
    clock.advance(days=1)
    await post.hears(fan)
    await post.goes_out()
    assert [state for state, _ in await post.states()] == ["sent", "sent"]


@pytest.mark.parametrize("code", [45015, 45047, 48001])
async def test_a_window_that_the_platform_has_closed_leads_to_the_next_way(post: Post, code: int) -> None:
    person, fan = await post.follower("甲")
    post.wechat.faults.next(CUSTOM, faults.errcode(code))
    await post.owes(person, "预警")
    await post.goes_out()
    assert [entry.way for entry in post.wechat.journal.of(fan.openid)] == ["template"]


async def test_an_answer_that_is_lost_is_not_sent_again_by_itself(post: Post) -> None:
    person, fan = await post.follower("甲")
    post.wechat.faults.next(CUSTOM, faults.cut(effect=True))
    await post.owes(person, "通知", "broadcast")
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == ["通知"]
    assert await post.states() == [("failed", "微信没有回应，不确定有没有发出")]


async def test_a_process_that_dies_while_sending_repeats_an_alert_once_and_a_notice_never(
    post: Post, clock: Clock
) -> None:
    person, fan = await post.follower("甲")
    await post.owes(person, "预警")
    await post.owes(person, "通知", "broadcast")
    await deliver_due(post.services)
    dead = [await _claim(post.services, ["wechat"], 10) for _ in range(2)]  # by a process that is gone now
    assert [len(claimed) for claimed in dead] == [1, 0]  # one at a time to one account
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == []
    clock.advance(seconds=61)
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == ["预警", "通知"]
    await post.owes(person, "第二条通知", "broadcast")
    await deliver_due(post.services)
    assert len(await _claim(post.services, ["wechat"], 10)) == 1
    clock.advance(seconds=61)
    await post.goes_out()
    assert len(post.wechat.journal.texts(fan.openid)) == 2
    assert (await post.states())[-1] == ("failed", "发送时中断，不确定有没有发出")


async def test_what_is_too_old_is_not_sent(post: Post, clock: Clock) -> None:
    person, fan = await post.follower("甲")
    await post.owes(person, "请打卡", "reminder")
    await deliver_due(post.services)
    clock.advance(hours=7)
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == []
    assert (await post.states())[0][1] == "过了有效时间，不再发送"


async def test_quiet_hours_hold_reminders_and_let_alerts_pass(post: Post, clock: Clock) -> None:
    person, fan = await post.follower("甲")
    clock.set_local("2022-01-20 23:00")
    await post.owes(person, "预警")
    await post.owes(person, "请打卡", "reminder")
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == ["预警"]


async def test_a_person_gets_only_so_many_a_day_but_for_alerts(post: Post, clock: Clock) -> None:
    person, fan = await post.follower("甲")
    for number in range(5):
        await post.owes(person, f"通知{number}", "broadcast")
        await post.goes_out()
        await post.hears(fan)
    await post.owes(person, "预警")
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == ["通知0", "通知1", "通知2", "预警"]
    clock.set_local("2022-01-21 07:00")
    await post.hears(fan)
    await post.goes_out()
    assert sorted(post.wechat.journal.texts(fan.openid)[4:]) == ["通知3", "通知4"]


@pytest.mark.parametrize("when", ["queued", "before"])
async def test_a_template_message_that_did_not_arrive_has_failed(post: Post, clock: Clock, when: str) -> None:
    person, _ = await post.follower("甲", heard=False)
    post.wechat.account.job_events = when  # type: ignore[assignment]
    post.wechat.job_status = "failed:user block"
    told = []

    async def hear(fields):  # the callback, without its way through HTTP
        told.append(fields)
        await Contacts(post.services).arrived("wechat", str(fields["MsgID"]), fields["Status"] == "success")

    post.wechat.jobs._deliver = hear
    await post.owes(person, "预警")
    await post.goes_out()
    await post.wechat.finish_jobs()
    assert len(told) == 1
    assert [state for state, _ in await post.states()] == ["failed"]


async def test_without_a_platform_nothing_is_put_on_its_way(post: Post) -> None:
    person, _ = await post.follower("甲")
    bare = replace(post.services, settings=replace(post.services.settings, wechat_token=""))
    await post.owes(person, "预警")
    await deliver_due(bare)
    assert await post.states() == []


async def test_staff_see_in_their_to_do_whom_to_phone(post: Post, office: Office) -> None:
    person, _ = await post.follower("孙远", heard=False)
    home = await place_id(post.services, "demo/building-3")
    async with post.services.transaction() as connection:
        await people.add_role(connection, person, "resident", home)
    await post.owes(person, "今晚核酸", "broadcast")
    await post.goes_out()
    told = await office.person("demo-grid").says("待办")
    assert "1人微信发不到，请打电话" in told
    assert "孙*：超过48小时没有互动，也没有可用的模板" in told
    assert "微信发不到" not in await office.person("demo-teacher").says("待办")


async def test_a_message_that_cannot_be_opened_holds_nobody_up(post: Post) -> None:
    first, _ = await post.follower("甲")
    second, fan = await post.follower("乙")
    await post.owes(first, "一")
    await post.owes(second, "二")
    await deliver_due(post.services)
    async with post.services.transaction() as connection:
        await connection.execute(sa.text("UPDATE outbox SET body_sealed = 'x' WHERE person_id = :p"), {"p": first})
    await post.goes_out()
    assert post.wechat.journal.texts(fan.openid) == ["二"]
    assert await post.states() == [("failed", "内容无法解密（密钥已更换或数据损坏）"), ("sent", None)]
