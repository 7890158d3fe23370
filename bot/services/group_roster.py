"""Importing the work groups: a file with one member a row. What the file says of a group is the group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound
from bot.processes.fields.base import Context, Filled, Spec
from bot.processes.fields.phone import PHONE
from bot.services import audit
from bot.services.context import Services
from bot.services.identity import fill_prints, name_print, phone_print, plain_name
from bot.services.people import add_person, mask_name
from bot.services.roster_file import Row, heading, read_list
from bot.services.roster_rows import mask
from bot.services.work_groups import HEAD_TITLE
from bot.storage.tables import group_members, people, places, work_groups

_WORDS = {
    "group": "组 组名 工作组 小组 组别 工作组名称",
    "name": "姓名 名字 人员姓名",
    "phone": "手机号 手机 电话 手机号码 联系电话 联系方式 电话号码",
    "post": "职务 组内职务 身份",
    "duty": "职责 工作职责 任务 分工",
}
_FIELDS = {word: name for name, words in _WORDS.items() for word in words.split()}
_HEADS = frozenset((HEAD_TITLE, "负责人", "牵头人"))
_EXPECTED = "组、姓名，以及手机号、职务（组长或成员）、职责"


@dataclass
class GroupsImported:
    """`new_people` stood in no roster before. `left`: who is no longer in a group, by name of the group, masked."""

    groups: list[str] = field(default_factory=list)
    members: int = 0
    new_people: int = 0
    left: list[str] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Said:
    number: int
    group: str
    name: str
    phone: str
    is_head: bool
    duty: str


async def import_groups(services: Services, file: Path, place_id: int) -> GroupsImported:
    """Brings the groups of a place to what the file says of them: members, heads (组长), duties. Others stay as they are.

    职责 in a head's row is what the group sees to, in another's what that member does. Who is not found by name and phone becomes
    a person without a role. Any bad row, and nothing is written. For the operator's command line.

    Raises:
        NotFound: there is no such place.
        Refused: the file cannot be read.
    """
    result = GroupsImported()
    said = _read(services, file, result)
    if result.bad:
        return result
    await fill_prints(services)
    async with services.transaction() as connection:
        if not await connection.scalar(sa.select(places.c.id).where(places.c.id == place_id).with_for_update()):
            raise NotFound(f"没有编号为 {place_id} 的地点；用 python -m bot people tree 查看编号。")
        for name in dict.fromkeys(one.group for one in said):
            await _store(services, connection, place_id, name, [one for one in said if one.group == name], result)
        await audit.note(services, connection, None, "imported", "work_groups", place_id)
    return result


def _read(services: Services, file: Path, result: GroupsImported) -> list[_Said]:
    sheet = read_list(file, lambda found: {"group", "name"} <= {_FIELDS.get(one) for one in found}, _EXPECTED)
    at = {_FIELDS[plain]: i for i, one in enumerate(sheet.headings) if (plain := heading(one)) in _FIELDS}
    said: list[_Said] = []
    group = ""
    for row in sheet.rows:
        cells = {name: row.cells[i] if i < len(row.cells) else "" for name, i in at.items()}
        group = cells["group"] or group  # a merged cell says it once for all its rows
        one = _member(services, row, cells, group, result)
        if one is not None:
            twin = next((o for o in said if (o.group, o.name, o.phone) == (one.group, one.name, one.phone)), None)
            if twin is None:
                said.append(one)
            else:
                result.bad.append((row.number, f"与第{twin.number}行重复"))
    return said


def _member(services: Services, row: Row, cells: dict[str, str], group: str, result: GroupsImported) -> _Said | None:
    name, phone = plain_name(cells["name"]), cells.get("phone", "")
    faults = [f"缺{title}" for title, value in (("组名", group), ("姓名", name)) if not value]
    if phone:
        read = PHONE.read(phone, Spec("phone", "手机号"), Context(services.local_now(), services.settings.fever))
        if isinstance(read, Filled):
            phone = str(read.value)
        else:
            faults.append(f"手机号“{mask(phone)}”不对")
    else:
        faults.append("缺手机号")
    if faults:
        result.bad.append((row.number, "；".join(faults)))
        return None
    return _Said(row.number, group, name, phone, cells.get("post", "") in _HEADS, cells.get("duty", ""))


async def _store(
    services: Services,
    connection: AsyncConnection,
    place_id: int,
    name: str,
    said: Sequence[_Said],
    result: GroupsImported,
) -> None:
    duties = "；".join(one.duty for one in said if one.is_head and one.duty)
    put = insert(work_groups).values(place_id=place_id, name=name, duties=duties)
    group_id = await connection.scalar(
        put.on_conflict_do_update(index_elements=["place_id", "name"], set_={"duties": duties}).returning(
            work_groups.c.id
        )
    )
    ids: list[int] = []
    for one in said:
        person_id = await _person(services, connection, one, result)
        ids.append(person_id)
        values = {"is_head": one.is_head, "duty": "" if one.is_head else one.duty}
        await connection.execute(
            insert(group_members)
            .values(group_id=group_id, person_id=person_id, **values)
            .on_conflict_do_update(index_elements=["group_id", "person_id"], set_=values)
        )
    gone = await connection.scalars(
        group_members.delete()
        .where(group_members.c.group_id == group_id, group_members.c.person_id.not_in(ids))
        .returning(group_members.c.person_id)
    )
    for sealed in await connection.scalars(sa.select(people.c.name_sealed).where(people.c.id.in_(gone.all()))):
        result.left.append(f"{name} {mask_name(services.vault.open(sealed, 'people.name'))}")
    result.groups.append(name)
    result.members += len(ids)


async def _person(services: Services, connection: AsyncConnection, one: _Said, result: GroupsImported) -> int:
    known = await connection.scalar(
        sa.select(people.c.id)
        .where(
            people.c.name_print == name_print(services.vault, one.name),
            people.c.phone_print == phone_print(services.vault, one.phone),
            ~people.c.is_guest,
            people.c.merged_into.is_(None),
        )
        .order_by(people.c.id)
        .limit(1)
    )
    if known is None:
        result.new_people += 1
        return await add_person(services, connection, one.name, one.phone)
    return int(known)
