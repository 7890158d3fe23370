"""转人工: a resident's talk with the staff in charge of them, while the assistant keeps silent."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.assistant.host import Assistant
from bot.errors import NotEntitled, NotFound
from bot.services import invitations, people, ticket_desk, tickets
from bot.services.context import Services
from bot.services.places import root_place
from bot.settings import Settings
from tests.office import Office, Talker

PHONE = "13800000001"


async def opened(office: Office, sender: str = "demo-resident") -> tuple[Talker, Talker, int]:
    """A resident whose ticket stands, the grid's staff, who have read it, and its number."""
    resident, grid = office.person(sender), office.person("demo-grid")
    await resident.says("转人工")
    number = resident.custom["ticket"]
    await grid.pushed()
    return resident, grid, number


async def hired(office: Office, sender: str, role: str, place: str) -> Talker:
    """A new staff member with this role at the demo place."""
    async with office.services.transaction() as connection:
        place_id = await connection.scalar(sa.text("SELECT id FROM places WHERE code = :code"), {"code": place})
    talker = office.person(sender, "web")
    assert "绑定成功" in await talker.says(f"绑定 {await invitations.invite(office.services, role, place_id)}")
    return talker


async def ticket_rows(office: Office) -> list[Any]:
    async with office.services.transaction() as connection:
        return list(await connection.execute(sa.text("SELECT * FROM tickets ORDER BY id")))


class TestOpening:
    async def test_the_staff_in_charge_get_the_last_turns_and_the_way_to_answer(self, office: Office) -> None:
        resident, grid = office.person("demo-resident"), office.person("demo-grid")
        await resident.says("黄码能坐火车吗", "我妈腿脚不便想找人帮忙买药")
        told = await resident.says("转人工")
        assert "网格员" in told
        assert "退出人工" in told
        assert "退出人工" in resident.buttons
        number = resident.custom["ticket"]
        [push] = await grid.pushed()
        assert f"工单{number}" in push.text
        assert "王*" in push.text
        assert "3号楼" in push.text
        assert "本人：黄码能坐火车吗" in push.text
        assert "我妈腿脚不便想找人帮忙买药" in push.text
        assert f"回复 {number}" in push.text
        assert "王小芳" not in push.text
        assert PHONE not in push.text
        assert ("接单", f"接单 {number}") in [(b.title, b.payload) for b in push.buttons]

    async def test_what_was_said_days_ago_is_not_passed_on(self, office: Office, clock) -> None:
        resident, grid = office.person("demo-resident"), office.person("demo-grid")
        await resident.says("黄码能坐火车吗")
        clock.advance(days=2)
        await resident.says("转人工")
        [push] = await grid.pushed()
        assert "黄码" not in push.text

    async def test_a_second_request_opens_no_second_ticket(self, office: Office) -> None:
        resident, grid, number = await opened(office)
        assert f"您已经转人工了（工单{number}）" in await resident.says("转人工")
        await grid.says(f"接单 {number}")
        assert "网格员赵*接了" in await resident.says("转人工")
        assert len(await ticket_rows(office)) == 1
        assert await grid.pushed() == []

    async def test_a_guest_of_the_demo_belongs_to_the_third_grid(self, office: Office) -> None:
        guest, grid, number = await opened(office, "somebody-new")
        await guest.says("我家没菜了")
        [push] = await grid.pushed()
        assert "我家没菜了" in push.text
        await grid.says(f"回复 {number} 马上送")
        [answer] = await guest.pushed()
        assert answer.text == "工作人员回复：马上送"

    async def test_staff_who_ask_for_a_person_reach_those_above_them(self, office: Office) -> None:
        head = await hired(office, "head", "community", "demo/community")
        await office.person("demo-grid").says("转人工")
        [push] = await head.pushed()
        assert "赵*" in push.text
        assert await office.person("demo-grid").pushed() == []

    async def test_an_open_form_is_put_aside_and_found_again(self, office: Office) -> None:
        resident, grid = office.person("demo-resident"), office.person("demo-grid")
        await resident.says("打卡", "36.5")
        told = await resident.says("转人工")
        assert "先放着" in told
        assert "field" not in resident.custom
        await grid.pushed()
        assert await resident.says("这个表我不会填") == ""
        assert "不会填" in (await grid.pushed())[0].text
        await resident.says("打卡")
        await resident.says("接着填")
        assert resident.custom == {"process": "daily_report", "field": "symptoms"}


