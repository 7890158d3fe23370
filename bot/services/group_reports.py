"""A class, a team or a family is reported at once: planned and shown first, filed in one transaction when confirmed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotEntitled, NotFound, Refused
from bot.processes.check_times import times_of
from bot.processes.definition import Process
from bot.processes.duties import Check
from bot.processes.fields.numerals import CHINESE, to_int
from bot.processes.group_lines import (
    Exceptional,
    GroupSaid,
    Settled,
    nearest,
    normal_values,
    read_exceptional,
    read_group_line,
    settle,
)
from bot.services import audit, checks, filing, messages
from bot.services.checks import ABSENT
from bot.services.context import Services
from bot.services.filing import Filed, Report
from bot.services.people import Speaker
from bot.services.roles import HEADS
from bot.storage.tables import people, places

_MOST_UNITS = 8
_NUMERALS = re.compile(f"[{CHINESE}]+")


@dataclass(frozen=True)
class Unit:
    """A place that can be reported at once. `name` is as the speaker knows it: 三年级二班."""

    id: int
    name: str


@dataclass(frozen=True)
class Member:
    """Somebody on the roster of a unit. `left_alone`: they have reported themselves, or something abnormal, so that a line which does
    not name them changes nothing; `settled`: the unit's line has recorded them as present already."""

    person_id: int
    name: str
    left_alone: bool
    settled: bool


@dataclass(frozen=True)
class GroupPlan:
    """A line as it was understood, to be shown and confirmed. `entries` are the exceptions, person and values; `normal` how many are
    recorded as well, `alone` how many are left as they have reported. With `problems` or `strangers` it cannot be confirmed."""

    id: str
    process: str
    unit: Unit
    check: Check
    day: date
    settled: Settled
    entries: tuple[tuple[int, Mapping[str, Any]], ...]
    normal: int
    alone: int
    problems: tuple[str, ...]
    strangers: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def ready(self) -> bool:
        """Whether everything adds up."""
        return not (self.problems or self.strangers)

    def waiting(self) -> dict[str, Any]:
        """What is kept until 确认上报."""
        return {
            "id": self.id,
            "process": self.process,
            "place": self.unit.id,
            "check": self.check.id,
            "day": self.day.isoformat(),
            "entries": [[person, dict(values)] for person, values in self.entries],
        }


@dataclass(frozen=True)
class GroupFiled:
    """What came of it: how many records, how many alerts, and whether the time for it was over."""

    unit: str
    check: Check
    records: int
    alerted: int
    late: bool


def group_process(services: Services) -> Process:
    """The process that a class or team reports by: it has checks, and a word for all is well.

    Raises:
        NotFound: there is none.
    """
    found = next((p for p in services.processes.values() if p.once_a_day and p.checks and p.shortcuts), None)
    if found is None:
        raise NotFound("现在没有需要整班、整组上报的内容。")
    return found


async def plan_group(services: Services, speaker: Speaker, text: str) -> GroupPlan | list[Unit]:
    """Reads a line about a unit that the speaker is in charge of. Several units that may be meant are returned as they are.

    Raises:
        NotEntitled: the speaker is in charge of nothing.
        NotFound: of no such unit.
        Refused: nobody there owes a check.
    """
    if not speaker.in_charge_of():
        raise NotEntitled(
            "整班、整组上报是班主任、班组长这样的负责人用的。给自己打卡发“打卡”，全家一起报发“全家正常”。"
        )
    process = group_process(services)
    said = read_group_line(process, text)
    async with services.transaction() as connection:
        units = await _units(connection, speaker, said.unit)
        if len(units) > 1:
            return units[: _MOST_UNITS + 1]
        check = await _check(services, connection, process, units[0], said)
        roster = await _roster(services, connection, process, units[0].id, check)
    names = [member.name for member in roster]
    exceptional, unread = read_exceptional(process, said.rest, names, await filing.world(services))
    settled = settle(said, exceptional, len(roster))
    problems = list(settled.problems)
    problems += [
        f"没看懂{one.name}“{one.unclear}”，请换个说法，例如：{one.name}发热38.2。" for one in exceptional if one.unclear
    ]
    problems += [
        f"名单上有{names.count(one.name)}个{one.name}，请让这一位单独打卡，或写成不同的名字。"
        for one in exceptional
        if names.count(one.name) > 1
    ]
    if unread and not exceptional:
        problems.append(f"没看懂“{unread[:20]}”，请写成：名字加情况，例如：王小明发热38.2，李四请假。")
    strangers = tuple((one.name, tuple(nearest(one.name, names))) for one in exceptional if not one.known)
    by_name = {member.name: member.person_id for member in roster}
    entries = tuple((by_name[one.name], _values(one)) for one in settled.exceptional if one.known)
    named = {person for person, _ in entries}
    others = [member for member in roster if member.person_id not in named]
    return GroupPlan(
        str(uuid.uuid4()),
        process.id,
        units[0],
        check,
        services.today(),
        settled,
        entries,
        sum(not member.left_alone for member in others),
        sum(member.left_alone for member in others),
        tuple(problems),
        strangers,
    )


