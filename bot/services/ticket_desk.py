"""The staff's side of tickets: see, take, answer, close. Rights as for alerts: who is in charge of the person or place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button
from bot.errors import NotEntitled, NotFound, Refused
from bot.services import audit, messages, tickets
from bot.services.context import Services
from bot.services.people import Speaker, check_in_charge, in_part, mask_name
from bot.services.places import place_name
from bot.storage.tables import people, ticket_lines
from bot.storage.tables import tickets as table

STATE_TITLES = {"open": "待接", "taken": "已接", "closed": "已结束"}
_LISTED = 20


@dataclass(frozen=True)
class SaidLine:
    """One line of a ticket's talk. `by`: 本人, 助手, or the staff member's masked name; `before` the ticket was opened."""

    by: str
    text: str
    at: datetime
    before: bool


@dataclass(frozen=True)
class TicketView:
    """A ticket as the staff in charge see it; `since` and the lines' `at` are local. `name`, `phone` and `lines` are filled
    by `reveal` alone. `handler` has title and masked name, empty while nobody has taken it."""

    number: int
    state: str
    who: str
    where: str
    since: datetime
    handler: str
    last_words: str
    name: str = ""
    phone: str | None = None
    lines: tuple[SaidLine, ...] = ()


async def standing(services: Services, by: Speaker) -> list[TicketView]:
    """The tickets that stand in the speaker's part of the tree, the oldest first."""
    async with services.transaction() as connection:
        rows = await _rows(connection, by)
        return [await _view(services, connection, row) for row in rows]


async def answerable(services: Services, by: Speaker) -> list[TicketView]:
    """Which tickets 回复 without a number may mean: those that the speaker has taken, else those that nobody has."""
    async with services.transaction() as connection:
        return [await _view(services, connection, row) for row in await _meant(connection, by)]


async def any_standing(services: Services, by: Speaker) -> bool:
    """Whether a ticket stands in the speaker's part of the tree."""
    async with services.transaction() as connection:
        return bool(await _rows(connection, by, most=1))


async def take(services: Services, by: Speaker, number: int | None) -> TicketView:
    """A staff member takes a ticket, or takes it over; the resident is told, and who had it before.

    Without `number` it is the only one that nobody has taken.

    Raises:
        NotFound, Refused: with words for the speaker.
    """
    async with services.transaction() as connection:
        row = await _access(services, connection, by, await _only_open(connection, by) if number is None else number)
        _check_stands(row)
        if row.taken_by != by.person_id:
            row = await _taken(services, connection, by, row)
            text = f"{by.title}{mask_name(by.name)}接到了您的求助，会在这里回复您。"
            await tickets.tell_resident(
                services, connection, row, text, f"ticket/{row.id}/taken/{_by_and_when(services, by)}"
            )
        view = await _view(services, connection, row)
    await tickets.keep_key(services, row)
    await messages.announce(services)
    return view


async def reply(services: Services, by: Speaker, number: int, text: str) -> TicketView:
    """A staff member's words to the resident; who answers first has taken the ticket.

    A ticket that is closed takes no more words: the resident talks to the assistant again, and would read an answer
    to what they no longer ask. Their phone number is in `reveal`, and they may open a new one.

    Raises:
        NotFound, Refused: with words for the speaker.
    """
    async with services.transaction() as connection:
        row = await _access(services, connection, by, number)
        _check_stands(row)
        if row.taken_by is None:
            row = await _taken(services, connection, by, row)
        await _check_own(services, connection, by, row)
        line = await tickets.add_line(services, connection, row, "staff", by.person_id, text)
        await audit.note(services, connection, by, "ticket_answered", "ticket", row.id)
        row = await tickets.touched(services, connection, row)
        await tickets.tell_resident(
            services, connection, row, f"工作人员回复：{text}", f"ticket/{row.id}/answer/{line}"
        )
        view = await _view(services, connection, row)
    await tickets.keep_key(services, row)
    await messages.announce(services)
    return view


async def close(services: Services, by: Speaker, number: int | None) -> TicketView:
    """A staff member ends a ticket that nobody else has; the resident is told. Without `number`: see `answerable`.

    Raises:
        NotFound, Refused: with words for the speaker.
    """
    async with services.transaction() as connection:
        row = await _access(services, connection, by, await _only_meant(connection, by) if number is None else number)
        _check_stands(row)
        await _check_own(services, connection, by, row)
        await tickets.end(services, connection, row, "staff")
        await audit.note(services, connection, by, "ticket_closed", "ticket", row.id)
        text = f"{by.title}{mask_name(by.name)}结束了这次人工对话，后面由我来答。还要找人请再发“转人工”。"
        again = (Button("转人工", "转人工"),)
        await tickets.tell_resident(services, connection, row, text, f"ticket/{row.id}/closed", again)
        view = await _view(services, connection, row)
    await services.redis.delete(tickets.ticket_key(row.account))
    await messages.announce(services)
    return view


async def reveal(services: Services, by: Speaker, number: int) -> TicketView:
    """A ticket, closed ones too, with name, phone and the whole talk; that the speaker looked is written to the audit.

    Raises:
        NotFound: with words for the speaker.
    """
    async with services.transaction() as connection:
        row = await _access(services, connection, by, number)
        await audit.note(services, connection, by, "ticket_revealed", "ticket", row.id)
        person = (
            await connection.execute(
                sa.select(people.c.name_sealed, people.c.phone_sealed).where(people.c.id == row.person_id)
            )
        ).one()
        return await _view(
            services,
            connection,
            row,
            name=services.vault.open(person.name_sealed, "people.name"),
            phone=services.vault.open(person.phone_sealed, "people.phone") if person.phone_sealed else None,
            lines=await _lines(services, connection, row),
        )


