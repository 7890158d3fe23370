"""The outbox: messages that a state change owes to people, written in its transaction and delivered by a worker."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from redis.asyncio.client import PubSub
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Outgoing, Pushed
from bot.errors import SealBroken
from bot.services import sends
from bot.services.context import Services
from bot.storage.tables import accounts, broadcasts, inbox, inbox_heads, outbox

logger = logging.getLogger(__name__)

# Nothing that is days old goes out after an outage.
TIME_TO_LIVE = {
    "alert": timedelta(hours=24),
    "reminder": timedelta(hours=6),
    "broadcast": timedelta(hours=48),
    "reply": timedelta(hours=24),
}
NO_ACCOUNT = "没有可送达的账号"
CHASE_HEAD = "【催阅】请看过后点“已阅”。\n"
_FIRST = ("alert", "reply")
_TO_ACCOUNTS = ("broadcast", "reminder")  # what ends here when its person has no account
_ROWS = 5000  # a statement
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


@dataclass(frozen=True)
class Owed:
    """A message to one person; see `owe`."""

    person_id: int
    message: Outgoing
    once_key: str


async def owe_all(
    services: Services, connection: AsyncConnection, owed: Sequence[Owed], lasts: timedelta | None = None
) -> int:
    """Writes many messages as `owe` does, in a few statements; returns how many were not there yet.

    `lasts` is how long they may wait for delivery, where that is shorter than their purpose allows.
    """
    now, written = services.now(), 0
    for at in range(0, len(owed), _ROWS):
        part = owed[at : at + _ROWS]
        columns = {
            "person_id": _array((one.person_id for one in part), sa.BigInteger),
            "purpose": _array((one.message.purpose for one in part), sa.Text),
            "body_sealed": _array(
                (services.vault.seal_json(one.message.as_json(), "outbox.body") for one in part), sa.LargeBinary
            ),
            "once_key": _array((one.once_key for one in part), sa.Text),
            "expires_at": _array(
                (now + (lasts or TIME_TO_LIVE[one.message.purpose]) for one in part), outbox.c.expires_at.type
            ),
        }
        lines = sa.func.unnest(*columns.values()).table_valued(*columns).render_derived()
        same = (
            sa.literal(now, type_=outbox.c.due_at.type).label(name) for name in ("due_at", "next_try_at", "created_at")
        )
        done = await connection.execute(
            insert(outbox)
            .from_select([*columns, "due_at", "next_try_at", "created_at"], sa.select(*lines.c, *same))
            .on_conflict_do_nothing(index_elements=["once_key"])
        )
        written += done.rowcount
    return written


async def announce(services: Services) -> None:
    """Wakes the delivery worker; called after the commit. A lost call costs a second, not a message."""
    await services.redis.publish(_CHANNEL, b"due")


async def deliver_due(services: Services, most: int = 1000) -> int:
    """Moves due messages into the inboxes of their people; returns how many. Safe to run in many processes at once.

    Web chat and REST fetch from the inbox, so moving a message there is its delivery: one transaction, exactly once.
    Alerts and replies go first: a broadcast to a whole town must not hold them up.
    """
    now = services.now()
    async with services.transaction() as connection:
        rows = await _claim(connection, now, most)
        told = await _deliver(services, connection, rows, now) if rows else set()
    if told:
        async with services.redis.pipeline(transaction=False) as signals:
            for person_id in told:
                signals.publish(f"inbox:{person_id}", b"new")
            if services.settings.calling_channels:
                signals.publish(
                    _CHANNEL, b"sends"
                )  # what has just been put on its way need not wait for the next second
            await signals.execute()
    return len(rows)


async def _claim(connection: AsyncConnection, now: datetime, most: int) -> list[sa.engine.Row]:
    """Up to `most` due messages, locked; what another process has locked is left to it."""
    due = (
        sa.select(
            outbox.c.id,
            outbox.c.person_id,
            outbox.c.purpose,
            outbox.c.body_sealed,
            outbox.c.broadcast_id,
            outbox.c.expires_at,
        )
        .where(outbox.c.state == "due", outbox.c.next_try_at <= now)
        .with_for_update(skip_locked=True)
    )
    by_purpose = sa.case((outbox.c.purpose == "alert", 0), else_=1)
    rows: list[sa.engine.Row] = []
    for choice in (
        due.where(outbox.c.purpose.in_(_FIRST)).order_by(by_purpose, outbox.c.next_try_at, outbox.c.id),
        # in the order of the index alone: sorting the backlog of a town for each batch would take longer than sending it
        due.where(outbox.c.purpose.notin_(_FIRST)).order_by(outbox.c.next_try_at, outbox.c.id),
    ):
        if len(rows) < most:
            rows += (await connection.execute(choice.limit(most - len(rows)))).all()
    return rows


async def _deliver(
    services: Services, connection: AsyncConnection, rows: Sequence[sa.engine.Row], now: datetime
) -> set[int]:
    """Puts the messages into the inboxes, writes how each one ended, and returns whom there is something new for."""
    bodies = _Bodies(services, await _broadcast_bodies(connection, rows))
    unreachable = await _without_account(connection, rows)
    # in the order of person ids, so that two workers never wait for each other's inbox heads
    rows = sorted(rows, key=lambda row: (row.person_id, row.id))
    put: list[tuple[sa.engine.Row, bytes]] = []
    ended: list[tuple[int, str, str | None]] = []
    for row in rows:
        if row.expires_at is not None and row.expires_at < now:
            ended.append((row.id, "expired", "过了有效时间，不再发送"))
        elif row.person_id in unreachable and row.purpose in _TO_ACCOUNTS:
            ended.append((row.id, "failed", NO_ACCOUNT))
        elif (body := bodies.of(row)) is None:
            ended.append((row.id, "failed", "内容无法解密（密钥已更换或数据损坏）"))
        else:
            put.append((row, body))
            ended.append((row.id, "sent", None))
    if put:
        await _put_into_inboxes(connection, put, now)
        if services.settings.calling_channels:
            await sends.enqueue(services, connection, [row.id for row, _ in put])
    ids, states, reasons = (
        _array(values, kind) for values, kind in zip(zip(*ended), (sa.BigInteger, sa.Text, sa.Text))
    )
    end = sa.func.unnest(ids, states, reasons).table_valued("id", "state", "reason").render_derived()
    await connection.execute(
        outbox.update()
        .where(outbox.c.id == end.c.id)
        .values(state=end.c.state, reason=end.c.reason, done_at=now, attempts=outbox.c.attempts + 1)
    )
    return {row.person_id for row, _ in put}


class _Bodies:
    """The sealed inbox bodies of a batch. A broadcast's is opened and sealed once for all its people."""

    def __init__(self, services: Services, of_broadcasts: Mapping[int, bytes]) -> None:
        self._vault = services.vault
        self._of_broadcasts = of_broadcasts
        self._sealed: dict[tuple[int, str], bytes | None] = {}

    def of(self, row: sa.engine.Row) -> bytes | None:
        """What goes into the inbox; None where the body cannot be opened: one lost key must not hold up all others."""
        if row.broadcast_id is None:
            return self._seal_anew(row, row.body_sealed, "outbox.body")
        key = row.broadcast_id, row.purpose
        if key not in self._sealed:
            self._sealed[key] = self._seal_anew(row, self._of_broadcasts[row.broadcast_id], "broadcasts.body")
        return self._sealed[key]

    def _seal_anew(self, row: sa.engine.Row, sealed: bytes, purpose: str) -> bytes | None:
        try:
            body = self._vault.open_json(sealed, purpose)
        except SealBroken:
            logger.error("outbox row %s cannot be opened", row.id)
            return None
        if row.broadcast_id is not None and row.purpose == "reminder":
            body = {**body, "text": f"{CHASE_HEAD}{body['text']}"}
        return self._vault.seal_json({**body, "purpose": row.purpose}, "inbox.body")


