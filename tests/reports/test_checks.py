"""Who owes which check, who has reported it, and for which check a report counts."""

from __future__ import annotations

from datetime import time

import pytest
import sqlalchemy as sa

from bot.processes.check_times import checks_of, named_check, times_of
from bot.processes.definition import load_processes
from bot.services import checks
from bot.services.context import Services
from bot.storage.tables import places
from tests.office import Office

DAILY = load_processes()["daily_report"]


def ids(roles: list[str], now: str, filed: tuple[str, ...] = (), named: str = "") -> tuple[tuple[str, ...], bool]:
    check = named_check(DAILY, named)[0] if named else None
    times = times_of(DAILY, checks_of(DAILY, roles), filed, time.fromisoformat(now), check)
    return times.ids, times.late


@pytest.mark.parametrize(
    ("roles", "now", "filed", "expected"),
    [
        (["resident"], "08:00", (), (("day",), False)),
        (["resident"], "12:00", (), (("day",), True)),
        (["worker", "resident"], "08:00", (), (("day",), False)),
        (["student"], "05:00", (), (("morning",), False)),  # nothing has opened: the next
        (["student"], "08:59", (), (("morning",), False)),
        (["student"], "09:00", (), (("morning",), True)),
        (["student"], "13:00", ("morning",), (("noon",), False)),
        (["student"], "16:00", (), (("noon",), True)),
        (["student", "boarder"], "19:00", (), (("evening",), False)),
        (["student", "resident"], "08:00", (), (("morning", "day"), False)),  # one report serves both
        (["student", "resident"], "08:00", ("morning",), (("day",), False)),
        (["student", "resident"], "08:30", ("morning", "day"), (("morning", "day"), False)),  # a correction of both
        (["student", "resident"], "11:45", ("morning", "day"), (("noon",), False)),
        (["class_teacher"], "23:00", (), (("day",), False)),  # owes nothing, is never late
    ],
)
def test_which_check_a_report_is_for(roles, now, filed, expected):
    assert ids(roles, now, filed) == expected


def test_a_check_that_is_named_wins():
    assert ids(["student"], "13:00", named="晨检 36.5") == (("morning",), True)
    assert ids(["resident"], "13:00", named="晨检 36.5") == (("day",), True)  # not owed


def test_a_process_that_is_filed_any_time_has_no_check():
    declaration = load_processes()["return_declaration"]
    assert times_of(declaration, (), (), time(9)).ids == ("",)


@pytest.mark.parametrize(
    ("text", "check", "rest"),
    [("晨检 36.5 正常", "morning", "36.5 正常"), ("晚检，36.5", "evening", "36.5"), ("打卡 36.5", None, "打卡 36.5")],
)
def test_a_check_is_named_at_the_beginning(text, check, rest):
    found, after = named_check(DAILY, text)
    assert (found and found.id, after) == (check, rest)


async def place(services: Services, code: str) -> int:
    async with services.transaction() as connection:
        return int(await connection.scalar(sa.select(places.c.id).where(places.c.code == code)))


async def owed_under(services: Services, code: str, only: tuple[str, ...] | None = None) -> dict[str, tuple[int, int]]:
    """Per check how many people owe it under a place, and how many have reported."""
    query = checks.owed(DAILY, services.today(), [await place(services, code)], only)
    count = sa.func.count(sa.distinct(query.c.person_id))
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(query.c.check_id, count.label("all"), count.filter(query.c.record_id.is_not(None)).label("filed"))
            .group_by(query.c.check_id)
            .order_by(query.c.check_id)
        )
        return {row.check_id: (row.all, row.filed) for row in rows}


async def test_who_owes_what_and_has_reported(office: Office, services: Services) -> None:
    assert await owed_under(services, "demo/community") == {"day": (4, 0)}
    assert await owed_under(services, "demo/school") == {"morning": (1, 0), "noon": (1, 0)}
    await office.person("demo-worker").says("打卡 一切正常", "确认提交")
    assert await owed_under(services, "demo/community") == {"day": (4, 1)}
    assert await owed_under(services, "demo/factory") == {"day": (1, 1)}
    assert await owed_under(services, "demo/school", ("noon",)) == {"noon": (1, 0)}
    assert await owed_under(services, "demo/grid-1") == {}
    assert await owed_under(services, "demo/school", ()) == {}
