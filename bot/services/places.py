"""The org tree: places of any kind and depth."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.context import Services
from bot.storage.tables import places


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


async def root_place(services: Services, name: str) -> int:
    """The first place without a parent; made with this name where there is no place at all (the first start of an office)."""
    async with services.transaction() as connection:
        found = await connection.scalar(
            sa.select(places.c.id).where(places.c.parent_id.is_(None)).order_by(places.c.id).limit(1)
        )
        return int(found) if found is not None else await add_place(connection, "headquarters", name, None, None)
