"""What tests of broadcasts share."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.services import invitations
from tests.office import Office, Talker


async def sql(office: Office, statement: str) -> list[Any]:
    """Runs a statement and returns its rows."""
    async with office.services.transaction() as connection:
        result = await connection.execute(sa.text(statement))
        return list(result) if result.returns_rows else []


async def row(office: Office, number: int) -> Any:
    """The row of a broadcast."""
    [found] = await sql(office, f"SELECT * FROM broadcasts WHERE id = {number}")
    return found


async def hired(office: Office, sender: str, role: str, place: str) -> Talker:
    """A new staff member with this role at the demo place."""
    [(place_id,)] = await sql(office, f"SELECT id FROM places WHERE code = '{place}'")
    talker = office.person(sender, "web")
    assert "绑定成功" in await talker.says(f"绑定 {await invitations.invite(office.services, role, place_id)}")
    return talker


async def said_to_send(author: Talker, *texts: str) -> None:
    """Writes a notice by these messages and confirms it."""
    await author.says(*texts)
    assert "已确认" in await author.says("确认发送") or "已定时" in author.text
