"""The audit table: who changed or revealed what. Ids only, no values, so that deletion stays possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.context import Services
from bot.storage.tables import audit, audit_links

if TYPE_CHECKING:
    from bot.services.people import Speaker  # which writes rows of its own


@dataclass(frozen=True)
class Noted:
    """A row of the audit; `at` is local, `position` its place in the chain, None while it waits for one."""

    id: int
    at: datetime
    actor_id: int | None
    action: str
    object: str
    object_id: str
    position: int | None


async def note(
    services: Services, connection: AsyncConnection, by: Speaker | None, action: str, kind: str, object_id: Any
) -> None:
    """Adds a row in the caller's transaction. `by` is None for the bot itself and for the operator's command line."""
    await connection.execute(
        audit.insert().values(
            at=services.now(),
            actor_id=by.person_id if by else None,
            action=action,
            object=kind,
            object_id=str(object_id),
        )
    )


async def noted(
    services: Services,
    person_id: int | None = None,
    about: tuple[str, str] | None = None,
    day: date | None = None,
    most: int = 100,
) -> list[Noted]:
    """The newest rows, the oldest of them first: by or about a person, about one object (alert, 12), of one local day.

    For the operator's command line; it checks no rights.
    """
    query = sa.select(audit, audit_links.c.position).select_from(
        audit.outerjoin(audit_links, audit_links.c.audit_id == audit.c.id)
    )
    if person_id is not None:
        of_person = sa.and_(audit.c.object == "person", audit.c.object_id == str(person_id))
        query = query.where(sa.or_(audit.c.actor_id == person_id, of_person))
    if about is not None:
        query = query.where(audit.c.object == about[0], audit.c.object_id == about[1])
    zone = services.settings.timezone
    if day is not None:
        begins = datetime.combine(day, time(), zone)
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
        query = query.where(audit.c.at >= begins, audit.c.at < ends)
    async with services.transaction() as connection:
        rows = (await connection.execute(query.order_by(audit.c.id.desc()).limit(most))).all()
    return [
        Noted(row.id, row.at.astimezone(zone), row.actor_id, row.action, row.object, row.object_id, row.position)
        for row in reversed(rows)
    ]
