"""Alerts in the hands of the staff in charge: taken, passed on, noted, closed, opened again; and told higher when nobody takes them."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Outgoing
from bot.errors import NotEntitled, NotFound, Refused
from bot.processes.outcomes import read_outcome
from bot.services import alert_ladder, audit, identity, messages
from bot.services.alert_ladder import Level
from bot.services.alert_raising import REOPENS, add_step, due_after, tell
from bot.services.alert_views import STEP_TITLES, AlertView, StepView, name_of, view_of
from bot.services.context import Services
from bot.services.people import Held, Speaker, check_in_charge, in_part, mask_name
from bot.services.roles import IN_CHARGE
from bot.storage.tables import alert_members, alert_steps, alerts, people, roles

_STANDING = ("open", "acknowledged", "in_hand")
_LISTED = 20


async def take(services: Services, by: Speaker, code: str | None) -> AlertView:
    """A staff member says that they have an alert: the person concerned is told that somebody has.

    Without `code` it is the only one that is open in their part of the tree.

    Raises:
        NotEntitled, NotFound: with words for the speaker.
    """
    return await _move(services, by, code, "acknowledged", ("open",))


async def work_on(services: Services, by: Speaker, code: str | None, words: str = "") -> AlertView:
    """A staff member is at it; `words` say what they do. Raises as `take`."""
    return await _move(services, by, code, "in_hand", ("open", "acknowledged"), words)


async def close(services: Services, by: Speaker, code: str | None, words: str = "") -> AlertView:
    """An alert is dealt with; `words` say how it ended (`read_outcome`). Raises as `take`."""
    return await _move(services, by, code, "closed", _STANDING, words)


async def set_outcome(services: Services, by: Speaker, code: str, words: str) -> AlertView:
    """How a closed alert ended, said after closing it. Raises as `take`, and Refused while it is not closed."""
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        if row.state != "closed":
            raise Refused(f"预警 {row.code} 还没有处理完，请发：已处理 {row.code} {words}")
        outcome = read_outcome(words)
        await connection.execute(alerts.update().where(alerts.c.id == row.id).values(outcome=outcome.id))
        note = f"结果：{outcome.title}" + (f"（{words}）" if outcome.id == "other" else "")
        await add_step(services, connection, row.id, "noted", by.person_id, note)
        await audit.note(services, connection, by, "alert_outcome", "alert", row.id)
        return await _fresh(services, connection, row.id)


async def reopen(services: Services, by: Speaker, code: str) -> AlertView:
    """A closed alert is open again, in the hands of who says so: for a closing that was a mistake. Raises as `take`."""
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        if row.state != "closed":
            return replace(await view_of(services, connection, row), moved=False)
        if row.changed_at < services.now() - REOPENS:
            raise Refused(f"预警 {row.code} 已处理超过48小时，不能重新打开；有新情况请让本人重新上报。")
        if await _another_stands(connection, row):
            raise Refused(f"同一情况已有新的预警，请发“预警”查看；{row.code} 不用再打开。")
        await connection.execute(
            alerts.update()
            .where(alerts.c.id == row.id)
            .values(
                state="acknowledged",
                outcome=None,
                handled_by=by.person_id,
                rung_due_at=None,
                changed_at=services.now(),
            )
        )
        await add_step(services, connection, row.id, "reopened", by.person_id)
        await audit.note(services, connection, by, "alert_reopened", "alert", row.id)
        return await _fresh(services, connection, row.id)


async def note(services: Services, by: Speaker, code: str, words: str) -> AlertView:
    """Keeps a remark with the alert. Raises as `take`."""
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        await add_step(services, connection, row.id, "noted", by.person_id, words)
        await audit.note(services, connection, by, "alert_noted", "alert", row.id)
        return await view_of(services, connection, row)


async def pass_on(services: Services, by: Speaker, code: str, name: str) -> AlertView:
    """Hands an alert to another who is in charge of it, by their whole name; they are told.

    Raises:
        NotFound: nobody of that name is in charge of it. Refused: it is closed, or there are two of that name.
        Also as `take`.
    """
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        if row.state == "closed":
            raise Refused(f"预警 {row.code} 已经处理完了。")
        to = await _in_charge_called(services, connection, row, name)
        await connection.execute(
            alerts.update()
            .where(alerts.c.id == row.id)
            .values(state="acknowledged", handled_by=to, rung_due_at=None, changed_at=services.now())
        )
        await add_step(services, connection, row.id, "passed_on", by.person_id, f"转给{mask_name(name)}")
        await audit.note(services, connection, by, "alert_passed_on", "alert", row.id)
        view = await _fresh(services, connection, row.id)
        text = f"{by.title}{mask_name(by.name)}把预警 {row.code} 转给了您：\n{view.who}，{view.where}\n{view.text}"
        await tell(services, connection, row.id, row.code, text, [to], f"passed/{services.now().isoformat()}")
    await messages.announce(services)
    return replace(view, told=1)


async def report_up(services: Services, by: Speaker, code: str) -> AlertView:
    """Tells the next level of an alert at once, whoever has it; `told` is how many. Raises as `take`."""
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        if row.state == "closed":
            raise Refused(f"预警 {row.code} 已经处理完了。")
        told = await _climb(services, connection, row, by)
        if told:
            await audit.note(services, connection, by, "alert_reported_up", "alert", row.id)
        view = await _fresh(services, connection, row.id)
    await messages.announce(services)
    return replace(view, told=told, moved=bool(told))


async def escalate_due(services: Services) -> int:
    """Tells the next level of each alert that nobody has acknowledged in time; returns of how many. Safe in many processes."""
    done = 0
    while await _escalate_one(services):
        done += 1
    if done:
        await messages.announce(services)
    return done


async def _escalate_one(services: Services) -> bool:
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(alerts)
                .where(alerts.c.state == "open", alerts.c.rung_due_at <= services.now())
                .order_by(alerts.c.rung_due_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
        ).one_or_none()
        if row is not None:
            await _climb(services, connection, row, None)
        return row is not None


async def _climb(services: Services, connection: AsyncConnection, row: sa.engine.Row, by: Speaker | None) -> int:
    """Tells the next level, and those before that it went up; returns how many are told anew."""
    found = await levels_of(services, connection, row)
    higher = found[row.rung].people if row.rung < len(found) else ()
    due = due_after(services, found, row.rung) if higher and row.state == "open" else None
    rung = min(row.rung + 1, len(found)) if higher else row.rung
    await connection.execute(alerts.update().where(alerts.c.id == row.id).values(rung=rung, rung_due_at=due))
    if not higher:
        return 0
    await add_step(services, connection, row.id, "escalated", by.person_id if by else None)
    view = await view_of(services, connection, row)
    minutes = int((services.now() - row.opened_at).total_seconds() // 60)
    why = f"{by.title}{mask_name(by.name)}上报" if by else f"{minutes}分钟无人确认，升级"
    text = f"🔴【{why}】\n{view.who}，{view.where}\n{view.text}\n编号：{row.code}"
    await tell(services, connection, row.id, row.code, text, higher, f"{row.opened_at.isoformat()}/rung{row.rung}")
    if by is None:
        before = [one for level in found[: row.rung] for one in level.people]
        text = f"预警 {row.code} {minutes}分钟无人确认，已上报上一级，请尽快处理：{view.who}，{view.where}"
        await tell(services, connection, row.id, row.code, text, before, f"{row.opened_at.isoformat()}/went{row.rung}")
    return len(higher)


async def levels_of(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> list[Level]:
    """The levels of an alert as they are now; those of an event are its first member's."""
    person_id = row.person_id
    if person_id is None:
        person_id = await connection.scalar(
            sa.select(sa.func.min(alert_members.c.person_id)).where(alert_members.c.alert_id == row.id)
        )
    places = [row.place_id] if row.place_id is not None else []
    return await alert_ladder.levels(services, connection, row.process, row.rules, person_id, places)


