"""发通知: a notice is written step by step or in one message, shown, and sent when it is confirmed."""

from __future__ import annotations

import pytest

from bot.services.broadcast_sending import send_due
from tests.broadcasts.people import hired, row, said_to_send, sql
from tests.conftest import Clock
from tests.office import Office

TEXT = "今晚7点核酸检测，请带身份证"


class TestOneMessage:
    async def test_it_is_shown_confirmed_and_arrives_with_a_button(self, office: Office) -> None:
        grid, resident = office.person("demo-grid"), office.person("demo-resident")
        shown = await grid.says(f"发通知 三网格 {TEXT}")
        assert f"【通知】{TEXT}\n—— 茶坊社区 第三网格 网格员赵*" in shown
        # demo-resident for herself, her mother and her son, demo-worker
        assert "茶坊社区 第三网格 全体人员，2人" in shown
        assert "聊天可送达2人" in shown
        assert grid.buttons == ["确认发送", "修改", "取消"]
        assert await resident.pushed() == []
        told = await grid.presses("确认发送")
        assert "通知 1 马上发出" in told
        assert await send_due(office.services) == 2
        [push] = await resident.pushed()
        assert push.text == f"【通知】{TEXT}\n—— 茶坊社区 第三网格 网格员赵*"
        assert [(b.title, b.payload) for b in push.buttons] == [("已阅", "已阅 1")]
        [told] = await grid.pushed()
        assert "通知 1 已发出，共2人" in told.text

    async def test_without_an_audience_it_is_for_the_speakers_own_part(self, office: Office) -> None:
        teacher = office.person("demo-teacher")
        assert "演示小学 三班 全体人员，1人" in await teacher.says("发通知 明天停课一天，请各位家长接好孩子")
        assert "【通知】明天停课一天" in teacher.text

    async def test_words_of_a_greeting_are_no_audience(self, office: Office) -> None:
        grid = office.person("demo-grid")
        assert "【通知】各位居民：明天停水" in await grid.says("发通知 各位居民：明天停水")

    @pytest.mark.parametrize(
        ("words", "audience", "count"),
        [
            ("三网格居民", "第三网格 居民", 2),
            ("全网格", "第三网格 全体人员", 2),
            ("3网格", "第三网格 全体人员", 2),
            ("第四片区", "第四片区（加油站以南居民区） 全体人员", 2),
            ("三号楼", "3号楼 全体人员", 2),
            ("三网格没打卡的", "第三网格 今天还没打卡的人员", 2),
            ("三网格 没打卡的", "第三网格 今天还没打卡的人员", 2),
            ("网格员", "第三网格 网格员", 1),
        ],
    )
    async def test_whom_the_words_mean(self, office: Office, words: str, audience: str, count: int) -> None:
        grid = office.person("demo-grid")
        shown = await grid.says(f"发通知 {words} 请看通知")
        assert f"{audience}，{count}人" in shown
        assert "【通知】请看通知\n" in shown

    async def test_a_place_outside_the_part_is_not_told_from_none(self, office: Office) -> None:
        grid = office.person("demo-grid")
        outside = await grid.says("发通知 二网格 请看通知")
        nowhere = await grid.says("发通知 九网格 请看通知")
        assert outside.replace("二网格", "") == nowhere.replace("九网格", "")
        assert "不在您负责的范围内" in outside
        assert "演示小学" not in await grid.says("发通知 三班 请看通知")

    async def test_places_of_one_name_are_asked_back(self, office: Office) -> None:
        await sql(
            office,
            "INSERT INTO places (id, kind, name, parent_id, path) SELECT n.id, 'building', '3号楼', g.id, g.path || n.id "
            "FROM places g, (SELECT nextval('places_id_seq') AS id) n WHERE g.code = 'demo/area-1'",
        )
        grid = office.person("demo-grid")
        assert "有几个地方" in await grid.says("发通知 3号楼 请看通知")
        assert len(grid.buttons) == 3
        assert "3号楼 全体人员，2人" in await grid.says("1")