class TestOutOfHours:
    @pytest.mark.parametrize(
        ("moment", "when"),
        [("2022-01-20 22:00", "明早8点"), ("2022-01-20 06:30", "今早8点"), ("2022-01-20 23:59", "明早8点")],
    )
    async def test_it_is_said_when_somebody_will_answer(self, office: Office, clock, moment: str, when: str) -> None:
        clock.set_local(moment)
        resident = office.person("demo-resident")
        told = await resident.says("转人工")
        assert when in told
        assert "120" in told
        [push] = await office.person("demo-grid").pushed()
        assert when in push.text

    async def test_within_hours_no_hours_are_told(self, office: Office, clock) -> None:
        clock.set_local("2022-01-20 21:59")
        assert "服务时间" not in await office.person("demo-resident").says("转人工")

    async def test_the_night_does_not_close_a_ticket(self, office: Office, services: Services, clock) -> None:
        clock.set_local("2022-01-20 21:50")
        resident, grid, _ = await opened(office)
        clock.set_local("2022-01-21 08:19")
        assert await tickets.close_idle(services) == 0
        assert await resident.says("早上好") == ""
        clock.set_local("2022-01-21 08:49")
        assert await tickets.close_idle(services) == 1
        assert len(await grid.pushed()) == 2


class TestSilence:
    async def test_what_is_said_goes_to_staff_and_to_nobody_else(self, office: Office) -> None:
        resident, grid, number = await opened(office)
        for text in (
            "黄码能坐火车吗",
            "你好",
            "谢谢",
            "明天股票会涨吗",
            "收到",
            "1",
            "人呢",
            "今天36.6 一切正常",
            "确认",
        ):
            assert await resident.says(text) == "", text
        assert [f"工单{number}　王*：\n{text}" for text in ("黄码能坐火车吗", "你好", "谢谢")] == [
            push.text.rsplit("\n", 1)[0] for push in (await grid.pushed())[:3]
        ]
        [row] = await ticket_rows(office)
        assert row.state == "open"
        assert await office.records() == []

    async def test_the_same_message_id_is_handed_over_once(self, office: Office) -> None:
        resident, grid, _ = await opened(office)
        await resident.says("我家没菜了", message_id="again")
        await resident.says("我家没菜了", message_id="again")
        assert len(await grid.pushed()) == 1

    async def test_a_check_in_goes_on_as_always_and_its_messages_are_the_forms(self, office: Office) -> None:
        resident, grid, _ = await opened(office)
        await resident.says("打卡", "36.5")
        assert resident.custom["field"] == "symptoms"
        assert "依据：" in await resident.says("黄码能坐火车吗")
        await resident.says("没有症状", "在家", "绿码", "没有", "确认提交")
        assert len(await office.records("daily_report")) == 1
        assert await grid.pushed() == []
        assert await resident.says("打好了") == ""
        assert len(await grid.pushed()) == 1

    async def test_cancel_works_in_a_form_and_is_answered_without_one(self, office: Office) -> None:
        resident, grid, _ = await opened(office)
        await resident.says("打卡", "取消")
        assert "已取消" in resident.text
        assert "退出人工" in await resident.says("取消")
        assert await grid.pushed() == []

    async def test_help_says_where_one_is(self, office: Office) -> None:
        resident, _, _ = await opened(office)
        assert "正在和工作人员对话" in await resident.says("帮助")
        assert "退出人工" in resident.buttons

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("我发烧了", "发热门诊"),
            ("今天量了38.2", "发热门诊"),
            ("38.5怎么办啊", "发热门诊"),
            ("我发烧了 38度5", "发热门诊"),
            ("三十八度五了", "发热门诊"),
            ("我妈呼吸困难", "120"),
            ("胸痛", "120"),
            ("我爸昏倒了", "120"),
            ("救命", "120"),
            ("要不要打120", "120"),
            ("我不想活了", "12356"),
        ],
    )
    async def test_words_of_fever_or_danger_get_both(self, office: Office, text: str, said: str) -> None:
        resident, grid, number = await opened(office)
        assert said in await resident.says(text)
        assert (said == "发热门诊") == (resident.custom.get("offers") == ["daily_report"])
        assert "field" not in resident.custom
        [push] = await grid.pushed()
        assert push.text.startswith(f"🔴【紧急】工单{number}　王*：\n{text}")

    @pytest.mark.parametrize("text", ["没发烧", "没有发热也不咳嗽", "36.8", "我家120平米", "38号楼的", "今天外面38度"])
    async def test_words_that_deny_it_do_not(self, office: Office, text: str) -> None:
        resident, grid, _ = await opened(office)
        assert await resident.says(text) == ""
        assert "紧急" not in (await grid.pushed())[0].text

    async def test_an_urgent_word_reaches_all_staff_though_one_has_the_ticket(self, office: Office) -> None:
        other = await hired(office, "other", "grid_worker", "demo/grid-3")
        resident, grid, number = await opened(office)
        await grid.says(f"接单 {number}")
        await other.pushed()
        await resident.says("药送到了吗")
        assert len(await grid.pushed()) == 1
        assert await other.pushed() == []
        await resident.says("我喘不上气")
        assert len(await grid.pushed()) == 1
        assert len(await other.pushed()) == 1

    async def test_staff_with_a_ticket_of_their_own_go_on_working(self, office: Office) -> None:
        resident, grid, number = await opened(office)
        await hired(office, "head", "community", "demo/community")
        await grid.says("转人工")
        assert await grid.says("我这边人手不够") == ""
        assert "已发给王*" in await grid.says(f"回复 {number} 您好")
        assert "没有待处理" in await grid.says("待处理")
        assert len(await resident.pushed()) == 1


