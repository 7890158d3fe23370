"""What the import of a roster reads from the database beforehand, and writes into it at the end: a few statements a thousand rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.context import Services
from bot.services.identity import id_number_print, name_print, stored
from bot.services.roster_people import Crowd, Known
from bot.services.roster_places import Place, Tree
from bot.services.roster_rows import RosterRow
from bot.storage.tables import accounts, kin, people, places, roles

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many of how many are done."""

_ROWS = 2000  # a statement
_IMPORTING = 0x726F7374  # the advisory lock of an import


async def lock_roster(connection: AsyncConnection) -> None:
    """Waits until no other import runs; lasts as long as the transaction."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_IMPORTING)))


async def load_tree(connection: AsyncConnection) -> Tree:
    """All places."""
    rows = await connection.execute(
        sa.select(places.c.id, places.c.kind, places.c.name, places.c.parent_id, places.c.code).order_by(places.c.id)
    )
    return Tree(Place(*row) for row in rows)


async def load_crowd(services: Services, connection: AsyncConnection, rows: Sequence[RosterRow]) -> Crowd:
    """Everybody of the roster whom these rows may mean, with their roles, their guardians, and the guardians' names."""
    vault = services.vault
    names = {name_print(vault, name) for row in rows for name in _names(row) if "*" not in name}
    id_numbers = {id_number_print(vault, row.id_number) for row in rows if row.id_number and "*" not in row.id_number}
    found: dict[int, Any] = {}
    for column, values in (
        (people.c.id, {row.system_id for row in rows if row.system_id is not None}),
        (people.c.code, {row.code for row in rows if row.code}),
        (people.c.id_number_print, id_numbers),
        (people.c.name_print, names),
    ):
        found |= await _people(connection, column, values)
    merged = {row.id: row for row in found.values() if row.merged_into is not None}
    found |= await _people(connection, people.c.id, {row.merged_into for row in merged.values()} - found.keys())
    standing = {id: Known(id, _prints(row), row) for id, row in found.items() if row.merged_into is None}
    ties = await _ties(connection, standing)
    missing = {guardian for guardian, _ in ties} - standing.keys()
    for id, row in (await _people(connection, people.c.id, missing)).items():
        standing[id] = Known(id, _prints(row), row)
    for some in _parts(standing):
        held = await connection.execute(
            sa.select(roles.c.person_id, roles.c.role, roles.c.place_id).where(_any(roles.c.person_id, some))
        )
        for person_id, role, place_id in held:
            standing[person_id].roles.add((role, place_id))
    crowd = Crowd(
        vault,
        sorted(standing.values(), key=lambda person: person.id),
        {row.code: row.merged_into for row in merged.values() if row.code and row.merged_into in standing},
    )
    for id, row in merged.items():
        if row.merged_into in standing:
            crowd.by_id[id] = standing[row.merged_into]
    for (guardian, ward), kind in ties.items():
        crowd.add_kin(guardian, ward, kind)
    return crowd


async def store(
    services: Services, connection: AsyncConnection, tree: Tree, crowd: Crowd, progress: Progress
) -> list[str]:
    """Writes what the import has found to be new or different; returns the chats of those who have changed."""
    place_ids = await _store_places(connection, tree.made)
    touched = [person for person in crowd.by_id.values() if person.touched]
    new = [person for person in crowd.new if person.touched]
    ids = await _next_ids(connection, people, len(new))
    stored_as = {person.id: id for person, id in zip(new, ids)}
    now, vault, done = services.now(), services.vault, 0
    for batch in _parts(new):
        await connection.execute(
            people.insert(),
            [
                {
                    "id": stored_as[person.id],
                    **dict.fromkeys(("phone_sealed", "phone_print", "id_number_sealed", "id_number_print", "code")),
                    **_columns(vault, person),
                    "is_guest": False,
                    "created_at": now,
                    "updated_at": now,
                }
                for person in batch
            ],
        )
        done += len(batch)
        progress("写入人员", done, len(new))
    changed = {person.id: person for person in touched if not person.is_new}
    await _update(services, connection, [person for person in changed.values() if person.changes])
    held = [
        {"person_id": stored_as.get(person.id, person.id), "role": role, "place_id": place_ids.get(place, place)}
        for person in touched
        for role, place in person.new_roles
    ]
    for count, rows in enumerate(_parts(held), 1):
        await connection.execute(insert(roles).on_conflict_do_nothing(), rows)
        progress("写入角色", min(count * _ROWS, len(held)), len(held))
    ties = [
        {"person_id": stored_as.get(guardian, guardian), "ward_id": stored_as.get(ward, ward), "kind": kind}
        for (guardian, ward), kind in crowd.new_kin.items()
    ]
    tie = insert(kin)
    tie = tie.on_conflict_do_update(index_elements=["person_id", "ward_id"], set_={"kind": tie.excluded.kind})
    for rows in _parts(ties):
        await connection.execute(tie, rows)
    return await _chats(connection, changed)


