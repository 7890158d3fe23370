"""People, the accounts by which they talk, and what they have consented to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotEntitled
from bot.services import audit, identity
from bot.services.contacts import home_of
from bot.services.context import Services
from bot.services.duty import stands_in_for
from bot.services.roles import ALERTED, DUTY, IN_CHARGE, SUBJECT, TITLES
from bot.storage.tables import accounts, consents, people, places, roles

CONSENT_VERSION = "2026-11"
CONSENT_TEXT = (
    "为了疫情防控，我要收集您接下来填写的健康和行程信息，只给负责您的网格、单位或学校的工作人员看，"
    "加密保存；您可以不同意，以后也可以随时发“撤回同意”。同意吗？"
)
_CACHE_SECONDS = int(timedelta(hours=1).total_seconds())
_DEMO_GUEST_CHANNELS = ("rest", "web", "shell")


@dataclass(frozen=True)
class Held:
    """A role at a place."""

    role: str
    place_id: int


@dataclass(frozen=True)
class Speaker:
    """Who is talking: an account of a channel, and the person it is bound to, if any.

    `home` is the place whose QR code an unbound person has scanned, or that of a guest of the demo; None for everybody else.
    """

    channel: str
    external_id: str
    person_id: int | None = None
    name: str = ""
    roles: tuple[Held, ...] = ()
    consented: bool = False
    home: int | None = None

    @property
    def account(self) -> str:
        """The one key of a chat: Rasa's sender id, the name of its lock and state."""
        return f"{self.channel}:{self.external_id}"

    @property
    def staff(self) -> bool:
        """Whether this person is in charge of any place."""
        return any(held.role in IN_CHARGE for held in self.roles)

    def in_charge_of(self) -> list[int]:
        """The places that this person is in charge of (each with all below it)."""
        return [held.place_id for held in self.roles if held.role in IN_CHARGE]

    def places(self) -> list[int]:
        """The places that look after this person, the first one first."""
        own = [held.place_id for held in self.roles if held.role in SUBJECT]
        return own or ([self.home] if self.home is not None else [])

    def may_check_in(self) -> bool:
        """Whether some place looks after this person, so that a daily report has somebody to read it."""
        return bool(self.places()) or self.staff

    @property
    def title(self) -> str:
        """What the person is here, in Chinese."""
        order = [*IN_CHARGE, *SUBJECT]
        held = sorted((h.role for h in self.roles), key=lambda role: order.index(role) if role in order else 99)
        return TITLES[held[0]] if held else "访客"


def mask_name(name: str) -> str:
    """A name as others see it: the family name and a star."""
    return f"{name[:1]}*" if name else "未登记姓名"


async def identify(services: Services, account: str) -> Speaker:
    """Who talks by this account. An account that is bound to nobody gives an unbound speaker; nothing is written.

    The answer is kept in Redis for an hour, for the day (a deputy's rights end with it), and dropped by every service that
    changes it.
    """
    key, today = f"who:{account}", services.today().isoformat()
    cached = await services.redis.get(key)
    if cached:
        kept = services.vault.open_json(cached, "speaker")
        if kept.pop("day", None) == today:
            return _from_cache(kept)
    speaker = await _look_up(services, account)
    sealed = services.vault.seal_json({**_to_cache(speaker), "day": today}, "speaker")
    await services.redis.set(key, sealed, ex=_CACHE_SECONDS)
    return speaker


async def forget_speaker(services: Services, person_id: int) -> None:
    """Drops what is kept of a person as a speaker, in all their chats; called after what changes it was committed."""
    async with services.transaction() as connection:
        chats = await connection.execute(
            sa.select(accounts.c.channel, accounts.c.external_id).where(accounts.c.person_id == person_id)
        )
        keys = [f"who:{chat.channel}:{chat.external_id}" for chat in chats]
    if keys:
        await services.redis.delete(*keys)


async def _look_up(services: Services, account: str) -> Speaker:
    channel, _, external_id = account.partition(":")
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(people.c.id, people.c.name_sealed)
                .join(accounts, accounts.c.person_id == people.c.id)
                .where(accounts.c.channel == channel, accounts.c.external_id == external_id)
            )
        ).one_or_none()
        if row is None:
            return await _unbound(services, connection, channel, external_id)
        held = await _held_by(services, connection, row.id)
        consented = await connection.scalar(
            sa.select(sa.func.count())
            .select_from(consents)
            .where(
                consents.c.person_id == row.id, consents.c.version == CONSENT_VERSION, consents.c.withdrawn_at.is_(None)
            )
        )
        return Speaker(
            channel,
            external_id,
            row.id,
            services.vault.open(row.name_sealed, "people.name"),
            held,
            bool(consented),
        )


