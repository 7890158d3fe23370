"""Follow-ups: people under a measure, and workers who are away, are contacted daily and tested until it is over.

A measure of a process file says so (`followup`); the days and tests of 境外, 中高风险地区 and 重点城市 are 篇四 （四）, those of a
contact with somebody who has a fever and the daily contact of workers away are 篇二 （四）1 and （二）1.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button, Outgoing
from bot.processes.definition import Measure, Process
from bot.processes.duties import FollowUp
from bot.services import messages
from bot.services.alert_views import name_of
from bot.services.context import Services
from bot.services.people import staff_for
from bot.services.roles import SUBJECT
from bot.storage.tables import followup_contacts, followups, roles, tests

AWAY = "外地员工"
OVER, CHANGED, BACK, CLEARED = "期满", "措施有变", "已返回", "已排除"
_LIST = Button("随访名单", "随访")


@dataclass(frozen=True)
class Reported:
    """A report as follow-ups need it: whom it is about, what they said, and the measures that apply."""

    record_id: uuid.UUID
    person_id: int
    values: Mapping[str, Any]
    measures: tuple[Measure, ...]
    place_id: int | None


async def after_reports(
    services: Services, connection: AsyncConnection, process: Process, reports: Sequence[Reported]
) -> None:
    """What new reports mean for follow-ups, in their transaction: a measure begins or changes one, a report of a person who is
    followed up counts as that day's contact, a worker who goes away or comes back begins or ends theirs."""
    ids = [report.person_id for report in reports]
    standing = await _standing(connection, ids)
    for report in reports:
        mine = standing.get(report.person_id, [])
        follow = next((m.follow_up for m in report.measures if m.follow_up), None)
        if follow is not None:
            await _begin(services, connection, report, follow, mine)
        if process.once_a_day:
            for row in mine:
                await add_contact(services, connection, row.id, None)
            await _away(services, connection, report, mine)


async def add_contact(
    services: Services, connection: AsyncConnection, followup_id: int, by: int | None, note: str = ""
) -> None:
    """Keeps that somebody was contacted today; `by` is None for their own report."""
    sealed = services.vault.seal(note, "followup_contacts.note") if note else None
    await connection.execute(
        followup_contacts.insert().values(
            followup_id=followup_id, day=services.today(), by_person=by, at=services.now(), note_sealed=sealed
        )
    )


async def end(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, outcome: str, by: int | None
) -> None:
    """Ends a follow-up and tells its person; the caller has checked rights and holds the row."""
    await connection.execute(
        followups.update()
        .where(followups.c.id == row.id)
        .values(state="ended", outcome=outcome, ended_at=services.now(), ended_by=by)
    )
    if row.kind == AWAY or outcome == CHANGED:
        return
    text = f"您的{row.kind}到今天结束（{outcome}）。谢谢配合；之后有发热、咳嗽等不适，请及时上报。"
    message = Outgoing(text, purpose="alert")
    await messages.owe(services, connection, row.person_id, message, f"followup/{row.id}/ended")


async def tests_done(connection: AsyncConnection, row: sa.engine.Row) -> int:
    """How many tests of a follow-up have a result."""
    return int(
        await connection.scalar(sa.select(sa.func.count()).select_from(tests).where(tests.c.followup_id == row.id))
    )


async def follow_up_due(services: Services) -> int:
    """Ends the follow-ups whose last day is over and whose tests are in; of the others the staff in charge are told, once a
    day. Returns how many it looked at; safe in many processes."""
    async with services.transaction() as connection:
        over = sa.and_(followups.c.state == "open", followups.c.last_day < services.today())
        ids = list(await connection.scalars(sa.select(followups.c.id).where(over).order_by(followups.c.id)))
    for followup_id in ids:
        async with services.transaction() as connection:
            await _end_if_complete(services, connection, followup_id)
    if ids:
        await messages.announce(services)
    return len(ids)


async def remind_at(services: Services, due: datetime) -> int:
    """Tells each staff member once how many people they have still to contact today; returns how many were told."""
    told = 0
    async with services.transaction() as connection:
        for member, count in (await _waiting(services, connection)).items():
            text = f"今天还有{count}位要随访的人没有联系上，请逐个联系并登记。"
            message = Outgoing(text, (_LIST,), purpose="reminder")
            await messages.owe(services, connection, member, message, f"followups/{due.isoformat()}/{member}")
            told += 1
    if told:
        await messages.announce(services)
    return told


