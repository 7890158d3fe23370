"""More people for the demo's places."""

from __future__ import annotations

import sqlalchemy as sa

from bot.services import people
from bot.services.context import Services
from bot.storage.tables import accounts, places


async def place_id(services: Services, code: str) -> int:
    """The id of a place of the demo."""
    async with services.transaction() as connection:
        return int(await connection.scalar(sa.select(places.c.id).where(places.c.code == code)))


async def settle(
    services: Services, name: str, role: str, at: str, phone: str | None = None, sender: str | None = None
) -> int:
    """Somebody with a role at a place of the demo; with `sender` they talk over REST."""
    where = await place_id(services, at)
    async with services.transaction() as connection:
        person_id = await people.add_person(services, connection, name, phone)
        await people.add_role(connection, person_id, role, where)
        await people.add_consent(services, connection, person_id)
        if sender:
            await connection.execute(
                accounts.insert().values(
                    channel="rest", external_id=sender, person_id=person_id, bound_at=services.now()
                )
            )
    return person_id