async def _broadcast_bodies(connection: AsyncConnection, rows: Iterable[sa.engine.Row]) -> dict[int, bytes]:
    ids = {row.broadcast_id for row in rows if row.broadcast_id is not None}
    if not ids:
        return {}
    found = await connection.execute(
        sa.select(broadcasts.c.id, broadcasts.c.body_sealed).where(broadcasts.c.id.in_(ids))
    )
    return {row.id: row.body_sealed for row in found}


async def _without_account(connection: AsyncConnection, rows: Iterable[sa.engine.Row]) -> set[int]:
    """Those whom a broadcast or reminder cannot reach. Staff find an alert in their inbox whenever they bind themselves."""
    asked = {row.person_id for row in rows if row.purpose in _TO_ACCOUNTS}
    if not asked:
        return set()
    bound = await connection.execute(
        sa.select(accounts.c.person_id).where(accounts.c.person_id == sa.func.any(_array(asked, sa.BigInteger)))
    )
    return asked - {row.person_id for row in bound}


async def _put_into_inboxes(
    connection: AsyncConnection, put: Sequence[tuple[sa.engine.Row, bytes]], now: datetime
) -> None:
    counts = Counter(row.person_id for row, _ in put)
    new = sa.func.unnest(_array(counts, sa.BigInteger), _array(counts.values(), sa.BigInteger))
    new = new.table_valued("person_id", "cursor").render_derived()
    heads = insert(inbox_heads).from_select(
        ["person_id", "cursor"], sa.select(new.c.person_id, new.c.cursor).order_by(new.c.person_id)
    )
    heads = heads.on_conflict_do_update(
        index_elements=["person_id"], set_={"cursor": inbox_heads.c.cursor + heads.excluded.cursor}
    ).returning(inbox_heads.c.person_id, inbox_heads.c.cursor)
    last = {row.person_id: row.cursor for row in await connection.execute(heads)}
    cursors = []
    for row, _ in put:
        counts[row.person_id] -= 1
        cursors.append(last[row.person_id] - counts[row.person_id])
    columns = {
        "person_id": _array((row.person_id for row, _ in put), sa.BigInteger),
        "cursor": _array(cursors, sa.BigInteger),
        "outbox_id": _array((row.id for row, _ in put), sa.BigInteger),
        "body_sealed": _array((body for _, body in put), sa.LargeBinary),
    }
    lines = sa.func.unnest(*columns.values()).table_valued(*columns).render_derived()
    await connection.execute(
        inbox.insert().from_select(
            [*columns, "at"], sa.select(*lines.c, sa.literal(now, type_=inbox.c.at.type)).order_by(lines.c.person_id)
        )
    )


def _array(values: Iterable[Any], kind: type[sa.types.TypeEngine] | sa.types.TypeEngine) -> sa.sql.ColumnElement[Any]:
    return sa.cast(list(values), ARRAY(kind))


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
