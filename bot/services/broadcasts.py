"""Broadcasts: written and confirmed by staff, recalled by them. broadcast_sending.py sends, broadcast_desk.py is what comes after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button, Outgoing
from bot.errors import NotEntitled, NotFound, Refused
from bot.knowledge.entries import entry_of
from bot.services import audiences, audit, messages
from bot.services.answer_changes import changed_lines
from bot.services.audiences import Audience
from bot.services.context import Services
from bot.services.editors import check_editor
from bot.services.knowledge import Change, number_of_version
from bot.services.people import Speaker, add_person, mask_name
from bot.services.places import place_name
from bot.services.roles import IN_CHARGE, TITLES
from bot.storage.tables import broadcasts, outbox, people, places

_MOST_BYTES = 2000  # of 2,048 that a WeChat text takes
SIGNED = "\n—— "
"""What stands before the signature."""
OPERATOR = "operator"
"""The code of the person who stands for the command line, because a broadcast has an author."""
_TWICE = timedelta(minutes=10)


@dataclass(frozen=True)
class Draft:
    """A broadcast that is not confirmed. `send_at` None: at once. `urgent`: in quiet hours too. `change`: the answer that
    changes at the same moment. `again`: the author knows that the same was sent minutes ago.
    """

    text: str
    audience: Audience
    send_at: datetime | None = None
    urgent: bool = False
    change: Change | None = None
    again: bool = False


@dataclass(frozen=True)
class Preview:
    """What the author sees before it goes out. `reachable` of the `people` have an account; the others are for the phone list.

    `morning`: the end of the quiet hours that the moment of sending falls in. `twin`: the number of a like broadcast
    of the last minutes.
    """

    message: Outgoing
    audience: str
    people: int
    reachable: int
    morning: datetime | None
    twin: int | None


async def preview(services: Services, by: Speaker | None, draft: Draft) -> Preview:
    """Composes a draft and counts its people; writes nothing.

    Raises:
        NotEntitled: the speaker is not in charge of the place, or may not change the answer.
        Refused: the text is too long, the moment is past, or there is nobody to send it to.
    """
    async with services.transaction() as connection:
        return await _preview(services, connection, by, draft)


async def write(services: Services, by: Speaker | None, draft: Draft) -> int:
    """Keeps a confirmed broadcast, to be sent at its time; returns its number.

    Raises:
        NotEntitled, Refused: as `preview`; and where it falls into quiet hours, or the same was sent minutes ago, unless
            the draft says that this is meant.
    """
    async with services.transaction() as connection:
        # two confirmations at the same moment: the second must see the first
        lock = sa.func.hashtextextended(f"broadcast:{draft.audience.place_id}", 0)
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
        shown = await _preview(services, connection, by, draft)
        if shown.twin is not None and not draft.again:
            raise Refused(f"同样的通知刚发过（通知 {shown.twin}），没有再发。")
        if shown.morning is not None and not draft.urgent:
            raise Refused(f"发送时间在免打扰时段内，{shown.morning:%H:%M}以后再发，或者注明加急。")
        number = int(await connection.scalar(sa.text("SELECT nextval('broadcasts_id_seq')")))
        await connection.execute(
            broadcasts.insert().values(
                id=number,
                by_person=by.person_id if by else await _operator(services, connection),
                place_id=draft.audience.place_id,
                audience=draft.audience.as_json(),
                body_sealed=services.vault.seal_json(
                    _numbered(shown.message, number, draft.change).as_json(), "broadcasts.body"
                ),
                entry_id=draft.change.entry_id if draft.change else None,
                entry_body=draft.change.as_json() if draft.change else None,
                send_at=draft.send_at or services.now(),
                created_at=services.now(),
            )
        )
        await audit.note(services, connection, by, "broadcast_written", "broadcast", number)
    return number


@dataclass(frozen=True)
class Recalled:
    """What a recall could still stop: `stopped` people will not get it, `gone` have it already. `entry_id`: its answer has
    changed and stays changed; `version` was the one before. `again`: it was recalled before, or never sent."""

    stopped: int
    gone: int
    entry_id: str | None = None
    version: int = 0
    again: bool = False


async def recall(services: Services, by: Speaker | None, number: int) -> Recalled:
    """Stops what is not yet sent. Who had it keeps it.

    Raises:
        NotFound: there is no such broadcast, or none of the speaker's part.
    """
    async with services.transaction() as connection:
        row = await accessible(connection, by, number, lock=True)
        begun = row.state in ("sending", "sent") or row.cursor > 0
        again = row.state in ("recalled", "refused")
        stopped = 0
        if not again:
            now = services.now()
            due = outbox.update().where(outbox.c.broadcast_id == number, outbox.c.state == "due")
            due = due.values(state="recalled", reason="发通知的人撤回了", done_at=now)
            done = await connection.execute(due.where(outbox.c.purpose == "broadcast"))
            stopped = int(done.rowcount)
            await connection.execute(due)  # and what reminds of it
            if row.state != "sent":
                stopped += await _not_enqueued(services, connection, row)
            if stopped or row.state != "sent":
                await connection.execute(
                    broadcasts.update().where(broadcasts.c.id == number).values(state="recalled", done_at=now)
                )
            await audit.note(services, connection, by, "broadcast_recalled", "broadcast", number)
        gone = await connection.scalar(
            sa.select(sa.func.count()).where(
                outbox.c.broadcast_id == number, outbox.c.purpose == "broadcast", outbox.c.state == "sent"
            )
        )
        changed = row.entry_id if begun and not again else None
        before = await number_of_version(connection, changed, row.entry_body["base"]) if changed else 0
    return Recalled(stopped, int(gone), changed, before, again)


async def correction_audience(services: Services, by: Speaker | None, number: int) -> Audience:
    """Those who have had a broadcast, for who has to correct it.

    Raises:
        NotFound: there is none that this speaker may see.
    """
    async with services.transaction() as connection:
        row = await accessible(connection, by, number)
    return Audience(row.place_id, got=number)


async def accessible(connection: AsyncConnection, by: Speaker | None, number: int, lock: bool = False) -> sa.engine.Row:
    """The row of a broadcast of the speaker's own, or to a place in their part.

    Raises:
        NotFound: there is none that this speaker may see.
    """
    query = sa.select(broadcasts).where(broadcasts.c.id == number)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    missing = NotFound(f"没有编号为 {number} 的通知，或不在您负责的范围内。")
    if row is None:
        raise missing
    if by is None or row.by_person == by.person_id:
        return row
    try:
        await check_place(connection, by, row.place_id)
    except NotEntitled:
        raise missing from None
    return row


async def check_place(connection: AsyncConnection, by: Speaker | None, place_id: int) -> None:
    """Refuses a speaker who is not in charge of this place; None is the operator's command line.

    Raises:
        NotEntitled: with words for the speaker.
        NotFound: there is no such place, for the command line alone.
    """
    query = sa.select(places.c.id).where(places.c.id == place_id)
    if by is not None:
        query = query.where(places.c.path.op("&&")(sa.cast(by.in_charge_of(), places.c.path.type)))
    if await connection.scalar(query) is None:
        raise NotFound(f"没有编号为 {place_id} 的地点。") if by is None else NotEntitled("只能给您负责的范围发通知。")


async def _preview(services: Services, connection: AsyncConnection, by: Speaker | None, draft: Draft) -> Preview:
    await check_place(connection, by, draft.audience.place_id)
    if draft.change is not None:
        check_editor(by)
    if draft.send_at is not None and draft.send_at <= services.now():
        at = draft.send_at.astimezone(services.settings.timezone)
        raise Refused(f"{at:%m月%d日 %H:%M}已经过了，请换一个时间，或者现在就发。")
    audience = draft.audience.words(services, await place_name(connection, draft.audience.place_id))
    message = await _composed(services, connection, by, draft, audience)
    people_count, reachable = await audiences.count(services, connection, draft.audience)
    if people_count == 0:
        raise Refused(f"现在没有符合条件的人（{audience}），不用发。")
    at = (draft.send_at or services.now()).astimezone(services.settings.timezone)
    return Preview(
        message,
        audience,
        people_count,
        reachable,
        services.settings.quiet_hours.end_after(at),
        await _twin(services, connection, message.text, draft.audience),
    )


async def _composed(
    services: Services, connection: AsyncConnection, by: Speaker | None, draft: Draft, audience: str
) -> Outgoing:
    text = draft.text.strip()
    lines = []
    if draft.change is not None:
        old = services.entries[draft.change.entry_id].answer if draft.change.entry_id in services.entries else ""
        lines.append(f"【政策更新】{draft.change.body['title']}（适用：{audience}）")
        lines += changed_lines(old, str(draft.change.body["answer"]))
        if text:
            lines.append(text)
    elif not text:
        raise Refused("还没有写通知的内容。")
    else:
        lines.append(text if text.startswith("【") else f"【{'更正' if draft.audience.got else '通知'}】{text}")
    where = await place_name(connection, by.in_charge_of()[0] if by else draft.audience.place_id)
    signature = f"{where} {_title(by)}{mask_name(by.name)}" if by else where
    whole = "\n".join(lines) + SIGNED + signature
    if (over := len(whole.encode()) - _MOST_BYTES) > 0:
        raise Refused(f"通知太长，一条微信放不下，请至少去掉{-(-over // 3)}个字；细节可以写进答复里让大家来问。")
    return Outgoing(whole, purpose="broadcast")


def _title(by: Speaker) -> str:
    return next(TITLES[held.role] for held in by.roles if held.role in IN_CHARGE)


def _numbered(message: Outgoing, number: int, change: Change | None) -> Outgoing:
    buttons = [Button("已阅", f"已阅 {number}")]
    if change is not None:
        entry = entry_of(change.body, change.entry_id)
        buttons.append(Button(entry.title, entry.title))
    return Outgoing(message.text, tuple(buttons), {"broadcast": number}, "broadcast")


async def _twin(services: Services, connection: AsyncConnection, text: str, audience: Audience) -> int | None:
    """The number of a broadcast of the last minutes with the same text to the same people."""
    rows = await connection.execute(
        sa.select(broadcasts.c.id, broadcasts.c.body_sealed).where(
            broadcasts.c.place_id == audience.place_id,
            broadcasts.c.audience == audience.as_json(),
            broadcasts.c.created_at > services.now() - _TWICE,
            broadcasts.c.state.notin_(("recalled", "refused")),
        )
    )
    return next((row.id for row in rows if body_text(services, row.body_sealed) == text), None)


def body_text(services: Services, body_sealed: bytes) -> str:
    """The text of a kept broadcast."""
    return str(services.vault.open_json(body_sealed, "broadcasts.body")["text"])


async def _not_enqueued(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> int:
    """How many people behind the cursor would still have got it."""
    audience = Audience.from_json(row.audience)
    came = await audiences.who_came(services, connection, audience)
    who = audiences.recipients(audience, services, came).subquery()
    left = sa.select(sa.func.count()).select_from(who).where(who.c.person_id > row.cursor)
    return int(await connection.scalar(left))


async def _operator(services: Services, connection: AsyncConnection) -> int:
    """The person who stands for the command line; made at the first use."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(OPERATOR, 0))))
    known = await connection.scalar(sa.select(people.c.id).where(people.c.code == OPERATOR))
    if known is not None:
        return int(known)
    person_id = await add_person(services, connection, "命令行", None)
    await connection.execute(people.update().where(people.c.id == person_id).values(code=OPERATOR))
    return person_id


async def tell_author(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, text: str, buttons: Iterable[Button], what: str
) -> None:
    """Owes the author a message about their broadcast, once for each `what`; the command line has nobody to tell."""
    code = await connection.scalar(sa.select(people.c.code).where(people.c.id == row.by_person))
    if code != OPERATOR:
        message = Outgoing(text, tuple(buttons), {"broadcast": row.id})
        await messages.owe(services, connection, row.by_person, message, f"broadcast-told/{row.id}/{what}")
