"""零报告: a head says that their place has nothing abnormal today, with one tap."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Refused
from bot.services import audit
from bot.services.asked_part import AskedPart, Place
from bot.services.context import Services
from bot.services.figures import Figures, figures
from bot.services.missing import begun_checks
from bot.services.people import Speaker, mask_name
from bot.storage.tables import people, zero_reports


@dataclass(frozen=True)
class ZeroReport:
    """What came of it at one place: done, or `reason` says why not. `missing` people have not reported, which does not hinder it."""

    place: Place
    done: bool
    reason: str = ""
    missing: int = 0


async def report_zero(services: Services, by: Speaker, asked: AskedPart) -> list[ZeroReport]:
    """Reports 零报告 for each of the places, where nothing speaks against it.

    Raises:
        Refused: another day than today was asked for.
    """
    _check_today(services, asked)
    return [await _report(services, by, asked, place) for place in asked.places]


async def _report(services: Services, by: Speaker, asked: AskedPart, place: Place) -> ZeroReport:
    async with services.transaction() as connection:
        seen = await figures(services, connection, asked.process, asked.day, place)
        if reason := _against(seen):
            return ZeroReport(place, False, reason)
        begun = begun_checks(services, asked.process, asked.day, None)
        missing = sum(seen.checks[check.id].missing for check in begun if check.id in seen.checks)
        done = await connection.execute(
            insert(zero_reports)
            .values(
                place_id=place.id,
                process=asked.process.id,
                day=asked.day,
                by_person=by.person_id,
                at=services.now(),
            )
            .on_conflict_do_nothing()
        )
        if not done.rowcount:
            return ZeroReport(place, False, await _already(services, connection, asked, place))
        await audit.note(services, connection, by, "zero_reported", "place", place.id)
    return ZeroReport(place, True, missing=missing)


async def withdraw_zero(services: Services, by: Speaker, asked: AskedPart) -> list[ZeroReport]:
    """Takes today's 零报告 of the places back.

    Raises:
        Refused: another day than today was asked for.
    """
    _check_today(services, asked)
    found = []
    async with services.transaction() as connection:
        for place in asked.places:
            done = await connection.execute(zero_reports.delete().where(_of(asked, place)))
            if done.rowcount:
                await audit.note(services, connection, by, "zero_withdrawn", "place", place.id)
            found.append(ZeroReport(place, bool(done.rowcount), "" if done.rowcount else "今天没有零报告"))
    return found


def _check_today(services: Services, asked: AskedPart) -> None:
    if asked.day != services.today():
        raise Refused("零报告只能报今天的。")


def _against(seen: Figures) -> str:
    """What speaks against 零报告 at a place; '' where nothing does."""
    reasons = []
    if seen.abnormal_people:
        reasons.append(f"今天有{seen.abnormal_people}人上报异常")
    if seen.alerts_open:
        reasons.append(f"有{seen.alerts_open}条预警没有关闭")
    return "，".join(reasons)


async def _already(services: Services, connection: AsyncConnection, asked: AskedPart, place: Place) -> str:
    row = (
        await connection.execute(
            sa.select(zero_reports.c.at, people.c.name_sealed)
            .join(people, people.c.id == zero_reports.c.by_person)
            .where(_of(asked, place))
        )
    ).one()
    at = row.at.astimezone(services.settings.timezone)
    return f"{at:%H:%M}已经由{mask_name(services.vault.open(row.name_sealed, 'people.name'))}报过"


def _of(asked: AskedPart, place: Place) -> sa.sql.ColumnElement[bool]:
    return sa.and_(
        zero_reports.c.place_id == place.id,
        zero_reports.c.process == asked.process.id,
        zero_reports.c.day == asked.day,
    )
