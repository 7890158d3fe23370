"""Who stands in for whom, and who is on duty: what other services ask. What people do about it is in duty_desk.py."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import deputies, duty_days


async def deputies_of(connection: AsyncConnection, person_ids: Collection[int], day: date) -> dict[int, list[int]]:
    """Who stands in for these people on a day: the deputies of each who has any.

    A deputy's own deputy does not stand in for them: rights are handed on once.
    """
    rows = await connection.execute(
        sa.select(deputies.c.person_id, deputies.c.deputy_id)
        .where(deputies.c.person_id.in_(list(person_ids)), deputies.c.since <= day, deputies.c.until >= day)
        .order_by(deputies.c.id)
    )
    found: dict[int, list[int]] = {}
    for person_id, deputy_id in rows:
        of_one = found.setdefault(person_id, [])
        if deputy_id not in of_one:
            of_one.append(deputy_id)
    return found


async def stands_in_for(connection: AsyncConnection, deputy_id: int, day: date) -> list[int]:
    """Whose deputy somebody is on a day."""
    rows = await connection.scalars(
        sa.select(deputies.c.person_id)
        .where(deputies.c.deputy_id == deputy_id, deputies.c.since <= day, deputies.c.until >= day)
        .distinct()
    )
    return list(rows)


async def on_duty_at(connection: AsyncConnection, place_ids: Collection[int], day: date) -> list[int]:
    """The people whom the roster names for these very places on a day."""
    rows = await connection.scalars(
        sa.select(duty_days.c.person_id)
        .where(duty_days.c.place_id.in_(list(place_ids)), duty_days.c.day == day)
        .distinct()
    )
    return list(rows)