class TestAnswering:
    async def test_a_talk_there_and_back(self, office: Office) -> None:
        resident, grid, number = await opened(office)
        assert "已告诉本人" in await grid.says(f"接单 {number}")
        [taken] = await resident.pushed()
        assert "网格员赵*接到了您的求助" in taken.text
        told = await grid.says(f"回复 {number} 您好，Abc 药店\n今天送到。")
        assert "已发给王*" in told
        [answer] = await resident.pushed()
        assert answer.text == "工作人员回复：您好，Abc 药店\n今天送到。"
        assert [b.payload for b in answer.buttons] == ["退出人工"]
        assert await resident.says("好，谢谢") == ""
        assert "好，谢谢" in (await grid.pushed())[0].text
        whole = await grid.says(f"查看工单 {number}")
        assert "姓名：王小芳" in whole
        assert PHONE in whole
        assert whole.index("Abc 药店\n今天送到。") < whole.index("本人：好，谢谢")

    async def test_looking_at_a_ticket_leaves_an_audit_row(self, office: Office) -> None:
        _, grid, number = await opened(office)
        await grid.says(f"查看工单 {number}")
        async with office.services.transaction() as connection:
            rows = list(
                await connection.execute(sa.text("SELECT action, object_id FROM audit WHERE object = 'ticket'"))
            )
        assert [tuple(row) for row in rows] == [("ticket_opened", str(number)), ("ticket_revealed", str(number))]

    async def test_the_only_ticket_needs_no_number(self, office: Office) -> None:
        resident, grid, _ = await opened(office)
        await grid.says("回复 马上来")
        assert [push.text for push in await resident.pushed()] == ["工作人员回复：马上来"]

    async def test_of_several_it_is_asked_which(self, office: Office) -> None:
        first, grid, one = await opened(office)
        second, _, two = await opened(office, "demo-worker")
        assert "哪一个" in await grid.says("回复 马上来")
        await grid.presses(f"回复{two} 张*")
        assert len(await second.pushed()) == 1
        assert await first.pushed() == []
        # the one that is taken is now the one that is meant
        await grid.says("回复 到楼下了")
        assert [push.text for push in await second.pushed()] == ["工作人员回复：到楼下了"]
        listed = await grid.says("工单")
        assert f"{one}　王*" in listed
        assert f"{two}　张*" in listed
        assert "网格员赵*已接" in listed
        assert "写在后面" in await grid.says(f"回复 {one}")

    async def test_the_list_shows_since_when_and_the_last_words(self, office: Office, clock) -> None:
        resident, grid, number = await opened(office)
        clock.advance(minutes=7)
        await resident.says("我家没菜了" + "很急" * 30)
        listed = await grid.says("工单")
        assert "08:00起" in listed
        assert "我家没菜了" in listed
        assert "很急" * 30 not in listed
        assert "工单" in (await grid.says("帮助"))
        assert "工单" in grid.buttons
        await grid.says(f"结束 {number}")
        await grid.says("帮助")
        assert "工单" not in grid.buttons

    async def test_who_answers_first_has_it_and_another_may_take_it_over(self, office: Office) -> None:
        head = await hired(office, "head", "community", "demo/community")
        resident, grid, number = await opened(office)
        await grid.says(f"回复 {number} 您好")
        assert "已由网格员赵*接手" in await head.says(f"回复 {number} 我来")
        assert "已由网格员赵*接手" in await head.says(f"结束 {number}")
        await resident.pushed()
        await head.says(f"接单 {number}")
        assert "接过去了" in (await grid.pushed())[0].text
        await head.says(f"回复 {number} 我来")
        assert len(await resident.pushed()) == 2
        assert "已由社区" in await grid.says(f"回复 {number} 还是我来")
        await resident.says("好的")
        assert "好的" in (await head.pushed())[-1].text
        assert await grid.pushed() == []


