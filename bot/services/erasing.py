"""A person's data is deleted at their word: at once, but for what an open alert or a standing measure still needs.

The row of `people` stays, emptied, because others' rows name it (who reported for whom, who handled what) and the audit is never
rewritten. What had to wait is deleted by the clock when alert and measure have ended; a receipt of the deletion that
still names its person is what reminds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotEntitled
from bot.services import audit, receipts
from bot.services.context import Services
from bot.services.files import drop_files
from bot.services.history import history_key
from bot.services.my_data import HeldData, chats_of, overview, own_id
from bot.services.people import Speaker
from bot.storage.tables import (
    accounts,
    alert_members,
    alerts,
    consents,
    deputies,
    duty_days,
    followups,
    group_members,
    inbox,
    inbox_heads,
    invitations,
    kin,
    outbox,
    people,
    question_groups,
    questions,
    records,
    roles,
    tests,
    tickets,
)
from bot.storage.tables import receipts as receipts_table

# What goes at once, whatever is still open: nothing of it is needed to look after somebody.
_AT_ONCE = (
    inbox.c.person_id, outbox.c.person_id, tickets.c.person_id, kin.c.person_id, kin.c.ward_id,
    invitations.c.person_id, group_members.c.person_id, duty_days.c.person_id, deputies.c.person_id, deputies.c.deputy_id,
)  # fmt: skip
# What goes with the rest.
_AT_LAST = (
    alert_members.c.person_id, alerts.c.person_id, tests.c.person_id, followups.c.person_id, records.c.person_id,
    roles.c.person_id, accounts.c.person_id, inbox_heads.c.person_id,
)  # fmt: skip
# Rows that are emptied, not deleted, or hold no value at all (who consented when, what was confirmed by which receipt).
_STAYING = (people.c.merged_into, consents.c.person_id, receipts_table.c.person_id, questions.c.person_id)

DELETED = frozenset({*_AT_ONCE, *_AT_LAST, *_STAYING})
"""The columns that tell whose a row is. All others that refer to people tell who did something, and keep naming the empty row."""


@dataclass(frozen=True)
class DeletionPlan:
    """What would go, and in words what has to wait."""

    held: HeldData
    waits: tuple[str, ...]


async def plan_deletion(services: Services, speaker: Speaker) -> DeletionPlan:
    """What 确认删除 would do.

    Raises:
        NotFound: nothing is held of the speaker.
        NotEntitled: staff leave their office first.
    """
    _check_no_staff(speaker)
    held = await overview(services, speaker)
    async with services.transaction() as connection:
        return DeletionPlan(held, tuple(await _waits(connection, own_id(speaker))))


async def delete_my_data(services: Services, speaker: Speaker) -> tuple[str, tuple[str, ...]]:
    """Deletes what is held of the speaker; the receipt's code, and in words what waits until it has ended. Raises as the plan."""
    _check_no_staff(speaker)
    person = own_id(speaker)
    async with services.transaction() as connection:
        await connection.execute(sa.select(people.c.id).where(people.c.id == person).with_for_update())
        waits = await _waits(connection, person)
        chats = await chats_of(connection, person)
        code = await receipts.give_receipt(services, connection, person, "deletion")
        await audit.note(services, connection, speaker, "data_deleted", "person", person)
        await connection.execute(
            consents.update()
            .where(consents.c.person_id == person, consents.c.withdrawn_at.is_(None))
            .values(withdrawn_at=services.now())
        )
        await _delete_at_once(connection, person)
        if waits:
            await _delete_but_open(connection, person)
        else:
            await _delete_at_last(services, connection, person)
    await _forget_chats(services, person, chats)
    return code, tuple(waits)


async def finish_deletions(services: Services) -> int:
    """Deletes what had to wait and need wait no longer; returns for how many people. Safe in many processes at once."""
    done = 0
    async with services.transaction() as connection:
        waiting = await connection.scalars(
            sa.select(people.c.id)
            .where(
                people.c.id.in_(
                    sa.select(receipts_table.c.person_id).where(
                        receipts_table.c.kind == "deletion", receipts_table.c.person_id.is_not(None)
                    )
                )
            )
            .with_for_update(skip_locked=True)
        )
        forgotten = []
        for person in waiting.all():
            if await _waits(connection, person):
                continue
            forgotten.append((person, await chats_of(connection, person)))
            await audit.note(services, connection, None, "data_deleted", "person", person)
            await _delete_at_once(connection, person)
            await _delete_at_last(services, connection, person)
            done += 1
    for person, chats in forgotten:
        await _forget_chats(services, person, chats)
    return done


def _check_no_staff(speaker: Speaker) -> None:
    if speaker.staff:
        raise NotEntitled("您是工作人员，删除前请先由管理员取消您的职务，免得没人接预警。“导出我的数据”随时可以用。")


