"""Tickets (转人工): a resident's talk with the staff in charge of them.

The database row is the truth. Redis holds the number of an account's standing ticket beside it, so that the turn store
knows of it without a look into the database; the key is set after the commit and again by whatever either side says, so
that a key that was lost keeps nobody from being answered. This module is the resident's side and the end of a ticket; what staff
do is in ticket_desk.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button, Outgoing
from bot.errors import Refused
from bot.services import audit, messages
from bot.services.context import Services
from bot.services.history import kept_turns
from bot.services.people import Speaker, ensure_person, mask_name, staff_for
from bot.services.places import place_name
from bot.services.roles import IN_CHARGE, SUBJECT, TITLES
from bot.storage.tables import people, roles, ticket_lines, tickets

LEAVE = Button("退出人工", "退出人工")
_LINES_BEFORE = 6  # of the chat before the ticket, both sides counted
_BEFORE = timedelta(hours=24)  # what was said longer ago is another matter
_SHORT = 60
_KEY_MARGIN_SECONDS = 300
_KEPT = timedelta(days=90)  # a closed ticket, with all that was said in it


@dataclass(frozen=True)
class Opened:
    """A ticket that stands after 转人工. `new` is False when it stood before. `answerers` are the titles of those who
    were told, `handler` who has taken it (title and masked name), `opening` from when staff answer, None: now."""

    number: int
    new: bool
    answerers: str
    handler: str
    opening: str | None


def ticket_key(account: str) -> str:
    """The Redis key that holds the number of an account's standing ticket."""
    return f"ticket:{account}"


async def open_ticket(services: Services, speaker: Speaker) -> Opened:
    """Opens a ticket to the staff in charge of the speaker, with the last turns of the chat; one that stands is kept.

    Raises:
        Refused: nobody knows whose staff to ask, or nobody is in charge.
    """
    if speaker.person_id is None and speaker.home is None:
        raise Refused(
            "您还没有绑定身份，我找不到负责您的网格员。请发送“绑定 邀请码”，或直接拨打社区电话；情况紧急请拨打120。"
        )
    before = await _said_before(services, speaker.account)
    async with services.transaction() as connection:
        row = await standing_of(connection, speaker.account)
        staff = await staff_for(connection, _own_places(speaker), but=speaker.person_id)
        if row is None and not staff:
            raise Refused("暂时没有登记负责您的工作人员，请直接拨打社区电话；情况紧急请拨打120。")
        new = row is None
        if row is None:
            row = await _insert(services, connection, speaker)
            for side, text, at in before:
                await _keep_line(
                    services, connection, row.id, "before", row.person_id if side == "person" else None, text, at
                )
            await audit.note(services, connection, speaker, "ticket_opened", "ticket", row.id)
            await _push_opened(services, connection, row, staff, before)
        handler = await name_of(services, connection, row.taken_by) if row.taken_by else ""
        answerers = await _titles(connection, staff)
    if speaker.person_id is None:
        await services.redis.delete(f"who:{speaker.account}")
    await keep_key(services, row)
    await messages.announce(services)
    return Opened(row.id, new, answerers, handler, opening_words(services))


async def hand_over(services: Services, speaker: Speaker, text: str, urgent: bool) -> bool:
    """Hands what a resident says to the staff of their ticket; False when none stands (any more).

    It goes to who has taken the ticket, else to all who were told of it; what is urgent goes to all.
    """
    async with services.transaction() as connection:
        row = await standing_of(connection, speaker.account)
        if row is not None:
            line = await add_line(services, connection, row, "resident", row.person_id, text)
            who = await masked(services, connection, row.person_id)
            head = f"{'🔴【紧急】' if urgent else ''}工单{row.id}　{who}："
            message = Outgoing(
                f"{head}\n{text}\n{how_to_answer(row.id)}", staff_buttons(row), {"ticket": row.id}, "alert"
            )
            await tell_staff(services, connection, row, message, f"ticket/{row.id}/said/{line}", everyone=urgent)
            row = await touched(services, connection, row)
    if row is None:
        await services.redis.delete(ticket_key(speaker.account))
        return False
    await keep_key(services, row)
    await messages.announce(services)
    return True


