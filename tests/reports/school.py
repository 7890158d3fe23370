"""The demo's class 三班 with more pupils, and what a test wants to know of their records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.services import people as people_service
from bot.services import places as places_service
from bot.services.context import Services
from bot.storage.tables import accounts, people, places, records

NAMES = [family + given for family in "赵钱孙李周吴郑冯陈" for given in ("一诺", "浩然", "梓涵", "子墨", "雨桐")]


async def place_id(services: Services, code: str) -> int:
    async with services.transaction() as connection:
        return int(await connection.scalar(sa.select(places.c.id).where(places.c.code == code)))


async def fill_class(services: Services, count: int) -> None:
    """Brings 三班, which has 王小明, to so many pupils."""
    three = await place_id(services, "demo/class-3")
    async with services.transaction() as connection:
        for name in NAMES[: count - 1]:
            await add(services, connection, name, "student", three)


async def add(services: Services, connection: Any, name: str, role: str, place: int, sender: str = "") -> int:
    """A person with a role; with `sender`, one who talks over REST and has consented."""
    person = await people_service.add_person(services, connection, name, None)
    await people_service.add_role(connection, person, role, place)
    if sender:
        await people_service.add_consent(services, connection, person)
        await connection.execute(
            accounts.insert().values(channel="rest", external_id=sender, person_id=person, bound_at=services.now())
        )
    return person


async def add_place(services: Services, kind: str, name: str, parent: int | None) -> int:
    async with services.transaction() as connection:
        return await places_service.add_place(connection, kind, name, parent, None)


async def reports_of(services: Services, check: str, current: bool = True) -> dict[str, sa.engine.Row]:
    """The reports of a check by the person's name; with `current` false, those that were replaced."""
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(records, people.c.name_sealed)
            .join(people, people.c.id == records.c.person_id)
            .where(records.c.check_id == check, records.c.current == current)
        )
        return {services.vault.open(row.name_sealed, "people.name"): row for row in rows}


def values_of(services: Services, row: sa.engine.Row) -> dict[str, Any]:
    return services.vault.open_json(row.values_sealed, "records.values")
