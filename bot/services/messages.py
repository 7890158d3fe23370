"""The outbox: messages that a state change owes to people, written in its transaction and delivered by a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from redis.asyncio.client import PubSub
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Outgoing, Pushed
from bot.errors import SealBroken
from bot.services.context import Services
from bot.storage.tables import inbox, inbox_heads, outbox

logger = logging.getLogger(__name__)

# Nothing that is days old goes out after an outage.
TIME_TO_LIVE = {
    "alert": timedelta(hours=24),
    "reminder": timedelta(hours=6),
    "broadcast": timedelta(hours=48),
    "reply": timedelta(hours=24),
}
_CHANNEL = "outbox"  # where the delivery worker listens for something new
_KEPT = 200  # pushes that a person's chat shows again


async def owe(
    services: Services,
    connection: AsyncConnection,
    person_id: int,
    message: Outgoing,
    once_key: str,
    due_at: datetime | None = None,
) -> None:
    """Writes one message into the outbox as part of the caller's transaction.

    `once_key` names what is told to whom: a second message with the same key is not written.
    """
    now = services.now()
    due = due_at or now
    await connection.execute(
        insert(outbox)
        .values(
            person_id=person_id,
            purpose=message.purpose,
            body_sealed=services.vault.seal_json(message.as_json(), "outbox.body"),
            once_key=once_key,
            due_at=due,
            expires_at=due + TIME_TO_LIVE[message.purpose],
            next_try_at=due,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["once_key"])
    )


async def announce(services: Services) -> None:
    """Wakes the delivery worker; called after the commit. A lost call costs a second, not a message."""
    await services.redis.publish(_CHANNEL, b"due")


async def deliver_due(services: Services, most: int = 200) -> int:
    """Moves due messages into the inboxes of their people; returns how many. Safe to run in many processes at once.

    Web chat and REST fetch from the inbox, so moving a message there is its delivery: one transaction, exactly once.
    """
    now = services.now()
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(outbox.c.id, outbox.c.person_id, outbox.c.purpose, outbox.c.body_sealed, outbox.c.expires_at)
                .where(outbox.c.state == "due", outbox.c.next_try_at <= now)
                .order_by(outbox.c.next_try_at, outbox.c.id)
                .limit(most)
                .with_for_update(skip_locked=True)
            )
        ).all()
        # in the order of person ids, so that two workers never wait for each other's inbox heads
        for row in sorted(rows, key=lambda r: (r.person_id, r.id)):
            state, reason = await _deliver(services, connection, row, now)
            await connection.execute(
                outbox.update()
                .where(outbox.c.id == row.id)
                .values(state=state, done_at=now, attempts=outbox.c.attempts + 1, reason=reason)
            )
        told = {row.person_id for row in rows}
    for person_id in told:
        await services.redis.publish(f"inbox:{person_id}", b"new")
    return len(rows)


async def _deliver(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, now: datetime
) -> tuple[str, str | None]:
    """The state and the reason with which a message ends."""
    if row.expires_at is not None and row.expires_at < now:
        return "expired", "过了有效时间，不再发送"
    try:
        body = services.vault.open_json(row.body_sealed, "outbox.body")
    except SealBroken:
        # one message sealed with a lost key must not hold up all others
        logger.error("outbox row %s cannot be opened", row.id)
        return "failed", "内容无法解密（密钥已更换或数据损坏）"
    await _put_into_inbox(services, connection, row, body, now)
    return "sent", None


async def _put_into_inbox(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, body: Mapping[str, Any], now: datetime
) -> None:
    head = insert(inbox_heads).values(person_id=row.person_id, cursor=1)
    cursor = await connection.scalar(
        head.on_conflict_do_update(index_elements=["person_id"], set_={"cursor": inbox_heads.c.cursor + 1}).returning(
            inbox_heads.c.cursor
        )
    )
    await connection.execute(
        inbox.insert().values(
            person_id=row.person_id,
            cursor=cursor,
            outbox_id=row.id,
            at=now,
            body_sealed=services.vault.seal_json({**body, "purpose": row.purpose}, "inbox.body"),
        )
    )


async def pushed_after(services: Services, person_id: int, cursor: int) -> tuple[int, list[Pushed]]:
    """The newest cursor of a person, and what was pushed after `cursor`, oldest first (the newest 200 at most)."""
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(inbox.c.cursor, inbox.c.body_sealed, inbox.c.at)
                .where(inbox.c.person_id == person_id, inbox.c.cursor > cursor)
                .order_by(inbox.c.cursor.desc())
                .limit(_KEPT)
            )
        ).all()
        newest = (
            rows[0].cursor
            if rows
            else await connection.scalar(sa.select(inbox_heads.c.cursor).where(inbox_heads.c.person_id == person_id))
        )
    pushed = []
    for row in reversed(rows):
        body = services.vault.open_json(row.body_sealed, "inbox.body")
        pushed.append(Pushed(row.cursor, Outgoing.from_json(body, body["purpose"]), row.at))
    return int(newest or 0), pushed


async def calls(services: Services, seconds: float) -> AsyncIterator[None]:
    """Yields at once, and then whenever `announce` was called somewhere, at the latest after `seconds`.

    One subscription for all: a call that comes while the caller is at work is not missed.
    """
    async with services.redis.pubsub() as signals:
        await signals.subscribe(_CHANNEL)
        while True:
            yield
            await signalled(signals, seconds)


async def signalled(signals: PubSub, seconds: float) -> None:
    """Returns at the next message of a subscription, or after `seconds`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := until - loop.time()) > 0:
        # the confirmation of the subscription itself ends a wait too, with None
        if await signals.get_message(ignore_subscribe_messages=True, timeout=left) is not None:
            return