async def leave(services: Services, speaker: Speaker) -> int | None:
    """The resident ends their ticket; its number, None when none stood."""
    async with services.transaction() as connection:
        row = await standing_of(connection, speaker.account)
        if row is not None:
            await end(services, connection, row, "resident")
            await audit.note(services, connection, speaker, "ticket_closed", "ticket", row.id)
            who = await masked(services, connection, row.person_id)
            await tell_staff(
                services,
                connection,
                row,
                _only_to_see(row, f"工单{row.id}：{who}已退出人工，工单结束。"),
                f"ticket/{row.id}/left",
            )
    await services.redis.delete(ticket_key(speaker.account))
    await messages.announce(services)
    return row.id if row is not None else None


async def close_idle(services: Services) -> int:
    """Closes the tickets in which nobody has said anything for BOT_TICKET_MINUTES of office time; returns how many.

    Safe to run in many processes at once. Both sides are told, and what happens now is said plainly where nobody had
    answered.
    """
    now, minutes = services.now(), services.settings.ticket_minutes
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(tickets)
                .where(tickets.c.state != "closed", tickets.c.last_at <= now - timedelta(minutes=minutes))
                .order_by(tickets.c.last_at)
                .limit(200)
                .with_for_update(skip_locked=True)
            )
        ).all()
        idle = [row for row in rows if idle_at(services, row.last_at) <= now]
        for row in idle:
            await end(services, connection, row, "time")
            await audit.note(services, connection, None, "ticket_closed", "ticket", row.id)
            await _tell_of_silence(services, connection, row, minutes)
    for row in idle:
        await services.redis.delete(ticket_key(row.account))
    if idle:
        await messages.announce(services)
    return len(idle)


async def forget_old(services: Services) -> None:
    """Deletes what was said in tickets that were closed long ago."""
    async with services.transaction() as connection:
        await connection.execute(tickets.delete().where(tickets.c.closed_at < services.now() - _KEPT))


async def standing_of(connection: AsyncConnection, account: str) -> sa.engine.Row | None:
    """The standing ticket of an account, locked."""
    return (
        await connection.execute(
            sa.select(tickets).where(tickets.c.account == account, tickets.c.state != "closed").with_for_update()
        )
    ).one_or_none()


async def add_line(
    services: Services,
    connection: AsyncConnection,
    row: sa.engine.Row,
    side: Literal["resident", "staff"],
    by_person: int | None,
    text: str,
) -> int:
    """Keeps what one side says and returns the line's id, which names what is pushed because of it."""
    return await _keep_line(services, connection, row.id, side, by_person, text, services.now())