async def _held_by(services: Services, connection: AsyncConnection, person_id: int) -> tuple[Held, ...]:
    """A person's roles, and today's of those for whom they stand in: what these are in charge of, and their duties."""
    own = await connection.execute(
        sa.select(roles.c.role, roles.c.place_id).where(roles.c.person_id == person_id).order_by(roles.c.id)
    )
    held = [Held(h.role, h.place_id) for h in own]
    absent = await stands_in_for(connection, person_id, services.today())
    if absent:
        lent = await connection.execute(
            sa.select(roles.c.role, roles.c.place_id)
            .where(roles.c.person_id.in_(absent), roles.c.role.in_([*IN_CHARGE, *DUTY]))
            .order_by(roles.c.id)
        )
        held += [Held(h.role, h.place_id) for h in lent]
    return tuple(dict.fromkeys(held))


async def _unbound(services: Services, connection: AsyncConnection, channel: str, external_id: str) -> Speaker:
    if services.settings.demo and channel in _DEMO_GUEST_CHANNELS:
        home = await connection.scalar(sa.select(places.c.id).where(places.c.code == "demo/grid-3"))
        return Speaker(channel, external_id, home=home, consented=True)
    scanned = await home_of(services, channel, external_id)
    home = None if scanned is None else await connection.scalar(sa.select(places.c.id).where(places.c.id == scanned))
    return Speaker(channel, external_id, home=home)


async def _at_the_top_for_nobody(
    connection: AsyncConnection, own: Sequence[int], person_id: int, place_id: int | None
) -> bool:
    """Whether these places hold one without parent, and the person has no place at all: then the top was alerted."""
    if place_id is not None:
        return False
    held = await connection.scalar(
        sa.select(roles.c.id).where(roles.c.person_id == person_id, roles.c.role.in_(list(SUBJECT))).limit(1)
    )
    top = await connection.scalar(
        sa.select(places.c.id).where(places.c.id.in_(own), places.c.parent_id.is_(None)).limit(1)
    )
    return held is None and top is not None


def _to_cache(speaker: Speaker) -> dict[str, Any]:
    return {
        "channel": speaker.channel,
        "external_id": speaker.external_id,
        "person_id": speaker.person_id,
        "name": speaker.name,
        "roles": [[h.role, h.place_id] for h in speaker.roles],
        "consented": speaker.consented,
        "home": speaker.home,
    }


def _from_cache(kept: Mapping[str, Any]) -> Speaker:
    return Speaker(**{**kept, "roles": tuple(Held(role, place) for role, place in kept["roles"])})


async def ensure_person(
    services: Services, connection: AsyncConnection, speaker: Speaker, name: str | None, phone: str | None
) -> int:
    """The id of the speaker's person; makes a guest person for an unbound account that is about to leave a record.

    Part of the caller's transaction. Two messages of the same account at once make one person: the account's row decides.
    """
    if speaker.person_id is not None:
        return speaker.person_id
    account = sa.and_(accounts.c.channel == speaker.channel, accounts.c.external_id == speaker.external_id)
    # one guest an account, also when two workers come here at once: the lock is the account's name
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(speaker.account, 0))))
    known = await connection.scalar(sa.select(accounts.c.person_id).where(account))
    if known is not None:
        return int(known)
    person_id = await add_person(services, connection, name or "访客", phone, guest=True)
    await connection.execute(
        insert(accounts).values(
            channel=speaker.channel, external_id=speaker.external_id, person_id=person_id, bound_at=services.now()
        )
    )
    if speaker.home is not None:
        await add_role(connection, person_id, "resident", speaker.home)
    if speaker.consented:
        await add_consent(services, connection, person_id)
    return person_id


async def name_guest(
    services: Services, connection: AsyncConnection, person_id: int, name: str | None, phone: str | None
) -> None:
    """Keeps the name and phone that a guest has given in a form, so that staff can reach them; others are in the roster."""
    changes = identity.stored(services.vault, name or "", phone or "")
    if changes:
        await connection.execute(
            people.update()
            .where(people.c.id == person_id, people.c.is_guest)
            .values(**changes, updated_at=services.now())
        )


async def add_person(
    services: Services, connection: AsyncConnection, name: str, phone: str | None, guest: bool = False
) -> int:
    """A new person; name and phone are sealed."""
    now = services.now()
    person_id = await connection.scalar(
        people.insert()
        .values(
            **identity.stored(services.vault, name, phone or ""),
            is_guest=guest,
            created_at=now,
            updated_at=now,
        )
        .returning(people.c.id)
    )
    return int(person_id)


async def add_role(connection: AsyncConnection, person_id: int, role: str, place_id: int) -> None:
    """Gives a person a role at a place; does nothing when they hold it."""
    await connection.execute(
        insert(roles).values(person_id=person_id, role=role, place_id=place_id).on_conflict_do_nothing()
    )


