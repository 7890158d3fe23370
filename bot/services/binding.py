"""A chat is bound to a person of the roster: by a code (invitations.py), or by name and phone."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refused
from bot.processes.fields.base import Context, Filled, Spec
from bot.processes.fields.phone import PHONE
from bot.services import audit
from bot.services.context import Services
from bot.services.identity import name_print, phone_print
from bot.services.merging import absorb
from bot.services.people import Speaker, mask_name
from bot.services.roles import DUTY, IN_CHARGE
from bot.storage.tables import accounts, people, roles

HOW_TO_BIND = (
    "绑定有两种办法：\n1. 发“绑定”和姓名、手机号，例如：绑定 王小明 13812345678（要和登记在册的一致）；\n"
    "2. 发“绑定”和邀请码，例如：绑定 ABCD-2345。邀请码向网格员、班主任或单位要。"
)
_TRIES = 5  # wrong tries of an account in an hour: a code has 40 bits
_TRIES_AT_A_NAME = 10  # ... and at one name from whatever accounts in a day: a phone is soon guessed by many together
_HOUR, _DAY = int(timedelta(hours=1).total_seconds()), int(timedelta(days=1).total_seconds())
_TOO_OFTEN = "试的次数太多了，请过一段时间再试，或请网格员发邀请码。"
_NOT_FOUND = "姓名和手机号与登记的对不上，没有绑定。请核对后再发，或向网格员、班主任、单位要邀请码。"
_ASK_FOR_CODE = "这个身份不能用姓名和手机号绑定，请向网格员、班主任或单位要邀请码，再发“绑定”和邀请码。"


async def count_try(services: Services, speaker: Speaker) -> None:
    """Counts one try of this account to bind itself.

    Raises:
        Refused: it has tried too often within an hour.
    """
    await _count(services, _tries_of(speaker), _TRIES, _HOUR)


async def forget_tries(services: Services, speaker: Speaker) -> None:
    """Begins the count anew, after a try that was right."""
    await services.redis.delete(_tries_of(speaker))


async def bind_by_phone(services: Services, speaker: Speaker, name: str, phone: str) -> str:
    """Binds the speaker's account to the person with this name and phone; returns what to tell them.

    Only somebody without rights or duties, whom no account of this channel is bound to: a name and a phone are known to many.
    Whoever does not exist and whoever has another phone get the same answer.

    Raises:
        Refused: with words for the speaker.
    """
    if speaker.person_id is not None and await _in_roster(services, speaker.person_id):
        raise Refused("您已经绑定过了。要换成别的身份，请向网格员、班主任或单位要邀请码。")
    read = PHONE.read(phone, Spec("phone", "手机号"), Context(services.local_now(), services.settings.fever))
    if not isinstance(read, Filled):
        raise Refused(f"手机号没有读懂，请核对。{HOW_TO_BIND}")
    called = name_print(services.vault, name)
    await count_try(services, speaker)
    await _count(services, f"bind-tries-at:{called}", _TRIES_AT_A_NAME, _DAY)
    async with services.transaction() as connection:
        found = (
            await connection.scalars(
                sa.select(people.c.id)
                .where(
                    people.c.name_print == called,
                    people.c.phone_print == phone_print(services.vault, read.value),
                    ~people.c.is_guest,
                    people.c.merged_into.is_(None),
                )
                .with_for_update()
            )
        ).all()
        if not found:
            raise Refused(_NOT_FOUND)
        if len(found) > 1 or await _guarded(connection, speaker.channel, found[0]):
            raise Refused(_ASK_FOR_CODE)
        chats = await bind_account(services, connection, speaker, found[0])
        await audit.note(services, connection, None, "bound_by_phone", "person", found[0])
    await forget_tries(services, speaker)
    await forget_chats(services, chats)
    return f"绑定成功（{mask_name(name)}）。以后可以直接打卡、申报。不是您本人绑定的，请马上告诉网格员。"


async def bind_account(services: Services, connection: AsyncConnection, speaker: Speaker, person_id: int) -> list[str]:
    """Moves the account to the person; what its guest had filed goes along. Returns the chats to forget after the commit."""
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
        return await absorb(connection, guest, person_id, services.now())
    return [speaker.account]


async def forget_chats(services: Services, chats: list[str]) -> None:
    """Drops what is kept of the speakers of these chats; called after the commit."""
    if chats:
        await services.redis.delete(*(f"who:{chat}" for chat in chats))


async def _in_roster(services: Services, person_id: int) -> bool:
    async with services.transaction() as connection:
        return not await connection.scalar(sa.select(people.c.is_guest).where(people.c.id == person_id))


async def _guarded(connection: AsyncConnection, channel: str, person_id: int) -> bool:
    rights = sa.exists().where(roles.c.person_id == person_id, roles.c.role.in_([*IN_CHARGE, *DUTY]))
    bound = sa.exists().where(accounts.c.person_id == person_id, accounts.c.channel == channel)
    return bool(await connection.scalar(sa.select(sa.or_(rights, bound))))


async def _count(services: Services, key: str, most: int, seconds: int) -> None:
    tries = await services.redis.incr(key)
    if tries == 1:
        await services.redis.expire(key, seconds)
    if tries > most:
        raise Refused(_TOO_OFTEN)


def _tries_of(speaker: Speaker) -> str:
    return f"bind-tries:{speaker.account}"
