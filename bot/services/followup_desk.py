"""Follow-ups in the hands of the staff in charge: the day's list, contacts, tests, an early end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Outgoing
from bot.errors import NotEntitled, NotFound, Refused
from bot.services import alert_ladder, alert_raising, audit, followups, identity, messages
from bot.services.alert_views import name_of
from bot.services.context import Services
from bot.services.people import Speaker, check_in_charge, in_part
from bot.services.places import place_name
from bot.services.roles import SUBJECT
from bot.storage.tables import alerts, followup_contacts, people, roles, tests
from bot.storage.tables import followups as followups_table

POSITIVE = "阳性"
RESULTS = ("阴性", POSITIVE, "待出结果")
_LONGEST = 60  # days that a follow-up may be made longer at once


@dataclass(frozen=True)
class FollowUpView:
    """A follow-up as staff see it. `day` is which day of it today is (0: not begun), `days` how many it has (None: until back)."""

    id: int
    who: str
    where: str
    kind: str
    day: int
    days: int | None
    last_day: date | None
    contacted: bool
    tests: tuple[str, ...]
    tests_due: int
    notes: tuple[str, ...] = ()
    phone: str | None = None


async def open_ones(services: Services, by: Speaker, most: int = 50) -> list[FollowUpView]:
    """The open follow-ups of the speaker's part: those not contacted today first."""
    _check_staff(by)
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(followups_table)
                .where(
                    followups_table.c.state == "open",
                    in_part(by, followups_table.c.person_id, followups_table.c.place_id),
                )
                .order_by(followups_table.c.id)
                .limit(most)
            )
        ).all()
        views = [await _view(services, connection, row) for row in rows]
    return sorted(views, key=lambda view: (view.contacted, view.id))


async def look(services: Services, by: Speaker, followup_id: int) -> FollowUpView:
    """One follow-up with what was said and the person's phone; the look is audited.

    Raises:
        NotFound: it is not there or not in the speaker's part. NotEntitled: the speaker is no staff.
    """
    async with services.transaction() as connection:
        row = await _access(connection, by, followup_id)
        await audit.note(services, connection, by, "followup_revealed", "followup", row.id)
        return await _view(services, connection, row, whole=True)


async def contact(
    services: Services, by: Speaker, followup_id: int, words: str, temperature: float | None
) -> tuple[FollowUpView, str | None]:
    """Keeps today's contact; a fever raises an alert. Returns the follow-up and the alert's code, if any. Raises as `look`."""
    async with services.transaction() as connection:
        row = await _open(connection, by, followup_id)
        await followups.add_contact(services, connection, row.id, by.person_id, words)
        await audit.note(services, connection, by, "followup_contacted", "followup", row.id)
        code = None
        if temperature is not None and temperature >= services.settings.fever:
            code = await _alert(services, connection, row, f"随访时体温{temperature:g}℃", "fever")
        view = await _view(services, connection, row)
    if code:
        await messages.announce(services)
    return view, code


async def test(
    services: Services, by: Speaker, followup_id: int, result: str, day: date
) -> tuple[FollowUpView, str | None]:
    """Keeps a test and its result; a later one of the same day takes its place. 阳性 raises an alert. Raises as `look`."""
    async with services.transaction() as connection:
        row = await _access(connection, by, followup_id)
        await keep_test(services, connection, by, row.person_id, result, day, row.id)
        code = None
        if result == POSITIVE:
            code = await _alert(services, connection, row, f"核酸阳性（{day:%m月%d日}）", "positive")
        view = await _view(services, connection, row)
    if code:
        await messages.announce(services)
    return view, code


async def keep_test(
    services: Services,
    connection: AsyncConnection,
    by: Speaker,
    person_id: int,
    result: str,
    day: date,
    followup_id: int | None,
) -> None:
    """Writes one test of a person in the caller's transaction, which has checked the speaker's rights.

    Raises:
        Refused: the day is yet to come.
    """
    if day > services.today():
        raise Refused("核酸日期还没有到，请核对。")
    sealed = services.vault.seal(result, "tests.result")
    values = {"result_sealed": sealed, "by_person": by.person_id, "at": services.now(), "followup_id": followup_id}
    await connection.execute(
        insert(tests)
        .values(person_id=person_id, day=day, **values)
        .on_conflict_do_update(index_elements=["person_id", "day"], set_=values)
    )
    await audit.note(services, connection, by, "test_kept", "person", person_id)


async def release(services: Services, by: Speaker, followup_id: int, why: str) -> FollowUpView:
    """Ends a follow-up before its last day: the contact was cleared, or another reason that is given.

    Raises:
        Refused: tests are missing and no reason is given. Also as `look`.
    """
    async with services.transaction() as connection:
        row = await _open(connection, by, followup_id)
        done = await followups.tests_done(connection, row)
        if not why and (done < row.tests_due or (row.last_day and services.today() <= row.last_day)):
            left = f"核酸只登记了{done}次，应做{row.tests_due}次；" if done < row.tests_due else ""
            raise Refused(f"还没有到期，{left}提前解除请写原因，例如：解除 {row.id} 对方已排除感染")
        await followups.end(services, connection, row, why or followups.OVER, by.person_id)
        await audit.note(services, connection, by, "followup_ended", "followup", row.id)
        view = await _view(services, connection, row)
    await messages.announce(services)
    return view