async def give_consent(services: Services, speaker: Speaker) -> None:
    """Keeps that the speaker has consented to the present text."""
    async with services.transaction() as connection:
        person_id = await ensure_person(services, connection, speaker, None, None)
        await add_consent(services, connection, person_id)
        await audit.note(
            services, connection, replace(speaker, person_id=person_id), "consent_given", "person", person_id
        )
    await services.redis.delete(f"who:{speaker.account}")


async def add_consent(services: Services, connection: AsyncConnection, person_id: int) -> None:
    """Keeps consent to the present text in the caller's transaction."""
    await connection.execute(
        insert(consents)
        .values(person_id=person_id, version=CONSENT_VERSION, given_at=services.now())
        .on_conflict_do_nothing()
    )


async def known_values(services: Services, speaker: Speaker) -> dict[str, str]:
    """What the roster knows of the speaker and a form need not ask: name and phone."""
    if speaker.person_id is None:
        return {}
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(people.c.name_sealed, people.c.phone_sealed, people.c.is_guest).where(
                    people.c.id == speaker.person_id
                )
            )
        ).one()
    if row.is_guest:
        return {}
    known = {"name": services.vault.open(row.name_sealed, "people.name")}
    if row.phone_sealed is not None:
        known["phone"] = services.vault.open(row.phone_sealed, "people.phone")
    return known


async def staff_for(connection: AsyncConnection, place_ids: Sequence[int], but: int | None = None) -> list[int]:
    """The people in charge of these places: for each place those at the nearest level that has any, itself included.

    Nobody at any level: everyone in charge of a place without parent, so that an alert always reaches somebody.
    `but` is the person whom it is about: nobody watches over themselves.
    """
    found: dict[int, None] = {}
    depth = sa.func.array_position(places.c.path, roles.c.place_id)
    for place_id in place_ids:
        rows = (
            await connection.execute(
                sa.select(roles.c.person_id, depth.label("depth"))
                .select_from(places.join(roles, roles.c.place_id == sa.func.any(places.c.path)))
                .where(places.c.id == place_id, roles.c.role.in_(ALERTED), roles.c.person_id != (but or 0))
                .order_by(depth.desc())
            )
        ).all()
        found.update({row.person_id: None for row in rows if row.depth == rows[0].depth})
    if not found:
        rows = (
            await connection.execute(
                sa.select(roles.c.person_id)
                .join(places, places.c.id == roles.c.place_id)
                .where(
                    places.c.parent_id.is_(None),
                    roles.c.role.in_(list(IN_CHARGE)),
                    roles.c.person_id != (but or 0),
                )
            )
        ).all()
        found.update({row.person_id: None for row in rows})
    return list(found)


async def check_in_charge(connection: AsyncConnection, speaker: Speaker, person_id: int, place_id: int | None) -> None:
    """Refuses a speaker who is not in charge of a place of this person, nor of `place_id`.

    Raises:
        NotEntitled: with words for the speaker.
    """
    own = speaker.in_charge_of()
    if own:
        of_person = sa.select(roles.c.place_id).where(roles.c.person_id == person_id, roles.c.role.in_(list(SUBJECT)))
        place = sa.or_(places.c.id.in_(of_person), places.c.id == place_id)
        seen = await connection.scalar(
            sa.select(places.c.id).where(place, places.c.path.op("&&")(sa.cast(own, places.c.path.type))).limit(1)
        )
        if seen is not None or await _at_the_top_for_nobody(connection, own, person_id, place_id):
            return
    raise NotEntitled("这件事不在您负责的范围内，不能查看或处理。")


def in_part(
    by: Speaker, person_id: sa.sql.ColumnElement[int], place_id: sa.sql.ColumnElement[int]
) -> sa.sql.ColumnElement[bool]:
    """Whether a row's person or place is under what the speaker is in charge of: `check_in_charge` for a whole table."""
    own = sa.cast(by.in_charge_of(), places.c.path.type)
    top = sa.select(places.c.id).where(places.c.id.in_(by.in_charge_of()), places.c.parent_id.is_(None))
    of_nobody = ~sa.exists(sa.select(1).where(roles.c.person_id == person_id, roles.c.role.in_(list(SUBJECT))))
    under = sa.select(places.c.id).where(places.c.path.op("&&")(own))
    return sa.or_(
        sa.and_(place_id.is_(None), of_nobody, sa.exists(top)),
        place_id.in_(under),
        person_id.in_(sa.select(roles.c.person_id).where(roles.c.place_id.in_(under), roles.c.role.in_(list(SUBJECT)))),
    )
