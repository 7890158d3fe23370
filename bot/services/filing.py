"""Filing reports, one or a whole class at once: a few statements however many there are, in the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.check_times import Times, checks_of, times_of
from bot.processes.definition import AlertRule, Measure, Process
from bot.processes.duties import Check
from bot.processes.rules import World, holds
from bot.services import alert_clusters, alert_raising, followups, marks, risks
from bot.services.checks import ABSENT
from bot.services.context import Services
from bot.services.roles import SUBJECT
from bot.storage.tables import people, records, roles

_ROWS = 500  # a statement
_ADVISED = ("发热", "医院", "指挥部")  # offices whose numbers go with advice


@dataclass(frozen=True)
class Report:
    """What is to be filed about one person. `id` becomes the record's key: filed twice, it is filed once."""

    id: uuid.UUID
    person_id: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Filed:
    """What came of filing a report: the measures that apply (the first is the outcome kept), advice, and whether somebody was
    alerted.

    `again` is true when this very report had been filed before (a confirm that came twice). `check` is the check that it
    counts for, None where none asks for it; `late` when its window had closed.
    """

    measures: tuple[Measure, ...]
    advice: tuple[str, ...]
    alerted: bool
    again: bool = False
    corrected: bool = False
    late: bool = False
    check: Check | None = None


@dataclass(frozen=True)
class _Held:
    """A role that a person holds."""

    role: str
    place_id: int


async def world(services: Services) -> World:
    """What rules may know now: the local time, the fever threshold, today's risk list."""
    return World(services.local_now(), services.settings.fever, await risks.today(services))


async def file_reports(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    reports: Sequence[Report],
    reporter_id: int,
    filed_as: str,
    named: Check | None = None,
) -> dict[int, Filed]:
    """Files reports about different people, each under the checks that they are for, with the alerts that they raise.

    A report of a check that has one already replaces it; the earlier version stays. The person → what came of it.
    """
    now = await world(services)
    ids = sorted(report.person_id for report in reports)
    # two first reports of one person at the same moment: the second must see the first. Sorted, so that two lines about
    # the same class do not wait for each other.
    await connection.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.unnest(sa.cast(ids, ARRAY(sa.BigInteger)))))
    )
    known = set(
        await connection.scalars(sa.select(records.c.id).where(records.c.id.in_([report.id for report in reports])))
    )
    held = await _held(connection, ids)
    standing = await _standing(services, connection, process, ids)
    done: dict[int, Filed] = {}
    rows: list[dict[str, Any]] = []
    replaced: list[uuid.UUID] = []
    raised: list[tuple[Report, int | None, list[int], tuple[AlertRule, ...]]] = []
    for report in reports:
        values = {name: report.values.get(name) for name in process.by_name}
        measures = tuple(measure for measure in process.measures if holds(measure.when, values, now))
        fired = tuple(rule for rule in process.alerts if holds(rule.when, values, now))
        owed = checks_of(process, [one.role for one in held.get(report.person_id, ())])
        earlier = standing.get(report.person_id, {})
        times = times_of(process, owed, earlier.keys(), now.now.time(), named)
        advice = _advice(services, fired)
        corrected = process.once_a_day and times.ids[0] in earlier
        done[report.person_id] = Filed(
            measures, advice, bool(fired), report.id in known, corrected, times.late, times.check
        )
        if report.id in known:
            continue
        filed = _rows(services, process, report, times, held.get(report.person_id, []), earlier, measures, fired)
        rows += filed
        replaced += [row["replaces"] for row in filed if row["replaces"] is not None]
        if fired:
            own = [one.place_id for one in held.get(report.person_id, ()) if one.role in SUBJECT]
            raised.append((report, filed[0]["place_id"], own, fired))
    await _write(services, connection, process, rows, replaced, reporter_id, filed_as)
    for report, place_id, own, fired in raised:
        await _raise(services, connection, process, report, place_id, own, fired)
        rules = [rule.id for rule in fired]
        await alert_clusters.look_for_clusters(
            services, connection, process, report.id, report.person_id, rules, place_id
        )
    await _follow(services, connection, process, reports, rows, done)
    return done


def _advice(services: Services, fired: Sequence[AlertRule]) -> tuple[str, ...]:
    """What the person is told to do, with the office's own numbers where they are set."""
    advice = tuple(dict.fromkeys(rule.advice for rule in fired if rule.advice))
    numbers = services.settings.phones.told(_ADVISED)
    return (*advice, f"本地电话：{numbers}；急救120。") if advice and numbers else advice