async def _end_if_complete(services: Services, connection: AsyncConnection, followup_id: int) -> None:
    row = (
        await connection.execute(
            sa.select(followups)
            .where(followups.c.id == followup_id, followups.c.state == "open")
            .with_for_update(skip_locked=True)
        )
    ).one_or_none()
    if row is None:
        return
    done = await tests_done(connection, row)
    if done >= row.tests_due:
        await end(services, connection, row, OVER, None)
        return
    text = f"随访{row.id}（{row.kind}）期限已满，但核酸只登记了{done}次，应做{row.tests_due}次；补登后会自动结束。"
    message = Outgoing(text, (Button("查看", f"随访 {row.id}"), _LIST), purpose="alert")
    for member in await _staff_of(connection, row.person_id, row.place_id):
        await messages.owe(
            services, connection, member, message, f"followup/{row.id}/tests/{services.today()}/{member}"
        )


async def _standing(connection: AsyncConnection, person_ids: Sequence[int]) -> dict[int, list[sa.engine.Row]]:
    rows = await connection.execute(
        sa.select(followups)
        .where(followups.c.person_id.in_(list(person_ids)), followups.c.state == "open")
        .with_for_update()
    )
    found: dict[int, list[sa.engine.Row]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found


async def _begin(
    services: Services,
    connection: AsyncConnection,
    report: Reported,
    follow: FollowUp,
    mine: Sequence[sa.engine.Row],
) -> None:
    """One follow-up a person for measures: that of a newer declaration takes the place of the one before."""
    first = _first_day(services, report, follow)
    last = first + timedelta(days=follow.days - 1)
    if last < services.today():
        return
    for row in mine:
        if row.kind == follow.kind and row.first_day == first:
            return
        if row.kind != AWAY:
            await end(services, connection, row, CHANGED, None)
    followup_id = await connection.scalar(
        insert(followups)
        .values(
            person_id=report.person_id,
            kind=follow.kind,
            record_id=report.record_id,
            place_id=report.place_id,
            first_day=first,
            last_day=last,
            tests_due=follow.tests,
        )
        .returning(followups.c.id)
    )
    span = f"{first:%m月%d日}到{last:%m月%d日}，共{follow.days}天"
    tested = f"，其间做{follow.tests}次核酸" if follow.tests else ""
    text = f"您的{follow.kind}：{span}{tested}。请每天打卡，工作人员会每天联系您。"
    message = Outgoing(text, (Button("打卡", "打卡"),), purpose="alert")
    await messages.owe(services, connection, report.person_id, message, f"followup/{followup_id}/begun")
    name = await name_of(services, connection, report.person_id)
    for member in await _staff_of(connection, report.person_id, report.place_id):
        told = Outgoing(
            f"新增随访{followup_id}：{name}，{follow.kind}，{span}{tested}。",
            (Button("查看", f"随访 {followup_id}"), _LIST),
            purpose="alert",
        )
        await messages.owe(services, connection, member, told, f"followup/{followup_id}/staff/{member}")


def _first_day(services: Services, report: Reported, follow: FollowUp) -> date:
    said = report.values.get(follow.since) if follow.since else None
    if isinstance(said, str):
        return date.fromisoformat(said[:10])
    return said if isinstance(said, date) else services.today()


async def _away(
    services: Services, connection: AsyncConnection, report: Reported, mine: Sequence[sa.engine.Row]
) -> None:
    """Workers away from the plant are contacted daily until they are back (篇二 （二）1)."""
    standing = next((row for row in mine if row.kind == AWAY), None)
    away = report.values.get("where") == "away"
    if standing is not None and not away and report.values.get("where"):
        await end(services, connection, standing, BACK, None)
    if standing is not None or not away:
        return
    place = await connection.scalar(
        sa.select(roles.c.place_id).where(roles.c.person_id == report.person_id, roles.c.role == "worker").limit(1)
    )
    if place is None:
        return
    followup_id = await connection.scalar(
        insert(followups)
        .values(
            person_id=report.person_id,
            kind=AWAY,
            record_id=report.record_id,
            place_id=place,
            first_day=services.today(),
        )
        .returning(followups.c.id)
    )
    await add_contact(services, connection, int(followup_id), None)


async def _staff_of(connection: AsyncConnection, person_id: int, place_id: int | None) -> list[int]:
    own = await connection.scalars(
        sa.select(roles.c.place_id)
        .where(roles.c.person_id == person_id, roles.c.role.in_(list(SUBJECT)))
        .order_by(roles.c.id)
    )
    where = [place_id] if place_id is not None else list(own)
    return await staff_for(connection, where, but=person_id)


async def _waiting(services: Services, connection: AsyncConnection) -> dict[int, int]:
    """How many people each staff member has still to contact today."""
    today = services.today()
    contacted = sa.exists().where(followup_contacts.c.followup_id == followups.c.id, followup_contacts.c.day == today)
    rows = await connection.execute(
        sa.select(followups.c.person_id, followups.c.place_id).where(
            followups.c.state == "open", followups.c.first_day <= today, ~contacted
        )
    )
    counts: dict[int, int] = {}
    for row in rows.all():
        for member in await _staff_of(connection, row.person_id, row.place_id):
            counts[member] = counts.get(member, 0) + 1
    return counts
