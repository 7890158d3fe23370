"""Reminders of a day: at nine to people, at twelve to who sees to them, at three to the staff above; never to who has reported."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from bot.services import my_data
from bot.services.context import Services
from bot.services.messages import deliver_due
from bot.services.people import identify
from bot.services.reminders import remind_at, reminder_times
from bot.storage.tables import deputies, outbox
from tests.chasing.neighbours import settle
from tests.conftest import Clock
from tests.office import Office

REPORT = ("打卡 36.5 没症状 在家 绿码 没接触", "确认提交")


async def reminded(services: Services, clock: Clock, local: str) -> int:
    """Lets it be that local time, with its reminders."""
    clock.set_local(local)
    return await remind_at(services, services.now())


def test_the_times_are_those_of_the_process(services: Services) -> None:
    assert [f"{time:%H:%M}" for time in sorted(reminder_times(services))] == [
        "08:30", "09:00", "09:30", "12:00", "14:00", "15:00", "21:00",
    ]  # fmt: skip


async def test_the_tiers_of_a_day(office: Office, services: Services, clock: Clock) -> None:
    await settle(services, "何片长", "area_head", "demo/area-4", sender="area")
    resident, worker = office.person("demo-resident"), office.person("demo-worker")
    area, grid = office.person("area"), office.person("demo-grid")
    await worker.says(*REPORT)

    assert await reminded(services, clock, "2022-01-20 09:00") == 1
    [message] = await resident.pushed()
    assert message.text == "【打卡提醒】您和刘桂兰、王小明今天还没打卡，请在12:00前报。"
    assert await worker.pushed() == []
    assert await area.pushed() == []

    assert await reminded(services, clock, "2022-01-20 12:00") == 1
    [digest] = await area.pushed()
    assert "第四片区（加油站以南居民区） 打卡未报3人：王*（3号楼）、刘*（3号楼）、王*（3号楼）" in digest.text
    assert [b.title for b in digest.buttons] == ["催一下", "谁还没报", "零报告"]
    assert await resident.pushed() == []

    # the grid worker gets the summary at three, with who is missing: no second message about the same
    assert await reminded(services, clock, "2022-01-20 15:00") == 0
    assert await grid.pushed() == []


async def test_staff_above_get_one_message_with_numbers_alone(office: Office, services: Services, clock: Clock) -> None:
    await settle(services, "孙安", "health_officer", "demo/workshop-1", sender="health")
    await settle(services, "周校", "school", "demo/school", sender="school")
    school = office.person("school")
    assert await reminded(services, clock, "2022-01-20 09:30") == 2  # the demo's own 校长 and this one
    [digest] = await school.pushed()
    assert "演示小学 晨检未报1人" in digest.text
    assert "王" not in digest.text
    assert digest.buttons[0].title == "电话名单"
    await school.says(digest.buttons[0].payload)
    assert "王小明 13800000001（三班）" in school.text
    assert "已记入审计" in school.text


async def test_the_nearest_head_is_told_and_a_deputy_too(office: Office, services: Services, clock: Clock) -> None:
    head = await settle(services, "楼长", "building_head", "demo/building-3", sender="building")
    await settle(services, "何片长", "area_head", "demo/area-4", sender="area")
    stand_in = await settle(services, "代班", "resident", "demo/grid-1", sender="stand-in")
    async with services.transaction() as connection:
        await connection.execute(
            deputies.insert().values(person_id=head, deputy_id=stand_in, since=services.today(), until=services.today())
        )
    assert await reminded(services, clock, "2022-01-20 12:00") == 2
    assert "3号楼 打卡未报4人" in (await office.person("building").pushed())[0].text
    assert "3号楼 打卡未报4人" in (await office.person("stand-in").pushed())[0].text
    assert await office.person("area").pushed() == []


async def test_said_once_at_a_moment_and_not_of_another_day(office: Office, services: Services, clock: Clock) -> None:
    assert await reminded(services, clock, "2022-01-20 09:00") == 2
    assert await reminded(services, clock, "2022-01-20 09:00") == 0
    clock.advance(days=1)
    assert await remind_at(services, datetime.fromisoformat("2022-01-20T09:00+08:00")) == 0
    assert await remind_at(services, services.now()) == 2


@pytest.mark.parametrize(("local", "due"), [("2022-01-20 22:30", "2022-01-20T09:00+08:00")])
async def test_nothing_is_caught_up_in_quiet_hours(services: Services, clock: Clock, local: str, due: str) -> None:
    clock.set_local(local)
    assert await remind_at(services, datetime.fromisoformat(due)) == 0


async def test_a_reminder_that_could_not_be_delivered_in_time_lapses(
    office: Office, services: Services, clock: Clock
) -> None:
    await reminded(services, clock, "2022-01-20 09:00")
    clock.advance(minutes=31)
    await deliver_due(services)
    async with services.transaction() as connection:
        assert set(await connection.scalars(sa.select(outbox.c.state))) == {"expired"}


async def test_who_has_withdrawn_consent_is_left_in_peace(office: Office, services: Services, clock: Clock) -> None:
    await my_data.withdraw(services, await identify(services, "rest:demo-worker"))
    await reminded(services, clock, "2022-01-20 09:00")
    assert await office.person("demo-worker").pushed() == []
    assert len(await office.person("demo-resident").pushed()) == 1


async def test_a_class_teacher_hears_of_each_check(office: Office, services: Services, clock: Clock) -> None:
    teacher = office.person("demo-teacher")
    assert await reminded(services, clock, "2022-01-20 08:30") == 1
    assert "三班 晨检未报1人：王*" in (await teacher.pushed())[0].text
    assert await reminded(services, clock, "2022-01-20 14:00") == 1
    assert "三班 午检未报1人：王*" in (await teacher.pushed())[0].text
    assert await reminded(services, clock, "2022-01-20 21:00") == 0  # nobody boards
