"""An alert is raised, joined or opened again with the record that shows it, in that record's transaction."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Outgoing
from bot.processes.definition import AlertRule, Process
from bot.services import alert_ladder, messages
from bot.services.alert_ladder import Level
from bot.services.alert_views import alert_buttons, alert_text
from bot.services.context import Services
from bot.services.people import mask_name
from bot.services.places import place_name
from bot.storage.tables import alert_steps, alerts

REOPENS = timedelta(hours=48)
"""How long after closing the same finding opens the same alert again."""
_CODE_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is mistaken for another when read aloud or typed


@dataclass(frozen=True)
class Raised:
    """An alert that a record raised or joined, and who was told."""

    code: str
    staff: tuple[int, ...]


async def raise_alert(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    record_id: uuid.UUID,
    person_id: int,
    person_name: str,
    place_id: int | None,
    subject_places: Sequence[int],
    fired: Sequence[AlertRule],
    shown: Mapping[str, str],
) -> Raised:
    """Raises one alert for all rules that fired, and owes a message to each staff member of its first level.

    A person has one open alert a process: a later record adds its rules to it and the staff are told again; one that was closed
    within `REOPENS` for one of the same rules is opened again. `shown` are the record's values as the alert texts put them.
    """
    now = services.now()
    rules = [rule.id for rule in fired]
    level = "urgent" if any(rule.level == "urgent" for rule in fired) else "watch"
    places = [*dict.fromkeys([*subject_places, *([place_id] if place_id else [])])]
    found = await alert_ladder.levels(services, connection, process.id, rules, person_id, places)
    row = await _earlier(services, connection, process, person_id, rules)
    if row is None:
        place_id = place_id or (places[0] if places else None)
        values = {"kind": "person", "person_id": person_id, "place_id": place_id, "rules": rules, "level": level}
        alert_id, code = await open_alert(services, connection, process.id, record_id, found, values)
        again, staff = "", list(found[0].people)
    else:
        alert_id, code = row.id, row.code
        level = "urgent" if row.level == "urgent" else level
        rules = list(dict.fromkeys([*row.rules, *rules]))
        changes: dict[str, Any] = {"rules": rules, "record_id": record_id, "level": level, "changed_at": now}
        if row.state == "closed":
            changes |= {"state": "open", "outcome": None, "rung": 1, "rung_due_at": due_after(services, found, 0)}
            again, staff = "处理后又有新情况，已重新打开", _with_handler(row, found[:1])
        else:
            again, staff = "同一人的新情况", _with_handler(row, found[: max(1, row.rung)])
        await connection.execute(alerts.update().where(alerts.c.id == alert_id).values(**changes))
        await add_step(services, connection, alert_id, "reopened" if row.state == "closed" else "joined")
    where = await place_name(connection, place_id or (places[0] if places else None))
    text = alert_text(services, process, fired, shown, mask_name(person_name), where, code, again)
    await tell(services, connection, alert_id, code, text, staff, str(record_id))
    return Raised(code, tuple(staff))


async def tell_corrected(services: Services, connection: AsyncConnection, process: Process, person_id: int) -> None:
    """A report was corrected to a normal one: the open alert stays, and who has it is told to make sure."""
    row = (
        await connection.execute(
            sa.select(alerts).where(
                alerts.c.person_id == person_id, alerts.c.process == process.id, alerts.c.state != "closed"
            )
        )
    ).one_or_none()
    if row is None:
        return
    found = await alert_ladder.levels(services, connection, process.id, row.rules, person_id, [row.place_id or 0])
    text = f"预警 {row.code}：本人刚把{process.short}更正为正常，请核实后再处理完毕。"
    staff = _with_handler(row, found[:1])
    await tell(services, connection, row.id, row.code, text, staff, f"corrected/{services.now().isoformat()}")


async def open_alert(
    services: Services,
    connection: AsyncConnection,
    process_id: str,
    record_id: uuid.UUID,
    found: Sequence[Level],
    values: Mapping[str, Any],
) -> tuple[int, str]:
    """A new open alert with a code of its own, and its first step; `found` are its levels, of which the first is told."""
    now = services.now()
    while True:
        code = "".join(secrets.choice(_CODE_SIGNS) for _ in range(4))
        alert_id = await connection.scalar(
            insert(alerts)
            .values(
                code=code,
                record_id=record_id,
                process=process_id,
                state="open",
                rung=1,
                rung_due_at=due_after(services, found, 0),
                opened_at=now,
                changed_at=now,
                **values,
            )
            .on_conflict_do_nothing(index_elements=["code"])
            .returning(alerts.c.id)
        )
        if alert_id is not None:
            break
    await add_step(services, connection, int(alert_id), "open")
    return int(alert_id), code


def due_after(services: Services, found: Sequence[Level], at: int) -> Any:
    """When the level after `at` is told, if nobody acknowledges until then; None where there is none."""
    return services.now() + found[at + 1].after - found[at].after if at + 1 < len(found) else None


async def add_step(
    services: Services,
    connection: AsyncConnection,
    alert_id: int,
    step: str,
    by: int | None = None,
    note: str = "",
) -> None:
    """Writes one step of an alert's life; `by` is None for the assistant itself."""
    await connection.execute(
        alert_steps.insert().values(
            alert_id=alert_id,
            step=step,
            by_person=by,
            at=services.now(),
            note_sealed=services.vault.seal(note, "alert_steps.note") if note else None,
        )
    )


async def tell(
    services: Services,
    connection: AsyncConnection,
    alert_id: int,
    code: str,
    text: str,
    staff: Sequence[int],
    what: str,
) -> None:
    """Owes a text with the alert's buttons to each of these; `what` makes it once."""
    for member in staff:
        message = Outgoing(text, alert_buttons(code), {"alert": code}, "alert")
        await messages.owe(services, connection, member, message, f"alert/{alert_id}/{what}/{member}")


async def _earlier(
    services: Services, connection: AsyncConnection, process: Process, person_id: int, rules: Sequence[str]
) -> sa.engine.Row | None:
    """The person's open alert of this process, locked; else the one that was closed lately for one of these rules."""
    # two first reports of one person at the same moment: the second must see the alert of the first
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(person_id)))
    theirs = sa.and_(alerts.c.person_id == person_id, alerts.c.process == process.id)
    lately = sa.and_(
        alerts.c.changed_at >= services.now() - REOPENS,
        alerts.c.rules.overlap(sa.cast(list(rules), alerts.c.rules.type)),
    )
    return (
        await connection.execute(
            sa.select(alerts)
            .where(theirs, sa.or_(alerts.c.state != "closed", lately))
            .order_by((alerts.c.state == "closed").asc(), alerts.c.changed_at.desc())
            .limit(1)
            .with_for_update()
        )
    ).one_or_none()


def _with_handler(row: sa.engine.Row, found: Sequence[Level]) -> list[int]:
    """Who has had it, first, and the people of these levels."""
    handler = [row.handled_by] if row.handled_by is not None else []
    return list(dict.fromkeys([*handler, *(one for level in found for one in level.people)]))
