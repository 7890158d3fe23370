"""Summaries: pushed before the deadlines of the plans, asked for at any time. A day that was sent stays as it was sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button, Outgoing
from bot.processes.definition import Process
from bot.processes.duties import Check, SummaryTime
from bot.services import messages
from bot.services.asked_part import AskedPart, Place, processes_with_checks
from bot.services.context import Services
from bot.services.duty import deputies_of
from bot.services.figures import Figures, figures
from bot.services.messages import Owed
from bot.services.missing import begun_checks, missing_people
from bot.services.people import Speaker, mask_name
from bot.services.roles import IN_CHARGE
from bot.services.summary_words import changes, count_line, summary_text
from bot.storage.tables import closings, places, roles

_NAMED = 20
_PLACES_SHOWN = 20


@dataclass(frozen=True)
class Summary:
    """The figures of a place and day for somebody who may see them.

    `closed_at`: when they were sent, None while the day is open; then `since` says what has changed after that. `checks` are those that
    had begun. `names` are the missing, masked, at most 20.
    """

    process: Process
    place: Place
    day: date
    figures: Figures
    checks: tuple[Check, ...]
    names: str
    closed_at: datetime | None = None
    since: tuple[str, ...] = ()

    def text(self, services: Services) -> str:
        """All of it in words."""
        body = summary_text(
            services.processes,
            self.process,
            self.place.name,
            self.day,
            services.today(),
            self.checks,
            self.figures,
            self.names and f"{'现在还没报' if self.closed_at else '未报'}：{self.names}",
        )
        if self.closed_at is None:
            return body
        at = self.closed_at.astimezone(services.settings.timezone)
        changed = f"截止后变化：{'，'.join(self.since)}" if self.since else "截止后没有变化"
        return f"{body}\n（{at:%H:%M}已上报的数字，{changed}）"


async def summaries(services: Services, by: Speaker, asked: AskedPart) -> list[Summary]:
    """The summaries of what was asked for (`asked_part.read_asked` has checked the right to it)."""
    made = []
    async with services.transaction() as connection:
        for place in asked.places:
            made.append(await _summary(services, connection, by, asked.process, asked.day, place, asked.checks))
    return made


async def figures_of_days(
    services: Services, by: Speaker, asked: AskedPart, place: Place, days: Sequence[date]
) -> list[Figures]:
    """The figures of one of the places on each of these days: as they were sent, where they were."""
    async with services.transaction() as connection:
        return [
            (await _summary(services, connection, by, asked.process, day, place, None, named=False)).figures
            for day in days
        ]


async def _summary(
    services: Services,
    connection: AsyncConnection,
    by: Speaker,
    process: Process,
    day: date,
    place: Place,
    checks: Collection[str] | None,
    named: bool = True,
) -> Summary:
    live = await figures(services, connection, process, day, place)
    shown = tuple(begun_checks(services, process, day, checks))
    names = await _names(services, connection, process, day, place, shown, live) if named else ""
    closing = await _closing(connection, process, day, place, _read_by(process, by))
    if closing is None:
        return Summary(process, place, day, live, shown, names)
    sent = Figures.from_json(closing.figures)
    at = closing.at.astimezone(services.settings.timezone)
    begun = tuple(check for check in shown if checks or at.date() > day or check.opens <= at.time())
    return Summary(process, place, day, sent, begun, names, closing.at, tuple(changes(process, sent, live)))


def _read_by(process: Process, by: Speaker) -> set[str]:
    """The ids of the summaries that are pushed to the speaker."""
    held = {one.role for one in by.roles}
    return {summary.id for summary in process.summaries if held & set(summary.roles)}


async def _closing(
    connection: AsyncConnection, process: Process, day: date, place: Place, read: Collection[str]
) -> sa.engine.Row | None:
    """The last figures that were sent of a place and day: to the speaker, or to others where none were sent to them."""
    return (
        await connection.execute(
            sa.select(closings.c.figures, closings.c.at)
            .where(closings.c.place_id == place.id, closings.c.process == process.id, closings.c.day == day)
            .order_by(closings.c.summary.in_(list(read)).desc(), closings.c.at.desc())
            .limit(1)
        )
    ).one_or_none()


async def _names(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    day: date,
    place: Place,
    checks: Sequence[Check],
    seen: Figures,
) -> str:
    missing = sum(seen.checks[check.id].missing for check in checks if check.id in seen.checks)
    if missing == 0:
        return ""
    if missing > _NAMED * 10:
        return f"{missing}人，发“谁还没报”看各单位"
    found = await missing_people(services, connection, process, day, place, checks, _NAMED)
    # who misses two checks stands there once
    once = {(one.person_id, one.where): f"{mask_name(one.name)}（{one.where.split()[-1]}）" for one in found}
    words = "、".join(once.values())
    return f"{words} 等{missing}人" if missing > len(found) else words


def summary_times(services: Services) -> Collection[time]:
    """The local times of day at which `push_at` has something to do."""
    return {summary.at for process in processes_with_checks(services) for summary in process.summaries}


@dataclass(frozen=True)
class _Reader:
    """Who gets the summary of a place. `in_charge`: may read names and chase."""

    person_id: int
    place: Place
    in_charge: bool


async def push_at(services: Services, due: datetime) -> int:
    """Sends the summaries of the local time of `due` and keeps the figures as they were sent; returns how many messages.

    Nothing of another day. Called again with the same `due` it writes nothing new, and the figures stay those that were kept first.
    """
    moment = due.astimezone(services.settings.timezone)
    if moment.date() != services.today():
        return 0
    told: dict[int, dict[tuple[str, int], _Told]] = {}
    for process in processes_with_checks(services):
        for summary in process.summaries:
            if (summary.at.hour, summary.at.minute) == (moment.hour, moment.minute):
                for one in await _closed(services, process, summary, moment.date()):
                    told.setdefault(one.reader.person_id, {}).setdefault((process.id, one.reader.place.id), one)
    owed = [
        Owed(person_id, _message(services, list(theirs.values())), f"summary/{moment:%Y-%m-%dT%H:%M}/{person_id}")
        for person_id, theirs in told.items()
    ]
    async with services.transaction() as connection:
        written = await messages.owe_all(services, connection, owed)
    await messages.announce(services)
    return written


@dataclass(frozen=True)
class _Told:
    """A summary that somebody gets at a deadline."""

    reader: _Reader
    title: str
    seen: Summary


async def _closed(services: Services, process: Process, summary: SummaryTime, day: date) -> list[_Told]:
    """Closes the day for the places of a deadline; who gets which figures."""
    async with services.transaction() as connection:
        readers = await _readers(services, connection, summary)
    seen: dict[int, Summary] = {}
    for place in {reader.place.id: reader.place for reader in readers}.values():
        # a transaction a place: a town's summaries are many, and each place's figures stand on their own
        async with services.transaction() as connection:
            closed = await _close(services, connection, process, summary, day, place)
        if closed is not None:
            seen[place.id] = closed
    return [_Told(reader, summary.title, seen[reader.place.id]) for reader in readers if reader.place.id in seen]


async def _readers(services: Services, connection: AsyncConnection, summary: SummaryTime) -> list[_Reader]:
    in_charge = sa.func.bool_or(roles.c.role.in_(list(IN_CHARGE))).label("in_charge")
    gets = sa.func.bool_or(roles.c.role.in_(summary.roles))
    rows = (
        await connection.execute(
            sa.select(roles.c.person_id, places.c.id, places.c.name, places.c.path, in_charge)
            .join(places, places.c.id == roles.c.place_id)
            .group_by(roles.c.person_id, places.c.id)
            .having(gets)
            .order_by(roles.c.person_id, places.c.id)
        )
    ).all()
    stand_in = await deputies_of(connection, [row.person_id for row in rows], services.today())
    readers: dict[tuple[int, int], _Reader] = {}
    for row in rows:
        for person_id in (row.person_id, *stand_in.get(row.person_id, ())):
            reader = _Reader(person_id, Place(row.id, row.name, len(row.path) - 1), row.in_charge)
            readers.setdefault((person_id, row.id), reader)
    return list(readers.values())


async def _close(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    summary: SummaryTime,
    day: date,
    place: Place,
) -> Summary | None:
    """Keeps the figures of a place as they are now, or finds those that were kept before; None where nobody has to report."""
    live = await figures(services, connection, process, day, place)
    if not live.checks and not live.returnees and not live.alerts_open:
        return None
    of_it = (
        closings.c.place_id == place.id,
        closings.c.process == process.id,
        closings.c.day == day,
        closings.c.summary == summary.id,
    )
    await connection.execute(
        insert(closings)
        .values(
            place_id=place.id,
            process=process.id,
            day=day,
            summary=summary.id,
            figures=live.as_json(),
            at=services.now(),
        )
        .on_conflict_do_nothing()
    )
    kept = (await connection.execute(sa.select(closings.c.figures, closings.c.at).where(*of_it))).one()
    shown = tuple(begun_checks(services, process, day, None))
    names = await _names(services, connection, process, day, place, shown, live)
    return Summary(process, place, day, Figures.from_json(kept.figures), shown, names, kept.at)


def _message(services: Services, told: Sequence[_Told]) -> Outgoing:
    """One message for all places of a reader: one place in full, several with a line each."""
    return _of_one(services, told[0]) if len(told) == 1 else _of_several(services, told)


def _of_one(services: Services, told: _Told) -> Outgoing:
    place, seen = told.reader.place, told.seen
    named = seen.names if told.reader.in_charge else ""
    text = summary_text(
        services.processes,
        seen.process,
        f"{told.title} {place.name}",
        seen.day,
        services.today(),
        seen.checks,
        seen.figures,
        f"未报：{named}" if named else "",
    )
    if not told.reader.in_charge:  # figures reach who only inspects; the words for more are for those in charge
        return Outgoing(text, purpose="reminder")
    buttons = [Button("表格", f"地点{place.id}汇总表格")]
    if named:
        buttons += [Button("催一下", f"地点{place.id}催一下"), Button("电话名单", f"地点{place.id}电话名单")]
    return Outgoing(text, tuple(buttons), purpose="reminder")


def _of_several(services: Services, told: Sequence[_Told]) -> Outgoing:
    titles = "、".join(dict.fromkeys(one.title for one in told))
    lines = [f"【{titles}】{len(told)}处，截至{services.local_now():%H:%M}"]
    for one in told[:_PLACES_SHOWN]:
        counts = [
            count_line(check.title, one.seen.figures.checks[check.id])
            for check in one.seen.checks
            if check.id in one.seen.figures.checks
        ]
        lines.append(f"・{one.reader.place.name} {'；'.join(counts)}，异常{one.seen.figures.abnormal_people}")
    if len(told) > _PLACES_SHOWN:
        lines.append(f"…另有{len(told) - _PLACES_SHOWN}处，发“今日汇总”加地点的名字看。")
    mine = [one.reader.place for one in told if one.reader.in_charge]
    buttons = [Button(f"{place.name}汇总", f"地点{place.id}今日汇总") for place in mine[:4]]
    return Outgoing("\n".join(lines), (*buttons, *([Button("催一下", "催一下")] if mine else [])), purpose="reminder")