def _names(row: RosterRow) -> list[str]:
    return [row.name, row.guardian.name] if row.guardian is not None else [row.name]


def _prints(row: Any) -> dict[str, str]:
    prints = {"name": row.name_print, "phone": row.phone_print, "id_number": row.id_number_print, "code": row.code}
    return {name: value for name, value in prints.items() if value}


def _columns(vault: Any, person: Known) -> dict[str, Any]:
    changes = dict(person.changes)
    code = {"code": changes.pop("code")} if "code" in changes else {}
    return {**stored(vault, **changes), **code}


async def _update(services: Services, connection: AsyncConnection, changed: Iterable[Known]) -> None:
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for person in changed:
        columns = _columns(services.vault, person)
        alike.setdefault(tuple(columns), []).append({**columns, "which": person.id})
    for names, rows in alike.items():
        update = (
            people.update()
            .where(people.c.id == sa.bindparam("which"))
            .values({name: sa.bindparam(name) for name in names} | {"updated_at": services.now()})
        )
        for some in _parts(rows):
            await connection.execute(update, some)


async def _people(connection: AsyncConnection, column: sa.Column, values: Iterable[Any]) -> dict[int, Any]:
    found = {}
    for some in _parts(values):
        rows = await connection.execute(
            sa.select(
                people.c.id, people.c.name_sealed, people.c.phone_sealed, people.c.id_number_sealed,
                people.c.name_print, people.c.phone_print, people.c.id_number_print, people.c.code, people.c.merged_into,
            ).where(_any(column, some), ~people.c.is_guest)
        )  # fmt: skip
        found.update({row.id: row for row in rows})
    return found


async def _ties(connection: AsyncConnection, wards: Iterable[int]) -> dict[tuple[int, int], str]:
    found = {}
    for some in _parts(wards):
        rows = await connection.execute(
            sa.select(kin.c.person_id, kin.c.ward_id, kin.c.kind).where(_any(kin.c.ward_id, some))
        )
        found.update({(row.person_id, row.ward_id): row.kind for row in rows})
    return found


async def _store_places(connection: AsyncConnection, made: Sequence[Place]) -> dict[int, int]:
    """Each place stands behind the one above it. Returns the ids that they have got."""
    ids = dict(zip((place.id for place in made), await _next_ids(connection, places, len(made))))
    above = {place.parent_id for place in made if place.parent_id is not None and place.parent_id > 0}
    stored_above = await connection.execute(sa.select(places.c.id, places.c.path).where(_any(places.c.id, list(above))))
    paths: dict[int | None, list[int]] = {None: [], **{row.id: list(row.path) for row in stored_above}}
    values = []
    for place in made:
        parent = ids.get(place.parent_id, place.parent_id) if place.parent_id is not None else None
        path = paths[ids[place.id]] = [*paths[parent], ids[place.id]]
        values.append(
            {
                "id": path[-1],
                "kind": place.kind,
                "name": place.name,
                "parent_id": parent,
                "path": path,
                "code": place.code,
            }
        )
    for rows in _parts(values):
        await connection.execute(places.insert(), rows)
    return ids


async def _next_ids(connection: AsyncConnection, table: sa.Table, count: int) -> list[int]:
    drawn = sa.select(sa.func.nextval(f"{table.name}_id_seq")).select_from(sa.func.generate_series(1, count))
    return [int(id) for id in await connection.scalars(drawn)] if count else []


async def _chats(connection: AsyncConnection, person_ids: Iterable[int]) -> list[str]:
    chats = []
    for some in _parts(person_ids):
        rows = await connection.execute(
            sa.select(accounts.c.channel, accounts.c.external_id).where(_any(accounts.c.person_id, some))
        )
        chats += [f"{row.channel}:{row.external_id}" for row in rows]
    return chats


def _any(column: sa.Column, values: Sequence[Any]) -> sa.sql.ColumnElement[bool]:
    # one array: a list of thousands of parameters would be compiled anew each time
    return column == sa.func.any(sa.cast(list(values), ARRAY(column.type)))


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    passing = iter(values)
    while part := list(islice(passing, _ROWS)):
        yield part
