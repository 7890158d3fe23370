"""Two rows of `people` that are one person become one: all that refers to the one is handed to the other, nothing is lost.

Which columns refer to people is read from the tables themselves, so that a new table cannot be forgotten. Where both have
what there may be one of only, the rule stands at the function for that table; where there is none, the kept person's row stays
and the same row of the other goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.tables import (
    accounts,
    alert_steps,
    alerts,
    audit,
    consents,
    deputies,
    followup_contacts,
    followups,
    group_members,
    inbox,
    inbox_heads,
    kin,
    metadata,
    outbox,
    people,
    records,
    roles,
    tests,
)

STAYS = frozenset({audit.c.actor_id})
"""Rows of the audit are never changed: their hashes are chained. Who acted is found by `people.merged_into`."""


@dataclass(frozen=True)
class _Pair:
    """Whose things go to whom, and when."""

    connection: AsyncConnection
    gone: int
    kept: int
    now: datetime

    async def run(self, statement: Any) -> sa.engine.Result:
        return await self.connection.execute(statement)


def references() -> list[sa.Column]:
    """Every column that refers to a person and moves with them."""
    return [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column not in STAYS and any(key.column is people.c.id for key in column.foreign_keys)
    ]


async def absorb(connection: AsyncConnection, gone: int, kept: int, now: datetime) -> list[str]:
    """Hands all that is of `gone` to `kept`, in the caller's transaction; returns the chats that are theirs now.

    `gone` stays as a row that says into whom it was merged, with its values; what `kept` lacks of phone, ID number and code it
    gets. A guest is removed: their roles go, those of the person count; only when the audit names the guest does an empty row stay.
    """
    # in one order, so that two merges at once cannot wait for each other
    rows = (
        await connection.execute(
            sa.select(people).where(people.c.id.in_([gone, kept])).order_by(people.c.id).with_for_update()
        )
    ).all()
    theirs = {row.id: row for row in rows}
    pair = _Pair(connection, gone, kept, now)
    if theirs[gone].is_guest:
        await pair.run(roles.delete().where(roles.c.person_id == gone))
    for column in references():
        rule = _RULES.get(column.table.name)
        if rule is not None:
            await rule(pair)
        await _drop_doubles(pair, column)
        await pair.run(column.table.update().where(column == gone).values({column.name: kept}))
    if theirs[gone].is_guest:
        await _remove_guest(pair)
    else:
        await _mark_merged(pair, theirs[gone], theirs[kept])
    chats = await connection.execute(
        sa.select(accounts.c.channel, accounts.c.external_id).where(accounts.c.person_id == kept)
    )
    return [f"{chat.channel}:{chat.external_id}" for chat in chats]


async def _remove_guest(pair: _Pair) -> None:
    named = sa.exists().where(audit.c.actor_id == pair.gone)
    await pair.run(people.delete().where(people.c.id == pair.gone, ~named))
    await pair.run(
        people.update()
        .where(people.c.id == pair.gone)
        .values(
            merged_into=pair.kept,
            phone_sealed=None, phone_print=None, id_number_sealed=None, id_number_print=None, name_print=None,
            updated_at=pair.now,
        )
    )  # fmt: skip


async def _mark_merged(pair: _Pair, gone: sa.engine.Row, kept: sa.engine.Row) -> None:
    given: dict[str, Any] = {}
    if kept.phone_sealed is None:
        given |= {"phone_sealed": gone.phone_sealed, "phone_print": gone.phone_print}
    if kept.id_number_sealed is None:
        given |= {"id_number_sealed": gone.id_number_sealed, "id_number_print": gone.id_number_print}
    passes = kept.code is None and gone.code is not None
    await pair.run(
        people.update()
        .where(people.c.id == gone.id)
        .values(merged_into=kept.id, updated_at=pair.now, **({"code": None} if passes else {}))
    )
    if passes:
        given["code"] = gone.code
    await pair.run(people.update().where(people.c.id == kept.id).values(**given, updated_at=pair.now))


async def _drop_doubles(pair: _Pair, column: sa.Column) -> None:
    """Removes rows that would stand twice under a key of the table once they are handed over."""
    table = column.table
    keys = [key for key in table.constraints if isinstance(key, (sa.PrimaryKeyConstraint, sa.UniqueConstraint))]
    for key in keys:
        if column.name not in key.columns:
            continue
        other = table.alias("other")
        same = [other.c[one.name].is_not_distinct_from(one) for one in key.columns if one is not column]
        await pair.run(
            table.delete().where(column == pair.gone, sa.exists().where(other.c[column.name] == pair.kept, *same))
        )


async def _no_tie_to_oneself(pair: _Pair, one: sa.Column, other: sa.Column) -> None:
    both = [pair.gone, pair.kept]
    await pair.run(one.table.delete().where(one.in_(both), other.in_(both)))


async def _kin(pair: _Pair) -> None:
    """Nobody is their own guardian."""
    await _no_tie_to_oneself(pair, kin.c.person_id, kin.c.ward_id)


async def _deputies(pair: _Pair) -> None:
    """Nobody stands in for themselves."""
    await _no_tie_to_oneself(pair, deputies.c.person_id, deputies.c.deputy_id)


async def _records(pair: _Pair) -> None:
    """Of two current reports of one check the later one counts, and replaces the earlier where it replaces none yet."""
    mine, other = records.alias("mine"), records.alias("other")
    both = (
        await pair.run(
            sa.select(mine.c.id, mine.c.at, mine.c.replaces, other.c.id.label("other_id"), other.c.at.label("other_at"),
                      other.c.replaces.label("other_replaces"))
            .join(other, sa.and_(*(mine.c[one] == other.c[one] for one in ("process", "day", "check_id"))))
            .where(mine.c.person_id == pair.kept, other.c.person_id == pair.gone)
            .where(mine.c.current, other.c.current, mine.c.check_id != "")
        )
    ).all()  # fmt: skip
    for row in both:
        late, early = (row.id, row.other_id) if row.at >= row.other_at else (row.other_id, row.id)
        replaces = row.replaces if late == row.id else row.other_replaces
        await pair.run(records.update().where(records.c.id == early).values(current=False))
        if replaces is None:
            await pair.run(records.update().where(records.c.id == late).values(replaces=early))


async def _alerts(pair: _Pair) -> None:
    """Of two standing alerts of one process the kept person's goes on, with the findings of both; the other is closed."""
    mine, other = alerts.alias("mine"), alerts.alias("other")
    both = (
        await pair.run(
            sa.select(mine.c.id, mine.c.rules, mine.c.level, other.c.id.label("other_id"), other.c.rules.label("others"),
                      other.c.level.label("other_level"))
            .join(other, mine.c.process == other.c.process)
            .where(mine.c.person_id == pair.kept, other.c.person_id == pair.gone)
            .where(mine.c.state != "closed", other.c.state != "closed")
        )
    ).all()  # fmt: skip
    for row in both:
        level = "urgent" if "urgent" in (row.level, row.other_level) else row.level
        rules = list(dict.fromkeys([*row.rules, *row.others]))
        await pair.run(
            alerts.update().where(alerts.c.id == row.id).values(rules=rules, level=level, changed_at=pair.now)
        )
        await pair.run(
            alerts.update()
            .where(alerts.c.id == row.other_id)
            .values(state="closed", rung_due_at=None, changed_at=pair.now)
        )
        for alert_id, step in ((row.id, "joined"), (row.other_id, "closed")):
            await pair.run(alert_steps.insert().values(alert_id=alert_id, step=step, at=pair.now))


