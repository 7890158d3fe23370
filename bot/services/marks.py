"""Reports that look copied day after day, or as if a script sent them: marked for staff, quietly. Nobody is accused, and the
person sees nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.definition import Process
from bot.services.context import Services
from bot.storage.tables import kin, places, records, roles

TITLES = {"copied": "连续多天完全相同", "scripted": "疑似自动填报"}

_DAYS = 5  # so many days running, today included
_AT_ONCE = 3  # so many people by one account ...
_SECONDS = 3  # ... within so many seconds


async def marks_for(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    reported: Mapping[int, Mapping[str, Any]],
    check_id: str,
    filed_as: str,
    reporter_id: int,
) -> dict[int, list[str]]:
    """What is to be marked of reports about to be filed: person → values. Those with nothing to mark are left out."""
    copied = await _copied(services, connection, process, reported, check_id)
    # one line for a class comes in one second, as it should
    scripted = (
        await _scripted(services, connection, process, reported, check_id, reporter_id)
        if filed_as in ("self", "kin")
        else set()
    )
    found = {"copied": copied, "scripted": scripted}
    return {
        person: [mark for mark, marked in found.items() if person in marked]
        for person in reported
        if person in copied or person in scripted
    }


async def _copied(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    reported: Mapping[int, Mapping[str, Any]],
    check_id: str,
) -> set[int]:
    """Whose values, a measured temperature among them, are those of each of the days before. 一切正常 copies nothing."""
    measured = [f.name for f in process.fields if f.type.name == "temperature"]
    asked = {person: values for person, values in reported.items() if any(values.get(n) is not None for n in measured)}
    rows = await _days_before(services, connection, process, list(asked), check_id) if asked else []
    same: dict[int, set[date]] = {}
    for row in rows:
        if services.vault.open_json(row.values_sealed, "records.values") == asked[row.person_id]:
            same.setdefault(row.person_id, set()).add(row.day)
    return {person for person, days in same.items() if len(days) == _DAYS - 1}


async def _scripted(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    reported: Mapping[int, Mapping[str, Any]],
    check_id: str,
    reporter_id: int,
) -> set[int]:
    """Who is reported within seconds of others by the same account, or at the same second of each day."""
    now = services.now()
    wards = sa.select(kin.c.ward_id).where(kin.c.person_id == reporter_id)
    others = await connection.scalar(
        sa.select(sa.func.count(sa.distinct(records.c.at))).where(
            sa.or_(records.c.person_id == reporter_id, records.c.person_id.in_(wards)),
            records.c.person_id.not_in(list(reported)),
            records.c.process == process.id,
            records.c.day == services.today(),
            records.c.reporter_id == reporter_id,
            records.c.at > now - timedelta(seconds=_SECONDS),
        )
    )
    if others >= _AT_ONCE - 1:
        return set(reported)
    same: dict[int, int] = {}
    for row in await _days_before(services, connection, process, list(reported), check_id):
        if row.filed_as in ("self", "kin") and _second(row.at) == _second(now):
            same[row.person_id] = same.get(row.person_id, 0) + 1
    return {person for person, days in same.items() if days == _DAYS - 1}


def _second(moment: datetime) -> tuple[int, int, int]:
    # days that are compared lie within a week: in UTC as good as in local time
    return moment.hour, moment.minute, moment.second


async def _days_before(
    services: Services, connection: AsyncConnection, process: Process, person_ids: Collection[int], check_id: str
) -> Sequence[sa.engine.Row]:
    """The current reports of this check on each of the days before today that count."""
    today = services.today()
    rows: Sequence[sa.engine.Row] = (
        await connection.execute(
            sa.select(
                records.c.person_id, records.c.day, records.c.at, records.c.filed_as, records.c.values_sealed
            ).where(
                records.c.person_id.in_(person_ids),
                records.c.process == process.id,
                records.c.day.between(today - timedelta(days=_DAYS - 1), today - timedelta(days=1)),
                records.c.check_id == check_id,
                records.c.current,
            )
        )
    ).all()
    return rows


async def marked_under(
    connection: AsyncConnection, process: Process, day: date, under: Sequence[int]
) -> dict[str, int]:
    """How many people under these places have a report of `day` with each mark, for those in charge of them (`TITLES`)."""
    mark = sa.func.unnest(records.c.marks).label("mark")
    theirs = sa.select(roles.c.person_id).join(places, places.c.id == roles.c.place_id)
    theirs = theirs.where(places.c.path.op("&&")(sa.cast(list(under), places.c.path.type)))
    found = (
        sa.select(records.c.person_id, mark)
        .where(
            records.c.process == process.id, records.c.day == day, records.c.current, records.c.person_id.in_(theirs)
        )
        .subquery()
    )
    rows = await connection.execute(
        sa.select(found.c.mark, sa.func.count(sa.distinct(found.c.person_id)).label("people")).group_by(found.c.mark)
    )
    return {row.mark: row.people for row in rows}
