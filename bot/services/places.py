"""The org tree: places of any kind and depth."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.context import Services
from bot.services.roles import SUBJECT
from bot.storage.tables import people, places, roles


async def add_place(connection: AsyncConnection, kind: str, name: str, parent_id: int | None, code: str | None) -> int:
    """A new place under `parent_id` (None: a root). `code` is the name by which imports know it."""
    place_id = int(await connection.scalar(sa.text("SELECT nextval('places_id_seq')")))
    above: list[int] = []
    if parent_id is not None:
        above = await connection.scalar(sa.select(places.c.path).where(places.c.id == parent_id))
    await connection.execute(
        places.insert().values(
            id=place_id, kind=kind, name=name, parent_id=parent_id, path=[*above, place_id], code=code
        )
    )
    return place_id


@dataclass(frozen=True)
class Branch:
    """A place of the tree: how deep it lies, and how many different people it looks after, with all below it."""

    id: int
    kind: str
    name: str
    depth: int
    people: int


async def whole_tree(services: Services) -> list[Branch]:
    """All places, each under the one above it. For the operator's command line."""
    around = sa.func.unnest(places.c.path).label("place_id")
    held = (
        sa.select(roles.c.person_id, around)
        .select_from(roles.join(places, places.c.id == roles.c.place_id).join(people, people.c.id == roles.c.person_id))
        .where(roles.c.role.in_(list(SUBJECT)), people.c.merged_into.is_(None))
        .subquery()
    )
    counts = (
        sa.select(held.c.place_id, sa.func.count(sa.distinct(held.c.person_id)).label("people"))
        .group_by(held.c.place_id)
        .subquery()
    )
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(
                places.c.id,
                places.c.kind,
                places.c.name,
                sa.func.cardinality(places.c.path).label("depth"),
                sa.func.coalesce(counts.c.people, 0).label("people"),
            )
            .select_from(places.outerjoin(counts, counts.c.place_id == places.c.id))
            .order_by(places.c.path)
        )
        return [Branch(row.id, row.kind, row.name, row.depth - 1, row.people) for row in rows]


async def root_place(services: Services, name: str) -> int:
    """The first place without a parent; made with this name where there is no place at all (the first start of an office)."""
    async with services.transaction() as connection:
        found = await connection.scalar(
            sa.select(places.c.id).where(places.c.parent_id.is_(None)).order_by(places.c.id).limit(1)
        )
        return int(found) if found is not None else await add_place(connection, "headquarters", name, None, None)


async def place_name(connection: AsyncConnection, place_id: int | None) -> str:
    """A place as staff know it: with the place above it."""
    if place_id is None:
        return "地点未登记"
    above = places.alias()
    row = (
        await connection.execute(
            sa.select(places.c.name, above.c.name.label("above"))
            .select_from(places.outerjoin(above, above.c.id == places.c.parent_id))
            .where(places.c.id == place_id)
        )
    ).one_or_none()
    if row is None:
        return "地点未登记"
    return f"{row.above} {row.name}" if row.above else str(row.name)
