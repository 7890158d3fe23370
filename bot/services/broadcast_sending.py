"""Sends broadcasts whose time has come: chunk by chunk into the outbox, so that a crash half-way is gone on behind it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button
from bot.errors import Refused
from bot.services import audiences, audit, knowledge, messages
from bot.services.audiences import Audience
from bot.services.broadcasts import OPERATOR, check_place, tell_author
from bot.services.context import Services
from bot.services.duty import stands_in_for
from bot.services.knowledge import Change
from bot.services.people import Held, Speaker
from bot.storage.tables import broadcasts, outbox, people, roles

_CHUNK = 5000
_TOO_LATE = timedelta(hours=2)  # after its time a notice says what is past; then its author is asked


async def send_due(services: Services) -> int:
    """Puts all broadcasts whose time has come into the outbox; returns for how many people. Safe in many processes at once.

    Each chunk is one transaction that moves the broadcast's cursor: who comes after a crash goes on behind it.
    """
    enqueued = 0
    while (count := await _send_chunk(services)) is not None:
        enqueued += count
        await messages.announce(services)
    return enqueued


async def _send_chunk(services: Services) -> int | None:
    """Enqueues the next people of one broadcast; None when none is due, or another process is at those that are."""
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(broadcasts)
                .where(broadcasts.c.state.in_(("scheduled", "sending")), broadcasts.c.send_at <= services.now())
                .order_by(broadcasts.c.send_at, broadcasts.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
        ).one_or_none()
        if row is None:
            return None
        try:
            # a refusal must leave nothing of a changed answer behind
            async with connection.begin_nested():
                await _check_and_begin(services, connection, row)
        except Refused as refusal:
            await _refuse(services, connection, row, str(refusal))
            return 0
        count, last = await _enqueue(services, connection, row)
        await _keep_progress(services, connection, row, count, last)
    if row.entry_id is not None:
        # with each chunk: should the process die right here, the next one makes up for it
        await knowledge.announce_change(services)
    return count


async def _check_and_begin(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> None:
    """Checks the author's rights as they are now; with the first chunk the tied answer changes.

    Raises:
        Refused: it is not to be sent (any more), in words for its author.
    """
    author = await _author(services, connection, row.by_person)
    await check_place(connection, author, row.place_id)
    if row.state == "sending":
        return
    if services.now() - row.send_at > _TOO_LATE:
        raise Refused("到时间时系统没有在运行，现在已经过了两个多小时")
    if row.entry_body is not None:
        await knowledge.save_within(services, connection, author, Change(**row.entry_body))


async def _author(services: Services, connection: AsyncConnection, person_id: int) -> Speaker | None:
    """The author with the roles that they hold now, those that they stand in for included; None is the command line."""
    code = await connection.scalar(sa.select(people.c.code).where(people.c.id == person_id))
    if code == OPERATOR:
        return None
    holders = [person_id, *await stands_in_for(connection, person_id, services.today())]
    held = await connection.execute(
        sa.select(roles.c.role, roles.c.place_id).where(roles.c.person_id.in_(holders)).order_by(roles.c.id)
    )
    return Speaker("", "", person_id, roles=tuple(Held(row.role, row.place_id) for row in held))


async def _refuse(services: Services, connection: AsyncConnection, row: sa.engine.Row, reason: str) -> None:
    await connection.execute(
        broadcasts.update()
        .where(broadcasts.c.id == row.id)
        .values(state="refused", reason=reason, done_at=services.now())
    )
    await audit.note(services, connection, None, "broadcast_refused", "broadcast", row.id)
    gone = f"之前已发出{row.total}条，其余不再发。" if row.total else "一条也没有发。"
    await tell_author(
        services,
        connection,
        row,
        f"通知 {row.id} 没有发送：{reason.rstrip('。')}。{gone}",
        [Button("查看", f"通知 {row.id}")],
        "refused",
    )


async def _enqueue(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> tuple[int, int | None]:
    """Writes the next chunk into the outbox; returns how many people it has, and the last one's id, None behind the end."""
    audience = Audience.from_json(row.audience)
    came = await audiences.who_came(services, connection, audience)
    who = audiences.recipients(audience, services, came).subquery()
    now = services.now()
    chunk = (
        sa.select(who.c.person_id).where(who.c.person_id > row.cursor).order_by(who.c.person_id).limit(_CHUNK)
    ).cte("chunk")
    written = (
        insert(outbox)
        .from_select(
            [
                "person_id", "purpose", "broadcast_id", "once_key", "due_at", "expires_at", "next_try_at", "created_at",
            ],
            sa.select(
                chunk.c.person_id,
                sa.literal("broadcast"),
                sa.literal(row.id, type_=sa.BigInteger),
                sa.func.concat(f"broadcast/{row.id}/", chunk.c.person_id),
                *(
                    sa.literal(moment, type_=outbox.c.due_at.type)
                    for moment in (now, now + messages.TIME_TO_LIVE["broadcast"], now, now)
                ),
            ),
        )
        .on_conflict_do_nothing(index_elements=["once_key"])
        .returning(outbox.c.id)
        .cte("written")
    )  # fmt: skip
    count, last = (
        await connection.execute(
            sa.select(sa.func.count(), sa.func.max(chunk.c.person_id)).select_from(chunk).add_cte(written)
        )
    ).one()
    return int(count), last if count == _CHUNK else None


async def _keep_progress(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, count: int, last: int | None
) -> None:
    total = row.total + count
    values = {"total": total, "state": "sending", "cursor": last}
    if last is None:
        values = {"total": total, "state": "sent", "done_at": services.now()}
        await audit.note(services, connection, None, "broadcast_sent", "broadcast", row.id)
        await tell_author(
            services,
            connection,
            row,
            f"通知 {row.id} 已发出，共{total}人。",
            [Button("看进度", f"通知 {row.id}")],
            "sent",
        )
    await connection.execute(broadcasts.update().where(broadcasts.c.id == row.id).values(**values))
