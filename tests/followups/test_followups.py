"""People under a measure are contacted daily and tested until it is over."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from bot.services import followups
from bot.services.context import Services
from bot.storage.tables import followups as followups_table
from bot.storage.tables import roles
from tests.alerts.reporting import add, all_alerts, place_id, reports
from tests.conftest import Clock
from tests.office import Office

_WUHAN = {"text": "湖北武汉", "code": "420100"}


async def declare(services: Services, sender: str = "demo-resident", **values: object) -> None:
    said = {"kind": "home", "from_place": _WUHAN, "region_risk": "high", "arrival_date": "2022-01-20", **values}
    await reports(services, sender, "return_declaration", **said)


async def rows(services: Services) -> list[sa.engine.Row]:
    async with services.transaction() as connection:
        return (await connection.execute(sa.select(followups_table).order_by(followups_table.c.id))).all()


@pytest.mark.asyncio
async def test_a_declaration_under_a_measure_begins_one(services: Services, office: Office) -> None:
    await declare(services)
    (row,) = await rows(services)
    assert (row.kind, row.first_day, row.last_day, row.tests_due) == (
        "集中隔离",
        date(2022, 1, 20),
        date(2022, 2, 2),
        2,
    )
    told = [push.text for push in await office.person("demo-resident").pushed()]
    assert any("共14天，其间做2次核酸" in text for text in told)
    staff = [push.text for push in await office.person("demo-grid").pushed()]
    assert any("新增随访" in text and "王*" in text and "王小芳" not in text for text in staff)


@pytest.mark.asyncio
async def test_the_day_s_list_contacts_and_tests_to_the_end(services: Services, office: Office, clock: Clock) -> None:
    grid = office.person("demo-grid")
    assert "没有要随访的人" in await grid.says("随访")
    await declare(services)
    (row,) = await rows(services)
    clock.set_local("2022-01-22 09:00")
    told = await grid.says("随访")
    assert "第3/14天　核酸0/2　未联系" in told
    assert await followups.remind_at(services, clock()) == 1
    assert await followups.remind_at(services, clock()) == 1  # the same moment again tells nobody twice
    assert [push.text for push in await grid.pushed() if "要随访" in push.text] == [
        "今天还有1位要随访的人没有联系上，请逐个联系并登记。"
    ]
    assert "已联系" in await grid.says(f"随访 {row.id} 36.5 正常")
    clock.advance(hours=9)
    assert await followups.remind_at(services, clock()) == 0
    clock.set_local("2022-01-23 09:00")
    await reports(services, "demo-resident")
    assert "已联系" in await grid.says("随访")
    assert "核酸1/2" in await grid.says(f"核酸 {row.id} 阴性 1月21日")
    clock.set_local("2022-02-03 00:10")
    await followups.follow_up_due(services)
    assert (await rows(services))[0].state == "open"
    (told_once,) = [push.text for push in await grid.pushed() if "期限已满" in push.text]
    assert "只登记了1次，应做2次" in told_once
    await followups.follow_up_due(services)
    assert [push for push in await grid.pushed() if "期限已满" in push.text] == []
    await grid.says(f"核酸 {row.id} 1 阴性 2月1日")
    await followups.follow_up_due(services)
    (row,) = await rows(services)
    assert (row.state, row.outcome, row.ended_by) == ("ended", "期满", None)
    assert any("期满" in push.text for push in await office.person("demo-resident").pushed())


@pytest.mark.asyncio
async def test_one_cleared_contact_ends_early(services: Services, office: Office, clock: Clock) -> None:
    grid = office.person("demo-grid")
    await declare(services)
    (row,) = await rows(services)
    assert "提前解除请写原因" in await grid.says(f"解除 {row.id}")
    assert "已解除" in await grid.says(f"解除 {row.id} 对方已排除感染")
    (row,) = await rows(services)
    assert (row.state, row.outcome) == ("ended", "对方已排除感染")
    assert "已经结束" in await grid.says(f"随访 {row.id} 36.5")


@pytest.mark.asyncio
async def test_it_is_made_longer_and_shown_whole(services: Services, office: Office, clock: Clock) -> None:
    grid = office.person("demo-grid")
    await declare(services)
    (row,) = await rows(services)
    assert "请写延长几天" in await grid.says(f"延长 {row.id} 很久")
    assert "02月05日" in await grid.says(f"延长 {row.id} 3天")
    whole = await grid.says(f"随访 {row.id}")
    assert "13800000001" in whole
    assert "/17天" in whole


@pytest.mark.asyncio
async def test_a_fever_or_a_positive_test_found_by_staff_is_an_alert(services: Services, office: Office) -> None:
    grid = office.person("demo-grid")
    await declare(services)
    (row,) = await rows(services)
    assert "已发预警" in await grid.says(f"随访 {row.id} 38.3 咳嗽")
    assert "已发预警" in await grid.says(f"核酸 {row.id} 阳性")
    assert {alert.level for alert in await all_alerts(services)} == {"urgent"}
    assert any("核酸阳性" in push.text for push in await grid.pushed())


@pytest.mark.asyncio
async def test_a_newer_declaration_takes_its_place(services: Services) -> None:
    await declare(services)
    await declare(services, region_risk="key_city", from_place={"text": "陕西咸阳", "code": "610400"})
    first, second = await rows(services)
    assert (first.state, first.outcome) == ("ended", "措施有变")
    assert (second.kind, second.state) == ("居家健康监测", "open")


@pytest.mark.asyncio
async def test_a_worker_away_is_followed_until_back(services: Services, office: Office, clock: Clock) -> None:
    await add(services, "health", "何专管", ("health_officer", "demo/factory"))
    health = office.person("health")
    await reports(services, "demo-worker", where="away", away_place={"text": "长沙", "code": "430100"})
    (row,) = await rows(services)
    assert (row.kind, row.last_day) == ("外地员工", None)
    clock.advance(days=1)
    assert "外地员工第2天　未联系" in await health.says("随访")
    await reports(services, "demo-worker", where="work")
    assert (await rows(services))[0].outcome == "已返回"
    assert "没有要随访的人" in await health.says("随访")


@pytest.mark.asyncio
async def test_others_follow_ups_are_as_good_as_none(services: Services, office: Office) -> None:
    await declare(services)
    (row,) = await rows(services)
    teacher, resident = office.person("demo-teacher"), office.person("demo-resident")
    for words in (
        f"随访 {row.id}",
        f"随访 {row.id} 36.5",
        f"核酸 {row.id} 阴性",
        f"解除 {row.id} 好了",
        f"延长 {row.id} 3天",
    ):
        assert "没有编号为" in await teacher.says(words)
        assert "由负责的工作人员登记" in await resident.says(words)


@pytest.mark.asyncio
async def test_the_register_of_high_risk_posts(services: Services, office: Office, clock: Clock) -> None:
    grid = office.person("demo-grid")
    assert "没有登记高风险岗位" in await grid.says("高风险岗位")
    person = await add(services, "cold", "冷小链", ("resident", "demo/area-4"))
    async with services.transaction() as connection:
        await connection.execute(
            roles.insert().values(
                person_id=person, role="high_risk_post", place_id=await place_id(services, "demo/area-4")
            )
        )
    assert "今天未报　上次核酸：没有（超期）" in await grid.says("高风险岗位")
    await reports(services, "cold")
    assert "已登记冷*" in await grid.says("核酸 冷小链 阴性 1月19日")
    assert "今天已报　上次核酸：01月19日" in await grid.says("高风险岗位")
    clock.advance(days=8)
    assert "核酸超期1人" in await grid.says("高风险岗位")
    assert "只有负责的工作人员" in await office.person("demo-resident").says("高风险岗位")