async def _consents(pair: _Pair) -> None:
    """Every consent and withdrawal is kept; of two that stand one stays, and one that was withdrawn later stands no more."""
    standing = consents.alias("standing")
    await pair.run(
        consents.delete().where(
            consents.c.person_id == pair.gone,
            consents.c.withdrawn_at.is_(None),
            sa.exists().where(
                standing.c.person_id == pair.kept,
                standing.c.version == consents.c.version,
                standing.c.withdrawn_at.is_(None),
            ),
        )
    )
    withdrawn = consents.alias("withdrawn")
    last = (
        sa.select(sa.func.max(withdrawn.c.withdrawn_at))
        .where(withdrawn.c.person_id.in_([pair.gone, pair.kept]), withdrawn.c.version == consents.c.version)
        .scalar_subquery()
    )
    await pair.run(
        consents.update()
        .where(
            consents.c.person_id.in_([pair.gone, pair.kept]),
            consents.c.withdrawn_at.is_(None),
            last > consents.c.given_at,
        )
        .values(withdrawn_at=last)
    )


async def _followups(pair: _Pair) -> None:
    """Of two open follow-ups of one kind the one that lasts longer goes on, with the contacts and tests of both; the other ends."""
    mine, other = followups.alias("mine"), followups.alias("other")
    both = (
        await pair.run(
            sa.select(mine.c.id, mine.c.last_day, mine.c.first_day, other.c.id.label("other_id"),
                      other.c.last_day.label("other_last"), other.c.first_day.label("other_first"))
            .join(other, mine.c.kind == other.c.kind)
            .where(mine.c.person_id == pair.kept, other.c.person_id == pair.gone)
            .where(mine.c.state == "open", other.c.state == "open")
        )
    ).all()  # fmt: skip
    for row in both:
        stays_longer = row.last_day is None or (row.other_last is not None and row.last_day >= row.other_last)
        stays, ends = (row.id, row.other_id) if stays_longer else (row.other_id, row.id)
        for column in (followup_contacts.c.followup_id, tests.c.followup_id):
            await pair.run(column.table.update().where(column == ends).values({column.name: stays}))
        await pair.run(followups.update().where(followups.c.id == ends).values(state="ended", ended_at=pair.now))
        first = min(row.first_day, row.other_first)
        await pair.run(followups.update().where(followups.c.id == stays).values(first_day=first))


