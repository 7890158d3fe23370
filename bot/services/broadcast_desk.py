"""After a broadcast is written: how far it has come, who has read it, who is reminded, what a person has received."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refused
from bot.services import audiences, audit, messages
from bot.services.audiences import Audience
from bot.services.broadcasts import SIGNED, accessible, body_text
from bot.services.context import Services
from bot.services.people import Speaker, mask_name
from bot.services.places import place_name
from bot.storage.tables import broadcasts, kin, outbox, people, places, roles

STATE_TITLES = {
    "scheduled": "等待发送",
    "sending": "正在发送",
    "sent": "已发出",
    "recalled": "已撤回",
    "refused": "没有发送",
}
_LISTED = 10
_RECEIVED = 5
_CHASE_EVERY = timedelta(hours=1)

_OF_ALL = outbox.c.purpose == "broadcast"  # rows of a broadcast that remind of it have the purpose reminder
_UNREAD = sa.and_(_OF_ALL, outbox.c.state == "sent", outbox.c.read_at.is_(None))


@dataclass(frozen=True)
class Line:
    """A broadcast in a list. `send_at` is local time."""

    number: int
    text: str
    audience: str
    state: str
    send_at: datetime
    total: int


@dataclass
class Unit:
    """What has become of the messages to the people of one place. `failed` counts by reason."""

    name: str
    people: int = 0
    delivered: int = 0
    read: int = 0
    waiting: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    def add(self, state: str, reason: str | None, read: bool, count: int) -> None:
        """Counts messages that have ended alike."""
        self.people += count
        self.delivered += count if state == "sent" else 0
        self.read += count if read else 0
        self.waiting += count if state == "due" else 0
        if state not in ("sent", "due"):
            self.failed[reason or state] += count


@dataclass(frozen=True)
class Progress:
    """How far a broadcast has come: in all, and by the places right below the one that it is for, most unread first.

    `expected` is how many people it is for while not all of them are in the outbox.
    """

    line: Line
    reason: str
    expected: int
    whole: Unit
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Unread:
    """Somebody who has not read a broadcast, name masked, and why as far as is known."""

    name: str
    where: str
    why: str


async def mine(services: Services, by: Speaker | None) -> list[Line]:
    """The newest broadcasts that the speaker has written, or that are to a place in their part; all for the command line."""
    query = sa.select(broadcasts).order_by(broadcasts.c.id.desc()).limit(_LISTED)
    if by is not None:
        own = sa.cast(by.in_charge_of(), places.c.path.type)
        under = sa.select(places.c.id).where(places.c.path.op("&&")(own))
        query = query.where(sa.or_(broadcasts.c.by_person == by.person_id, broadcasts.c.place_id.in_(under)))
    async with services.transaction() as connection:
        return [await _line(services, connection, row) for row in (await connection.execute(query)).all()]


async def progress(services: Services, by: Speaker | None, number: int) -> Progress:
    """How far a broadcast has come.

    Raises:
        NotFound: there is none that this speaker may see.
    """
    async with services.transaction() as connection:
        row = await accessible(connection, by, number)
        line = await _line(services, connection, row)
        expected = row.total
        if row.state in ("scheduled", "sending"):
            expected = (await audiences.count(services, connection, Audience.from_json(row.audience)))[0]
        whole = Unit(line.audience)
        units: dict[int | None, Unit] = {}
        for found in await connection.execute(_ended_by_unit(row)):
            unit = units.setdefault(found.unit, Unit(found.name or "其他"))
            for one in (whole, unit):
                one.add(found.state, found.reason, found.read, found.count)
    ordered = sorted(units.values(), key=lambda unit: (unit.read - unit.people, unit.name))
    return Progress(line, row.reason or "", expected, whole, tuple(ordered))


async def mark_read(services: Services, by: Speaker, number: int) -> Literal["now", "before", "not_theirs"]:
    """已阅: the speaker has read a broadcast that they were sent."""
    theirs = sa.and_(outbox.c.broadcast_id == number, outbox.c.person_id == (by.person_id or 0), _OF_ALL)
    async with services.transaction() as connection:
        done = await connection.execute(
            outbox.update()
            .where(theirs, outbox.c.state == "sent", outbox.c.read_at.is_(None))
            .values(read_at=services.now())
        )
        if done.rowcount:
            return "now"
        before = await connection.scalar(sa.select(outbox.c.id).where(theirs, outbox.c.read_at.is_not(None)))
    return "before" if before is not None else "not_theirs"


async def received(services: Services, by: Speaker) -> list[tuple[int, str, bool]]:
    """The newest broadcasts that the speaker has got: number, text, whether they have read it."""
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(broadcasts.c.id, broadcasts.c.body_sealed, outbox.c.read_at)
            .join(broadcasts, broadcasts.c.id == outbox.c.broadcast_id)
            .where(outbox.c.person_id == (by.person_id or 0), _OF_ALL, outbox.c.state == "sent")
            .order_by(outbox.c.id.desc())
            .limit(_RECEIVED)
        )
        return [(row.id, _said(services, row), row.read_at is not None) for row in rows]


async def chase(services: Services, by: Speaker | None, number: int) -> int:
    """催阅: reminds all who have it and have not read it; returns how many. Once an hour at most, and not in quiet hours.

    Raises:
        NotFound: there is none that this speaker may see.
        Refused: it is too early, nobody is to be reminded, or the hour is quiet.
    """
    now = services.now()
    if morning := services.settings.quiet_hours.end_after(services.local_now()):
        raise Refused(f"现在是免打扰时段，{morning:%H:%M}以后再催。")
    async with services.transaction() as connection:
        await accessible(connection, by, number, lock=True)
        last = await connection.scalar(
            sa.select(sa.func.max(outbox.c.created_at)).where(outbox.c.broadcast_id == number, ~_OF_ALL)
        )
        if last is not None and now - last < _CHASE_EVERY:
            again = (last + _CHASE_EVERY).astimezone(services.settings.timezone)
            raise Refused(f"通知 {number} 一小时内已经催过，{again:%H:%M}以后可以再催。")
        moments = [now, now + messages.TIME_TO_LIVE["reminder"], now, now]
        done = await connection.execute(
            insert(outbox)
            .from_select(
                ["person_id", "purpose", "broadcast_id", "once_key", "due_at", "expires_at", "next_try_at", "created_at"],
                sa.select(
                    outbox.c.person_id,
                    sa.literal("reminder"),
                    outbox.c.broadcast_id,
                    sa.func.concat(f"broadcast-chase/{number}/{now:%Y%m%d%H%M%S}/", outbox.c.person_id),
                    *(sa.literal(moment, type_=outbox.c.due_at.type) for moment in moments),
                ).where(outbox.c.broadcast_id == number, _UNREAD),
            )
            .on_conflict_do_nothing(index_elements=["once_key"])
        )  # fmt: skip
        if not done.rowcount:
            raise Refused(f"通知 {number} 现在没有要催的人：收到的都已阅，或者还没有送达。")
        await audit.note(services, connection, by, "broadcast_chased", "broadcast", number)
    await messages.announce(services)
    return int(done.rowcount)


async def unread(services: Services, by: Speaker | None, number: int, most: int) -> tuple[int, list[Unread]]:
    """How many have not read a broadcast, whether or not it reached them, and the first `most` of them by place.

    Raises:
        NotFound: there is none that this speaker may see.
    """
    async with services.transaction() as connection:
        row = await accessible(connection, by, number)
        units = _units(row)
        open_ones = sa.and_(outbox.c.broadcast_id == number, _OF_ALL, outbox.c.read_at.is_(None))
        total = await connection.scalar(sa.select(sa.func.count()).where(open_ones))
        rows = await connection.execute(
            sa.select(people.c.name_sealed, outbox.c.state, outbox.c.reason, places.c.name)
            .select_from(
                outbox.join(people, people.c.id == outbox.c.person_id)
                .outerjoin(units, units.c.person_id == outbox.c.person_id)
                .outerjoin(places, places.c.id == units.c.place_id)
            )
            .where(open_ones)
            .order_by(places.c.id, outbox.c.person_id)
            .limit(most)
        )
        found = [
            Unread(
                mask_name(services.vault.open(one.name_sealed, "people.name")),
                one.name or "其他",
                one.reason or {"sent": "已送达，未阅", "due": "还没送达"}[one.state],
            )
            for one in rows
        ]
        await audit.note(services, connection, by, "broadcast_unread_listed", "broadcast", number)
    return int(total), found


async def _line(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> Line:
    audience = Audience.from_json(row.audience).words(services, await place_name(connection, row.place_id))
    at = row.send_at.astimezone(services.settings.timezone)
    return Line(row.id, _said(services, row), audience, row.state, at, row.total)


def _said(services: Services, row: sa.engine.Row) -> str:
    """The text without the signature."""
    text = body_text(services, row.body_sealed)
    return text.rpartition(SIGNED)[0] or text


def _units(row: sa.engine.Row) -> sa.sql.selectable.Subquery:
    """The people under the place of a broadcast, with the place right below it that each belongs to (or itself): columns
    person_id, place_id. Whoever looks after somebody belongs there too."""
    above = places.alias()
    depth = sa.select(sa.func.cardinality(above.c.path)).where(above.c.id == row.place_id).scalar_subquery()
    below = places.c.path[depth + 1]
    held = (
        sa.select(roles.c.person_id, sa.func.coalesce(below, row.place_id).label("place_id"))
        .join(places, places.c.id == roles.c.place_id)
        .where(places.c.path.op("@>")(sa.cast([row.place_id], places.c.path.type)))
        .cte("held")
    )
    through = sa.select(kin.c.person_id, held.c.place_id).join(held, held.c.person_id == kin.c.ward_id)
    both = sa.union_all(sa.select(held.c.person_id, held.c.place_id), through).subquery()
    one = sa.select(both.c.person_id, sa.func.min(both.c.place_id).label("place_id")).group_by(both.c.person_id)
    return one.subquery("units")


def _ended_by_unit(row: sa.engine.Row) -> sa.sql.Select:
    units = _units(row)
    read = outbox.c.read_at.is_not(None)
    grouped = (
        sa.select(
            units.c.place_id.label("unit"),
            outbox.c.state,
            outbox.c.reason,
            read.label("read"),
            sa.func.count().label("count"),
        )
        .select_from(outbox.outerjoin(units, units.c.person_id == outbox.c.person_id))
        .where(outbox.c.broadcast_id == row.id, _OF_ALL)
        .group_by(units.c.place_id, outbox.c.state, outbox.c.reason, read)
        .subquery()
    )
    return sa.select(grouped, places.c.name).select_from(grouped.outerjoin(places, places.c.id == grouped.c.unit))