async def file_group(services: Services, speaker: Speaker, waiting: Mapping[str, Any]) -> GroupFiled:
    """Files a plan that was confirmed: a record for each person of whom there is something new.

    Confirmed twice, it is filed once.

    Raises:
        NotFound: the speaker is not in charge of that unit.
        Refused: the day is over, or nothing is left to file.
    """
    process = services.processes[waiting["process"]]
    check = next(one for one in process.checks if one.id == waiting["check"])
    if waiting["day"] != services.today().isoformat():
        raise Refused("这份是昨天的，已经作废，请重新发一次。")
    async with services.transaction() as connection:
        unit = await _unit(connection, speaker, int(waiting["place"]))
        roster = await _roster(services, connection, process, unit.id, check)
        there = {member.person_id for member in roster}
        entries = {int(person): values for person, values in waiting["entries"] if int(person) in there}
        normal = normal_values(process)
        values = {
            **{m.person_id: normal for m in roster if not (m.left_alone or m.settled) and m.person_id not in entries},
            **entries,
        }
        batch = uuid.UUID(waiting["id"])
        reports = [Report(uuid.uuid5(batch, str(person)), person, one) for person, one in values.items()]
        done: dict[int, Filed] = {}
        if reports:
            reporter = speaker.person_id or 0
            done = await filing.file_reports(services, connection, process, reports, reporter, "group", check)
            await audit.note(services, connection, speaker, "group_reported", "place", unit.id)
    if any(filed.alerted for filed in done.values()):
        await messages.announce(services)
    return GroupFiled(
        unit.name,
        check,
        sum(not filed.again for filed in done.values()),
        sum(filed.alerted for filed in done.values()),
        any(filed.late for filed in done.values()),
    )


def _values(one: Exceptional) -> dict[str, Any]:
    return {**one.values, **({"absent": one.absent} if one.absent else {})}


async def _units(connection: AsyncConnection, speaker: Speaker, said: str) -> list[Unit]:
    """The places under the speaker's that a name may mean; without a name, those that they see to themselves."""
    above = places.alias("above")
    of_path = above.c.id == sa.func.any(places.c.path)
    own = sa.cast(speaker.in_charge_of(), places.c.path.type)
    rows = (
        await connection.execute(
            sa.select(
                places.c.id,
                sa.func.array_agg(
                    sa.dialects.postgresql.aggregate_order_by(above.c.name, sa.func.cardinality(above.c.path))
                ).label("names"),
            )
            .select_from(places.join(above, of_path))
            .where(places.c.path.op("&&")(own))
            .group_by(places.c.id)
            .order_by(places.c.id)
        )
    ).all()
    names = {row.id: list(row.names) for row in rows}
    if not said:
        nearest_ones = [h.place_id for h in speaker.roles if h.role in HEADS] or speaker.in_charge_of()
        return [Unit(place, names[place][-1]) for place in dict.fromkeys(nearest_ones) if place in names]
    if match := re.match(r"地点([0-9]{1,9})(?![0-9])", said):
        found = [place for place in names if place == int(match[1])]
    else:
        wanted = _folded(said)
        found = [place for place, path in names.items() if _folded(path[-1]) == wanted]
        found = found or [place for place, path in names.items() if _folded("".join(path)).endswith(wanted)]
    if not found:
        raise NotFound(f"没有找到“{said}”，或不在您负责的范围内。")
    return [Unit(place, "".join(names[place][-2:]) if len(found) > 1 else names[place][-1]) for place in found]


async def _unit(connection: AsyncConnection, speaker: Speaker, place_id: int) -> Unit:
    own = sa.cast(speaker.in_charge_of(), places.c.path.type)
    name = await connection.scalar(sa.select(places.c.name).where(places.c.id == place_id, places.c.path.op("&&")(own)))
    if name is None:
        raise NotFound("没有找到这个班组，或不在您负责的范围内。")
    return Unit(place_id, name)


def _folded(name: str) -> str:
    """三（2）班 and 第三2班 are one name."""
    plain = _NUMERALS.sub(lambda found: str(to_int(found[0]) or found[0]), re.sub(r"[\s()（）\-第]", "", name))
    return plain.casefold()


async def _check(
    services: Services, connection: AsyncConnection, process: Process, unit: Unit, said: GroupSaid
) -> Check:
    """The check that the line is about: the one that was named, else the one whose time it is there."""
    owing = checks.owing(process, [unit.id]).subquery()
    ids = set(await connection.scalars(sa.select(owing.c.check_id).distinct()))
    owed = [check for check in process.checks if check.id in ids]
    if not owed:
        raise Refused(f"{unit.name}的名单上还没有要{process.short}的人，请先让管理员导入名单。")
    if said.check is not None and said.check not in owed:
        raise Refused(f"{unit.name}没有{said.check.title}，有的是：{'、'.join(check.title for check in owed)}。")
    now = services.local_now().time()
    if said.check is not None and now < said.check.opens:
        raise Refused(f"{said.check.title}{said.check.opens:%H:%M}开始，到时候再报。")
    chosen = times_of(process, owed, (), now, said.check).check
    assert chosen is not None  # something is owed
    return chosen


async def _roster(
    services: Services, connection: AsyncConnection, process: Process, place_id: int, check: Check
) -> list[Member]:
    owed = checks.owed(process, services.today(), [place_id], (check.id,))
    rows = await connection.execute(
        sa.select(
            owed.c.person_id, owed.c.record_id, owed.c.rules, owed.c.filed_as, owed.c.outcome, people.c.name_sealed
        )
        .distinct(owed.c.person_id)
        .join(people, people.c.id == owed.c.person_id)
        .order_by(owed.c.person_id)
    )
    return [
        Member(
            row.person_id,
            services.vault.open(row.name_sealed, "people.name"),
            row.record_id is not None and (row.filed_as != "group" or bool(row.rules)),
            row.record_id is not None and row.filed_as == "group" and row.outcome != ABSENT,
        )
        for row in rows
    ]


def units_named(units: Sequence[Unit]) -> str:
    """Some units in one line, for a question back."""
    shown = "、".join(unit.name for unit in units[:_MOST_UNITS])
    return f"{shown}等" if len(units) > _MOST_UNITS else shown