class TestClosing:
    @pytest.mark.parametrize("text", ["退出人工", "结束人工", "不用了", "不用了，谢谢"])
    async def test_by_the_resident(self, office: Office, text: str) -> None:
        resident, grid, number = await opened(office)
        assert "已退出人工" in await resident.says(text)
        assert "已退出人工" in (await grid.pushed())[0].text
        assert "依据：" in await resident.says("黄码能坐火车吗")
        assert "已经结束" in await grid.says(f"回复 {number} 您好")
        assert await resident.pushed() == []
        assert PHONE in await grid.says(f"查看工单 {number}")
        [row] = await ticket_rows(office)
        assert (row.state, row.closed_by) == ("closed", "resident")

    async def test_by_staff(self, office: Office) -> None:
        resident, grid, number = await opened(office)
        assert "已结束" in await grid.says(f"结束 {number}")
        assert "结束了这次人工对话" in (await resident.pushed())[0].text
        assert "依据：" in await resident.says("黄码能坐火车吗")
        assert "没有工单" in await grid.says("工单")

    async def test_by_time_counted_from_the_last_words(self, office: Office, services: Services, clock) -> None:
        resident, grid, number = await opened(office)
        clock.advance(minutes=20)
        await grid.says(f"回复 {number} 您好")
        clock.advance(minutes=29)
        assert await tickets.close_idle(services) == 0
        clock.advance(minutes=1)
        assert await tickets.close_idle(services) == 1
        assert await tickets.close_idle(services) == 0
        assert "没有新消息" in (await resident.pushed())[-1].text
        assert "自动结束" in (await grid.pushed())[-1].text
        assert "依据：" in await resident.says("黄码能坐火车吗")
        [row] = await ticket_rows(office)
        assert row.closed_by == "time"

    async def test_when_nobody_has_answered_it_is_said(self, office: Office, services: Services, clock) -> None:
        resident, grid, _ = await opened(office)
        clock.advance(minutes=30)
        await tickets.close_idle(services)
        assert "没能接上" in (await resident.pushed())[0].text
        assert "打电话" in (await grid.pushed())[0].text

    async def test_a_new_ticket_can_be_opened_afterwards(self, office: Office) -> None:
        resident, _, number = await opened(office)
        await resident.says("退出人工", "转人工")
        assert resident.custom["ticket"] > number

    async def test_leaving_without_a_ticket_is_answered(self, office: Office) -> None:
        resident = office.person("demo-resident")
        assert "没有在和工作人员对话" in await resident.says("退出人工")
        assert "好的" in await resident.says("不用了")

    async def test_leaving_works_in_an_open_form(self, office: Office) -> None:
        resident, _, _ = await opened(office)
        await resident.says("打卡", "36.5")
        assert "已退出人工" in await resident.says("退出人工")
        assert resident.custom["field"] == "symptoms"

    async def test_what_was_said_is_forgotten_after_its_time(self, office: Office, services: Services, clock) -> None:
        resident, grid, number = await opened(office)
        await resident.says("我家没菜了", "退出人工")
        clock.advance(days=89)
        await tickets.forget_old(services)
        assert len(await ticket_rows(office)) == 1
        clock.advance(days=2)
        await tickets.forget_old(services)
        assert await ticket_rows(office) == []
        assert "没有工单" in await grid.says(f"查看工单 {number}")


