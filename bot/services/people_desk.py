"""Staff look somebody up: 查 张三, and 查人 12 with the phone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound, Refused
from bot.services import audit, checks
from bot.services.context import Services
from bot.services.identity import name_print, opened
from bot.services.people import Speaker, in_part, mask_name
from bot.services.reach import check_staff, in_reach
from bot.services.roles import TITLES
from bot.storage.tables import alerts, followups, people, places, roles

MOST = 5


@dataclass
class PersonView:
    """Somebody as staff see them. `name` and `phone` are '' unless they were asked for.

    `today`: each check that they owe and what came of it. `alerts`: the codes of those that stand. `twin`: the number of
    another one in the same list who has the same phone or ID number.
    """

    id: int
    who: str
    held: list[str] = field(default_factory=list)
    today: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    followups: list[str] = field(default_factory=list)
    name: str = ""
    phone: str = ""
    twin: int | None = None


async def find_people(services: Services, by: Speaker, name: str, place: str = "") -> list[PersonView]:
    """The people of exactly this name in the speaker's part, `place` narrowing it to places whose name holds these words. Audited.

    Raises:
        NotEntitled: the speaker is in charge of nothing.
        NotFound: nobody.
        Refused: too many to list.
    """
    check_staff(by)
    wanted = sa.and_(people.c.name_print == name_print(services.vault, name), in_reach(by))
    if place:
        within = places.alias("within")
        wanted &= sa.exists().where(
            roles.c.person_id == people.c.id,
            places.c.id == roles.c.place_id,
            within.c.id == sa.func.any(places.c.path),
            within.c.name.contains(place.removeprefix("第"), autoescape=True),
        )
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(people.c.id, people.c.name_sealed, people.c.phone_print, people.c.id_number_print)
                .where(wanted)
                .order_by(people.c.id)
            )
        ).all()
        who, where = mask_name(name), f"“{place}”" if place else "您负责的范围"
        if not rows:
            raise NotFound(f"{where}里没有叫这个名字（{who}）的人。要写全名，一个字都不能差。")
        if len(rows) > MOST:
            raise Refused(f"{where}里叫这个名字（{who}）的有{len(rows)}人，请加上地点再查，例如：查 {name} 第三网格。")
        views = await _views(services, connection, by, rows)
        for row, view in zip(rows, views):
            twins = [
                other.id
                for other in rows
                if other.id != row.id and any(a and a == b for a, b in zip(row[2:], other[2:]))  # phone, ID number
            ]
            view.twin = twins[0] if twins else None
            await audit.note(services, connection, by, "looked_up", "person", row.id)
    return views


async def reveal_person(services: Services, by: Speaker, person_id: int) -> PersonView:
    """Somebody of the speaker's part with name and phone. Audited.

    Raises:
        NotEntitled: the speaker is in charge of nothing.
        NotFound: nobody in their part has this number.
    """
    check_staff(by)
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(people.c.id, people.c.name_sealed, people.c.phone_sealed).where(
                    people.c.id == person_id, in_reach(by)
                )
            )
        ).one_or_none()
        if row is None:
            raise NotFound(f"您负责的范围里没有编号为 {person_id} 的人。")
        [view] = await _views(services, connection, by, [row])
        view.name, view.phone = opened(services.vault, row, "name"), opened(services.vault, row, "phone")
        await audit.note(services, connection, by, "revealed", "person", person_id)
    return view


async def _views(
    services: Services, connection: AsyncConnection, by: Speaker, rows: Sequence[sa.engine.Row]
) -> list[PersonView]:
    views = {row.id: PersonView(row.id, mask_name(opened(services.vault, row, "name"))) for row in rows}
    ids = list(views)
    for person_id, held in (await places_of(connection, ids)).items():
        views[person_id].held = held
    for process in services.processes.values():
        titles = {check.id: check.title for check in process.checks}
        if titles:
            owed = checks.owed(process, services.today(), by.in_charge_of())
            theirs = sa.select(owed).where(owed.c.person_id.in_(ids)).distinct(owed.c.person_id, owed.c.check_id)
            for row in await connection.execute(theirs.order_by(owed.c.person_id, owed.c.check_id)):
                views[row.person_id].today.append(f"{titles[row.check_id]}{_state(services, row)}")
    standing = sa.select(alerts.c.person_id, alerts.c.code).where(
        alerts.c.person_id.in_(ids), alerts.c.state != "closed", in_part(by, alerts.c.person_id, alerts.c.place_id)
    )
    for row in await connection.execute(standing.order_by(alerts.c.id)):
        views[row.person_id].alerts.append(row.code)
    followed = sa.select(followups.c.person_id, followups.c.kind, followups.c.last_day).where(
        followups.c.person_id.in_(ids),
        followups.c.state == "open",
        in_part(by, followups.c.person_id, followups.c.place_id),
    )
    for row in await connection.execute(followed.order_by(followups.c.id)):
        until = f"（到{row.last_day.month}月{row.last_day.day}日）" if row.last_day else ""
        views[row.person_id].followups.append(f"{row.kind}{until}")
    return list(views.values())


def _state(services: Services, row: sa.engine.Row) -> str:
    if row.record_id is None:
        return "未报"
    if row.outcome == checks.ABSENT:
        return "缺席"
    return f"已报 {row.at.astimezone(services.settings.timezone):%H:%M}"


async def places_of(connection: AsyncConnection, person_ids: Sequence[int]) -> dict[int, list[str]]:
    """What these people are where: 演示小学 三班 学生."""
    above = places.alias("above")
    rows = await connection.execute(
        sa.select(roles.c.person_id, roles.c.role, places.c.name, above.c.name.label("above"))
        .select_from(roles.join(places, places.c.id == roles.c.place_id))
        .outerjoin(above, above.c.id == places.c.parent_id)
        .where(roles.c.person_id.in_(list(person_ids)))
        .order_by(roles.c.id)
    )
    titles: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in rows:
        where = f"{row.above} {row.name}" if row.above else row.name
        titles[row.person_id, where].append(TITLES.get(row.role, row.role))
    found: dict[int, list[str]] = defaultdict(list)
    for (person_id, where), held in titles.items():
        found[person_id].append(f"{where} {'、'.join(held)}")
    return found
