"""Whom a broadcast is for, as data, and the people that this means at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services import checks
from bot.services.context import Services
from bot.services.roles import IN_CHARGE, SUBJECT, TITLES
from bot.storage.tables import accounts, kin, outbox, places, records, roles

RETURN_PROCESS = "return_declaration"
_RETURN_DAYS = 14


@dataclass(frozen=True)
class Region:
    """Where people came from. `code` is the beginning of an adcode; empty where only the name is known (a province)."""

    name: str
    code: str = ""


@dataclass(frozen=True)
class Audience:
    """Everybody under a place whom it looks after, or who has one of `roles` there, narrowed by the rest.

    `guardians`: of these people not they themselves but those who look after them (全班家长). `not_reported`: the process
    of which they owe a check that has opened today. `came_from`: where they declared to have come from within 14 days. `got`: those who
    were sent this broadcast, whatever else is said.
    """

    place_id: int
    roles: tuple[str, ...] = ()
    guardians: bool = False
    not_reported: str = ""
    came_from: Region | None = None
    got: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is stored: names and ids, no values of people."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Audience:
        """The inverse of `as_json`."""
        region = stored["came_from"]
        return cls(**{**stored, "roles": tuple(stored["roles"]), "came_from": Region(**region) if region else None})

    def words(self, services: Services, place: str) -> str:
        """For whom it is, in Chinese; `place` is the name of the place."""
        if self.got is not None:
            return f"收到过通知 {self.got} 的人"
        told = []
        if self.came_from is not None:
            told.append(f"{_RETURN_DAYS}天内申报从{self.came_from.name}回来的")
        if self.not_reported:
            told.append(f"今天还没{services.processes[self.not_reported].short}的")
        if set(self.roles) >= set(IN_CHARGE):
            who = "工作人员"
        elif self.roles:
            who = "、".join(TITLES[role] for role in self.roles)
        else:
            who = "人员" if told else "全体人员"
        if self.guardians:
            who = "家长" if set(self.roles) <= {"student"} else f"{who}的家属"
        return f"{place} {''.join([*told, who])}"


def recipients(audience: Audience, services: Services, came: Sequence[int] | None) -> sa.sql.Select:
    """Who gets it, each once, as a query with the column `person_id`.

    A person without an account is reached through whoever looks after them and has one: a mother of two pupils gets a
    class's message once. `came` are the people found by `who_came`, for an audience that asks for it.
    """
    if audience.got is not None:
        return sa.select(outbox.c.person_id).where(
            outbox.c.broadcast_id == audience.got, outbox.c.purpose == "broadcast", outbox.c.state == "sent"
        )
    meant = _meant(audience, services, came)
    guardian_of_meant = sa.select(kin.c.person_id).where(kin.c.ward_id.in_(meant))
    if audience.guardians:
        return guardian_of_meant.distinct()
    guardian_account = accounts.alias()
    guarded = sa.exists(
        sa.select(1).where(kin.c.ward_id == roles.c.person_id, guardian_account.c.person_id == kin.c.person_id)
    )
    themselves = meant.where(sa.or_(has_account(roles.c.person_id), ~guarded))
    instead = guardian_of_meant.where(~has_account(kin.c.ward_id), has_account(kin.c.person_id))
    both = sa.union(themselves, instead).subquery()
    return sa.select(both.c.person_id)


def has_account(person_id: sa.sql.ColumnElement[int]) -> sa.sql.ColumnElement[bool]:
    """Whether a person can be reached by chat."""
    return sa.exists(sa.select(1).where(accounts.c.person_id == person_id))


def _meant(audience: Audience, services: Services, came: Sequence[int] | None) -> sa.sql.Select:
    under = sa.select(places.c.id).where(places.c.path.op("@>")(sa.cast([audience.place_id], places.c.path.type)))
    chosen = audience.roles or tuple(SUBJECT)
    meant = sa.select(roles.c.person_id).where(roles.c.place_id.in_(under), roles.c.role.in_(chosen))
    if audience.not_reported:
        process, now = services.processes[audience.not_reported], services.local_now()
        begun = [check.id for check in process.checks if check.opens <= now.time()]
        owed = checks.owed(process, now.date(), [audience.place_id], begun)
        meant = meant.where(roles.c.person_id.in_(sa.select(owed.c.person_id).where(owed.c.record_id.is_(None))))
    if came is not None:
        meant = meant.where(roles.c.person_id == sa.func.any(sa.cast(list(came), ARRAY(sa.BigInteger))))
    return meant


async def who_came(services: Services, connection: AsyncConnection, audience: Audience) -> list[int] | None:
    """The people under the place who declared to have come from the region; None for an audience that does not ask.

    Where somebody came from is sealed in the record, so the declarations of 14 days under this place are opened, and no others.
    """
    if audience.came_from is None:
        return None
    wide = _meant(replace(audience, not_reported=""), services, None)
    rows = await connection.execute(
        sa.select(records.c.person_id, records.c.values_sealed).where(
            records.c.process == RETURN_PROCESS,
            records.c.current,
            records.c.day > services.today() - timedelta(days=_RETURN_DAYS),
            records.c.person_id.in_(wide),
        )
    )
    region = audience.came_from
    found = {
        row.person_id
        for row in rows
        if _is_in(services.vault.open_json(row.values_sealed, "records.values").get("from_place"), region)
    }
    return sorted(found)


def _is_in(place: Mapping[str, Any] | None, region: Region) -> bool:
    if not place:
        return False
    if region.code:
        return str(place.get("code") or "").startswith(region.code)
    return any(region.name in str(place.get(part) or "") for part in ("province", "city", "county", "country"))


async def count(services: Services, connection: AsyncConnection, audience: Audience) -> tuple[int, int]:
    """How many people an audience has now, and how many of them can be reached by chat."""
    who = recipients(audience, services, await who_came(services, connection, audience)).subquery()
    reached = sa.func.count().filter(has_account(who.c.person_id))
    row = (await connection.execute(sa.select(sa.func.count(), reached).select_from(who))).one()
    return int(row[0]), int(row[1])
