"""待办: what waits for a staff member, or for anybody, as counts with the word that handles each."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.definition import Process
from bot.services import alert_views, alerts, questions, sends, ticket_desk
from bot.services.asked_part import processes_with_checks
from bot.services.context import Services
from bot.services.editors import may_edit
from bot.services.missing import begun_checks, missing
from bot.services.people import Speaker, in_part
from bot.services.places import place_name
from bot.services.roles import SUBJECT
from bot.storage.tables import broadcasts, followup_contacts, followups, places

_OLDEST = 3
_UNITS = 5


@dataclass(frozen=True)
class ToDo:
    """One kind of thing that waits: what it is with its count, some of it, and the button (title, word) that handles it."""

    title: str
    lines: tuple[str, ...]
    button: tuple[str, str]


async def to_do(services: Services, by: Speaker) -> list[ToDo]:
    """What waits for this speaker now, the most urgent first: their own reports, and for staff what their part asks of them."""
    found = []
    if by.staff:
        found += [await _alerts(services, by), await _tickets(services, by)]
        found += [await _follow_ups(services, by)]
        found += [await _missing(services, by, process) for process in processes_with_checks(services)]
        found += [await _unreached(services, by), await _broadcasts(services, by)]
    if may_edit(by):
        found.append(await _questions(services, by))
    found += [await _own(services, by, process) for process in processes_with_checks(services)]
    return [one for one in found if one is not None]


async def _alerts(services: Services, by: Speaker) -> ToDo | None:
    count = await alerts.count_standing(services, by)
    if not count:
        return None
    oldest = await alerts.standing(services, by, _OLDEST)
    lines = tuple(f"{one.code}　{one.who}，{one.where}（{alert_views.STATE_TITLES[one.state]}）" for one in oldest)
    return ToDo(f"预警{count}条没有处理完", lines, ("预警", "待处理"))


async def _tickets(services: Services, by: Speaker) -> ToDo | None:
    standing = await ticket_desk.standing(services, by)
    if not standing:
        return None
    lines = tuple(
        f"工单{one.number}　{one.who}，{one.where}（{ticket_desk.STATE_TITLES[one.state]}）"
        for one in standing[:_OLDEST]
    )
    return ToDo(f"居民求助{len(standing)}个在等", lines, ("工单", "工单"))


async def _follow_ups(services: Services, by: Speaker) -> ToDo | None:
    today = services.today()
    contacted = sa.exists(
        sa.select(1).where(followup_contacts.c.followup_id == followups.c.id, followup_contacts.c.day == today)
    )
    waiting = sa.and_(followups.c.state == "open", followups.c.first_day <= today, ~contacted)
    async with services.transaction() as connection:
        count = await connection.scalar(
            sa.select(sa.func.count())
            .select_from(followups)
            .where(waiting, in_part(by, followups.c.person_id, followups.c.place_id))
        )
    return ToDo(f"随访{count}人今天还没联系", (), ("随访", "随访")) if count else None


async def _missing(services: Services, by: Speaker, process: Process) -> ToDo | None:
    """Who has not reported in the speaker's part, by place: those of 谁还没报."""
    begun = [check.id for check in begun_checks(services, process, services.today(), None)]
    rows = missing(process, services.today(), by.in_charge_of(), begun).subquery()
    per_place = sa.func.count(rows.c.person_id.distinct()).label("people")
    async with services.transaction() as connection:
        count = await connection.scalar(sa.select(sa.func.count(rows.c.person_id.distinct())))
        if not count:
            return None
        units = await connection.execute(
            sa.select(rows.c.place_id, per_place)
            .group_by(rows.c.place_id)
            .order_by(per_place.desc(), rows.c.place_id)
            .limit(_UNITS)
        )
        lines = tuple([f"{await place_name(connection, unit.place_id)}：{unit.people}人" for unit in units])
    return ToDo(f"{process.short}{count}人还没报", lines, ("谁还没报", "谁还没报"))


async def _unreached(services: Services, by: Speaker) -> ToDo | None:
    count, some = await sends.unreached(services, by, _UNITS)
    lines = tuple(f"{name}：{reason}" for name, reason in some)
    return ToDo(f"{count}人微信发不到，请打电话", lines, ("电话名单", "电话名单")) if count else None


async def _broadcasts(services: Services, by: Speaker) -> ToDo | None:
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(broadcasts.c.id, broadcasts.c.state, broadcasts.c.send_at)
                .where(broadcasts.c.by_person == by.person_id, broadcasts.c.state.in_(("scheduled", "sending")))
                .order_by(broadcasts.c.send_at, broadcasts.c.id)
            )
        ).all()
    if not rows:
        return None
    zone = services.settings.timezone
    lines = tuple(
        f"通知{row.id}　{'正在发送' if row.state == 'sending' else f'{row.send_at.astimezone(zone):%m月%d日 %H:%M} 发送'}"
        for row in rows[:_OLDEST]
    )
    return ToDo(f"通知{len(rows)}条还没发完", lines, ("通知", "通知"))


async def _questions(services: Services, by: Speaker) -> ToDo | None:
    count, _ = await questions.open_groups(services, by, 0, 0)
    return ToDo(f"待答问题{count}组", (), ("待答", "待答")) if count else None


async def _own(services: Services, by: Speaker, process: Process) -> ToDo | None:
    """The speaker's own report, where it is owed now and was not filed."""
    if by.person_id is None or not any(held.role in SUBJECT for held in by.roles):
        return None
    begun = [check.id for check in begun_checks(services, process, services.today(), None)]
    rows = missing(process, services.today(), by.places(), begun).subquery()
    async with services.transaction() as connection:
        owed = await connection.scalar(sa.select(sa.func.count()).where(rows.c.person_id == by.person_id))
    return ToDo(f"您今天的{process.short}还没报", (), (process.short, process.start_words[0])) if owed else None


async def part_of(services: Services, by: Speaker) -> str:
    """What the speaker is in charge of, in a few words; '' for who is in charge of nothing."""
    async with services.transaction() as connection:
        names = await _names(connection, by)
    return "、".join(names[:3]) + ("等" if len(names) > 3 else "")


async def _names(connection: AsyncConnection, by: Speaker) -> list[str]:
    return list(
        await connection.scalars(
            sa.select(places.c.name).where(places.c.id.in_(by.in_charge_of())).order_by(places.c.id)
        )
    )
