"""Who owes which check of a day, and who has reported: the one query behind chasing, figures, lists and broadcasts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.check_times import Times, checks_of, times_of
from bot.processes.definition import Process
from bot.processes.duties import Check
from bot.services.context import Services
from bot.storage.tables import places, records, roles

ABSENT = "absent"
"""`records.outcome` of somebody who was recorded as away from class or work: neither normal nor missing."""


def owing(process: Process, under: Sequence[int], checks: Collection[str] | None = None) -> sa.sql.selectable.Select:
    """The roles by which people owe a check at a place under one of `under` (themselves included), one row a role and check.

    Columns: person_id, check_id, place_id and path (the place of the role). Who holds two such roles at one place stands
    there twice: `owed` has them once, at the price of a sort. Who was merged into another person holds no role.
    `checks` narrows it to some check ids (None: all).
    """
    pairs = [
        (role, check.id) for check in process.checks if checks is None or check.id in checks for role in check.roles
    ]
    # with nothing owed at all, a pair that nobody holds
    owing = sa.values(sa.column("role", sa.Text), sa.column("check_id", sa.Text), name="owing").data(
        pairs or [("", "")]
    )
    return (
        sa.select(roles.c.person_id, owing.c.check_id, roles.c.place_id, places.c.path)
        .select_from(roles.join(places, places.c.id == roles.c.place_id).join(owing, owing.c.role == roles.c.role))
        .where(places.c.path.op("&&")(sa.cast(list(under), places.c.path.type)))
    )


def report_of(expected: sa.sql.selectable.FromClause, process: Process, day: date) -> sa.sql.ColumnElement[bool]:
    """Joins `records` with rows that have a person_id and a check_id: their current report of `day`."""
    return sa.and_(  # as the partial unique index has it
        records.c.person_id == expected.c.person_id,
        records.c.check_id == expected.c.check_id,
        records.c.process == process.id,
        records.c.day == day,
        records.c.current,
        records.c.check_id != "",
    )


def owed(
    process: Process, day: date, under: Sequence[int], checks: Collection[str] | None = None
) -> sa.sql.selectable.Subquery:
    """Everybody who owes a check of `day` at a place under one of `under` (themselves included), with their report, if any.

    A subquery to select from, join and aggregate; nothing is opened, nothing is looped over. One row a person, check and
    place: who works in one place under X and lives in another stands there for each, so totals count
    `distinct (person_id, check_id)`, and a list by unit groups by `place_id`. `checks` narrows it to
    some check ids (None: all). Who is expected is who holds the role now, whatever the day.

    Columns: person_id, check_id, place_id and path (the place of the role), and of the current report, all null (corrected: false) while it is
    missing: record_id, at, late, rules, outcome (`ABSENT` for who was recorded as away), filed_as, reporter_id, marks,
    corrected (it replaces an earlier one).

        rows = checks.owed(process, day, speaker.in_charge_of())
        missing = sa.select(rows.c.place_id, sa.func.count()).where(rows.c.record_id.is_(None)).group_by(rows.c.place_id)
    """
    by_role = owing(process, under, checks)
    expected = by_role.distinct(*list(by_role.selected_columns)[:3]).subquery("expected")
    return (
        sa.select(
            expected,
            records.c.id.label("record_id"),
            records.c.at,
            records.c.late,
            records.c.rules,
            records.c.outcome,
            records.c.filed_as,
            records.c.reporter_id,
            records.c.marks,
            records.c.replaces.is_not(None).label("corrected"),
        )
        .select_from(expected.outerjoin(records, report_of(expected, process, day)))
        .subquery("owed")
    )


async def standing(
    services: Services, connection: AsyncConnection, process: Process, person_id: int, named: Check | None = None
) -> tuple[Times, bool]:
    """What a report of this person that comes now is for (`check_times.times_of`), and whether there is one already."""
    held = (await connection.scalars(sa.select(roles.c.role).where(roles.c.person_id == person_id))).all()
    filed = (
        await connection.scalars(
            sa.select(records.c.check_id).where(
                records.c.person_id == person_id,
                records.c.process == process.id,
                records.c.day == services.today(),
                records.c.current,
            )
        )
    ).all()
    times = times_of(process, checks_of(process, held), filed, services.local_now().time(), named)
    return times, process.once_a_day and times.ids[0] in filed