class TestStepByStep:
    async def test_what_then_whom_then_when_then_the_whole(self, office: Office) -> None:
        grid = office.person("demo-grid")
        assert "内容" in await grid.says("发通知")
        # a question that the assistant would answer is the text here, and a word that opens a form is not
        assert "发给谁" in await grid.says("黄码可以出行吗？请看社区公告")
        assert "什么时候发" in await grid.says("三网格的居民")
        shown = await grid.says("明天上午9点")
        assert "【通知】黄码可以出行吗？请看社区公告" in shown
        assert "第三网格 居民，2人" in shown
        assert "01月21日 09:00" in shown

    async def test_buttons_do_the_same(self, office: Office) -> None:
        grid = office.person("demo-grid")
        await grid.says("发通知", TEXT)
        await grid.presses("没打卡的")
        shown = await grid.presses("现在就发")
        assert "今天还没打卡的" in shown
        assert "确认后马上发" in shown

    async def test_each_part_can_be_changed(self, office: Office) -> None:
        grid = office.person("demo-grid")
        await grid.says(f"发通知 {TEXT}")
        await grid.presses("修改")
        await grid.presses("内容")
        assert "【通知】改到八点" in await grid.says("改到八点")
        await grid.presses("修改")
        await grid.presses("发给谁")
        assert "3号楼 全体人员" in await grid.says("3号楼")
        await grid.presses("修改")
        await grid.presses("什么时候发")
        shown = await grid.says("今晚7点")
        assert "01月20日 19:00" in shown
        assert "【通知】改到八点" in shown

    async def test_cancel_gives_up_and_the_next_words_are_a_question_again(self, office: Office) -> None:
        grid = office.person("demo-grid")
        await grid.says("发通知")
        assert "不发了" in await grid.says("取消")
        assert "依据：" in await grid.says("黄码可以出行吗")
        assert "没有正在写的通知" in await grid.says("确认发送")

    async def test_a_draft_that_is_left_alone_swallows_nothing(self, office: Office, clock: Clock) -> None:
        grid = office.person("demo-grid")
        await grid.says("发通知")
        clock.advance(minutes=31)
        assert "依据：" in await grid.says("黄码可以出行吗")

    async def test_staff_words_and_forms_keep_their_meaning_meanwhile(self, office: Office) -> None:
        grid = office.person("demo-grid")
        await grid.says("发通知")
        assert "没有待处理的预警" in await grid.says("待处理")
        assert grid.custom.get("draft") is None
        assert "发给谁" in await grid.says("楼道消毒")
        await grid.says("打卡")
        assert grid.custom["process"] == "daily_report"


class TestWhen:
    async def test_it_goes_out_at_its_time_and_not_before(self, office: Office, clock: Clock) -> None:
        grid, resident = office.person("demo-grid"), office.person("demo-resident")
        await grid.says(f"发通知 {TEXT}", "定时 今晚7点")
        assert "01月20日 19:00 发出" in await grid.presses("确认发送")
        assert await send_due(office.services) == 0
        clock.set_local("2022-01-20 18:59")
        assert await send_due(office.services) == 0
        clock.set_local("2022-01-20 19:00")
        assert await send_due(office.services) == 2
        assert len(await resident.pushed()) == 1

    async def test_a_time_that_is_past_is_asked_back(self, office: Office, clock: Clock) -> None:
        clock.set_local("2022-01-20 15:00")
        grid = office.person("demo-grid")
        await grid.says(f"发通知 {TEXT}")
        assert "已经过了" in await grid.says("定时 今天上午9点")
        assert "哪个时间" in await grid.says("定时 明天8点")
        assert grid.buttons == ["1月21日（周五） 08:00", "1月21日（周五） 20:00", "取消"]
        assert "01月21日 20:00" in await grid.says("2")

    async def test_a_confirmation_that_comes_after_the_time_is_refused(self, office: Office, clock: Clock) -> None:
        grid = office.person("demo-grid")
        await grid.says(f"发通知 {TEXT}", "定时 今晚7点")
        clock.set_local("2022-01-20 19:10")
        assert "已经过了" in await grid.says("确认发送")
        assert await sql(office, "SELECT id FROM broadcasts") == []

    async def test_quiet_hours_offer_the_morning_unless_it_is_urgent(self, office: Office, clock: Clock) -> None:
        clock.set_local("2022-01-20 22:30")
        grid = office.person("demo-grid")
        assert "免打扰时段" in await grid.says(f"发通知 {TEXT}")
        assert grid.buttons == ["01月21日 07:00发", "加急发送", "修改", "取消"]
        assert "还没有发出" in await grid.says("确认发送")
        assert "时间：01月21日 07:00" in await grid.presses("01月21日 07:00发")
        assert "确认发送" in grid.buttons
        await grid.says(f"发通知 {TEXT}")
        assert "马上发出" in await grid.presses("加急发送")
        assert await send_due(office.services) == 2

    async def test_what_the_clock_comes_to_hours_late_is_not_sent_and_its_author_is_told(
        self, office: Office, clock: Clock
    ) -> None:
        grid, resident = office.person("demo-grid"), office.person("demo-resident")
        await said_to_send(grid, f"发通知 {TEXT}", "定时 今晚7点")
        clock.set_local("2022-01-20 21:30")
        assert await send_due(office.services) == 0
        assert await resident.pushed() == []
        [told] = await grid.pushed()
        assert "通知 1 没有发送：到时间时系统没有在运行" in told.text
        assert (await row(office, 1)).state == "refused"


