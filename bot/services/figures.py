"""The figures of a place on a day. Every text, file, picture and push takes them from here, so that they agree everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.definition import Process
from bot.services.asked_part import Place
from bot.services.checks import ABSENT, owing, report_of
from bot.services.context import Services
from bot.services.roles import SUBJECT
from bot.storage.tables import alerts, places, records, roles, zero_reports


@dataclass(frozen=True)
class Count:
    """People and one check. `reported` is who filed a report, `late` and `corrected` are some of these; `absent` was recorded as
    away; `marked` have a report that staff should look at, which is told by the number alone."""

    expected: int = 0
    reported: int = 0
    late: int = 0
    corrected: int = 0
    absent: int = 0
    marked: int = 0

    @property
    def missing(self) -> int:
        """Who has neither reported nor been recorded as away."""
        return self.expected - self.reported - self.absent


@dataclass(frozen=True)
class Unit:
    """A place directly under the one asked for; `id` None: those who belong to that place itself."""

    id: int | None
    name: str
    checks: Mapping[str, Count]
    abnormal: int


@dataclass(frozen=True)
class Figures:
    """What is known of a place and a day. People are counted once, however many roles they hold there.

    `checks`: by id of the check. `abnormal`: people by id of the alert rule that a current report of theirs raised, and how many
    people in all. `alerts_open`: opened that day or before and not closed now; `alerts_closed`: closed that day. `returnees`:
    people who declared a return that day, by process/measure. `zero_reports`: places that reported 零报告.
    """

    checks: Mapping[str, Count] = field(default_factory=dict)
    abnormal: Mapping[str, int] = field(default_factory=dict)
    abnormal_people: int = 0
    alerts_open: int = 0
    alerts_closed: int = 0
    returnees: Mapping[str, int] = field(default_factory=dict)
    zero_reports: int = 0
    units: tuple[Unit, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As a closing keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Figures:
        """The inverse of `as_json`."""
        units = tuple(Unit(**{**unit, "checks": _counts(unit["checks"])}) for unit in kept["units"])
        return cls(**{**kept, "checks": _counts(kept["checks"]), "units": units})


def _counts(kept: Mapping[str, Any]) -> dict[str, Count]:
    return {check: Count(**count) for check, count in kept.items()}


async def figures(
    services: Services, connection: AsyncConnection, process: Process, day: date, place: Place
) -> Figures:
    """The figures of one place. Whether somebody may see them is checked by who calls (`asked_part.read_asked`)."""
    tally = await _tally(connection, process, day, place)
    # most places have nobody abnormal on most days, and then need not look for who it is
    raised = await _abnormal(connection, process, day, place) if tally.any_abnormal() else ()
    rules = {(row.person_id, rule) for row in raised for rule in row.rules}
    alerts_open, alerts_closed = await _alerts(services, connection, day, place)
    return Figures(
        checks=tally.of_all(),
        abnormal=dict(sorted(Counter(rule for _, rule in rules).items())),
        abnormal_people=len({row.person_id for row in raised}),
        alerts_open=alerts_open,
        alerts_closed=alerts_closed,
        returnees=await _returnees(services, connection, day, place),
        zero_reports=await _zero_reports(connection, process, day, place),
        units=await _units(connection, tally, raised),
    )


async def counts(
    connection: AsyncConnection, process: Process, day: date, place: Place
) -> tuple[dict[str, Count], tuple[Unit, ...]]:
    """The counts of a place and of its units alone, without what else `figures` looks up; `abnormal` of the units is 0."""
    tally = await _tally(connection, process, day, place)
    return tally.of_all(), await _units(connection, tally, ())


_Flags = tuple[bool, bool, bool, bool, bool, bool]


@dataclass(frozen=True)
class _Tally:
    """How many roles owe each check, by unit and by what was reported; and the people whose several roles owe the same one.

    To count roles and take off who was counted twice is much cheaper than to sort a town's people for counting each once.
    """

    roles: tuple[tuple[str, int | None, _Flags, int], ...]
    several: tuple[tuple[str, tuple[int | None, ...], _Flags, int], ...]

    def any_abnormal(self) -> bool:
        """Whether any report raised an alert rule."""
        return any(flags[-1] for *_, flags, _ in self.roles)

    def units(self) -> list[int | None]:
        """The units that anybody stands in, the place itself (None) last."""
        found = {unit for _, unit, _, _ in self.roles}
        return [*sorted(unit for unit in found if unit is not None), *([None] if None in found else [])]

    def of_all(self) -> dict[str, Count]:
        """The counts of the whole place by check."""
        lines = [(check, flags, people) for check, _, flags, people in self.roles]
        again = [(check, flags, -people * (len(units) - 1)) for check, units, flags, people in self.several]
        return _added([*lines, *again])

    def of(self, unit: int | None) -> dict[str, Count]:
        """The counts of one unit by check."""
        lines = [(check, flags, people) for check, at, flags, people in self.roles if at == unit]
        again = [
            (check, flags, -people * (units.count(unit) - 1))
            for check, units, flags, people in self.several
            if unit in units
        ]
        return _added([*lines, *again])


def _added(lines: Iterable[tuple[str, _Flags, int]]) -> dict[str, Count]:
    sums: dict[str, Counter[str]] = {}
    for check, (reported, late, corrected, absent, marked, _), people in lines:
        of_check = sums.setdefault(check, Counter())
        of_check["expected"] += people
        of_check["reported"] += people * reported
        of_check["late"] += people * late
        of_check["corrected"] += people * corrected
        of_check["absent"] += people * absent
        of_check["marked"] += people * marked
    return {check: Count(**of_check) for check, of_check in sums.items()}


async def _tally(connection: AsyncConnection, process: Process, day: date, place: Place) -> _Tally:
    # a plan for any place would be one for none: it costs three times as much for a whole town
    await connection.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
    by_role = owing(process, [place.id]).subquery()
    unit = by_role.c.path[place.depth + 2].label("unit")
    away = sa.func.coalesce(records.c.outcome == ABSENT, sa.false())
    flags = [
        sa.and_(records.c.id.is_not(None), ~away).label("reported"),
        sa.func.coalesce(records.c.late, sa.false()).label("late"),
        records.c.replaces.is_not(None).label("corrected"),
        away.label("absent"),
        sa.func.coalesce(sa.func.cardinality(records.c.marks) > 0, sa.false()).label("marked"),
        sa.func.coalesce(sa.func.cardinality(records.c.rules) > 0, sa.false()).label("abnormal"),
    ]
    owing_roles = sa.select(by_role.c.check_id, unit, *flags).select_from(
        by_role.outerjoin(records, report_of(by_role, process, day))
    )
    at = sa.select(by_role.c.person_id, by_role.c.check_id, unit).subquery()
    twice = (
        sa.select(at.c.person_id, at.c.check_id, sa.func.array_agg(at.c.unit).label("units"))
        .group_by(at.c.person_id, at.c.check_id)
        .having(sa.func.count() > 1)
        .subquery()
    )
    owing_again = sa.select(twice.c.check_id, twice.c.units, *flags).select_from(
        twice.outerjoin(records, report_of(twice, process, day))
    )
    return _Tally(
        tuple((row.check_id, row.unit, tuple(row[2:8]), row.people) for row in await _grouped(connection, owing_roles)),
        tuple(
            (row.check_id, tuple(row.units), tuple(row[2:8]), row.people)
            for row in await _grouped(connection, owing_again)
        ),
    )


async def _grouped(connection: AsyncConnection, rows: sa.sql.Select) -> Sequence[sa.engine.Row]:
    """How many of the rows are alike."""
    one = rows.subquery()
    alike = sa.select(*one.c, sa.func.count().label("people")).group_by(*one.c)
    found: Sequence[sa.engine.Row] = (await connection.execute(alike)).all()
    return found


async def _units(connection: AsyncConnection, tally: _Tally, raised: Sequence[sa.engine.Row]) -> tuple[Unit, ...]:
    ids = tally.units()
    if ids in ([], [None]):
        return ()  # nobody stands below: there is nothing to tell apart
    rows = await connection.execute(sa.select(places.c.id, places.c.name).where(places.c.id.in_(ids)))
    names = {row.id: row.name for row in rows}
    return tuple(
        Unit(one, names.get(one, "本级"), tally.of(one), len({row.person_id for row in raised if row.unit == one}))
        for one in ids
    )


async def _abnormal(connection: AsyncConnection, process: Process, day: date, place: Place) -> Sequence[sa.engine.Row]:
    """person_id, rules and unit of whose current report raised an alert rule; once for each role by which they owe it."""
    by_role = owing(process, [place.id]).subquery()
    found: Sequence[sa.engine.Row] = (
        await connection.execute(
            sa.select(by_role.c.person_id, by_role.c.path[place.depth + 2].label("unit"), records.c.rules)
            .select_from(by_role.join(records, report_of(by_role, process, day)))
            .where(records.c.rules != sa.cast([], records.c.rules.type))
        )
    ).all()
    return found


async def _alerts(services: Services, connection: AsyncConnection, day: date, place: Place) -> tuple[int, int]:
    start = datetime.combine(day, time(), services.settings.timezone)
    end = datetime.combine(day + timedelta(days=1), time(), services.settings.timezone)
    open_still = sa.and_(alerts.c.state != "closed", alerts.c.opened_at < end)
    closed = sa.and_(alerts.c.state == "closed", alerts.c.changed_at >= start, alerts.c.changed_at < end)
    row = (
        await connection.execute(
            sa.select(sa.func.count().filter(open_still), sa.func.count().filter(closed)).where(
                sa.or_(open_still, closed), _concerns(alerts.c.place_id, alerts.c.person_id, place)
            )
        )
    ).one()
    return int(row[0]), int(row[1])


async def _returnees(services: Services, connection: AsyncConnection, day: date, place: Place) -> dict[str, int]:
    declared = [process.id for process in services.processes.values() if process.measures and not process.once_a_day]
    rows = await connection.execute(
        sa.select(records.c.process, records.c.outcome, sa.func.count(sa.distinct(records.c.person_id)).label("people"))
        .where(
            records.c.process.in_(declared),
            records.c.day == day,
            records.c.current,
            _concerns(records.c.place_id, records.c.person_id, place),
        )
        .group_by(records.c.process, records.c.outcome)
        .order_by(records.c.process, records.c.outcome)
    )
    return {f"{row.process}/{row.outcome or ''}": row.people for row in rows}


async def _zero_reports(connection: AsyncConnection, process: Process, day: date, place: Place) -> int:
    return int(
        await connection.scalar(
            sa.select(sa.func.count()).where(
                zero_reports.c.process == process.id,
                zero_reports.c.day == day,
                zero_reports.c.place_id.in_(_under(place)),
            )
        )
    )


def _under(place: Place) -> sa.sql.Select:
    return sa.select(places.c.id).where(places.c.path.op("@>")(sa.cast([place.id], places.c.path.type)))


def _concerns(
    place_id: sa.sql.ColumnElement[int], person_id: sa.sql.ColumnElement[int], place: Place
) -> sa.sql.ColumnElement[bool]:
    """Whether a row's place, or a place that looks after its person, lies under the place."""
    theirs = sa.select(1).where(
        roles.c.person_id == person_id, roles.c.role.in_(list(SUBJECT)), roles.c.place_id.in_(_under(place))
    )
    return sa.or_(place_id.in_(_under(place)), sa.exists(theirs))