class TestRights:
    async def test_staff_of_another_place_see_nothing(self, office: Office) -> None:
        await opened(office)
        teacher = office.person("demo-teacher")
        assert await teacher.pushed() == []
        [row] = await ticket_rows(office)
        for text in (f"接单 {row.id}", f"回复 {row.id} 您好", f"结束 {row.id}", f"查看工单 {row.id}"):
            outside = await teacher.says(text)
            missing = await teacher.says(text.replace(str(row.id), "999"))
            assert outside.replace(str(row.id), "999") == missing
        assert "没有工单" in await teacher.says("工单")
        assert "没有等您回复" in await teacher.says("回复 您好")
        assert await office.person("demo-resident").pushed() == []

    async def test_a_resident_gets_what_a_resident_may_have(self, office: Office) -> None:
        _, _, number = await opened(office)
        worker = office.person("demo-worker")
        for text in ("工单", f"接单 {number}", f"回复 {number} 您好", f"查看工单 {number}"):
            assert "只有负责的工作人员" in await worker.says(text)

    async def test_nobody_answers_their_own_ticket(self, office: Office) -> None:
        grid = office.person("demo-grid")
        await grid.says("转人工")
        number = grid.custom["ticket"]
        assert "没有工单" in await grid.says(f"接单 {number}")
        assert "没有工单" in await grid.says("工单")

    async def test_services_refuse_by_themselves(self, office: Office, services: Services) -> None:
        _, _, number = await opened(office)
        for sender in ("demo-teacher", "demo-worker", "demo-resident", "nobody"):
            speaker = await people.identify(services, f"rest:{sender}")
            for act in (
                ticket_desk.take(services, speaker, number),
                ticket_desk.close(services, speaker, number),
                ticket_desk.reveal(services, speaker, number),
                ticket_desk.reply(services, speaker, number, "您好"),
            ):
                with pytest.raises((NotEntitled, NotFound)):
                    await act
            assert await ticket_desk.standing(services, speaker) == []


