"""Who is told of an alert, level by level, as the office's ladders say (nlu_data/office/ladders.yml)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.ladders import Rung, ladders_for
from bot.services.context import Services
from bot.services.duty import deputies_of, on_duty_at
from bot.services.people import staff_for
from bot.services.roles import SUBJECT
from bot.storage.tables import group_members, places, records, roles, work_groups


@dataclass(frozen=True)
class Level:
    """Whom to tell, and how long after the alert was raised, while nobody acknowledges it."""

    after: timedelta
    people: tuple[int, ...]


async def levels(
    services: Services,
    connection: AsyncConnection,
    process: str,
    rules: Collection[str],
    person_id: int | None,
    place_ids: Sequence[int],
) -> list[Level]:
    """The levels of an alert about somebody, of all ladders that suit them; the first is told at once.

    A rung without anybody takes no time: the next is told in its place. Deputies are told with those for whom they stand in, and
    who is on duty today at one of the person's places with the first level. Nobody at all: whom `staff_for` finds, so
    that an alert always reaches somebody.
    """
    own = await _held(connection, person_id)
    where = [*dict.fromkeys([*(place for _, place in own), *place_ids])]
    reached: dict[timedelta, dict[int, None]] = {}
    for ladder in ladders_for(
        process, {role for role, _ in own}, rules, await _days_back(services, connection, person_id)
    ):
        after, someone = timedelta(), False
        for rung in ladder.rungs:
            found = [one for one in await _on(connection, rung, where) if one != person_id]
            if someone:
                after += rung.after
            if found:
                reached.setdefault(after, {}).update(dict.fromkeys(found))
                someone = True
    if not reached:
        reached[timedelta()] = dict.fromkeys(await staff_for(connection, where, but=person_id))
    on_duty = await on_duty_at(connection, where, services.today())
    first = {one: None for one in on_duty if one != person_id}
    reached[timedelta()] = {**first, **reached.get(timedelta(), {})}
    return await _each_once(services, connection, reached, person_id)


async def _each_once(
    services: Services, connection: AsyncConnection, reached: dict[timedelta, dict[int, None]], but: int | None
) -> list[Level]:
    """In the order of time; who stands on several levels is told on the first."""
    everybody = [one for people in reached.values() for one in people]
    deputies = await deputies_of(connection, everybody, services.today())
    told: set[int] = set()
    found: list[Level] = []
    for after in sorted(reached):
        people = [two for one in reached[after] for two in (one, *deputies.get(one, ()))]
        new = [one for one in dict.fromkeys(people) if one not in told and one != but]
        told.update(new)
        if new or not found:
            found.append(Level(after, tuple(new)))
    return found


async def _days_back(services: Services, connection: AsyncConnection, person_id: int | None) -> int | None:
    """How many days ago this person declared a return, None for never."""
    last = await connection.scalar(
        sa.select(sa.func.max(records.c.day)).where(
            records.c.person_id == person_id, records.c.process == "return_declaration", records.c.current
        )
    )
    return None if last is None else (services.today() - last).days


async def _held(connection: AsyncConnection, person_id: int | None) -> list[tuple[str, int]]:
    rows = await connection.execute(
        sa.select(roles.c.role, roles.c.place_id)
        .where(roles.c.person_id == person_id, roles.c.role.in_(list(SUBJECT)))
        .order_by(roles.c.id)
    )
    return [(row.role, row.place_id) for row in rows]


async def _on(connection: AsyncConnection, rung: Rung, place_ids: Sequence[int]) -> list[int]:
    """The people of a rung: at one of these places or above it; else, where the rung says so, at the places above all."""
    above = (
        sa.select(sa.func.unnest(places.c.path)).where(places.c.id.in_(list(place_ids))).scalar_subquery()
        if place_ids
        else None
    )
    query = sa.select(roles.c.person_id).where(roles.c.role.in_(rung.roles)).order_by(roles.c.id)
    found: list[int] = []
    if above is not None:
        found = list(await connection.scalars(query.where(roles.c.place_id.in_(above))))
        found += await _in_groups(connection, rung, above)
    if not found and rung.anywhere:
        top = sa.select(places.c.id).where(places.c.parent_id.is_(None))
        found = list(await connection.scalars(query.where(roles.c.place_id.in_(top))))
    return list(dict.fromkeys(found))


async def _in_groups(connection: AsyncConnection, rung: Rung, above: sa.sql.ColumnElement[int]) -> list[int]:
    if not rung.groups:
        return []
    named = sa.or_(*(work_groups.c.name.contains(words, autoescape=True) for words in rung.groups))
    rows = await connection.scalars(
        sa.select(group_members.c.person_id)
        .join(work_groups, work_groups.c.id == group_members.c.group_id)
        .where(named, work_groups.c.place_id.in_(above))
        .order_by(group_members.c.is_head.desc(), group_members.c.person_id)
    )
    return list(rows)
