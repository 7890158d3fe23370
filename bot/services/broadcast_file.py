"""The list of those who have not read a notice, as an Excel file; names stay masked."""

from __future__ import annotations

import asyncio
import io

from openpyxl import Workbook

from bot.services import broadcast_desk, files
from bot.services.broadcast_desk import Unread
from bot.services.context import Services
from bot.services.people import Speaker

_MOST = 5000
_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def unread_file(services: Services, by: Speaker, number: int) -> tuple[str, str]:
    """Keeps the file for the speaker; returns its path and name.

    Raises:
        NotFound: there is no such broadcast that this speaker may see.
    """
    _, found = await broadcast_desk.unread(services, by, number, _MOST)
    data = await asyncio.to_thread(_sheet, found)
    name = f"通知{number}未读名单.xlsx"
    return await files.keep_file(services, by.person_id or 0, name, _MIME, data), name


def _sheet(found: list[Unread]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("未读名单")
    sheet.append(["单位", "姓名", "情况"])
    for one in found:
        sheet.append([_plain(cell) for cell in (one.where, one.name, one.why)])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _plain(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
