"""The duty roster as a file: who is on duty on which day, at a place or in a work group."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refused
from bot.services import audit
from bot.services.context import Services
from bot.services.duty_words import read_days
from bot.services.people import mask_name
from bot.services.places import place_name
from bot.services.roster_file import Row, heading, read_list
from bot.storage.tables import duty_days, people, places, work_groups

_WORDS = {
    "day": ("日期", "值班日期", "时间"),
    "place": ("地点", "值班地点", "网格", "单位", "部门", "岗位"),
    "group": ("组", "工作组", "组别", "小组"),
    "name": ("姓名", "值班人", "值班人员", "名字"),
    "phone": ("手机号", "电话", "手机", "联系电话", "手机号码"),
}
_EXPECTED = "日期、地点（或 组）、姓名、手机号"
_ISO = re.compile(r"(20[0-9]{2})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:\s.*)?")


@dataclass(frozen=True)
class Imported:
    """`days` of how many units have their roster now, with how many people; the rows that were left out, each with its reason."""

    days: int
    people: int
    bad: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """A line of the roster, the name masked."""

    day: date
    where: str
    who: str


@dataclass(frozen=True)
class _Unit:
    place_id: int | None
    group_id: int | None


async def import_duty(services: Services, file: Path) -> Imported:
    """Reads a roster; what stood for a day and unit that the file names is replaced, so that a corrected file can be read again.

    Rows that cannot be read are left out and told with their number; all others are taken, in one transaction.

    Raises:
        Refused: the file cannot be read, or no row of it.
    """
    sheet = read_list(file, lambda titles: {"day", "name"} <= set(_columns(titles)), _EXPECTED)
    columns = _columns([heading(title) for title in sheet.headings])
    wanted: dict[tuple[date, _Unit], list[int]] = defaultdict(list)
    bad = []
    async with services.transaction() as connection:
        for row in sheet.rows:
            try:
                day, unit, person_id = await _read(services, connection, row, columns)
            except Refused as refusal:
                bad.append(f"第{row.number}行：{refusal}")
                continue
            if person_id not in wanted[day, unit]:
                wanted[day, unit].append(person_id)
        if not wanted:
            raise Refused("一行也没有读成：\n" + "\n".join(bad[:20]))
        for (day, unit), person_ids in wanted.items():
            await connection.execute(
                duty_days.delete().where(
                    duty_days.c.day == day,
                    duty_days.c.place_id.is_not_distinct_from(unit.place_id),
                    duty_days.c.group_id.is_not_distinct_from(unit.group_id),
                )
            )
            await connection.execute(
                duty_days.insert(),
                [
                    {"day": day, "place_id": unit.place_id, "group_id": unit.group_id, "person_id": person_id}
                    for person_id in person_ids
                ],
            )
            kind, unit_id = ("place", unit.place_id) if unit.place_id is not None else ("work_group", unit.group_id)
            await audit.note(services, connection, None, "duty_imported", kind, unit_id)
    return Imported(len(wanted), sum(map(len, wanted.values())), tuple(bad))


async def list_duty(services: Services, first: date, last: date) -> list[Listed]:
    """The roster from `first` to `last`, for the operator's command line."""
    query = (
        sa.select(duty_days, people.c.name_sealed, work_groups.c.name.label("group_name"))
        .select_from(
            duty_days.join(people, people.c.id == duty_days.c.person_id).outerjoin(
                work_groups, work_groups.c.id == duty_days.c.group_id
            )
        )
        .where(duty_days.c.day.between(first, last))
        .order_by(duty_days.c.day, duty_days.c.place_id, duty_days.c.group_id, duty_days.c.id)
    )
    async with services.transaction() as connection:
        rows = (await connection.execute(query)).all()
        return [
            Listed(
                row.day,
                row.group_name or await place_name(connection, row.place_id),
                mask_name(services.vault.open(row.name_sealed, "people.name")),
            )
            for row in rows
        ]


def _columns(titles: Sequence[str]) -> dict[str, int]:
    return {
        field: at
        for field, words in _WORDS.items()
        for at, title in reversed(list(enumerate(titles)))
        if title in words
    }


async def _read(
    services: Services, connection: AsyncConnection, row: Row, columns: Mapping[str, int]
) -> tuple[date, _Unit, int]:
    cells = {field: row.cells[at] if at < len(row.cells) else "" for field, at in columns.items()}
    day = _day(services, cells.get("day", ""))
    unit = await _unit(connection, cells.get("place", ""), cells.get("group", ""))
    return day, unit, await _person(services, connection, cells.get("name", ""), cells.get("phone", ""))


def _day(services: Services, text: str) -> date:
    if not text:
        raise Refused("没有写日期")
    if iso := _ISO.fullmatch(text):
        try:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        except ValueError:
            raise Refused(f"没有这一天：{text}") from None
    day, last = read_days(services, text)
    if day != last:
        raise Refused(f"日期要写一天：{text}")
    return day


async def _unit(connection: AsyncConnection, place: str, group: str) -> _Unit:
    if group:
        found = list(await connection.scalars(sa.select(work_groups.c.id).where(work_groups.c.name == group)))
        if len(found) > 1 and place:
            at = (await _unit(connection, place, "")).place_id
            inside = sa.select(work_groups.c.id).where(work_groups.c.name == group, work_groups.c.place_id == at)
            found = list(await connection.scalars(inside))
        if len(found) != 1:
            raise Refused(f"组“{group}”{'没有' if not found else '不止一个，请再写明地点'}")
        return _Unit(None, found[0])
    if not place:
        raise Refused("没有写地点或组")
    words = re.split(r"[\s/>＞]+", place)
    rows = await connection.execute(sa.select(places.c.id, places.c.path).where(places.c.name == words[-1]))
    found = []
    for row in rows.all():
        above = set(await connection.scalars(sa.select(places.c.name).where(places.c.id.in_(row.path))))
        if above >= set(words):
            found.append(row.id)
    if len(found) != 1:
        raise Refused(f"地点“{place}”{'没有' if not found else '不止一个，请把上一级写在前面，用空格隔开'}")
    return _Unit(found[0], None)


async def _person(services: Services, connection: AsyncConnection, name: str, phone: str) -> int:
    if not name:
        raise Refused("没有写姓名")
    plain = re.sub(r"[\s-]", "", phone)
    if not plain:
        raise Refused(f"{mask_name(name)}没有写手机号，同名的人分不开")
    printed = services.vault.fingerprint(plain, "phone")
    rows = await connection.execute(
        sa.select(people.c.id, people.c.name_sealed)
        .where(people.c.phone_print == printed, people.c.merged_into.is_(None))
        .order_by(people.c.id)
    )
    for row in rows:
        if services.vault.open(row.name_sealed, "people.name") == name:
            return int(row.id)
    raise Refused(f"名册里没有叫{mask_name(name)}、手机尾号{plain[-4:]}的人")
