"""What somebody is given when their data was shown, corrected or deleted, or their consent withdrawn: a code, no values."""

from __future__ import annotations

import secrets

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.context import Services
from bot.storage.tables import receipts

_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is mistaken for another when read aloud or typed

TITLES = {"export": "导出", "correction": "更正", "deletion": "删除", "withdrawal": "撤回同意"}


async def give_receipt(services: Services, connection: AsyncConnection, person_id: int, kind: str) -> str:
    """Writes a receipt in the caller's transaction and returns its code: R-8F3K2."""
    while True:
        code = f"R-{''.join(secrets.choice(_SIGNS) for _ in range(5))}"
        written = await connection.scalar(
            insert(receipts)
            .values(code=code, person_id=person_id, kind=kind, at=services.now())
            .on_conflict_do_nothing(index_elements=["code"])
            .returning(receipts.c.code)
        )
        if written is not None:
            return code
