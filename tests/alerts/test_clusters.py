"""Several people alike raise one event."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.services.context import Services
from bot.storage.tables import alert_members, kin
from tests.alerts.reporting import add, add_place, all_alerts, reports
from tests.conftest import Clock
from tests.office import Office


async def pupils(services: Services, count: int, place: str = "demo/class-3", prefix: str = "p") -> list[int]:
    return [await add(services, f"{prefix}{n}", f"学{n}生", ("student", place)) for n in range(count)]


async def events(services: Services) -> list[sa.engine.Row]:
    return [row for row in await all_alerts(services) if row.kind == "cluster"]


async def members(services: Services) -> int:
    async with services.transaction() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(alert_members)))


@pytest.mark.asyncio
async def test_three_of_a_class_on_one_day_are_one_event(services: Services, office: Office) -> None:
    await pupils(services, 4)
    for sender in ("p0", "p1"):
        await reports(services, sender, symptoms=["cough"])
    assert await events(services) == []
    await reports(services, "p2", symptoms=["cough", "fatigue"])
    (event,) = await events(services)
    assert (event.cluster_rule, event.state, await members(services)) == ("same_day", "open", 3)
    teacher = office.person("demo-teacher")
    (told,) = [push for push in await teacher.pushed() if "聚集" in push.text]
    assert "1天内3人" in told.text
    assert "学*" in told.text
    await reports(services, "p3", symptoms=["cough"])
    assert len(await events(services)) == 1
    assert await members(services) == 4
    (joined,) = [push for push in await teacher.pushed() if "聚集" in push.text]
    assert "又有新的人" in joined.text
    assert "已记为您收到" in await teacher.says(f"收到 {event.code}")
    assert "学0生、学1生" in await teacher.says(f"查看 {event.code}")
    assert "已处理完毕" in await teacher.says(f"已处理 {event.code}")


@pytest.mark.asyncio
async def test_unlike_symptoms_and_other_classes_are_none(services: Services) -> None:
    await add_place(services, "class", "四班", "demo/school", "demo/class-4")
    await pupils(services, 3)
    await pupils(services, 1, "demo/class-4", "q")
    await reports(services, "p0", symptoms=["cough"])
    await reports(services, "p1", symptoms=["cough"])
    await reports(services, "p2", symptoms=["diarrhea"])
    await reports(services, "q0", symptoms=["cough"])
    assert await events(services) == []


@pytest.mark.asyncio
async def test_five_within_three_days_and_not_four_days(services: Services, clock: Clock) -> None:
    await pupils(services, 6)
    for day, sender in enumerate(("p0", "p1", "p2", "p3")):
        clock.set_local(f"2022-01-{20 + day // 2} 08:00")
        await reports(services, sender, temperature=38.0)
    clock.set_local("2022-01-23 08:00")
    await reports(services, "p4", temperature=38.0)  # the first two are four days old
    assert await events(services) == []
    clock.set_local("2022-01-22 08:00")
    await reports(services, "p5", temperature=38.0)
    assert [event.cluster_rule for event in await events(services)] == ["three_days"]


@pytest.mark.asyncio
async def test_two_of_a_household_are_one_event(services: Services, office: Office) -> None:
    one = await add(services, "h1", "甲一", ("resident", "demo/area-4"))
    two = await add(services, "h2", "甲二", ("resident", "demo/area-4"))
    three = await add(services, "h3", "甲三", ("resident", "demo/area-4"))
    async with services.transaction() as connection:
        await connection.execute(
            kin.insert(),
            [
                {"person_id": one, "ward_id": two, "kind": "母亲"},
                {"person_id": one, "ward_id": three, "kind": "儿子"},
            ],
        )
    await reports(services, "h2", temperature=38.0)
    assert await events(services) == []
    await reports(services, "h3", symptoms=["cough"])
    (event,) = await events(services)
    assert event.cluster_rule == "household"
    assert any("聚集" in push.text for push in await office.person("demo-grid").pushed())


@pytest.mark.asyncio
async def test_reports_at_the_same_moment_are_all_counted(services: Services) -> None:
    await pupils(services, 6)
    await asyncio.gather(*(reports(services, f"p{n}", temperature=38.0) for n in range(6)))
    (event,) = [event for event in await events(services) if event.cluster_rule == "same_day"]
    assert event.state == "open"
    async with services.transaction() as connection:
        counted = await connection.scalar(
            sa.select(sa.func.count()).select_from(alert_members).where(alert_members.c.alert_id == event.id)
        )
    assert counted == 6