class TestRights:
    async def test_residents_get_a_friendly_sentence(self, office: Office) -> None:
        resident = office.person("demo-resident")
        assert "工作人员来做" in await resident.says(f"发通知 {TEXT}")
        assert resident.buttons == ["转人工"]
        assert await resident.says("确认发送") == "好的。"
        assert "最近没有发给您的通知" in await resident.says("通知")
        assert await sql(office, "SELECT id FROM broadcasts") == []

    async def test_they_are_checked_again_when_it_is_sent(self, office: Office, clock: Clock) -> None:
        head = await hired(office, "head", "area_head", "demo/area-4")
        resident = office.person("demo-resident")
        await said_to_send(head, f"发通知 {TEXT}", "定时 今晚7点")
        await sql(office, "DELETE FROM roles WHERE role = 'area_head'")
        clock.set_local("2022-01-20 19:00")
        assert await send_due(office.services) == 0
        assert await resident.pushed() == []
        [told] = await head.pushed()
        assert "没有发送：只能给您负责的范围发通知" in told.text
        assert "只能给您负责的范围发通知" in (await row(office, 1)).reason

    async def test_they_are_checked_when_it_is_confirmed(self, office: Office) -> None:
        head = await hired(office, "head", "area_head", "demo/area-4")
        await head.says(f"发通知 {TEXT}")
        await sql(
            office,
            "UPDATE roles SET place_id = (SELECT id FROM places WHERE code = 'demo/area-1') WHERE role = 'area_head'",
        )
        await office.services.redis.delete("who:web:head")
        assert "只能给您负责的范围发通知" in await head.says("确认发送")

    async def test_who_stands_in_for_somebody_may_send_for_them(self, office: Office, clock: Clock) -> None:
        grid = office.person("demo-grid")
        head = await hired(office, "head", "area_head", "demo/area-4")
        await said_to_send(grid, f"发通知 {TEXT}", "定时 今晚7点")
        # the grid worker has handed the grid over, and stands in for the head of the community
        await sql(office, "DELETE FROM roles WHERE role = 'grid_worker'")
        await sql(
            office,
            "INSERT INTO deputies (person_id, deputy_id, since, until) SELECT r.person_id, a.person_id, '2022-01-20', '2022-01-20' "
            "FROM roles r, accounts a WHERE r.role = 'community' AND a.channel = 'rest' AND a.external_id = 'demo-grid'",
        )
        clock.set_local("2022-01-20 19:00")
        assert await send_due(office.services) == 2
        assert head is not None


class TestTwice:
    async def test_the_same_again_within_ten_minutes_asks(self, office: Office, clock: Clock) -> None:
        grid = office.person("demo-grid")
        await said_to_send(grid, f"发通知 {TEXT}")
        await send_due(office.services)
        clock.advance(minutes=5)
        assert "同样的通知刚发过（通知 1）" in await grid.says(f"发通知 {TEXT}")
        assert "还没有发出" in await grid.says("确认发送")
        assert "通知 2 马上发出" in await grid.says("仍然发送")
        clock.advance(minutes=11)
        assert "刚发过" not in await grid.says(f"发通知 {TEXT}")

    async def test_another_text_or_audience_is_not_the_same(self, office: Office) -> None:
        grid = office.person("demo-grid")
        await said_to_send(grid, f"发通知 {TEXT}")
        assert "刚发过" not in await grid.says(f"发通知 3号楼 {TEXT}")
        assert "刚发过" not in await grid.says(f"发通知 {TEXT}！")


class TestLimits:
    async def test_what_no_wechat_text_holds_is_refused_and_can_be_shortened(self, office: Office) -> None:
        grid = office.person("demo-grid")
        assert "通知太长" in await grid.says("发通知 " + "核酸检测" * 200)
        await grid.presses("改内容")
        assert "【通知】核酸检测" in await grid.says("核酸检测")

    async def test_an_audience_of_nobody_is_said(self, office: Office) -> None:
        grid = office.person("demo-grid")
        assert "现在没有符合条件的人" in await grid.says("发通知 第一片区 请看通知")
        assert "发给谁" in await grid.presses("改对象")

    async def test_the_draft_is_sealed_where_it_waits(self, office: Office) -> None:
        grid = office.person("demo-grid")
        await grid.says(f"发通知 {TEXT}")
        for key in await office.services.redis.keys("*"):
            if await office.services.redis.type(key) == b"string":
                assert "核酸".encode() not in (await office.services.redis.get(key) or b"")
        await grid.says("确认发送")
        assert await sql(office, "SELECT 1 FROM broadcasts WHERE position('核酸' in audience::text) > 0") == []
