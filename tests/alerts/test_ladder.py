"""Who is told of an alert, and who next when nobody takes it."""

from __future__ import annotations

import pytest

from bot.services import alerts
from bot.services.context import Services
from tests.alerts.reporting import add, all_alerts, reports, speaker, steps
from tests.conftest import Clock
from tests.office import Office, Talker


async def told(*people: Talker) -> list[str]:
    """Which of these have got a push since the last look."""
    return [one.sender for one in people if await one.pushed()]


@pytest.mark.asyncio
async def test_nobody_takes_it_so_it_climbs_until_somebody_does(
    services: Services, office: Office, clock: Clock
) -> None:
    await add(services, "head", "钱片长", ("area_head", "demo/area-4"))
    await add(services, "chief", "孟主任", ("community", "demo/community"))
    grid, head, chief = (office.person(one) for one in ("demo-grid", "head", "chief"))
    await reports(services, "demo-resident", temperature=38.2)
    assert await told(grid, head, chief) == ["demo-grid"]
    clock.advance(minutes=9, seconds=59)
    assert await alerts.escalate_due(services) == 0
    clock.advance(seconds=1)
    assert await alerts.escalate_due(services) == 1
    assert await alerts.escalate_due(services) == 0
    (climbed,) = await head.pushed()
    assert "10分钟无人确认" in climbed.text
    assert await told(chief) == []
    (went,) = await grid.pushed()
    assert "已上报上一级" in went.text
    clock.advance(minutes=20)
    assert await alerts.escalate_due(services) == 1
    (climbed,) = await chief.pushed()
    assert "30分钟无人确认" in climbed.text
    code = (await all_alerts(services))[0].code
    await chief.says(f"收到 {code}")
    clock.advance(hours=5)
    assert await alerts.escalate_due(services) == 0
    assert await steps(services) == ["open", "escalated", "escalated", "acknowledged"]


@pytest.mark.asyncio
async def test_what_is_acknowledged_climbs_no_more(services: Services, office: Office, clock: Clock) -> None:
    await reports(services, "demo-resident", temperature=38.2)
    await office.person("demo-grid").says("收到")
    clock.advance(hours=2)
    assert await alerts.escalate_due(services) == 0


@pytest.mark.asyncio
async def test_a_level_with_nobody_takes_no_time(services: Services, office: Office, clock: Clock) -> None:
    """The demo's grid has no area head: after its ten minutes and the community's twenty, nobody is skipped twice."""
    await add(services, "chief", "孟主任", ("community", "demo/community"))
    await reports(services, "demo-resident", temperature=38.2)
    clock.advance(minutes=19)
    assert await alerts.escalate_due(services) == 0
    clock.advance(minutes=11)
    assert await alerts.escalate_due(services) == 1
    assert await told(office.person("chief")) == ["chief"]


@pytest.mark.asyncio
async def test_a_worker_who_lives_in_a_grid_climbs_both_ladders(services: Services, office: Office) -> None:
    await add(services, "health", "何专管", ("health_officer", "demo/factory"))
    people = [office.person(one) for one in ("demo-grid", "health", "demo-teacher")]
    await reports(services, "demo-worker", temperature=37.9)
    assert await told(*people) == ["demo-grid", "health"]


@pytest.mark.asyncio
async def test_a_pupils_alert_goes_to_teacher_and_school_at_once_and_then_above(
    services: Services, office: Office, clock: Clock
) -> None:
    await add(services, "pupil", "小明", ("student", "demo/class-3"))
    await add(services, "principal", "校长", ("school", "demo/school"))
    await add(services, "bureau", "局长", ("bureau", "demo/community"))
    people = [office.person(one) for one in ("demo-teacher", "principal", "bureau", "demo-grid")]
    await reports(services, "pupil", temperature=38.0)
    assert await told(*people) == ["demo-teacher", "principal"]
    clock.advance(minutes=10)
    await alerts.escalate_due(services)
    assert "bureau" in await told(*people)


@pytest.mark.asyncio
async def test_a_feverish_returnee_reaches_the_headquarters_at_once(services: Services, office: Office) -> None:
    await add(services, "county", "指挥长", ("headquarters", "demo/community"))
    county = office.person("county")
    await reports(services, "demo-resident", temperature=38.2)
    assert await told(county) == []
    await reports(
        services, "demo-worker", "return_declaration", kind="work", from_place={"text": "武汉", "code": "420100"}
    )
    await county.pushed()
    await reports(services, "demo-worker", temperature=38.2)
    assert await told(county) == ["county"]


@pytest.mark.asyncio
async def test_staff_report_up_themselves(services: Services, office: Office) -> None:
    await add(services, "head", "钱片长", ("area_head", "demo/area-4"))
    grid, head = office.person("demo-grid"), office.person("head")
    await reports(services, "demo-resident", temperature=38.2)
    code = (await all_alerts(services))[0].code
    assert "通知了1人" in await grid.says(f"上报 {code}")
    (climbed,) = await head.pushed()
    assert "网格员赵*上报" in climbed.text
    await grid.says(f"上报 {code}")
    assert "没有更上一级" in await grid.says(f"上报 {code}")


@pytest.mark.asyncio
async def test_two_processes_escalate_once(services: Services, office: Office, clock: Clock) -> None:
    import asyncio

    await add(services, "head", "钱片长", ("area_head", "demo/area-4"))
    await reports(services, "demo-resident", temperature=38.2)
    clock.advance(minutes=10)
    done = await asyncio.gather(*(alerts.escalate_due(services) for _ in range(4)))
    assert sum(done) == 1
    assert len(await office.person("head").pushed()) == 1


@pytest.mark.asyncio
async def test_an_alert_outside_ones_part_is_as_good_as_none(services: Services, office: Office) -> None:
    await reports(services, "demo-resident", temperature=38.2)
    code = (await all_alerts(services))[0].code
    for words in ("收到", "处理中", "已处理", "查看", "上报", "重新打开", "预警记录"):
        assert f"没有编号为 {code} 的预警" in await office.person("demo-teacher").says(f"{words} {code}")
    assert (await speaker(services, "demo-teacher")).staff
    assert "只有负责的工作人员" in await office.person("demo-resident").says(f"已处理 {code}")
