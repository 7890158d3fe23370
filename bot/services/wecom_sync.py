"""Departments and members of 企业微信 in the org tree: a department is a place, a member a person who works there.

The platform gives apps no phone numbers. A member is therefore the person who already has the account, else whoever has the userid as
编号 in the roster, else somebody new; never somebody of the same name. What the office has entered beside it stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refused
from bot.services import audit
from bot.services.binding import forget_chats
from bot.services.context import Services
from bot.services.people import add_person, add_role
from bot.services.place_levels import LEVELS
from bot.services.places import add_place
from bot.storage.tables import accounts, people, places, roles

_CHANNEL = "wecom"
_WORKS, _LEADS = "worker", "team_leader"
_ACTIVE, _NOT_YET = 1, 4  # of a member's status; 2 is disabled, 5 has left


@dataclass(frozen=True)
class Department:
    """`parent` 0: the corp itself."""

    id: int
    name: str
    parent: int


@dataclass(frozen=True)
class Member:
    """`leads`: those of the departments that this member heads. `here`: neither disabled nor gone."""

    userid: str
    name: str
    departments: tuple[int, ...]
    leads: tuple[int, ...] = ()
    here: bool = True


Call = Callable[[str], Awaitable[dict[str, Any]]]
"""Gets a path of the platform's API; raises when it does not answer well."""


@dataclass
class Synced:
    """What a sync has changed, as counts."""

    places: int = 0
    moved: int = 0
    people: int = 0
    bound: int = 0
    left: int = 0


async def read_corp(call: Call) -> tuple[list[Department], list[Member]]:
    """All departments and members that the app may see, each member once; half a corp is never returned."""
    answer = await call("/cgi-bin/department/list")
    departments = [Department(int(d["id"]), str(d["name"]), int(d.get("parentid") or 0)) for d in answer["department"]]
    members: dict[str, Member] = {}
    for department in departments:
        for user in (await call(f"/cgi-bin/user/list?department_id={department.id}"))["userlist"]:
            in_them = tuple(int(one) for one in user.get("department", ()))
            heads = zip(in_them, user.get("is_leader_in_dept", ()))
            members[str(user["userid"])] = Member(
                str(user["userid"]),
                str(user["name"]),
                in_them,
                tuple(number for number, leads in heads if int(leads)),
                int(user.get("status", _ACTIVE)) in (_ACTIVE, _NOT_YET),
            )
    return departments, list(members.values())


async def sync(services: Services, departments: Sequence[Department], members: Sequence[Member]) -> Synced:
    """Brings the tree to what the platform says, in one transaction; the same again changes nothing.

    Who is there no more loses the account, nothing else: what they have reported stays.

    Raises:
        Refused: the platform named no department or no member, which is a cut or forbidden reading rather than an empty corp.
    """
    if not departments or not any(member.here for member in members):
        raise Refused("企业微信没有返回部门或成员，什么都没有改。请检查应用的可见范围。")
    done = Synced()
    async with services.transaction() as connection:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("wecom-sync", 0))))
        known = await _places(connection, departments, done)
        chats = [await _member(services, connection, member, known, done) for member in members if member.here]
        chats += await _gone(connection, members, done)
        counts = f"places={done.places} moved={done.moved} people={done.people} bound={done.bound} left={done.left}"
        if any(vars(done).values()):
            await audit.note(services, connection, None, "synced", "wecom", counts)
    await forget_chats(services, chats)
    return done


async def _places(connection: AsyncConnection, departments: Sequence[Department], done: Synced) -> dict[int, int]:
    """The place of each department, made or renamed or moved where it was not so; parents before what lies below them."""
    by_id = {department.id: department for department in departments}
    known: dict[int, int] = {}

    async def place_of(department: Department, above: frozenset[int]) -> int:
        if department.id in known:
            return known[department.id]
        parent = by_id.get(department.parent)
        # an app may see a department without what it lies in, or a ring that an edit is in the midst of
        inside = None if parent is None or parent.id in above else await place_of(parent, above | {department.id})
        known[department.id] = await _place(connection, department, inside, done)
        return known[department.id]

    for department in departments:
        await place_of(department, frozenset({department.id}))
    return known