async def lengthen(services: Services, by: Speaker, followup_id: int, days: int) -> FollowUpView:
    """Makes a follow-up longer by some days; its person is told.

    Raises:
        Refused: it has no last day, or the number is odd. Also as `look`.
    """
    async with services.transaction() as connection:
        row = await _open(connection, by, followup_id)
        if row.last_day is None or not 1 <= days <= _LONGEST:
            raise Refused(f"请写延长几天（1到{_LONGEST}），例如：延长 {row.id} 3天")
        last = row.last_day + timedelta(days=days)
        await connection.execute(followups_table.update().where(followups_table.c.id == row.id).values(last_day=last))
        await audit.note(services, connection, by, "followup_lengthened", "followup", row.id)
        message = Outgoing(f"您的{row.kind}延长{days}天，到{last:%m月%d日}为止。", purpose="alert")
        await messages.owe(services, connection, row.person_id, message, f"followup/{row.id}/until/{last}")
        row = await _access(connection, by, followup_id)
        view = await _view(services, connection, row)
    await messages.announce(services)
    return view


def _check_staff(by: Speaker) -> None:
    if not by.staff:
        raise NotEntitled("随访由负责的工作人员登记；您每天打卡就可以，工作人员会联系您。")


async def _access(connection: AsyncConnection, by: Speaker, followup_id: int) -> sa.engine.Row:
    _check_staff(by)
    missing = NotFound(f"没有编号为 {followup_id} 的随访，或不在您负责的范围内。发“随访”看名单。")
    row = (
        await connection.execute(
            sa.select(followups_table).where(followups_table.c.id == followup_id).with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise missing
    try:
        await check_in_charge(connection, by, row.person_id, row.place_id)
    except NotEntitled:
        raise missing from None
    return row


async def _open(connection: AsyncConnection, by: Speaker, followup_id: int) -> sa.engine.Row:
    row = await _access(connection, by, followup_id)
    if row.state != "open":
        raise Refused(f"随访 {row.id} 已经结束（{row.outcome}）。")
    return row


async def _alert(services: Services, connection: AsyncConnection, row: sa.engine.Row, what: str, rule: str) -> str:
    """Raises or joins the person's alert for what a staff member has found out; those in charge are told."""
    process = "return_declaration" if rule == "positive" else "daily_report"
    standing = (
        await connection.execute(
            sa.select(alerts)
            .where(alerts.c.person_id == row.person_id, alerts.c.process == process, alerts.c.state != "closed")
            .with_for_update()
        )
    ).one_or_none()
    place = [row.place_id] if row.place_id is not None else []
    found = await alert_ladder.levels(services, connection, process, [rule], row.person_id, place)
    if standing is not None:
        alert_id, code = standing.id, standing.code
        await alert_raising.add_step(services, connection, alert_id, "joined", None, what)
    elif row.record_id is None:
        raise Refused("这次随访没有对应的上报，请让本人打卡上报。")
    else:
        values = {
            "kind": "person",
            "person_id": row.person_id,
            "place_id": row.place_id,
            "rules": [rule],
            "level": "urgent",
        }
        alert_id, code = await alert_raising.open_alert(services, connection, process, row.record_id, found, values)
        await alert_raising.add_step(services, connection, alert_id, "noted", None, what)
    who = await name_of(services, connection, row.person_id)
    text = f"🔴【紧急】{row.kind}人员异常\n{who}，{await place_name(connection, row.place_id)}\n・{what}\n编号：{code}"
    once = f"followup/{row.id}/{services.now().isoformat()}"
    await alert_raising.tell(services, connection, alert_id, code, text, found[0].people, once)
    return code


async def _view(
    services: Services, connection: AsyncConnection, row: sa.engine.Row, whole: bool = False
) -> FollowUpView:
    today = services.today()
    contacts = (
        await connection.execute(
            sa.select(followup_contacts)
            .where(followup_contacts.c.followup_id == row.id)
            .order_by(followup_contacts.c.id)
        )
    ).all()
    tested = await connection.execute(
        sa.select(tests.c.day, tests.c.result_sealed).where(tests.c.followup_id == row.id).order_by(tests.c.day)
    )
    results = tuple(f"{one.day:%m月%d日} {services.vault.open(one.result_sealed, 'tests.result')}" for one in tested)
    notes: tuple[str, ...] = ()
    phone = None
    if whole:
        notes = tuple(
            f"{one.day:%m月%d日} "
            + (services.vault.open(one.note_sealed, "followup_contacts.note") if one.note_sealed else "本人已打卡")
            for one in contacts[-14:]
        )
        sealed = await connection.scalar(sa.select(people.c.phone_sealed).where(people.c.id == row.person_id))
        phone = services.vault.open(sealed, "people.phone") if sealed else None
    return FollowUpView(
        row.id,
        await name_of(services, connection, row.person_id),
        await place_name(connection, row.place_id),
        row.kind,
        max(0, (today - row.first_day).days + 1),
        (row.last_day - row.first_day).days + 1 if row.last_day else None,
        row.last_day,
        any(one.day == today for one in contacts),
        results,
        row.tests_due,
        notes,
        phone,
    )


async def person_called(services: Services, connection: AsyncConnection, by: Speaker, name: str) -> int:
    """The one person of this whole name in the speaker's part.

    Raises:
        NotFound: there is none. Refused: there are several.
    """
    of_part = sa.select(roles.c.person_id).where(roles.c.role.in_(list(SUBJECT)))
    found = list(
        await connection.scalars(
            sa.select(people.c.id)
            .where(
                people.c.name_print == identity.name_print(services.vault, name),
                people.c.merged_into.is_(None),
                people.c.id.in_(of_part),
                in_part(by, people.c.id, sa.cast(sa.null(), sa.BigInteger)),
            )
            .limit(2)
        )
    )
    if not found:
        raise NotFound(f"您负责的范围内没有叫“{name}”的人。")
    if len(found) > 1:
        raise Refused(f"您负责的范围内不止一位“{name}”，请先发“查 {name}”核对。")
    return int(found[0])