async def _tests(pair: _Pair) -> None:
    """Of two tests of one day the one that was written down later stays, as a correction would."""
    other = tests.alias("other")
    both = [pair.gone, pair.kept]
    await pair.run(
        tests.delete().where(
            tests.c.person_id.in_(both),
            sa.exists().where(
                other.c.person_id.in_(both),
                other.c.day == tests.c.day,
                sa.tuple_(other.c.at, other.c.id) > sa.tuple_(tests.c.at, tests.c.id),
            ),
        )
    )


async def _group_members(pair: _Pair) -> None:
    """Head of a group is who was so by either row."""
    other = group_members.alias("other")
    heads = sa.select(other.c.group_id).where(other.c.person_id == pair.gone, other.c.is_head)
    await pair.run(
        group_members.update()
        .where(group_members.c.person_id == pair.kept, group_members.c.group_id.in_(heads))
        .values(is_head=True)
    )


async def _outbox(pair: _Pair) -> None:
    """A broadcast that the kept person gets is not sent to them once more."""
    other = outbox.alias("other")
    await pair.run(
        outbox.update()
        .where(
            outbox.c.person_id == pair.gone,
            outbox.c.state == "due",
            sa.exists().where(other.c.person_id == pair.kept, other.c.broadcast_id == outbox.c.broadcast_id),
        )
        .values(state="recalled", done_at=pair.now)
    )


async def _inbox(pair: _Pair) -> None:
    """What was pushed to the other stands behind what was pushed to the kept person."""
    newest = sa.select(sa.func.coalesce(sa.func.max(inbox_heads.c.cursor), 0))
    offset = int((await pair.run(newest.where(inbox_heads.c.person_id == pair.kept))).scalar_one())
    moved = await pair.run(
        inbox.update()
        .where(inbox.c.person_id == pair.gone)
        .values(person_id=pair.kept, cursor=inbox.c.cursor + offset)
        .returning(inbox.c.cursor)
    )
    cursors = [row.cursor for row in moved]
    if cursors:
        head = insert(inbox_heads).values(person_id=pair.kept, cursor=max(cursors))
        await pair.run(head.on_conflict_do_update(index_elements=["person_id"], set_={"cursor": max(cursors)}))


_RULES: dict[str, Callable[[_Pair], Awaitable[None]]] = {
    "kin": _kin,
    "deputies": _deputies,
    "records": _records,
    "alerts": _alerts,
    "consents": _consents,
    "followups": _followups,
    "tests": _tests,
    "group_members": _group_members,
    "outbox": _outbox,
    "inbox": _inbox,
    "inbox_heads": _inbox,  # whichever comes first: the messages before the head
}