async def _place(connection: AsyncConnection, department: Department, parent: int | None, done: Synced) -> int:
    code = f"wecom/{department.id}"
    row = (await connection.execute(sa.select(places).where(places.c.code == code))).one_or_none()
    if row is None:
        done.places += 1
        return await add_place(connection, _kind(department, parent), department.name, parent, code)
    if row.name != department.name:
        done.moved += 1
        await connection.execute(places.update().where(places.c.id == row.id).values(name=department.name))
    if row.parent_id != parent:
        done.moved += 1
        above: list[int] = []
        if parent is not None:
            above = await connection.scalar(sa.select(places.c.path).where(places.c.id == parent))
        await connection.execute(places.update().where(places.c.id == row.id).values(parent_id=parent))
        path = sa.cast(above, places.c.path.type).op("||")(
            places.c.path[len(row.path) : sa.func.cardinality(places.c.path)]
        )
        below = places.c.path.op("@>")(sa.cast([row.id], places.c.path.type))
        await connection.execute(places.update().where(below).values(path=path))
    return int(row.id)


def _kind(department: Department, parent: int | None) -> str:
    found = (
        level.kind
        for level in LEVELS
        if any(department.name.endswith(word) for word in (level.title, *level.words) if len(word) > 1)
    )
    return next(found, "company" if parent is None else "workshop")


async def _member(
    services: Services, connection: AsyncConnection, member: Member, known: Mapping[int, int], done: Synced
) -> str:
    own = accounts.c.channel == _CHANNEL
    person = await connection.scalar(
        sa.select(accounts.c.person_id).where(own, sa.func.lower(accounts.c.external_id) == member.userid.lower())
    )
    if person is None:
        person = await connection.scalar(
            sa.select(people.c.id).where(people.c.code == member.userid, people.c.merged_into.is_(None))
        )
        if person is None:
            done.people += 1
            person = await add_person(services, connection, member.name, None)
            await connection.execute(people.update().where(people.c.id == person).values(code=member.userid))
        done.bound += 1
        await connection.execute(
            insert(accounts).values(
                channel=_CHANNEL, external_id=member.userid, person_id=person, bound_at=services.now()
            )
        )
    wanted = {(_WORKS, known[one]) for one in member.departments if one in known}
    wanted |= {(_LEADS, known[one]) for one in member.leads if one in known}
    await _roles(connection, int(person), wanted, known.values(), done)
    return f"{_CHANNEL}:{member.userid}"


async def _roles(
    connection: AsyncConnection, person: int, wanted: set[tuple[str, int]], ours: Iterable[int], done: Synced
) -> None:
    """The roles that come from the platform; those that the office has given stay."""
    rows = await connection.execute(
        sa.select(roles.c.id, roles.c.role, roles.c.place_id).where(
            roles.c.person_id == person, roles.c.role.in_((_WORKS, _LEADS)), roles.c.place_id.in_(list(ours))
        )
    )
    held = {(row.role, row.place_id): row.id for row in rows}
    for role, place in sorted(wanted - held.keys()):
        await add_role(connection, person, role, place)
    over = [held[one] for one in held.keys() - wanted]
    if over:
        await connection.execute(roles.delete().where(roles.c.id.in_(over)))
    done.moved += bool(over)


async def _gone(connection: AsyncConnection, members: Sequence[Member], done: Synced) -> list[str]:
    """Takes the account of everybody whom the platform no longer names, if it was the platform that brought them."""
    here = {member.userid.lower() for member in members if member.here}
    brought = sa.exists().where(
        roles.c.person_id == accounts.c.person_id, places.c.id == roles.c.place_id, places.c.code.startswith("wecom/")
    )
    rows = (
        await connection.execute(
            sa.select(accounts.c.id, accounts.c.external_id).where(accounts.c.channel == _CHANNEL, brought)
        )
    ).all()
    gone = [row for row in rows if row.external_id.lower() not in here]
    if gone:
        await connection.execute(accounts.delete().where(accounts.c.id.in_([row.id for row in gone])))
    done.left += len(gone)
    return [f"{_CHANNEL}:{row.external_id}" for row in gone]
