"""The audit table: who changed or revealed what. Ids only, no values, so that deletion stays possible."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.context import Services
from bot.services.people import Speaker
from bot.storage.tables import audit


async def note(
    services: Services, connection: AsyncConnection, by: Speaker | None, action: str, kind: str, object_id: Any
) -> None:
    """Adds a row in the caller's transaction. `by` is None for the bot itself and for the operator's command line."""
    await connection.execute(
        audit.insert().values(
            at=services.now(),
            actor_id=by.person_id if by else None,
            action=action,
            object=kind,
            object_id=str(object_id),
        )
    )
