"""Who has not reported: by unit, by name, with phone numbers for those in charge."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.definition import Process
from bot.processes.duties import Check
from bot.services.asked_part import Place
from bot.services.checks import owing, report_of
from bot.services.context import Services
from bot.storage.tables import kin, people, places, records


@dataclass(frozen=True)
class MissingPerson:
    """Somebody who owes a check. `where` names their place with those above it, up to the one asked for; `phone` is theirs, else
    that of who looks after them."""

    person_id: int
    check: Check
    unit: int | None
    where: str
    name: str
    phone: str


def begun_checks(services: Services, process: Process, day: date, named: Collection[str] | None) -> list[Check]:
    """The checks that a list of missing people is about: those that have begun on that day, or the ones that were named."""
    now = services.local_now()
    return [
        check
        for check in process.checks
        if (named is None or check.id in named) and (named or day < now.date() or check.opens <= now.time())
    ]


def missing(process: Process, day: date, under: Sequence[int], checks: Collection[str]) -> sa.sql.Select:
    """Who owes a check and has no report: person_id, check_id, place_id, path; once for each role by which they owe it."""
    expected = owing(process, under, checks).subquery()
    reported = sa.exists(sa.select(1).where(report_of(expected, process, day)).select_from(records))
    return sa.select(expected).where(~reported)


async def missing_people(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    day: date,
    place: Place,
    checks: Sequence[Check],
    most: int,
) -> list[MissingPerson]:
    """The missing people under a place, those of one unit together; each once for a check and place."""
    rows = missing(process, day, [place.id], [check.id for check in checks]).subquery()
    rows = sa.select(rows).distinct(rows.c.path, rows.c.check_id, rows.c.person_id).subquery()
    found = (
        await connection.execute(
            sa.select(rows, people.c.name_sealed, people.c.phone_sealed)
            .join(people, people.c.id == rows.c.person_id)
            .order_by(rows.c.path, rows.c.check_id, rows.c.person_id)
            .limit(most)
        )
    ).all()
    names = await _place_names(connection, {above for row in found for above in row.path})
    guardians = await _guardian_phones(connection, [row.person_id for row in found if row.phone_sealed is None])
    by_id = {check.id: check for check in checks}
    made = []
    for row in found:
        below = row.path[place.depth + 1 :] or row.path[-1:]
        phone = row.phone_sealed or guardians.get(row.person_id)
        made.append(
            MissingPerson(
                row.person_id,
                by_id[row.check_id],
                row.path[place.depth + 1] if len(row.path) > place.depth + 1 else None,
                " ".join(names[one] for one in below),
                services.vault.open(row.name_sealed, "people.name"),
                services.vault.open(phone, "people.phone") if phone else "",
            )
        )
    return made


async def _place_names(connection: AsyncConnection, ids: Collection[int]) -> Mapping[int, str]:
    rows = await connection.execute(sa.select(places.c.id, places.c.name).where(places.c.id.in_(list(ids))))
    return {row.id: row.name for row in rows}


async def _guardian_phones(connection: AsyncConnection, wards: Sequence[int]) -> Mapping[int, bytes]:
    rows = await connection.execute(
        sa.select(kin.c.ward_id, people.c.phone_sealed)
        .join(people, people.c.id == kin.c.person_id)
        .where(kin.c.ward_id.in_(wards), people.c.phone_sealed.is_not(None))
        .order_by(kin.c.person_id.desc())
    )
    return {row.ward_id: row.phone_sealed for row in rows}
