"""Alerts: raised with a record, taken and closed by the staff in charge."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button, Outgoing
from bot.errors import NotEntitled, NotFound
from bot.processes.definition import AlertRule, Process
from bot.processes.rules import World, holds
from bot.services import audit, messages, risks
from bot.services.context import Services
from bot.services.people import Speaker, check_in_charge, in_part, mask_name, staff_for
from bot.storage.tables import alert_steps, alerts, people, places, records

STATE_TITLES = {"open": "待处理", "acknowledged": "已收到", "in_hand": "处理中", "closed": "已处理"}
_CODE_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is mistaken for another when read aloud or typed


@dataclass(frozen=True)
class Raised:
    """An alert that a record raised or joined."""

    code: str
    staff: tuple[int, ...]


@dataclass(frozen=True)
class AlertView:
    """An alert as the staff in charge see it. `name` and `phone` are None unless they were asked for."""

    code: str
    state: str
    who: str
    where: str
    text: str
    name: str | None = None
    phone: str | None = None
    handler: str = ""
    moved: bool = True


async def raise_alert(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    record_id: uuid.UUID,
    person_id: int,
    person_name: str,
    place_id: int | None,
    subject_places: Sequence[int],
    fired: Sequence[AlertRule],
    shown: Mapping[str, str],
) -> Raised:
    """Raises one alert for all rules that fired, in the transaction of the record, and owes a message to each staff member.

    A person has one open alert a process: a later record adds its rules to it and the staff are told again. `shown` are
    the record's values as the alert texts put them.
    """
    now = services.now()
    level = "urgent" if any(rule.level == "urgent" for rule in fired) else "watch"
    row = (
        await connection.execute(
            sa.select(alerts.c.id, alerts.c.code, alerts.c.rules, alerts.c.level)
            .where(alerts.c.person_id == person_id, alerts.c.process == process.id, alerts.c.state != "closed")
            .with_for_update()
        )
    ).one_or_none()
    rules = [rule.id for rule in fired]
    if row is None:
        alert_id, code = await _open(services, connection, process, record_id, person_id, place_id, rules, level)
    else:
        alert_id, code = row.id, row.code
        level = "urgent" if row.level == "urgent" else level
        await connection.execute(
            alerts.update()
            .where(alerts.c.id == alert_id)
            .values(rules=list(dict.fromkeys([*row.rules, *rules])), record_id=record_id, level=level, changed_at=now)
        )
    staff = await staff_for(
        connection, [*dict.fromkeys([*subject_places, *([place_id] if place_id else [])])], but=person_id
    )
    where = await place_name(connection, place_id or (subject_places[0] if subject_places else None))
    text = alert_text(services, process, fired, shown, mask_name(person_name), where, code, joined=row is not None)
    for member in staff:
        await messages.owe(
            services,
            connection,
            member,
            Outgoing(text, alert_buttons(code), {"alert": code}, "alert"),
            f"alert/{alert_id}/{record_id}/{member}",
        )
    return Raised(code, tuple(staff))


async def _open(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    record_id: uuid.UUID,
    person_id: int,
    place_id: int | None,
    rules: list[str],
    level: str,
) -> tuple[int, str]:
    now = services.now()
    while True:
        code = "".join(secrets.choice(_CODE_SIGNS) for _ in range(4))
        alert_id = await connection.scalar(
            insert(alerts)
            .values(
                code=code,
                record_id=record_id,
                person_id=person_id,
                process=process.id,
                place_id=place_id,
                rules=rules,
                level=level,
                state="open",
                opened_at=now,
                changed_at=now,
            )
            .on_conflict_do_nothing(index_elements=["code"])
            .returning(alerts.c.id)
        )
        if alert_id is not None:
            break
    await connection.execute(alert_steps.insert().values(alert_id=alert_id, step="open", at=now))
    return int(alert_id), code


def alert_text(
    services: Services,
    process: Process,
    fired: Sequence[AlertRule],
    shown: Mapping[str, str],
    who: str,
    where: str,
    code: str,
    joined: bool,
) -> str:
    """What staff read: who, where, what, when, which rule."""
    head = "🔴【紧急】" if any(rule.level == "urgent" for rule in fired) else "🟡【关注】"
    reasons = "\n".join(f"・{rule.text.format_map(_Shown(shown))}" for rule in fired)
    again = "（同一人的新情况）" if joined else ""
    return (
        f"{head}{process.title}异常{again}\n{who}，{where}\n{reasons}\n"
        f"时间：{services.local_now():%m月%d日 %H:%M}\n规则：{'、'.join(rule.id for rule in fired)}　编号：{code}"
    )


class _Shown(dict[str, str]):
    """Values for an alert text; one that was not given reads as a dash."""

    def __missing__(self, key: str) -> str:
        return "—"


def alert_buttons(code: str) -> tuple[Button, ...]:
    """What staff can do with an alert in one tap."""
    return (
        Button("收到", f"收到 {code}"),
        Button("已处理", f"已处理 {code}"),
        Button("查看", f"查看 {code}"),
    )


async def take(services: Services, by: Speaker, code: str | None) -> AlertView:
    """A staff member says that they have an alert: the person concerned is told that somebody has.

    Without `code` it is the only one that is open in their part of the tree.

    Raises:
        NotEntitled, NotFound: with words for the speaker.
    """
    return await _move(services, by, code, "acknowledged", ("open",))


async def close(services: Services, by: Speaker, code: str | None) -> AlertView:
    """A staff member says that an alert is dealt with; raises as `take`."""
    return await _move(services, by, code, "closed", ("open", "acknowledged", "in_hand"))


async def reveal(services: Services, by: Speaker, code: str) -> AlertView:
    """An alert with name and phone, for those in charge; that they looked is written to the audit. Raises as `take`."""
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        await audit.note(services, connection, by, "alert_revealed", "alert", row.id)
        person = (
            await connection.execute(
                sa.select(people.c.name_sealed, people.c.phone_sealed).where(people.c.id == row.person_id)
            )
        ).one()
        view = await _view(services, connection, row)
        return replace(
            view,
            name=services.vault.open(person.name_sealed, "people.name"),
            phone=services.vault.open(person.phone_sealed, "people.phone") if person.phone_sealed else None,
        )


async def standing(services: Services, by: Speaker) -> list[AlertView]:
    """The alerts that are not closed in the speaker's part of the tree, the oldest first."""
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(alerts)
                .where(alerts.c.state != "closed", in_part(by, alerts.c.person_id, alerts.c.place_id))
                .order_by(alerts.c.opened_at)
                .limit(20)
            )
        ).all()
        return [await _view(services, connection, row) for row in rows]