async def reveal(services: Services, by: Speaker, code: str) -> AlertView:
    """An alert with names and phones, for those in charge; that they looked is written to the audit. Raises as `take`."""
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        await audit.note(services, connection, by, "alert_revealed", "alert", row.id)
        members = sa.select(alert_members.c.person_id).where(alert_members.c.alert_id == row.id)
        who = people.c.id == row.person_id if row.kind == "person" else people.c.id.in_(members)
        found = await connection.execute(
            sa.select(people.c.name_sealed, people.c.phone_sealed).where(who).order_by(people.c.id)
        )
        names, phones = [], []
        for person in found:
            names.append(services.vault.open(person.name_sealed, "people.name"))
            if person.phone_sealed:
                phones.append(services.vault.open(person.phone_sealed, "people.phone"))
        view = await view_of(services, connection, row)
        return replace(view, name="、".join(names), phone="、".join(phones) or None)


async def history(services: Services, by: Speaker, code: str) -> tuple[AlertView, list[StepView]]:
    """An alert with every step of its life, the first one first. Raises as `take`."""
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code)
        await audit.note(services, connection, by, "alert_history", "alert", row.id)
        steps = await connection.execute(
            sa.select(alert_steps).where(alert_steps.c.alert_id == row.id).order_by(alert_steps.c.id)
        )
        zone = services.settings.timezone
        told = [
            StepView(
                STEP_TITLES[step.step],
                await name_of(services, connection, step.by_person),
                step.at.astimezone(zone),
                services.vault.open(step.note_sealed, "alert_steps.note") if step.note_sealed else "",
            )
            for step in steps.all()
        ]
        return await view_of(services, connection, row), told


async def standing(services: Services, by: Speaker, most: int = _LISTED) -> list[AlertView]:
    """The alerts that are not closed in the speaker's part of the tree, the oldest first."""
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(alerts)
                .where(alerts.c.state != "closed", _seen_by(by))
                .order_by(alerts.c.opened_at)
                .limit(most)
            )
        ).all()
        return [await view_of(services, connection, row) for row in rows]


