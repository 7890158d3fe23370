"""Importing a roster: a file of people, one a row, into places and people. All or nothing, and twice is once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path as File

from bot.errors import Refused
from bot.services import audit
from bot.services.context import Services
from bot.services.identity import fill_prints
from bot.services.people import mask_name
from bot.services.roles import TITLES as ROLE_TITLES
from bot.services.roster_columns import REASON, Columns, columns_of, is_roster
from bot.services.roster_file import Row, read_list, write_list
from bot.services.roster_people import Crowd, Known
from bot.services.roster_places import Tree
from bot.services.roster_rows import RosterRow, path_words, read_row, roles_at
from bot.services.roster_storing import Progress, load_crowd, load_tree, lock_roster, store

_SHOWN = 20
_EVERY = 5000  # rows between two words on how far it is
_CHATS = 1000  # keys of Redis a call
EXPECTED = "姓名，以及手机号、证件号、编号、角色、街道、社区、网格、学校、班级、企业、车间等各列（顺序不限）"


@dataclass
class Imported:
    """What an import did, or would do: people by what happened to them, rows that are bad, with their reasons.

    `guardians`: those of the new people who stand in no row of their own. `doubles`: who may be somebody else twice, for staff to
    merge. `shown`: the first rows, names masked.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    guardians: int = 0
    bad: list[tuple[Row, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    unused: tuple[str, ...] = ()


def _silent(stage: str, done: int, of: int) -> None:
    pass


async def import_roster(
    services: Services, file: File, failed: File, dry_run: bool = False, progress: Progress = _silent
) -> Imported:
    """Imports the good rows of a file in one transaction; the bad ones go to `failed`, with why, to be imported again.

    A row that says what is known already writes nothing. Nothing is ever taken away: no role, no person, no empty cell
    empties a value. For the operator's command line. With `dry_run` nothing is written, neither rows nor `failed`.

    Raises:
        Refused: the file cannot be read as a roster.
    """
    progress("读取文件", 0, 0)
    sheet = read_list(file, is_roster, EXPECTED)
    columns = columns_of(sheet.headings)
    result = Imported(unused=columns.unused)
    rows = _read_all(services, sheet.rows, columns, result, progress)
    await fill_prints(services)
    async with services.transaction() as connection:
        await lock_roster(connection)
        tree = await load_tree(connection)
        crowd = await load_crowd(services, connection, [row for _, row in rows])
        _plan(rows, tree, crowd, result, progress)
        if not dry_run:
            chats = await store(services, connection, tree, crowd, progress)
            counts = f"new={result.new} changed={result.changed} unchanged={result.unchanged} bad={len(result.bad)}"
            await audit.note(services, connection, None, "imported", "roster", counts)
    if not dry_run:
        for first in range(0, len(chats), _CHATS):
            await services.redis.delete(*(f"who:{chat}" for chat in chats[first : first + _CHATS]))
        if result.bad:
            _write_failed(failed, columns, result)
    return result


def _read_all(
    services: Services, rows: Sequence[Row], columns: Columns, result: Imported, progress: Progress
) -> list[tuple[Row, RosterRow]]:
    good = []
    now = services.local_now()
    for count, row in enumerate(rows, 1):
        cells = {name: row.cells[at] for name, at in columns.at.items() if at < len(row.cells)}
        read = read_row(row.number, cells, now)
        if isinstance(read, list):
            result.bad.append((row, "；".join(read)))
        else:
            good.append((row, read))
        if count % _EVERY == 0 or count == len(rows):
            progress("检查各行", count, len(rows))
    return good


def _plan(
    rows: Sequence[tuple[Row, RosterRow]], tree: Tree, crowd: Crowd, result: Imported, progress: Progress
) -> None:
    """Finds out what the rows change; what they change stands in the tree and the crowd afterwards."""
    seen: dict[int, bool] = {}
    for count, (raw, row) in enumerate(rows, 1):
        try:
            person, moved = _take(row, tree, crowd, result.doubles)
        except Refused as refusal:
            result.bad.append((raw, str(refusal)))
            continue
        seen[person.id] = seen.get(person.id, False) or moved
        if len(result.shown) < _SHOWN:
            result.shown.append(_shown(row, person, moved))
        if count % _EVERY == 0:
            progress("核对名单", count, len(rows))
    result.bad.sort(key=lambda one: one[0].number)
    of = Counter("new" if id < 0 else "changed" if moved else "unchanged" for id, moved in seen.items())
    result.new, result.changed, result.unchanged = of["new"], of["changed"], of["unchanged"]
    result.guardians = sum(not person.in_file for person in crowd.new)
    result.places = [tree.words(place.id) for place in tree.made]


def _take(row: RosterRow, tree: Tree, crowd: Crowd, doubles: list[str]) -> tuple[Known, bool]:
    """Writes down what the row says; whether it is anything new. Refuses before anything is written down."""
    there = [place for path in row.paths if (place := tree.find(path)) is not None]
    notes: list[str] = []
    known = crowd.find(row, there, notes)
    guardian = crowd.find_guardian(row, known) if row.guardian is not None else None
    before = len(known.changes) if known is not None else 0
    person = crowd.take(row, known)
    moved = person.is_new or len(person.changes) > before
    for path in row.paths:
        place = tree.make(path)
        for role in roles_at(row, path):
            if (role, place) not in person.roles:
                person.roles.add((role, place))
                person.new_roles.append((role, place))
                moved = True
    if row.guardian is not None:
        moved = crowd.take_guardian(row, guardian, person) or moved
    if known is None:
        doubles += notes
    return person, moved


def _shown(row: RosterRow, person: Known, moved: bool) -> str:
    what = "新增" if person.is_new else "更新" if moved else "不变"
    titles = "、".join(ROLE_TITLES[role] for role in row.roles)
    return f"第{row.number}行　{what}　{mask_name(row.name)}　{titles}　{path_words(row.paths[0])}"


def _write_failed(failed: File, columns: Columns, result: Imported) -> None:
    reason_at = next((at for at, written in enumerate(columns.headings) if written == REASON), None)
    kept = [at for at in range(len(columns.headings)) if at != reason_at]
    rows = ([*(row.cells[at] if at < len(row.cells) else "" for at in kept), reason] for row, reason in result.bad)
    write_list(failed, [*(columns.headings[at] for at in kept), REASON], rows)
