"""Invitation codes: they bind an account to a person of the roster, or make a new person with a role."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound, Refused
from bot.services import audit
from bot.services.binding import bind_account, count_try, forget_chats, forget_tries
from bot.services.context import Services, running_port
from bot.services.people import Speaker, add_person, add_role, mask_name
from bot.services.reach import check_no_rights_above, check_staff, in_reach
from bot.services.roles import TITLES
from bot.storage.tables import invitations, people, places

_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LIFE = timedelta(days=7)


class Invitation(NamedTuple):
    """A code for a person whose name is masked."""

    code: str
    who: str


async def invite(
    services: Services,
    role: str | None,
    place_id: int | None,
    person_id: int | None = None,
    life: timedelta = LIFE,
) -> str:
    """A new code, good once and for `life`: who redeems it is `person_id`, or a new person, with this role at this place.

    Only the operator's command line calls it; the code is shown once and kept as a fingerprint.

    Raises:
        Refused: there is no such role, place or person, or neither a person nor a role with its place.
    """
    if role is not None and role not in TITLES:
        raise Refused(f"没有“{role}”这种角色；可用：{'、'.join(TITLES)}。")
    if (role is None) != (place_id is None) or (role is None and person_id is None):
        raise Refused("请写角色和地点，或写给哪个人。")
    async with services.transaction() as connection:
        if place_id is not None and not await _stands(connection, places, place_id):
            raise Refused(f"没有编号为 {place_id} 的地点。")
        if person_id is not None and not await _stands(connection, people, person_id):
            raise Refused(f"没有编号为 {person_id} 的人。")
        return await _new_code(services, connection, None, role, place_id, person_id, life)


async def invite_person(services: Services, by: Speaker, person_id: int) -> Invitation:
    """A code that binds an account to a person of the speaker's part; codes made for them before are over.

    Raises:
        NotEntitled: the speaker is in charge of nothing, or the person has rights that are not theirs to give.
        NotFound: no such person in their part.
    """
    check_staff(by)
    async with services.transaction() as connection:
        name = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == person_id, in_reach(by)))
        if name is None:
            raise NotFound(f"您负责的范围里没有编号为 {person_id} 的人。")
        await check_no_rights_above(connection, by, [person_id])
        await connection.execute(
            invitations.update()
            .where(
                invitations.c.person_id == person_id,
                invitations.c.used_at.is_(None),
                invitations.c.expires_at > services.now(),
            )
            .values(expires_at=services.now())
        )
        code = await _new_code(services, connection, by, None, None, person_id, LIFE)
    return Invitation(code, mask_name(services.vault.open(name, "people.name")))


async def _stands(connection: AsyncConnection, table: sa.Table, id: int) -> bool:
    return await connection.scalar(sa.select(table.c.id).where(table.c.id == id)) is not None


async def _new_code(
    services: Services,
    connection: AsyncConnection,
    by: Speaker | None,
    role: str | None,
    place_id: int | None,
    person_id: int | None,
    life: timedelta,
) -> str:
    code = "".join(secrets.choice(_SIGNS) for _ in range(8))
    invitation_id = await connection.scalar(
        invitations.insert()
        .values(
            code_print=services.vault.fingerprint(code, "invitation"),
            person_id=person_id,
            role=role,
            place_id=place_id,
            made_by=by.person_id if by else None,
            expires_at=services.now() + life,
        )
        .returning(invitations.c.id)
    )
    await audit.note(services, connection, by, "invited", "invitation", invitation_id)
    return f"{code[:4]}-{code[4:]}"


def link_of(services: Services, code: str, url: str = "") -> str:
    """The address of the chat page that redeems a code; `url` is the page's own address, '' for this machine's."""
    settings = services.settings
    address = url.rstrip("/") or f"http://{settings.host}:{running_port(settings) or settings.port}"
    return f"{address}/?{'as=guest&' if settings.demo else ''}bind={code}"


async def redeem(services: Services, speaker: Speaker, code: str) -> str:
    """Binds the speaker's account by a code and returns what they now are, in Chinese.

    Raises:
        Refused: the code is wrong, used or over, or the account has tried too often.
    """
    await count_try(services, speaker)
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
        if row is None or row.used_at is not None or row.expires_at <= services.now():
            raise Refused("邀请码不对、已用过或已过期，请核对后再发，例如：绑定 ABCD-2345。")
        person_id = row.person_id or await _person_of(services, connection, speaker)
        chats = await bind_account(services, connection, speaker, person_id)
        if row.role:
            await add_role(connection, person_id, row.role, row.place_id)
        await connection.execute(
            invitations.update().where(invitations.c.id == row.id).values(used_at=services.now(), person_id=person_id)
        )
        await audit.note(services, connection, None, "bound", "person", person_id)
        name = services.vault.open(
            await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == person_id)), "people.name"
        )
    await forget_tries(services, speaker)
    await forget_chats(services, [*chats, speaker.account])
    what = f"{row.place_name}的{TITLES[row.role]}" if row.role else "本人"
    return f"绑定成功，您现在是{what}（{name[:1]}*）。"


async def _person_of(services: Services, connection: AsyncConnection, speaker: Speaker) -> int:
    """The guest that this account is already, else a new person."""
    return speaker.person_id or await add_person(services, connection, "未登记", None)
