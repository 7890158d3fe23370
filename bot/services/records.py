"""Records: what people filed by a process. One transaction files the record, its alerts and the messages they owe."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotEntitled, Refused
from bot.processes.definition import AlertRule, Measure, Process
from bot.processes.fields.base import Choice
from bot.processes.rules import World, holds
from bot.services import alerts, messages, risks
from bot.services.context import Services
from bot.services.people import Speaker, ensure_person, name_guest
from bot.storage.tables import people, places, records, roles


@dataclass(frozen=True)
class Filed:
    """What came of filing: the measures that apply (the first is the outcome kept), advice, and whether somebody was alerted.

    `again` is true when this very draft had been filed before (a confirm that came twice).
    """

    measures: tuple[Measure, ...]
    advice: tuple[str, ...]
    alerted: bool
    again: bool = False
    corrected: bool = False


async def world(services: Services) -> World:
    """What rules may know now: the local time, the fever threshold, today's risk list."""
    return World(services.local_now(), services.settings.fever, await risks.today(services))


def check_may_file(process: Process, speaker: Speaker) -> None:
    """Refuses a speaker who may not file by this process.

    Raises:
        NotEntitled: with words for the speaker and what to do instead.
    """
    if not process.unbound and not speaker.may_check_in():
        raise NotEntitled(
            f"{process.short}需要先绑定您的身份，这样记录才能送到负责您的网格或单位。请向网格员或班主任要邀请码，然后发送：绑定 邀请码。"
        )


async def submit(
    services: Services, speaker: Speaker, process: Process, draft_id: str, values: Mapping[str, Any]
) -> Filed:
    """Files one record for the speaker.

    The draft's id is the record's key: filed twice, it is one record with one alert, and the same is told again.

    Raises:
        NotEntitled: the speaker may not file by this process.
        Refused: a value is missing.
        Unavailable: nothing was filed; the same call may be made again.
    """
    check_may_file(process, speaker)
    now_world = await world(services)
    known = {name: values.get(name) for name in process.by_name}
    measures = tuple(measure for measure in process.measures if holds(measure.when, known, now_world))
    fired = tuple(rule for rule in process.alerts if holds(rule.when, known, now_world))
    record_id = uuid.UUID(draft_id)
    async with services.transaction() as connection:
        person_id = await ensure_person(services, connection, speaker, known.get("name"), known.get("phone"))
        await name_guest(services, connection, person_id, known.get("name"), known.get("phone"))
        place_id, subject_places = await _places_of(services, connection, process, person_id, values)
        earlier = await _earlier_today(services, connection, process, person_id, record_id)
        filed = await connection.scalar(
            insert(records)
            .values(
                id=record_id,
                process=process.id,
                process_version=process.version,
                person_id=person_id,
                reporter_id=person_id,
                place_id=place_id,
                day=now_world.now.date(),
                at=services.now(),
                values_sealed=services.vault.seal_json(dict(values), "records.values"),
                outcome=measures[0].id if measures else None,
                replaces=earlier,
            )
            .on_conflict_do_nothing(index_elements=["id"])
            .returning(records.c.id)
        )
        advice = tuple(dict.fromkeys(rule.advice for rule in fired if rule.advice))
        if filed is None:
            owner = await connection.scalar(sa.select(records.c.person_id).where(records.c.id == record_id))
            if owner != person_id:
                raise Refused("这份表单不是您的。")
            return Filed(measures, advice, bool(fired), again=True)
        if earlier is not None:
            await connection.execute(records.update().where(records.c.id == earlier).values(current=False))
        if fired:
            await _raise(services, connection, process, record_id, person_id, place_id, subject_places, fired, values)
    if speaker.person_id is None:
        await services.redis.delete(f"who:{speaker.account}")  # the guest that was made is who this account is now
    if fired:
        await messages.announce(services)
    return Filed(measures, advice, bool(fired), corrected=earlier is not None)


