"""Who is on duty, and who stands in for whom: what staff and residents may see and do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Outgoing
from bot.errors import NotEntitled, NotFound, Refused
from bot.services import audit, messages
from bot.services.context import Services
from bot.services.duty_words import Leave
from bot.services.people import Speaker, forget_speaker, mask_name
from bot.services.places import place_name
from bot.services.roles import DUTY, IN_CHARGE, TITLES
from bot.storage.tables import deputies, duty_days, group_members, people, places, roles, work_groups

_LISTED = 60


@dataclass(frozen=True)
class OnDuty:
    """Somebody on duty on a day. `name` is whole and `phone` told for those who work with them; a resident reads the title."""

    day: date
    where: str
    title: str
    name: str = ""
    phone: str | None = None


@dataclass(frozen=True)
class StandIn:
    """A deputy of somebody, for the days from `since` to `until`, both included; names as colleagues read them."""

    person: str
    deputy: str
    since: date
    until: date


@dataclass(frozen=True)
class Colleague:
    """A staff member who could stand in."""

    id: int
    name: str
    what: str


async def on_duty(services: Services, by: Speaker, first: date, last: date) -> list[OnDuty]:
    """Who is on duty from `first` to `last`: in the speaker's part of the tree, at the places above it, in their groups.

    Those in charge of the place, and the members of the group, get names and phones, which is written to the audit. Other
    staff get a masked name, residents the title.
    """
    group_place = places.alias()
    own, around = by.in_charge_of(), [*by.places(), *by.in_charge_of()]
    path = sa.func.coalesce(places.c.path, group_place.c.path)
    groups = sa.select(group_members.c.group_id).where(group_members.c.person_id == (by.person_id or 0))
    above = sa.select(sa.func.unnest(places.c.path)).where(places.c.id.in_(around))
    mine = sa.or_(_under(path, own), duty_days.c.group_id.in_(groups))
    query = (
        sa.select(
            duty_days,
            people.c.name_sealed,
            people.c.phone_sealed,
            work_groups.c.name.label("group_name"),
            group_place.c.name.label("group_at"),
            group_members.c.is_head,
            mine.label("mine"),
        )
        .select_from(
            duty_days.join(people, people.c.id == duty_days.c.person_id)
            .outerjoin(places, places.c.id == duty_days.c.place_id)
            .outerjoin(work_groups, work_groups.c.id == duty_days.c.group_id)
            .outerjoin(group_place, group_place.c.id == work_groups.c.place_id)
            .outerjoin(
                group_members,
                sa.and_(
                    group_members.c.group_id == duty_days.c.group_id,
                    group_members.c.person_id == duty_days.c.person_id,
                ),
            )
        )
        .where(
            duty_days.c.day.between(first, last),
            sa.or_(mine, duty_days.c.place_id.in_(above), work_groups.c.place_id.in_(above)),
        )
        .order_by(duty_days.c.day, duty_days.c.place_id, duty_days.c.group_id, duty_days.c.id)
        .limit(_LISTED)
    )
    async with services.transaction() as connection:
        rows = (await connection.execute(query)).all()
        titles = await _titles(connection, {row.person_id for row in rows})
        found = [await _seen(services, connection, by, row, titles) for row in rows]
        for person_id in dict.fromkeys(row.person_id for row in rows if row.mine and row.phone_sealed):
            await audit.note(services, connection, by, "duty_phone_shown", "person", person_id)
    return found


async def _seen(
    services: Services,
    connection: AsyncConnection,
    by: Speaker,
    row: sa.engine.Row,
    titles: Mapping[int, tuple[str, str]],
) -> OnDuty:
    if row.group_name:
        where, title = f"{row.group_at} {row.group_name}", "组长" if row.is_head else "组员"
    else:
        where = await place_name(connection, row.place_id)
        title = titles[row.person_id][1] if row.person_id in titles else "值班人员"
    name = services.vault.open(row.name_sealed, "people.name")
    if not row.mine:
        return OnDuty(row.day, where, title, mask_name(name) if by.staff else "")
    phone = services.vault.open(row.phone_sealed, "people.phone") if row.phone_sealed else None
    return OnDuty(row.day, where, title, name, phone)


def office_phones(services: Services, places_named: Sequence[str]) -> str:
    """The numbers set for these places (BOT_PHONES), else all that are set; '' where none is."""
    phones, names = services.settings.phones, [name.split()[-1] for name in places_named]
    return (phones.told(names) if names else "") or phones.told()


async def appoint(services: Services, by: Speaker, leave: Leave) -> StandIn:
    """The speaker's deputy for some days: a colleague under the same top of the tree, who then has the speaker's rights.

    Both are told. A deputy does not hand the rights on.

    Raises:
        NotEntitled, NotFound, Refused: with words for the speaker; `SeveralColleagues` where several have that name.
    """
    _check_staff(by)
    colleague = await _colleague(services, by, leave.who)
    async with services.transaction() as connection:
        await _lock(connection, by.person_id)
        standing = await _standing(connection, deputies.c.person_id == by.person_id, leave.since, leave.until)
        if standing:
            row = standing[0]
            other = await _name(services, connection, row.deputy_id)
            raise Refused(
                f"{_span(row.since, row.until)}您已安排{other}代理。要换人或改日期，请先发“取消代理”，再重新安排。"
            )
        deputy_row = await connection.scalar(
            deputies.insert()
            .values(person_id=by.person_id, deputy_id=colleague.id, since=leave.since, until=leave.until)
            .returning(deputies.c.id)
        )
        await audit.note(services, connection, by, "deputy_appointed", "person", colleague.id)
        span, what = _span(leave.since, leave.until), await _own_part(connection, by)
        for_deputy = (
            f"{by.title}{by.name}请您在{span}代理{what}的工作：期间对方负责的预警、名单和通知您也能看、能处理，"
            "预警会同时发给您。不能代理请尽早联系对方，或发“取消代理”。"
        )
        for_both = f"您已安排{colleague.name}（{colleague.what}）在{span}代理您的工作。要结束请发“取消代理”。"
        await _tell(services, connection, colleague.id, for_deputy, f"deputy/{deputy_row}/asked")
        await _tell(services, connection, by.person_id, for_both, f"deputy/{deputy_row}/made")
    await forget_speaker(services, colleague.id)
    await messages.announce(services)
    return StandIn(by.name, f"{colleague.name}（{colleague.what}）", leave.since, leave.until)


class SeveralColleagues(Refused):
    """Several colleagues have the name that was said."""

    def __init__(self, name: str, colleagues: Sequence[Colleague]) -> None:
        super().__init__(f"有{len(colleagues)}位“{name}”，请选一位：")
        self.name = name
        self.colleagues = tuple(colleagues)


async def end_deputies(services: Services, by: Speaker) -> list[StandIn]:
    """Ends what the speaker has handed over; where that is nothing, what they stand in for. Both sides are told.

    Raises:
        NotEntitled, NotFound: with words for the speaker.
    """
    _check_staff(by)
    today = services.today()
    async with services.transaction() as connection:
        await _lock(connection, by.person_id)
        rows = await _standing(connection, deputies.c.person_id == by.person_id, today)
        rows = rows or await _standing(connection, deputies.c.deputy_id == by.person_id, today)
        if not rows:
            raise NotFound("您现在没有安排代理，也没有代理别人。")
        ended = []
        for row in rows:
            if row.since < today:
                await connection.execute(
                    deputies.update().where(deputies.c.id == row.id).values(until=today - timedelta(days=1))
                )
            else:
                await connection.execute(deputies.delete().where(deputies.c.id == row.id))
            await audit.note(services, connection, by, "deputy_ended", "person", row.deputy_id)
            one = await _stand_in(services, connection, row)
            ended.append(one)
            told = f"{one.person}由{one.deputy}代理的安排（{_span(one.since, one.until)}）已取消，从现在起不再代理。"
            for person_id in (row.person_id, row.deputy_id):
                if person_id != by.person_id:
                    await _tell(services, connection, person_id, told, f"deputy/{row.id}/ended/{person_id}")
    for row in rows:
        await forget_speaker(services, row.deputy_id)
    await messages.announce(services)
    return ended


async def deputies_around(services: Services, by: Speaker) -> list[StandIn]:
    """Who stands in for the speaker, and for whom the speaker stands in, today and later."""
    _check_staff(by)
    concerned = sa.or_(deputies.c.person_id == by.person_id, deputies.c.deputy_id == by.person_id)
    async with services.transaction() as connection:
        rows = await _standing(connection, concerned, services.today())
        return [await _stand_in(services, connection, row) for row in rows]


def _check_staff(by: Speaker) -> None:
    if not by.staff or by.person_id is None:
        raise NotEntitled(
            "安排代理是工作人员用的。您本人请假请直接和班主任、班组长或单位说；不能按时打卡可以发“转人工”。"
        )


async def _lock(connection: AsyncConnection, person_id: int | None) -> None:
    await connection.execute(sa.select(people.c.id).where(people.c.id == person_id).with_for_update())


async def _standing(
    connection: AsyncConnection, concerned: sa.sql.ColumnElement[bool], first: date, last: date | None = None
) -> Sequence[sa.engine.Row]:
    query = sa.select(deputies).where(concerned, deputies.c.until >= first).order_by(deputies.c.since, deputies.c.id)
    return (await connection.execute(query.where(deputies.c.since <= last) if last else query)).all()


async def _stand_in(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> StandIn:
    return StandIn(
        await _name(services, connection, row.person_id),
        await _name(services, connection, row.deputy_id),
        row.since,
        row.until,
    )


async def _name(services: Services, connection: AsyncConnection, person_id: int) -> str:
    sealed = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == person_id))
    return services.vault.open(sealed, "people.name")


async def _colleague(services: Services, by: Speaker, who: str) -> Colleague:
    """The one colleague of that name (or, after #, of that number)."""
    number = who[1:] if who[:1] in "#＃" else ""
    top = sa.select(places.c.path[1]).where(places.c.id.in_(by.in_charge_of()))
    query = (
        sa.select(people.c.id, people.c.name_sealed)
        .distinct()
        .select_from(roles.join(people, people.c.id == roles.c.person_id).join(places, places.c.id == roles.c.place_id))
        .where(
            places.c.path[1].in_(top),
            roles.c.role.in_([*IN_CHARGE, *DUTY]),
            people.c.merged_into.is_(None),
        )
        .order_by(people.c.id)
    )
    if number:
        query = query.where(people.c.id == int(number))
    async with services.transaction() as connection:
        rows = (await connection.execute(query)).all()
        named = [(row.id, services.vault.open(row.name_sealed, "people.name")) for row in rows]
        titles = await _titles(connection, {person_id for person_id, name in named if number or name == who})
    found = [Colleague(person_id, name, "".join(titles[person_id])) for person_id, name in named if person_id in titles]
    if not found:
        raise NotFound(f"在您所在的体系里没有找到叫“{who}”的工作人员。代理人要是同一体系的工作人员，姓名请写全。")
    if [one.id for one in found] == [by.person_id]:
        raise Refused("代理人不能是您自己。")
    others = [one for one in found if one.id != by.person_id]
    if len(others) > 1:
        raise SeveralColleagues(who, others)
    return others[0]


async def _titles(connection: AsyncConnection, person_ids: set[int]) -> dict[int, tuple[str, str]]:
    """What these people are: place and title of one role, where they hold several the nearest to the people."""
    order = [*IN_CHARGE, *DUTY]
    rows = await connection.execute(
        sa.select(roles.c.person_id, roles.c.role, places.c.name)
        .join(places, places.c.id == roles.c.place_id)
        .where(roles.c.person_id.in_(person_ids), roles.c.role.in_(order))
    )
    held: dict[int, tuple[int, str, str]] = {}
    for person_id, role, place in rows:
        rank = order.index(role)
        if person_id not in held or rank < held[person_id][0]:
            held[person_id] = rank, place, TITLES[role]
    return {person_id: (place, title) for person_id, (_, place, title) in held.items()}


async def _own_part(connection: AsyncConnection, by: Speaker) -> str:
    own = await connection.scalars(
        sa.select(roles.c.place_id)
        .where(roles.c.person_id == by.person_id, roles.c.role.in_(list(IN_CHARGE)))
        .distinct()
    )
    names = [await place_name(connection, place_id) for place_id in own]
    return "、".join(names[:3]) + ("等" if len(names) > 3 else "")


async def _tell(services: Services, connection: AsyncConnection, person_id: Any, text: str, once: str) -> None:
    await messages.owe(services, connection, person_id, Outgoing(text, purpose="reply"), once)


def _under(path: sa.sql.ColumnElement[Any], own: Sequence[int]) -> sa.sql.ColumnElement[bool]:
    return path.op("&&", return_type=sa.Boolean())(sa.cast(list(own), places.c.path.type))


def _span(since: date, until: date) -> str:
    first = f"{since.month}月{since.day}日"
    return first if since == until else f"{first}到{until.month}月{until.day}日"