async def _waits(connection: AsyncConnection, person: int) -> list[str]:
    """What still needs the person's data, in words for them."""
    rows = await connection.scalars(
        sa.select(alerts.c.code).where(alerts.c.person_id == person, alerts.c.state != "closed").order_by(alerts.c.id)
    )
    waits = [f"预警 {code} 还没处理完" for code in rows]
    kinds = await connection.execute(
        sa.select(followups.c.kind, followups.c.last_day)
        .where(followups.c.person_id == person, followups.c.state == "open")
        .order_by(followups.c.id)
    )
    return waits + [f"{row.kind}还没结束" + (f"（到{row.last_day:%m月%d日}）" if row.last_day else "") for row in kinds]


async def _delete_at_once(connection: AsyncConnection, person: int) -> None:
    groups = list(await connection.scalars(sa.select(questions.c.group_id).where(questions.c.person_id == person)))
    await connection.execute(questions.delete().where(questions.c.person_id == person))
    left = sa.exists().where(questions.c.group_id == question_groups.c.id)
    await connection.execute(question_groups.delete().where(question_groups.c.id.in_(groups), ~left))
    for column in _AT_ONCE:
        await connection.execute(column.table.delete().where(column == person))


async def _delete_but_open(connection: AsyncConnection, person: int) -> None:
    """Deletes what neither an open alert nor a standing measure refers to."""
    open_alerts = sa.select(alerts.c.record_id).where(sa.or_(alerts.c.state != "closed", alerts.c.kind == "cluster"))
    open_members = sa.select(alert_members.c.record_id).join(alerts, alerts.c.id == alert_members.c.alert_id)
    standing = sa.select(followups.c.record_id).where(followups.c.state == "open", followups.c.record_id.is_not(None))
    await connection.execute(alerts.delete().where(alerts.c.person_id == person, alerts.c.state == "closed"))
    await connection.execute(followups.delete().where(followups.c.person_id == person, followups.c.state == "ended"))
    needed = sa.or_(
        records.c.id.in_(open_alerts),
        records.c.id.in_(open_members),
        records.c.id.in_(standing),
    )
    await connection.execute(records.update().where(records.c.person_id == person, needed).values(replaces=None))
    await connection.execute(records.delete().where(records.c.person_id == person, ~needed))


async def _delete_at_last(services: Services, connection: AsyncConnection, person: int) -> None:
    await _leave_clusters(connection, person)
    for column in _AT_LAST:
        await connection.execute(column.table.delete().where(column == person))
    await connection.execute(
        people.update()
        .where(sa.or_(people.c.id == person, people.c.merged_into == person))
        .values(
            name_sealed=services.vault.seal("", "people.name"),
            name_print=None,
            phone_sealed=None,
            phone_print=None,
            id_number_sealed=None,
            id_number_print=None,
            code=None,
            is_guest=True,
            updated_at=services.now(),
        )
    )
    await connection.execute(receipts_table.update().where(receipts_table.c.person_id == person).values(person_id=None))


async def _leave_clusters(connection: AsyncConnection, person: int) -> None:
    """An event of several people goes on with the others' records; one that nobody else is part of goes too."""
    await connection.execute(alert_members.delete().where(alert_members.c.person_id == person))
    theirs = sa.select(records.c.id).where(records.c.person_id == person)
    other = (
        sa.select(alert_members.c.record_id)
        .where(alert_members.c.alert_id == alerts.c.id)
        .order_by(alert_members.c.record_id)
        .limit(1)
        .scalar_subquery()
    )
    events = sa.and_(alerts.c.kind == "cluster", alerts.c.record_id.in_(theirs))
    await connection.execute(alerts.delete().where(events, other.is_(None)))
    await connection.execute(alerts.update().where(events).values(record_id=other))
    # a measure of somebody else never rests on this record, but nothing must hold it
    await connection.execute(
        followups.update()
        .where(followups.c.record_id.in_(theirs), followups.c.person_id != person)
        .values(record_id=None)
    )


async def _forget_chats(services: Services, person: int, chats: list[str]) -> None:
    """What Redis holds of a person. It would expire by itself; so an error here loses nothing but time."""
    await drop_files(services, person)
    for chat in chats:
        keys = [f"dialogue:{chat}", history_key(chat), f"who:{chat}", f"ticket:{chat}"]
        keys += [key.decode() async for key in services.redis.scan_iter(match=f"seen:{_literal(chat)}:*", count=1000)]
        await services.redis.delete(*keys)


def _literal(text: str) -> str:
    """A text that stands for itself in a Redis pattern."""
    return "".join(f"\\{sign}" if sign in "*?[]\\^" else sign for sign in text)
