"""The work groups of a plan (篇六: 物资组, 摸排组 …): who leads them, who is in them, what they see to, how to reach them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.normal import normalise
from bot.services import audit
from bot.services.context import Services
from bot.services.identity import opened
from bot.services.people import Speaker
from bot.services.roles import DUTY
from bot.storage.tables import group_members, people, places, work_groups

HEAD_TITLE = "组长"


@dataclass(frozen=True)
class Member:
    """Somebody of a group. `phone` is '' where none is known."""

    person_id: int
    name: str
    phone: str
    duty: str
    is_head: bool


@dataclass(frozen=True)
class GroupView:
    """A group as the speaker may see it: `members`, the head first, are empty for those who are not staff.

    `office_phone` is the number of the group's office, else of the headquarters, else the first of BOT_PHONES; None
    where none is set.
    """

    id: int
    name: str
    place: str
    duties: str
    members: tuple[Member, ...]
    office_phone: str | None


async def find_groups(services: Services, speaker: Speaker, words: str = "") -> list[GroupView]:
    """The groups that the words name or whose duties hold them (none: all), at the places of the speaker, above and below.

    Staff (whoever is in charge of a place, has a duty or is in a group) see names and phones, which is audited; everybody
    else sees the group, its duties and the office's phone. Somebody bound to no place sees the groups of the topmost places.
    """
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(work_groups, places.c.name.label("place_name"))
                .join(places, places.c.id == work_groups.c.place_id)
                .where(_near(speaker))
                .order_by(places.c.path, work_groups.c.id)
            )
        ).all()
        rows = [row for row in rows if _means(words, row)]
        members: dict[int, list[Member]] = {row.id: [] for row in rows}
        if await _is_staff(connection, speaker) and rows:
            found = await connection.execute(
                sa.select(group_members, people.c.name_sealed, people.c.phone_sealed)
                .join(people, people.c.id == group_members.c.person_id)
                .where(group_members.c.group_id.in_(list(members)))
                .order_by(group_members.c.group_id, group_members.c.is_head.desc(), people.c.id)
            )
            for row in found:
                members[row.group_id].append(
                    Member(
                        row.person_id,
                        opened(services.vault, row, "name"),
                        opened(services.vault, row, "phone"),
                        row.duty,
                        row.is_head,
                    )
                )
            for group_id in members:
                await audit.note(services, connection, speaker, "revealed", "work_group", group_id)
    return [
        GroupView(
            row.id, row.name, row.place_name, row.duties, tuple(members[row.id]), _office_phone(services, row.name)
        )
        for row in rows
    ]


def _near(speaker: Speaker) -> sa.sql.ColumnElement[bool]:
    own = [*speaker.places(), *(held.place_id for held in speaker.roles)]
    if not own:
        return places.c.parent_id.is_(None)
    paths = sa.select(sa.func.unnest(places.c.path)).where(places.c.id.in_(own))
    in_charge = sa.cast(speaker.in_charge_of(), places.c.path.type)
    return sa.or_(places.c.id.in_(paths), places.c.path.op("&&")(in_charge))


def _means(words: str, row: sa.engine.Row) -> bool:
    said = normalise(words).replace(" ", "").removesuffix("组")
    return not said or said in row.name or row.name.removesuffix("组") in said or said in row.duties


async def _is_staff(connection: AsyncConnection, speaker: Speaker) -> bool:
    if speaker.staff or any(held.role in DUTY for held in speaker.roles):
        return True
    member = sa.select(group_members.c.group_id).where(group_members.c.person_id == speaker.person_id).limit(1)
    return await connection.scalar(member) is not None


def _office_phone(services: Services, name: str) -> str | None:
    phones = services.settings.phones
    listed: Sequence[tuple[str, str]] = phones.listed
    return phones.of(name) or phones.of("指挥部") or (listed[0][1] if listed else None)