async def place_name(connection: AsyncConnection, place_id: int | None) -> str:
    """A place as staff know it: with the place above it."""
    if place_id is None:
        return "地点未登记"
    above = places.alias()
    row = (
        await connection.execute(
            sa.select(places.c.name, above.c.name.label("above"))
            .select_from(places.outerjoin(above, above.c.id == places.c.parent_id))
            .where(places.c.id == place_id)
        )
    ).one_or_none()
    if row is None:
        return "地点未登记"
    return f"{row.above} {row.name}" if row.above else str(row.name)


async def _move(services: Services, by: Speaker, code: str | None, state: str, before: tuple[str, ...]) -> AlertView:
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code or await _only_one(connection, by, before))
        moved = row.state in before
        if moved:
            await connection.execute(
                alerts.update()
                .where(alerts.c.id == row.id)
                .values(state=state, handled_by=by.person_id, changed_at=services.now())
            )
            await connection.execute(
                alert_steps.insert().values(alert_id=row.id, step=state, by_person=by.person_id, at=services.now())
            )
            await audit.note(services, connection, by, f"alert_{state}", "alert", row.id)
            await _tell_person(services, connection, by, row, state)
            row = (await connection.execute(sa.select(alerts).where(alerts.c.id == row.id))).one()
        view = await _view(services, connection, row)
    await messages.announce(services)
    return replace(view, moved=moved)


async def _tell_person(
    services: Services, connection: AsyncConnection, by: Speaker, row: sa.engine.Row, state: str
) -> None:
    words = {
        "acknowledged": f"{by.title}{mask_name(by.name)}已收到您的情况，会尽快联系您。（编号 {row.code}）",
        "closed": f"{by.title}{mask_name(by.name)}已处理您上报的情况。（编号 {row.code}）有新的不适请随时上报。",
    }
    await messages.owe(
        services,
        connection,
        row.person_id,
        Outgoing(words[state], custom={"alert": row.code}, purpose="alert"),
        f"alert-told/{row.id}/{row.record_id}/{state}",
    )


async def _only_one(connection: AsyncConnection, by: Speaker, states: tuple[str, ...]) -> str:
    rows = (
        await connection.execute(
            sa.select(alerts.c.code)
            .where(alerts.c.state.in_(states), in_part(by, alerts.c.person_id, alerts.c.place_id))
            .order_by(alerts.c.opened_at)
            .limit(6)
        )
    ).all()
    if not rows:
        raise NotFound("您负责的范围内现在没有待处理的预警。")
    if len(rows) > 1:
        raise NotFound(f"有{len(rows)}条预警，请带上编号，例如：收到 {rows[0].code}。")
    return str(rows[0].code)


async def _access(services: Services, connection: AsyncConnection, by: Speaker, code: str) -> sa.engine.Row:
    """The alert, locked, for somebody who may see it. One outside the speaker's part is not told from one that is not there."""
    row = (
        await connection.execute(sa.select(alerts).where(alerts.c.code == code.upper()).with_for_update())
    ).one_or_none()
    missing = NotFound(f"没有编号为 {code.upper()} 的预警，或不在您负责的范围内。")
    if row is None:
        raise missing
    try:
        await check_in_charge(connection, by, row.person_id, row.place_id)
    except NotEntitled:
        raise missing from None
    return row


async def _view(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> AlertView:
    name = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == row.person_id))
    place_id = row.place_id
    record = (
        await connection.execute(
            sa.select(records.c.process, records.c.values_sealed).where(records.c.id == row.record_id)
        )
    ).one()
    handler = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == row.handled_by))
    process = services.processes[record.process]
    values: Mapping[str, Any] = services.vault.open_json(record.values_sealed, "records.values")
    shown = {f.name: f.type.show(values[f.name], f.spec) for f in process.fields if f.name in values}
    known = {name: values.get(name) for name in process.by_name}
    now = World(services.local_now(), services.settings.fever, await risks.today(services))
    # what an earlier record showed is not told with the values of a later one
    fired = [rule for rule in process.alerts if rule.id in row.rules and holds(rule.when, known, now)]
    reasons = [rule.text.format_map(_Shown(shown)) for rule in fired]
    if len(fired) < len(row.rules):
        reasons.append("此前的上报另有异常")
    return AlertView(
        row.code,
        row.state,
        mask_name(services.vault.open(name, "people.name")),
        await place_name(connection, place_id),
        "；".join(reasons),
        handler=mask_name(services.vault.open(handler, "people.name")) if handler else "",
    )
