"""Who may what: consent, binding, guests, whose alerts reach whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import NotEntitled, NotFound
from bot.services import alerts, invitations, people, risks
from bot.services.context import Services
from bot.services.places import root_place
from bot.settings import Settings
from tests.office import Office

FEVER = "打卡 38.2 没有症状 在家 绿码 没接触过"


async def test_a_workers_alert_reaches_the_factory_and_the_grid(office: Office) -> None:
    await office.person("demo-worker").says(FEVER, "确认提交")
    assert len(await office.person("demo-grid").pushed()) == 1
    [alert] = await office.alerts()
    async with office.services.transaction() as connection:
        told = await people.staff_for(connection, [], but=None)
    assert alert.rules == ["fever"]
    assert told  # with no place at all somebody at the top is told


async def test_two_findings_of_one_person_are_one_alert(office: Office) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says(FEVER, "确认提交")
    await resident.says("打卡 38.2 咳嗽 在家 绿码 没接触过", "确认提交")
    pushed = await grid.pushed()
    assert len(pushed) == 2
    assert "新情况" in pushed[1].text
    [alert] = await office.alerts()
    assert set(alert.rules) == {"fever", "symptoms"}
    assert len(await office.records("daily_report")) == 1
    assert len(await office.records("daily_report", current=False)) == 2


async def test_a_second_staff_member_is_told_who_has_taken_an_alert(office: Office) -> None:
    worker = office.person("demo-worker")
    await worker.says(FEVER, "确认提交")
    [alert] = await office.alerts()
    await office.person("demo-grid").says(f"收到 {alert.code}")
    assert "之前已由赵*收到" in await office.person("demo-grid").says(f"收到 {alert.code}")


async def test_a_later_normal_value_neither_hides_nor_rewords_an_alert(office: Office) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says(FEVER, "确认提交")
    await resident.says("打卡 36.5 没有症状 在外地 西安 绿码 没接触过", "确认提交")
    [alert] = await office.alerts()
    assert alert.level == "urgent"
    text = await grid.says(f"查看 {alert.code}")
    assert "36.5" not in text
    assert "此前" in text


async def test_an_answer_that_is_also_a_way_of_asking_is_first_an_answer(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡", "36.5", "发烧 咳嗽")
    assert resident.custom["field"] == "where"


async def test_who_asks_for_a_person_can_be_called(office: Office) -> None:
    grid = office.person("demo-grid")
    assert "已经告诉" in await office.person("demo-resident").says("转人工")
    [asked] = await grid.pushed()
    assert "王小芳" not in asked.text
    revealed = await grid.says(next(b.payload for b in asked.buttons if b.title == "查看"))
    assert "王小芳" in revealed
    assert "13800000001" in revealed


async def test_a_normal_report_raises_nothing(office: Office) -> None:
    await office.person("demo-resident").says("打卡 36.5 没有症状 在家 绿码 没接触过", "确认提交")
    assert await office.alerts() == []
    assert await office.person("demo-grid").pushed() == []


async def test_staff_outside_the_persons_places_neither_see_nor_take_an_alert(office: Office) -> None:
    await office.person("demo-resident").says(FEVER, "确认提交")
    [alert] = await office.alerts()
    teacher = office.person("demo-teacher")
    for text in (f"收到 {alert.code}", f"查看 {alert.code}", f"已处理 {alert.code}"):
        assert "没有编号" in await teacher.says(text)
    assert "没有待处理" in await teacher.says("待处理")
    [after] = await office.alerts()
    assert after.state == "open"


async def test_a_resident_who_types_staff_words_gets_what_a_resident_may_have(office: Office) -> None:
    await office.person("demo-worker").says(FEVER, "确认提交")
    [alert] = await office.alerts()
    text = await office.person("demo-resident").says(f"查看 {alert.code}")
    assert "只有负责的工作人员" in text
    assert "张建国" not in text


@pytest.mark.parametrize("act", [alerts.take, alerts.close, alerts.reveal])
async def test_services_refuse_by_themselves(office: Office, services: Services, act) -> None:
    """The rights are checked in the services, whatever a page or an action lets through."""
    await office.person("demo-resident").says(FEVER, "确认提交")
    [alert] = await office.alerts()
    for sender in ("demo-teacher", "demo-worker", "demo-resident", "nobody"):
        speaker = await people.identify(services, f"rest:{sender}")
        with pytest.raises((NotEntitled, NotFound)):
            await act(services, speaker, alert.code)


async def test_only_staff_change_the_risk_list(services: Services) -> None:
    resident = await people.identify(services, "rest:demo-resident")
    with pytest.raises(NotEntitled):
        await risks.end_region(services, resident, 1, services.today())


async def test_a_demo_guest_may_check_in_and_belongs_to_the_third_grid(office: Office) -> None:
    guest = office.person("somebody-new")
    await guest.says(FEVER, "确认提交")
    assert guest.custom["process"] == "daily_report"
    [alert] = await office.person("demo-grid").pushed()
    assert "第三网格" in alert.text


class TestOutsideOfTheDemo:
    """An office that has just been set up: no demo people, consent is asked, codes bind."""

    @pytest.fixture
    def settings(self, data_dir) -> Settings:
        return Settings(demo=False, data_dir=data_dir, secret_key="k" * 32, rate_limit=100_000)

    async def test_an_unbound_person_may_ask(self, office: Office) -> None:
        visitor = office.person("visitor", "web")
        assert "依据：" in await visitor.says("健康码变黄了还能出行吗")

    async def test_an_unbound_person_is_told_how_to_bind_before_a_check_in(self, office: Office) -> None:
        visitor = office.person("visitor", "web")
        assert "邀请码" in await visitor.says("打卡")
        assert await office.records() == []

    async def test_consent_comes_before_the_first_question(self, office: Office, services: Services) -> None:
        visitor = office.person("visitor", "web")
        text = await visitor.says("返乡申报 我叫王小明")
        assert visitor.custom == {"process": "return_declaration", "field": "consent"}
        assert people.CONSENT_TEXT in text
        assert "依据：" in await visitor.says("健康码变黄了还能出行吗")
        assert visitor.custom["field"] == "consent"
        await visitor.says("不同意")
        assert "没有收集" in visitor.text
        assert (await people.identify(services, "web:visitor")).person_id is None
        await visitor.says("返乡申报", "同意")
        assert visitor.custom == {"process": "return_declaration", "field": "name"}
        await visitor.says("取消")
        await visitor.says("返乡申报")
        assert visitor.custom["field"] == "name"  # consent is asked once

    async def test_a_code_binds_once(self, office: Office, services: Services, clock) -> None:
        code = await invitations.invite(services, "community", await root_place(services, "茶坊社区"))
        first, second = office.person("one", "web"), office.person("two", "web")
        assert "社区" in await first.says(f"绑定 {code}")
        assert (await people.identify(services, "web:one")).staff
        assert "已用过" in await second.says(f"绑定 {code}")
        late = await invitations.invite(services, "community", await root_place(services, ""))
        clock.advance(days=8)
        assert "过期" in await second.says(f"绑定 {late}")

    async def test_guessing_codes_ends_after_five_tries(self, office: Office) -> None:
        guesser = office.person("guesser", "web")
        for _ in range(5):
            assert "不对" in await guesser.says("绑定 AAAA-BBBB")
        assert "次数太多" in await guesser.says("绑定 AAAA-BBBB")

    async def test_an_invitation_to_a_role_or_place_that_is_not_there_is_refused(self, services: Services) -> None:
        from bot.errors import Refused

        with pytest.raises(Refused):
            await invitations.invite(services, "emperor", await root_place(services, "x"))
        with pytest.raises(Refused):
            await invitations.invite(services, "community", 10**6, life=timedelta(days=1))

    async def test_a_bound_resident_checks_in_after_consent(self, office: Office, services: Services) -> None:
        code = await invitations.invite(services, "resident", await root_place(services, "茶坊社区"))
        resident = office.person("one", "web")
        await resident.says(f"绑定 {code}", "打卡")
        assert resident.custom["field"] == "consent"
        await resident.says("同意", "36.5 没有症状 在家 绿码 没接触过", "确认提交")
        assert len(await office.records("daily_report")) == 1

    async def test_what_a_guest_declared_goes_with_them_when_they_bind(
        self, office: Office, services: Services
    ) -> None:
        guest, root = office.person("one", "web"), await root_place(services, "茶坊社区")
        head = office.person("head", "web")
        await head.says(f"绑定 {await invitations.invite(services, 'community', root)}")
        await guest.says("申报", "同意", "王小明 13812345678 返乡 从西安雁塔区回来")
        answers = {
            "region_risk": "高风险地区", "passed_places": "没有", "arrival_date": "昨天", "transport": "自驾", "health_code": "绿码",
            "travel_card": "行程卡绿色", "test_result": "没做过", "isolated_now": "否", "fever_contact": "没有",
            "grid": "不清楚", "address": "幸福小区3号楼",
        }  # fmt: skip
        while guest.custom["field"] != "confirm":
            await guest.says(answers[guest.custom["field"]])
        await guest.says("确认提交")
        alert, _follow_up = await head.pushed()
        assert "13812345678" in await head.says(alert.buttons[2].payload)
        await guest.says(f"绑定 {await invitations.invite(services, 'resident', root)}")
        await head.says(alert.buttons[0].payload)
        _, taken = await guest.pushed()
        assert "已收到" in taken.text
        assert len(await office.records("return_declaration")) == 1

    async def test_consent_is_withdrawn_as_easily_as_given(self, office: Office, services: Services) -> None:
        code = await invitations.invite(services, "resident", await root_place(services, "茶坊社区"))
        resident = office.person("one", "web")
        await resident.says(f"绑定 {code}", "打卡", "同意", "取消")
        assert "已撤回" in await resident.says("撤回同意")
        await resident.says("打卡")
        assert resident.custom["field"] == "consent"
        assert "不需要撤回" in await office.person("two", "web").says("撤回同意")