async def previous_values(services: Services, speaker: Speaker, process: Process) -> dict[str, Any] | None:
    """The values of the speaker's last record by this process, if it is of yesterday or today; for 同昨天."""
    row = await _latest(services, speaker, process, services.today() - timedelta(days=1))
    return None if row is None else services.vault.open_json(row.values_sealed, "records.values")


async def filed_today(services: Services, speaker: Speaker, process: Process) -> bool:
    """Whether the speaker has filed by this process today."""
    return await _latest(services, speaker, process, services.today()) is not None


async def _latest(services: Services, speaker: Speaker, process: Process, since: Any) -> sa.engine.Row | None:
    if speaker.person_id is None:
        return None
    async with services.transaction() as connection:
        return (
            await connection.execute(
                sa.select(records.c.values_sealed)
                .where(
                    records.c.person_id == speaker.person_id,
                    records.c.process == process.id,
                    records.c.day >= since,
                    records.c.current,
                )
                .order_by(records.c.day.desc(), records.c.at.desc())
                .limit(1)
            )
        ).one_or_none()


async def field_choices(services: Services) -> dict[str, tuple[Choice, ...]]:
    """The choices that come from the org tree rather than from a process file: the grids."""
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(places.c.id, places.c.name, places.c.parent_id)
            .where(places.c.kind == "grid")
            .order_by(places.c.id)
        )
        rows = rows.all()
        grids = tuple(Choice(str(row.id), row.name, _grid_words(row.name)) for row in rows)
    # who does not know their grid is seen to by the place above the grids
    above = {str(row.parent_id) for row in rows if row.parent_id is not None}
    return {"grids": (*grids, Choice(above.pop() if len(above) == 1 else "unknown", "不清楚", ("不知道", "不晓得")))}


def _grid_words(name: str) -> tuple[str, ...]:
    """第三网格 is also called 三网格, 三号网格 and 3网格."""
    number = name.removeprefix("第").removesuffix("网格")
    digit = "一二三四五六七八九".find(number) + 1
    words = [f"{number}网格", f"{number}号网格", f"第{number}"]
    return (*words, f"{digit}网格", f"{digit}号网格", f"第{digit}网格") if digit else tuple(words)


async def _places_of(
    services: Services, connection: AsyncConnection, process: Process, person_id: int, values: Mapping[str, Any]
) -> tuple[int | None, list[int]]:
    """Where a record belongs, and all places that look after its person."""
    rows = await connection.execute(
        sa.select(roles.c.place_id)
        .where(roles.c.person_id == person_id, roles.c.role.in_(("resident", "worker", "student")))
        .order_by(roles.c.id)
    )
    own = [row.place_id for row in rows]
    grid = next((values.get(f.name) for f in process.fields if f.source == "grids"), None)
    chosen = int(grid) if grid and str(grid).isdigit() else None
    return chosen or (own[0] if own else None), own


async def _earlier_today(
    services: Services, connection: AsyncConnection, process: Process, person_id: int, record_id: uuid.UUID
) -> uuid.UUID | None:
    """The record of today that a new one corrects, locked; None where the process may be filed many times a day."""
    if not process.once_a_day:
        return None
    # two first reports of one person at the same moment: the second must see the first
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(person_id)))
    found: uuid.UUID | None = await connection.scalar(
        sa.select(records.c.id)
        .where(
            records.c.person_id == person_id,
            records.c.process == process.id,
            records.c.day == services.today(),
            records.c.current,
            records.c.id != record_id,
        )
        .with_for_update()
    )
    return found


async def _raise(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    record_id: uuid.UUID,
    person_id: int,
    place_id: int | None,
    subject_places: Sequence[int],
    fired: Sequence[AlertRule],
    values: Mapping[str, Any],
) -> None:
    sealed = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == person_id))
    name = str(values.get("name") or services.vault.open(sealed, "people.name"))
    shown = {
        f.name: f.type.mask(values[f.name], f.spec) if f.private else f.type.show(values[f.name], f.spec)
        for f in process.fields
        if f.name in values
    }
    await alerts.raise_alert(
        services, connection, process, record_id, person_id, name, place_id, subject_places, fired, shown
    )