async def _access(services: Services, connection: AsyncConnection, by: Speaker, number: int) -> sa.engine.Row:
    """The ticket, locked, for somebody who may see it; nobody answers their own."""
    missing = NotFound(f"没有工单{number}，或不在您负责的范围内。")
    row = (await connection.execute(sa.select(table).where(table.c.id == number).with_for_update())).one_or_none()
    if row is None or row.person_id == by.person_id:
        raise missing
    try:
        await check_in_charge(connection, by, row.person_id, row.place_id)
    except NotEntitled:
        raise missing from None
    return row


def _check_stands(row: sa.engine.Row) -> None:
    if row.state == "closed":
        raise Refused(
            f"工单{row.id}已经结束，对方现在和小助手说话，回复发不过去。要联系本人，请发“查看工单 {row.id}”看电话。"
        )


async def _check_own(services: Services, connection: AsyncConnection, by: Speaker, row: sa.engine.Row) -> None:
    if row.taken_by not in (None, by.person_id):
        handler = await tickets.name_of(services, connection, row.taken_by)
        raise Refused(f"工单{row.id}已由{handler}接手。要由您来处理，请先发：接单 {row.id}")


async def _taken(services: Services, connection: AsyncConnection, by: Speaker, row: sa.engine.Row) -> sa.engine.Row:
    before = row.taken_by
    changed = table.update().where(table.c.id == row.id).values(state="taken", taken_by=by.person_id)
    row = (await connection.execute(changed.values(last_at=services.now()).returning(*table.c))).one()
    await audit.note(services, connection, by, "ticket_taken", "ticket", row.id)
    if before is not None:
        who = await tickets.masked(services, connection, row.person_id)
        text = f"工单{row.id}（{who}）已由{by.title}{mask_name(by.name)}接过去了。"
        await tickets.tell_member(
            services, connection, row, before, text, f"ticket/{row.id}/over/{_by_and_when(services, by)}"
        )
    return row


def _by_and_when(services: Services, by: Speaker) -> str:
    # a ticket may change hands more than once, and each time it is told
    return f"{by.person_id}/{services.now().isoformat()}"


async def _rows(connection: AsyncConnection, by: Speaker, most: int = _LISTED) -> Sequence[sa.engine.Row]:
    own = in_part(by, table.c.person_id, table.c.place_id)
    query = sa.select(table).where(table.c.state != "closed", table.c.person_id != by.person_id, own)
    return (await connection.execute(query.order_by(table.c.opened_at, table.c.id).limit(most))).all()


async def _meant(connection: AsyncConnection, by: Speaker) -> list[sa.engine.Row]:
    rows = await _rows(connection, by)
    return [row for row in rows if row.taken_by == by.person_id] or [row for row in rows if row.taken_by is None]


async def _only_meant(connection: AsyncConnection, by: Speaker) -> int:
    return _only(await _meant(connection, by), "结束")


async def _only_open(connection: AsyncConnection, by: Speaker) -> int:
    return _only([row for row in await _rows(connection, by) if row.taken_by is None], "接单")


def _only(rows: Sequence[sa.engine.Row], verb: str) -> int:
    if not rows:
        raise NotFound("您负责的范围内现在没有等着处理的工单。")
    if len(rows) > 1:
        raise NotFound(f"有{len(rows)}个工单，请带上编号，例如：{verb} {rows[0].id}")
    return int(rows[0].id)


async def _view(
    services: Services,
    connection: AsyncConnection,
    row: sa.engine.Row,
    name: str = "",
    phone: str | None = None,
    lines: tuple[SaidLine, ...] = (),
) -> TicketView:
    last = await connection.scalar(
        sa.select(ticket_lines.c.text_sealed)
        .where(ticket_lines.c.ticket_id == row.id)
        # the resident's words tell more than the assistant's answer to them
        .order_by((ticket_lines.c.side == "before") & ticket_lines.c.by_person.is_(None), ticket_lines.c.id.desc())
        .limit(1)
    )
    return TicketView(
        row.id,
        row.state,
        await tickets.masked(services, connection, row.person_id),
        await place_name(connection, row.place_id),
        row.opened_at.astimezone(services.settings.timezone),
        await tickets.name_of(services, connection, row.taken_by) if row.taken_by else "",
        tickets.shortened(services.vault.open(last, "ticket_lines.text"), 30) if last else "",
        name,
        phone,
        lines,
    )


async def _lines(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> tuple[SaidLine, ...]:
    rows = await connection.execute(
        sa.select(ticket_lines).where(ticket_lines.c.ticket_id == row.id).order_by(ticket_lines.c.id)
    )
    said = []
    for line in rows.all():
        if line.side == "staff":
            by = await tickets.masked(services, connection, line.by_person)
        else:
            by = "本人" if line.by_person is not None else "助手"
        text = services.vault.open(line.text_sealed, "ticket_lines.text")
        at = line.at.astimezone(services.settings.timezone)
        said.append(SaidLine(by, text, at, line.side == "before"))
    return tuple(said)
