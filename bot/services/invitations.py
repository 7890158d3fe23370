"""Invitation codes: they bind an account to a person of the roster, or make a new person with a role."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refused
from bot.services import audit
from bot.services.context import Services
from bot.services.people import Speaker, add_person, add_role
from bot.services.roles import TITLES
from bot.storage.tables import (
    accounts,
    alert_steps,
    alerts,
    consents,
    inbox,
    inbox_heads,
    invitations,
    outbox,
    people,
    places,
    questions,
    records,
    roles,
    ticket_lines,
    tickets,
)
from bot.storage.tables import audit as audit_table

_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LIFE = timedelta(days=7)
_TRIES, _TRIES_SECONDS = 5, 3600  # wrong codes an account may try in an hour: a code has 40 bits


async def invite(
    services: Services, role: str, place_id: int, person_id: int | None = None, life: timedelta = _LIFE
) -> str:
    """A new code, good once and for `life`: who redeems it is `person_id`, or a new person, with this role at this place.

    Only the operator's command line calls it; the code is shown once and kept as a fingerprint.

    Raises:
        Refused: there is no such role or place.
    """
    if role not in TITLES:
        raise Refused(f"没有“{role}”这种角色；可用：{'、'.join(TITLES)}。")
    code = "".join(secrets.choice(_SIGNS) for _ in range(8))
    async with services.transaction() as connection:
        if await connection.scalar(sa.select(places.c.id).where(places.c.id == place_id)) is None:
            raise Refused(f"没有编号为 {place_id} 的地点。")
        invitation_id = await connection.scalar(
            invitations.insert()
            .values(
                code_print=services.vault.fingerprint(code, "invitation"),
                person_id=person_id,
                role=role,
                place_id=place_id,
                expires_at=services.now() + life,
            )
            .returning(invitations.c.id)
        )
        await audit.note(services, connection, None, "invited", "invitation", invitation_id)
    return f"{code[:4]}-{code[4:]}"


async def redeem(services: Services, speaker: Speaker, code: str) -> str:
    """Binds the speaker's account by a code and returns what they now are, in Chinese.

    Raises:
        Refused: the code is wrong, used or over, or the account has tried too often.
    """
    tries_key = f"bind-tries:{speaker.account}"
    tries = await services.redis.incr(tries_key)
    if tries == 1:
        await services.redis.expire(tries_key, _TRIES_SECONDS)
    if tries > _TRIES:
        raise Refused("试的次数太多了，请一小时后再试，或请网格员重新发邀请码。")
    plain = code.replace("-", "").upper()
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(invitations, places.c.name.label("place_name"))
                .select_from(invitations.outerjoin(places, places.c.id == invitations.c.place_id))
                .where(invitations.c.code_print == services.vault.fingerprint(plain, "invitation"))
                .with_for_update(of=invitations)
            )
        ).one_or_none()
        if row is None or row.used_at is not None or row.expires_at < services.now():
            raise Refused("邀请码不对、已用过或已过期，请核对后再发，例如：绑定 ABCD-2345。")
        person_id = row.person_id or await _person_of(services, connection, speaker)
        await _bind(services, connection, speaker, person_id)
        if row.role:
            await add_role(connection, person_id, row.role, row.place_id)
        await connection.execute(
            invitations.update().where(invitations.c.id == row.id).values(used_at=services.now(), person_id=person_id)
        )
        await audit.note(services, connection, None, "bound", "person", person_id)
        name = services.vault.open(
            await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == person_id)), "people.name"
        )
    await services.redis.delete(tries_key, f"who:{speaker.account}")
    what = f"{row.place_name}的{TITLES[row.role]}" if row.role else "本人"
    return f"绑定成功，您现在是{what}（{name[:1]}*）。"


async def _person_of(services: Services, connection: AsyncConnection, speaker: Speaker) -> int:
    """The guest that this account is already, else a new person."""
    return speaker.person_id or await add_person(services, connection, "未登记", None)


async def _bind(services: Services, connection: AsyncConnection, speaker: Speaker, person_id: int) -> None:
    """Moves the account to the person; what its guest had filed goes along."""
    guest = await connection.scalar(
        sa.select(people.c.id)
        .join(accounts, accounts.c.person_id == people.c.id)
        .where(accounts.c.channel == speaker.channel, accounts.c.external_id == speaker.external_id, people.c.is_guest)
    )
    await connection.execute(
        insert(accounts)
        .values(channel=speaker.channel, external_id=speaker.external_id, person_id=person_id, bound_at=services.now())
        .on_conflict_do_update(
            index_elements=["channel", "external_id"], set_={"person_id": person_id, "bound_at": services.now()}
        )
    )
    if guest is not None and guest != person_id:
        await _take_over(connection, guest, person_id)


async def _take_over(connection: AsyncConnection, guest: int, person_id: int) -> None:
    """Hands all that a guest has left behind to the person they turn out to be, and removes the guest.

    The guest's roles go: those of the person count. An open alert of the guest joins the person's own open one of the
    same process by being closed; consent is kept where the person has none.
    """
    theirs = alerts.alias("theirs")
    same = sa.exists(
        sa.select(1).where(
            theirs.c.person_id == person_id, theirs.c.process == alerts.c.process, theirs.c.state != "closed"
        )
    )
    await connection.execute(
        alerts.update().where(alerts.c.person_id == guest, alerts.c.state != "closed", same).values(state="closed")
    )
    for column in (
        records.c.person_id, records.c.reporter_id, alerts.c.person_id, alert_steps.c.by_person, outbox.c.person_id,
        audit_table.c.actor_id, invitations.c.person_id, accounts.c.person_id, tickets.c.person_id,
        ticket_lines.c.by_person, questions.c.person_id,
    ):  # fmt: skip
        await connection.execute(column.table.update().where(column == guest).values({column.name: person_id}))
    newest = sa.select(sa.func.coalesce(sa.func.max(inbox_heads.c.cursor), 0)).where(
        inbox_heads.c.person_id == person_id
    )
    offset = int(await connection.scalar(newest))
    moved = await connection.execute(
        inbox.update()
        .where(inbox.c.person_id == guest)
        .values(person_id=person_id, cursor=inbox.c.cursor + offset)
        .returning(inbox.c.cursor)
    )
    cursors = [row.cursor for row in moved]
    if cursors:
        head = insert(inbox_heads).values(person_id=person_id, cursor=max(cursors))
        await connection.execute(
            head.on_conflict_do_update(index_elements=["person_id"], set_={"cursor": max(cursors)})
        )
    given = consents.alias("given")
    await connection.execute(
        consents.update()
        .where(
            consents.c.person_id == guest,
            ~sa.exists(sa.select(1).where(given.c.person_id == person_id, given.c.version == consents.c.version)),
        )
        .values(person_id=person_id)
    )
    for table in (consents, roles, inbox_heads):
        await connection.execute(table.delete().where(table.c.person_id == guest))
    await connection.execute(people.delete().where(people.c.id == guest))