async def touched(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> sa.engine.Row:
    """The ticket with its last words now."""
    changed = tickets.update().where(tickets.c.id == row.id).values(last_at=services.now()).returning(*tickets.c)
    return (await connection.execute(changed)).one()


async def end(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, by: Literal["resident", "staff", "time"]
) -> None:
    """Closes a ticket in the caller's transaction; the caller deletes the key after the commit."""
    await connection.execute(
        tickets.update().where(tickets.c.id == row.id).values(state="closed", closed_at=services.now(), closed_by=by)
    )


async def keep_key(services: Services, row: sa.engine.Row) -> None:
    """Says in Redis that this chat is with staff, for a little longer than the ticket can stand without words."""
    left = (idle_at(services, row.last_at) - services.now()).total_seconds()
    await services.redis.set(ticket_key(row.account), row.id, ex=max(int(left), 0) + _KEY_MARGIN_SECONDS)


def idle_at(services: Services, last_at: datetime) -> datetime:
    """When a ticket with its last words at `last_at` is closed: outside office hours the clock stands still."""
    settings = services.settings
    minutes = timedelta(minutes=settings.ticket_minutes)
    return settings.office_hours.after(last_at.astimezone(settings.timezone), minutes).astimezone(timezone.utc)


async def tell_staff(
    services: Services,
    connection: AsyncConnection,
    row: sa.engine.Row,
    message: Outgoing,
    once: str,
    everyone: bool = False,
) -> None:
    """Owes a message to who has taken the ticket; to all in charge of the resident when nobody has, or with `everyone`."""
    told = [row.taken_by] if row.taken_by else []
    if everyone or not told:
        told += await staff_for(connection, await _places_of(connection, row), but=row.person_id)
    for member in dict.fromkeys(told):
        await messages.owe(services, connection, member, message, f"{once}/{member}")


async def tell_member(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, member: int, text: str, once: str
) -> None:
    """Owes one staff member a message about a ticket that is no longer theirs to answer."""
    await messages.owe(services, connection, member, _only_to_see(row, text), once)


async def tell_resident(
    services: Services,
    connection: AsyncConnection,
    row: sa.engine.Row,
    text: str,
    once: str,
    buttons: Iterable[Button] = (LEAVE,),
) -> None:
    """Owes the resident a message; `reply` is its purpose, since it answers what they have said."""
    message = Outgoing(text, tuple(buttons), {"ticket": row.id}, "reply")
    await messages.owe(services, connection, row.person_id, message, once)


async def masked(services: Services, connection: AsyncConnection, person_id: int) -> str:
    """A person's masked name."""
    name = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == person_id))
    return mask_name(services.vault.open(name, "people.name"))


async def name_of(services: Services, connection: AsyncConnection, staff: int) -> str:
    """A staff member as others see them: 网格员赵*."""
    return f"{await _titles(connection, [staff])}{await masked(services, connection, staff)}"


def how_to_answer(number: int) -> str:
    """The line that tells staff how to answer."""
    return f"（答复请发：回复 {number} 您的话）"


def staff_buttons(row: sa.engine.Row) -> tuple[Button, ...]:
    """What staff can do with a ticket in one tap."""
    take = (Button("接单", f"接单 {row.id}"),) if row.taken_by is None and row.state != "closed" else ()
    close = (Button("结束", f"结束 {row.id}"),) if row.state != "closed" else ()
    return (*take, Button("查看", f"查看工单 {row.id}"), *close)


def shortened(text: str, most: int = _SHORT) -> str:
    """A text on one line, cut where it is long."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def opening_words(services: Services) -> str | None:
    """From when staff answer, as said to people (明早8点), None while they do."""
    now, hours = services.local_now(), services.settings.office_hours
    if hours.is_open(now):
        return None
    opening = hours.next_opening(now)
    day = "今" if opening.date() == now.date() else "明"
    minutes = f"{opening.minute}分" if opening.minute else ""
    return f"{day}{'早' if opening.hour < 12 else '天'}{opening.hour}点{minutes}"


def _own_places(speaker: Speaker) -> list[int]:
    """Where the speaker's staff are looked for: who is staff themselves asks those above them."""
    return speaker.places() or speaker.in_charge_of()


async def _insert(services: Services, connection: AsyncConnection, speaker: Speaker) -> sa.engine.Row:
    now, own = services.now(), _own_places(speaker)
    return (
        await connection.execute(
            insert(tickets)
            .values(
                person_id=await ensure_person(services, connection, speaker, None, None),
                account=speaker.account,
                place_id=own[0] if own else None,
                opened_at=now,
                last_at=now,
            )
            .returning(*tickets.c)
        )
    ).one()


async def _keep_line(
    services: Services,
    connection: AsyncConnection,
    ticket_id: int,
    side: str,
    by_person: int | None,
    text: str,
    at: datetime,
) -> int:
    line_id = await connection.scalar(
        ticket_lines.insert()
        .values(
            ticket_id=ticket_id,
            side=side,
            by_person=by_person,
            text_sealed=services.vault.seal(text, "ticket_lines.text"),
            at=at,
        )
        .returning(ticket_lines.c.id)
    )
    return int(line_id)