async def count_standing(services: Services, by: Speaker) -> int:
    """How many alerts are not closed in the speaker's part of the tree."""
    async with services.transaction() as connection:
        waiting = sa.and_(alerts.c.state != "closed", _seen_by(by))
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(alerts).where(waiting)))


def _seen_by(by: Speaker) -> sa.sql.ColumnElement[bool]:
    """Alerts of the speaker's part, and those that were passed on to them or climbed to them."""
    return sa.or_(in_part(by, alerts.c.person_id, alerts.c.place_id), alerts.c.handled_by == by.person_id)


async def _move(
    services: Services, by: Speaker, code: str | None, state: str, before: tuple[str, ...], words: str = ""
) -> AlertView:
    async with services.transaction() as connection:
        row = await _access(services, connection, by, code or await _only_one(connection, by, before))
        moved = row.state in before
        if moved:
            outcome = read_outcome(words) if state == "closed" else None
            await connection.execute(
                alerts.update()
                .where(alerts.c.id == row.id)
                .values(
                    state=state,
                    handled_by=by.person_id,
                    outcome=outcome.id if outcome else None,
                    rung_due_at=None,
                    changed_at=services.now(),
                )
            )
            await add_step(services, connection, row.id, state, by.person_id, words)
            await audit.note(services, connection, by, f"alert_{state}", "alert", row.id)
            await _tell_person(services, connection, by, row, state)
        view = await _fresh(services, connection, row.id)
    await messages.announce(services)
    return replace(view, moved=moved)


async def _tell_person(
    services: Services, connection: AsyncConnection, by: Speaker, row: sa.engine.Row, state: str
) -> None:
    """The person concerned hears that somebody has it, and that it is dealt with; an event concerns nobody alone."""
    words = {
        "acknowledged": f"{by.title}{mask_name(by.name)}已收到您的情况，会尽快联系您。（编号 {row.code}）",
        "closed": f"{by.title}{mask_name(by.name)}已处理您上报的情况。（编号 {row.code}）有新的不适请随时上报。",
    }
    if state in words and row.person_id is not None:
        message = Outgoing(words[state], custom={"alert": row.code}, purpose="alert")
        key = f"alert-told/{row.id}/{row.record_id}/{state}"
        await messages.owe(services, connection, row.person_id, message, key)


async def _only_one(connection: AsyncConnection, by: Speaker, states: tuple[str, ...]) -> str:
    rows = (
        await connection.execute(
            sa.select(alerts.c.code)
            .where(alerts.c.state.in_(states), _seen_by(by))
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
    if row.handled_by is not None and row.handled_by == by.person_id and by.staff:
        return row
    try:
        await check_in_charge(connection, by, row.person_id or 0, row.place_id)
    except NotEntitled:
        if not by.staff or not await _told(services, connection, row, by):
            raise missing from None
    return row


async def _told(services: Services, connection: AsyncConnection, row: sa.engine.Row, by: Speaker) -> bool:
    """Whether the alert has climbed to this person: a level may stand beside the tree (the headquarters of a school)."""
    found = await levels_of(services, connection, row)
    return any(by.person_id in level.people for level in found[: max(1, row.rung)])


async def _in_charge_called(services: Services, connection: AsyncConnection, row: sa.engine.Row, name: str) -> int:
    print_ = identity.name_print(services.vault, name)
    rows = await connection.execute(
        sa.select(people.c.id, roles.c.role, roles.c.place_id)
        .join(roles, roles.c.person_id == people.c.id)
        .where(people.c.name_print == print_, roles.c.role.in_(list(IN_CHARGE)), people.c.merged_into.is_(None))
    )
    held: dict[int, list[Held]] = {}
    for one in rows:
        held.setdefault(one.id, []).append(Held(one.role, one.place_id))
    found = []
    for person_id, their in held.items():
        try:
            await check_in_charge(
                connection, Speaker("", "", person_id, roles=tuple(their)), row.person_id or 0, row.place_id
            )
        except NotEntitled:
            continue
        found.append(person_id)
    if not found:
        raise NotFound(f"负责这件事的人里没有叫“{name}”的，请核对姓名。")
    if len(found) > 1:
        raise Refused(f"有{len(found)}位工作人员都叫“{name}”，请直接电话联系。")
    return found[0]


async def _another_stands(connection: AsyncConnection, row: sa.engine.Row) -> bool:
    same = (
        sa.and_(alerts.c.person_id == row.person_id, alerts.c.process == row.process)
        if row.kind == "person"
        else sa.and_(alerts.c.cluster_rule == row.cluster_rule, alerts.c.cluster_key == row.cluster_key)
    )
    return bool(await connection.scalar(sa.select(sa.exists().where(same, alerts.c.state != "closed"))))


async def _fresh(services: Services, connection: AsyncConnection, alert_id: int) -> AlertView:
    return await view_of(
        services, connection, (await connection.execute(sa.select(alerts).where(alerts.c.id == alert_id))).one()
    )