async def _follow(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    reports: Sequence[Report],
    rows: Sequence[Mapping[str, Any]],
    done: Mapping[int, Filed],
) -> None:
    """What a new report means for open alerts and follow-ups of its person."""
    places = {row["id"]: row["place_id"] for row in rows}
    for report in reports:
        filed = done[report.person_id]
        if filed.again:
            continue
        if filed.corrected and not filed.alerted:
            await alert_raising.tell_corrected(services, connection, process, report.person_id)
    new = [
        followups.Reported(one.id, one.person_id, one.values, done[one.person_id].measures, places[one.id])
        for one in reports
        if not done[one.person_id].again
    ]
    await followups.after_reports(services, connection, process, new)


def _rows(
    services: Services,
    process: Process,
    report: Report,
    times: Times,
    held: Sequence[_Held],
    earlier: Mapping[str, uuid.UUID],
    measures: Sequence[Measure],
    fired: Sequence[AlertRule],
) -> list[dict[str, Any]]:
    """A row for each check that the report is for; the first has the report's own id."""
    outcome = ABSENT if "absent" in report.values else measures[0].id if measures else None
    return [
        {
            "id": report.id if at == 0 else uuid.uuid5(report.id, check_id),
            "process": process.id,
            "process_version": process.version,
            "person_id": report.person_id,
            "place_id": _place_of(process, check_id, held, report.values),
            "day": services.today(),
            "at": services.now(),
            "values_sealed": services.vault.seal_json(dict(report.values), "records.values"),
            "check_id": check_id,
            "late": times.late,
            "rules": [rule.id for rule in fired],
            "outcome": outcome,
            "replaces": earlier.get(check_id) if process.once_a_day else None,
            # for marks_for, which compares values; no column
            "values": dict(report.values),
        }
        for at, check_id in enumerate(times.ids)
    ]


def _place_of(process: Process, check_id: str, held: Sequence[_Held], values: Mapping[str, Any]) -> int | None:
    """Where a record belongs: the grid that was chosen, the place at which the check is owed, or the first of the person's."""
    grid = next((values.get(f.name) for f in process.fields if f.source == "grids"), None)
    if grid and str(grid).isdigit():
        return int(grid)
    owing = next((check.roles for check in process.checks if check.id == check_id), ())
    places = [one.place_id for one in held if one.role in owing] or [
        one.place_id for one in held if one.role in SUBJECT
    ]
    return places[0] if places else None


async def _held(connection: AsyncConnection, person_ids: Sequence[int]) -> dict[int, list[_Held]]:
    rows = await connection.execute(
        sa.select(roles.c.person_id, roles.c.role, roles.c.place_id)
        .where(roles.c.person_id.in_(person_ids))
        .order_by(roles.c.id)
    )
    held: dict[int, list[_Held]] = {}
    for row in rows:
        held.setdefault(row.person_id, []).append(_Held(row.role, row.place_id))
    return held


async def _standing(
    services: Services, connection: AsyncConnection, process: Process, person_ids: Sequence[int]
) -> dict[int, dict[str, uuid.UUID]]:
    """Today's current reports: person → check → record."""
    rows = await connection.execute(
        sa.select(records.c.person_id, records.c.check_id, records.c.id).where(
            records.c.person_id.in_(person_ids),
            records.c.process == process.id,
            records.c.day == services.today(),
            records.c.current,
        )
    )
    standing: dict[int, dict[str, uuid.UUID]] = {}
    for row in rows:
        standing.setdefault(row.person_id, {})[row.check_id] = row.id
    return standing


async def _write(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    rows: Sequence[dict[str, Any]],
    replaced: Sequence[uuid.UUID],
    reporter_id: int,
    filed_as: str,
) -> None:
    marked: dict[tuple[int, str], list[str]] = {}
    for check_id in {row["check_id"] for row in rows if process.once_a_day}:
        reported = {row["person_id"]: row["values"] for row in rows if row["check_id"] == check_id}
        found = await marks.marks_for(services, connection, process, reported, check_id, filed_as, reporter_id)
        marked |= {(person, check_id): names for person, names in found.items()}
    if replaced:
        await connection.execute(records.update().where(records.c.id.in_(replaced)).values(current=False))
    for at in range(0, len(rows), _ROWS):
        made = [
            {
                **{name: value for name, value in row.items() if name != "values"},
                "reporter_id": reporter_id,
                "filed_as": filed_as,
                "marks": marked.get((row["person_id"], row["check_id"]), []),
            }
            for row in rows[at : at + _ROWS]
        ]
        await connection.execute(records.insert().values(made))


async def _raise(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    report: Report,
    place_id: int | None,
    subject_places: Sequence[int],
    fired: Sequence[AlertRule],
) -> None:
    sealed = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == report.person_id))
    name = str(report.values.get("name") or services.vault.open(sealed, "people.name"))
    shown = {
        f.name: f.type.mask(report.values[f.name], f.spec) if f.private else f.type.show(report.values[f.name], f.spec)
        for f in process.fields
        if f.name in report.values
    }
    await alert_raising.raise_alert(
        services, connection, process, report.id, report.person_id, name, place_id, subject_places, fired, shown
    )