async def _said_before(services: Services, account: str) -> list[tuple[str, str, datetime]]:
    """The newest lines of the chat: by whom (person, bot), text, when."""
    said: list[tuple[str, str, datetime]] = []
    for turn in await kept_turns(services.redis, services.vault, account, _LINES_BEFORE):
        at = datetime.fromisoformat(turn["at"])
        if at < services.now() - _BEFORE:
            continue
        said.append(("person", turn["text"], at))
        answer = "\n".join(part["text"] for part in turn["parts"])
        if answer:
            said.append(("bot", answer, at))
    return said[-_LINES_BEFORE:]


async def _push_opened(
    services: Services,
    connection: AsyncConnection,
    row: sa.engine.Row,
    staff: Sequence[int],
    before: Sequence[tuple[str, str, datetime]],
) -> None:
    who = await masked(services, connection, row.person_id)
    where = await place_name(connection, row.place_id)
    lines = [f"🙋 工单{row.id}：{who}（{where}）请求人工帮助", f"时间：{services.local_now():%m月%d日 %H:%M}"]
    if before:
        lines.append("之前的对话：")
        lines += [f"・{'本人' if side == 'person' else '助手'}：{shortened(text)}" for side, text, _ in before]
    opening = opening_words(services)
    if opening:
        lines.append(f"现在不是服务时间，已告诉对方{opening}起答复；看着紧急的请先打电话（查看里有）。")
    lines.append(how_to_answer(row.id))
    message = Outgoing("\n".join(lines), staff_buttons(row), {"ticket": row.id}, "alert")
    for member in staff:
        await messages.owe(services, connection, member, message, f"ticket/{row.id}/opened/{member}")


async def _tell_of_silence(services: Services, connection: AsyncConnection, row: sa.engine.Row, minutes: int) -> None:
    who = await masked(services, connection, row.person_id)
    if row.taken_by:
        to_resident = f"{minutes}分钟没有新消息，人工对话先结束了，后面由我来答。还要找人请再发“转人工”。"
        to_staff = f"工单{row.id}（{who}）{minutes}分钟没有新消息，已自动结束。"
    else:
        to_resident = (
            f"工作人员{minutes}分钟没能接上，人工对话先结束了，后面由我来答；他们仍看得到您的话和联系方式。"
            "着急请直接打社区电话，或再发“转人工”；情况紧急请拨打120。"
        )
        to_staff = f"工单{row.id}（{who}）{minutes}分钟没有人接，已自动结束，请打电话联系本人（查看里有）。"
    again = (Button("转人工", "转人工"),)
    await tell_resident(services, connection, row, to_resident, f"ticket/{row.id}/idle", again)
    await tell_staff(services, connection, row, _only_to_see(row, to_staff), f"ticket/{row.id}/idle")


def _only_to_see(row: sa.engine.Row, text: str) -> Outgoing:
    """A message about a ticket that has ended, or that somebody else has."""
    return Outgoing(text, (Button("查看", f"查看工单 {row.id}"),), {"ticket": row.id}, "alert")


async def _places_of(connection: AsyncConnection, row: sa.engine.Row) -> list[int]:
    of_person = sa.select(roles.c.place_id).where(roles.c.person_id == row.person_id, roles.c.role.in_(list(SUBJECT)))
    found = list(await connection.scalars(of_person.order_by(roles.c.id)))
    return found or ([row.place_id] if row.place_id is not None else [])


async def _titles(connection: AsyncConnection, staff: Sequence[int]) -> str:
    """What these people are, the nearest first, without names: 网格员、卫生专管员."""
    held = set(
        await connection.scalars(
            sa.select(roles.c.role).where(roles.c.person_id.in_(staff), roles.c.role.in_(list(IN_CHARGE))).distinct()
        )
    )
    return "、".join([TITLES[role] for role in IN_CHARGE if role in held][:3])