async def test_a_lost_redis_strands_nobody(office: Office, services: Services, assistant: Assistant) -> None:
    _, _, number = await opened(office)
    await services.redis.flushall()
    office = Office(services, assistant)
    grid = office.person("demo-grid")
    assert "依据：" in await office.person("demo-resident").says("黄码能坐火车吗")  # answered rather than lost
    await grid.says(f"回复 {number} 您好")
    assert await office.person("demo-resident").says("黄码能坐火车吗") == ""
    await services.redis.flushall()
    assert f"（工单{number}）" in await office.person("demo-resident").says("转人工")
    assert await office.person("demo-resident").says("黄码能坐火车吗") == ""
    await services.redis.flushall()
    assert "已退出人工" in await office.person("demo-resident").says("退出人工")
    assert len(await ticket_rows(office)) == 1


async def test_a_ticket_that_is_closed_behind_the_key_swallows_nothing(office: Office, services: Services) -> None:
    resident, _, _ = await opened(office)
    account = "rest:demo-resident"
    kept = await services.redis.get(tickets.ticket_key(account))
    await resident.says("退出人工")
    await services.redis.set(tickets.ticket_key(account), kept)
    assert "依据：" in await resident.says("黄码能坐火车吗")
    assert await services.redis.get(tickets.ticket_key(account)) is None


async def test_what_is_said_is_sealed_in_every_table(office: Office, services: Services) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says("我的电话是13987651234", "转人工", "再说一遍13987651234")
    await grid.pushed()
    await grid.says("回复 记下了13987651234", f"查看工单 {resident.custom.get('ticket', 1)}")
    await resident.pushed()
    async with services.transaction() as connection:
        names = list(await connection.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        dump = {
            name: "\n".join(await connection.scalars(sa.text(f'SELECT CAST(r AS text) FROM "{name}" AS r')))
            for name in names
        }
    assert len(dump["ticket_lines"].splitlines()) >= 4
    secret = "13987651234"
    for found in (secret, secret.encode().hex()):
        assert [name for name, rows in dump.items() if found in rows] == []
    keys = [key async for key in services.redis.scan_iter("ticket:*")]
    assert [secret.encode() in (await services.redis.get(key) or b"") for key in keys] == [False]


class TestOutsideOfTheDemo:
    @pytest.fixture
    def settings(self, data_dir) -> Settings:
        return Settings(demo=False, data_dir=data_dir, secret_key="k" * 32, rate_limit=100_000)

    async def test_an_unbound_person_is_told_how_to_bind(self, office: Office) -> None:
        told = await office.person("visitor", "web").says("转人工")
        assert "邀请码" in told
        assert "120" in told
        assert await ticket_rows(office) == []

    async def test_where_nobody_is_in_charge_it_is_said(self, office: Office, services: Services) -> None:
        resident = office.person("one", "web")
        code = await invitations.invite(services, "resident", await root_place(services, "茶坊社区"))
        await resident.says(f"绑定 {code}")
        assert "没有登记负责您的工作人员" in await resident.says("转人工")
        assert await ticket_rows(office) == []
        assert "依据：" in await resident.says("黄码能坐火车吗")

    async def test_a_guests_ticket_goes_along_when_they_bind(self, office: Office, services: Services) -> None:
        root = await root_place(services, "茶坊社区")
        head, guest = office.person("head", "web"), office.person("one", "web")
        await head.says(f"绑定 {await invitations.invite(services, 'community', root)}")
        await guest.says("申报", "同意", "转人工")  # consent makes the guest a person
        number = guest.custom["ticket"]
        roster = await invitations.invite(services, "resident", root, person_id=await _person(services, "王小芳"))
        assert "绑定成功" in await guest.says(f"绑定 {roster}")
        await head.says(f"回复 {number} 您好")
        assert [push.text for push in await guest.pushed()] == ["工作人员回复：您好"]


async def _person(services: Services, name: str) -> int:
    async with services.transaction() as connection:
        return await people.add_person(services, connection, name, PHONE)
