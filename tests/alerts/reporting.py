"""Reports by people of a test, filed as the form files them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.services import people, places, records
from bot.services.context import Services
from bot.services.people import Speaker, identify
from bot.storage.tables import accounts, alert_steps, alerts
from bot.storage.tables import places as places_table

NORMAL = {"temperature": 36.5, "symptoms": ["none"], "where": "home", "health_code": "green", "contact": False}


async def reports(services: Services, sender: str, process: str = "daily_report", **values: Any) -> records.Filed:
    """Files a report: a normal daily one but for `values`."""
    said = {**NORMAL, **values} if process == "daily_report" else values
    speaker = await identify(services, f"rest:{sender}")
    return await records.submit(services, speaker, services.processes[process], str(uuid.uuid4()), said)


async def place_id(services: Services, code: str) -> int:
    """A demo place by its code."""
    async with services.transaction() as connection:
        return int(await connection.scalar(sa.select(places_table.c.id).where(places_table.c.code == code)))


async def add(services: Services, sender: str, name: str, *held: tuple[str, str]) -> int:
    """A person with an account at REST, and roles at places of the demo (by code)."""
    async with services.transaction() as connection:
        person_id = await people.add_person(services, connection, name, None)
        for role, code in held:
            place = await connection.scalar(sa.select(places_table.c.id).where(places_table.c.code == code))
            await people.add_role(connection, person_id, role, place)
        await people.add_consent(services, connection, person_id)
        await connection.execute(
            accounts.insert().values(channel="rest", external_id=sender, person_id=person_id, bound_at=services.now())
        )
    return person_id


async def add_place(services: Services, kind: str, name: str, above: str, code: str) -> None:
    """A place under one of the demo."""
    parent = await place_id(services, above)
    async with services.transaction() as connection:
        await places.add_place(connection, kind, name, parent, code)


async def speaker(services: Services, sender: str) -> Speaker:
    """Who speaks by a REST account."""
    return await identify(services, f"rest:{sender}")


async def all_alerts(services: Services) -> Sequence[sa.engine.Row]:
    """The alert rows, oldest first."""
    async with services.transaction() as connection:
        return (await connection.execute(sa.select(alerts).order_by(alerts.c.id))).all()


async def steps(services: Services) -> list[str]:
    """The steps of all alerts in order."""
    async with services.transaction() as connection:
        return list(await connection.scalars(sa.select(alert_steps.c.step).order_by(alert_steps.c.id)))
