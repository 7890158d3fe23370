"""Rosters as files, and the roster as it is stored."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import sqlalchemy as sa

from bot.services.context import Services
from bot.services.identity import opened
from bot.services.people_desk import places_of
from bot.services.roster import Imported, import_roster
from bot.storage.tables import people

HEAD = ["社区", "网格", "楼栋", "姓名", "手机号", "证件号", "编号", "角色"]
GRID = ["茶坊社区", "第三网格", "3号楼"]
SOUND_ID = "11010519491231002X"


def csv_file(folder: Path, rows: Iterable[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """A CSV file of these rows."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    file = folder / "roster.csv"
    file.write_bytes(text.getvalue().encode(encoding))
    return file


def excel_file(folder: Path, rows: Iterable[Sequence[Any]], merge: str = "") -> Path:
    """An Excel file of these rows, each value of its own type."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    if merge:
        book.active.merge_cells(merge)
    file = folder / "roster.xlsx"
    book.save(file)
    return file


def rows_of(file: Path) -> list[list[str]]:
    """The rows of a CSV file that the bot wrote."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.reader(text))


async def imported(services: Services, file: Path, dry_run: bool = False) -> Imported:
    """Imports a file; its failed rows stand beside it."""
    return await import_roster(services, file, file.with_name(f"{file.name}.failed.csv"), dry_run)


def counts(done: Imported) -> tuple[int, int, int, int]:
    """New, changed and unchanged people, bad rows."""
    return done.new, done.changed, done.unchanged, len(done.bad)


async def person(services: Services, name: str) -> dict[str, Any]:
    """The one standing person of this name, opened."""
    [found] = [one for one in await everybody(services) if one["name"] == name]
    return found


async def everybody(services: Services) -> list[dict[str, Any]]:
    """All people who were not merged into others, opened, with what they are where."""
    async with services.transaction() as connection:
        rows = (await connection.execute(sa.select(people).where(people.c.merged_into.is_(None)))).all()
        held = await places_of(connection, [row.id for row in rows])
    vault = services.vault
    return [
        {
            "id": row.id,
            "name": opened(vault, row, "name"),
            "phone": opened(vault, row, "phone"),
            "id_number": opened(vault, row, "id_number"),
            "code": row.code,
            "held": held.get(row.id, []),
        }
        for row in rows
    ]
