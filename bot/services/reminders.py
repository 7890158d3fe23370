"""Reminders at the times of a process: the people themselves, then a digest to who sees to them, then one to the staff above.

What is to be said is found and owed in one transaction, so that nobody is reminded who has reported by then; and a reminder
that could not be delivered within `_LASTS` is not delivered any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button, Outgoing
from bot.processes.definition import Process
from bot.processes.duties import Check, To
from bot.services import messages
from bot.services.asked_part import processes_with_checks
from bot.services.context import Services
from bot.services.duty import deputies_of
from bot.services.messages import Owed
from bot.services.missing import missing
from bot.services.people import mask_name
from bot.services.roles import HEADS, IN_CHARGE
from bot.storage.tables import accounts, consents, kin, outbox, people, places, roles

STAFF = tuple(role for role in IN_CHARGE if role not in HEADS and role != "admin")
_LASTS = timedelta(minutes=30)
_NAMED = 20
_PHONES = Button("电话名单", "电话名单")
_CHASE = Button("催一下", "催一下")
_WHO = Button("谁还没报", "谁还没报")
_ZERO = Button("零报告", "零报告")


def reminder_times(services: Services) -> Collection[time]:
    """The local times of day at which `remind_at` has something to do."""
    return {reminder.at for process in processes_with_checks(services) for reminder in process.reminders}


@dataclass
class _Message:
    """What one person is told at a moment, put together from all that concerns them."""

    texts: list[str] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    def add(self, text: str, buttons: Iterable[Button]) -> None:
        self.texts.append(text)
        self.buttons += [button for button in buttons if button not in self.buttons]


async def remind_at(services: Services, due: datetime) -> int:
    """Owes the reminders of the local time of `due`, one message a person; returns how many.

    Nothing in quiet hours, and nothing of another day. Called again with the same `due` it writes nothing new.
    """
    moment, now = due.astimezone(services.settings.timezone), services.local_now()
    quiet = services.settings.quiet_hours
    if moment.date() != now.date() or quiet.end_after(moment) or quiet.end_after(now):
        return 0
    told: dict[int, _Message] = {}
    async with services.transaction() as connection:
        await connection.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
        roots = list(await connection.scalars(sa.select(places.c.id).where(places.c.parent_id.is_(None))))
        for process in processes_with_checks(services):
            checks: dict[To, list[Check]] = {}
            for reminder in process.reminders:
                if (reminder.at.hour, reminder.at.minute) == (moment.hour, moment.minute):
                    checks.setdefault(reminder.to, []).extend(c for c in process.checks if c.id == reminder.check)
            if "person" in checks:
                theirs = await reached(services, connection, process, roots, checks["person"])
                for one in theirs.reached:
                    told.setdefault(one.person_id, _Message()).add(one.text, one.buttons)
            if "head" in checks:
                await _digests(services, connection, process, roots, checks["head"], HEADS, told)
            if "staff" in checks:
                summarised = {
                    role
                    for summary in process.summaries
                    if (summary.at.hour, summary.at.minute) == (moment.hour, moment.minute)
                    for role in summary.roles
                }
                # who gets the summary at this very moment reads there who is missing
                await _digests(services, connection, process, roots, checks["staff"], STAFF, told, summarised)
        owed = [
            Owed(
                person_id,
                Outgoing("\n\n".join(message.texts), tuple(message.buttons), purpose="reminder"),
                f"remind/{moment:%Y-%m-%dT%H:%M}/{person_id}",
            )
            for person_id, message in told.items()
        ]
        written = await messages.owe_all(services, connection, owed, _LASTS)
    await messages.announce(services)
    return written


@dataclass(frozen=True)
class Reached:
    """One chat that is told about missing reports: their own, those of people they look after, or both."""

    person_id: int
    about: frozenset[int]
    text: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True)
class ReachedAndNot:
    """`unreachable`: the people who have no chat, nor has anybody who looks after them."""

    reached: tuple[Reached, ...]
    unreachable: frozenset[int]


async def reached(
    services: Services, connection: AsyncConnection, process: Process, under: Sequence[int], checks: Sequence[Check]
) -> ReachedAndNot:
    """Who is to be told about the missing reports under these places, and with which words.

    A person with a chat is told there; one without through those who look after them, one message for all of these. Who has
    withdrawn their consent is not reminded of what they do not want to give.
    """
    rows = missing(process, services.today(), under, [check.id for check in checks]).subquery()
    who = sa.select(rows.c.person_id, rows.c.check_id).distinct().subquery()
    own, of_guardian = accounts.alias(), accounts.alias()
    has_own = sa.exists(sa.select(1).where(own.c.person_id == who.c.person_id))
    of_them = consents.c.person_id == who.c.person_id
    withdrawn = sa.and_(
        sa.exists(sa.select(1).where(of_them)),
        ~sa.exists(sa.select(1).where(of_them, consents.c.withdrawn_at.is_(None))),
    )
    guardians = (
        sa.select(kin.c.ward_id, kin.c.person_id, kin.c.kind)
        .where(sa.exists(sa.select(1).where(of_guardian.c.person_id == kin.c.person_id)))
        .subquery()
    )
    found = await connection.execute(
        sa.select(
            who.c.person_id,
            who.c.check_id,
            sa.case((has_own, who.c.person_id), else_=guardians.c.person_id).label("reader"),
            people.c.name_sealed,
        )
        .select_from(
            who.join(people, people.c.id == who.c.person_id).outerjoin(
                guardians, sa.and_(guardians.c.ward_id == who.c.person_id, ~has_own)
            )
        )
        .where(~withdrawn)
        .order_by(who.c.person_id)
    )
    own_checks: dict[int, list[str]] = {}
    wards: dict[int, dict[int, bytes]] = {}
    ward_checks: dict[int, set[str]] = {}
    unreachable = set()
    for row in found:
        if row.reader is None:
            unreachable.add(row.person_id)
        elif row.reader == row.person_id:
            own_checks.setdefault(row.reader, []).append(row.check_id)
        else:
            wards.setdefault(row.reader, {})[row.person_id] = row.name_sealed
            ward_checks.setdefault(row.reader, set()).add(row.check_id)
    return ReachedAndNot(
        tuple(
            _to_person(
                services,
                process,
                reader,
                [c for c in checks if c.id in own_checks.get(reader, ())],
                [c for c in checks if c.id in ward_checks.get(reader, ())],
                wards.get(reader, {}),
            )
            for reader in sorted(own_checks.keys() | wards.keys())
        ),
        frozenset(unreachable),
    )


def _to_person(
    services: Services,
    process: Process,
    reader: int,
    own: Sequence[Check],
    of_wards: Sequence[Check],
    wards: dict[int, bytes],
) -> Reached:
    names = [services.vault.open(sealed, "people.name") for sealed in wards.values()]
    about, buttons = [], []
    if own:
        about.append("您")
        word = own[0].title if len(own) == 1 else process.start_words[0]
        buttons += [Button(shortcut.title, f"{word} {shortcut.title}") for shortcut in process.shortcuts[:1]]
        buttons += [Button("同昨天", f"{word} 同昨天"), Button(word, word)]
    if names:
        about.append("、".join(names))
        buttons += [Button(f"帮{name}打卡", f"帮{name}打卡") for name in names[:3]]
        if len(names) + bool(own) > 1:
            buttons.append(Button("全家正常", "全家正常"))
    titles = "、".join(dict.fromkeys(check.title for check in [*own, *of_wards]))
    closes = max(check.closes for check in [*own, *of_wards])
    until = f"，请在{closes:%H:%M}前报" if closes > services.local_now().time() else "，请补报"
    verb = "打卡" if titles == "打卡" else f"报{titles}"
    return Reached(
        reader,
        frozenset([*([reader] if own else []), *wards]),
        f"【{process.short}提醒】{'和'.join(about)}今天还没{verb}{until}。",
        tuple(buttons),
    )


async def _digests(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    roots: Sequence[int],
    checks: Sequence[Check],
    by: Sequence[str],
    told: dict[int, _Message],
    but: Collection[str] = (),
) -> None:
    """Adds a digest of who is missing for everyone who holds one of the roles `by` nearest above them, and for their deputies.

    Heads read names as others do (family name, and where), as the push stands on a lock screen: 谁还没报 and 电话名单 give more.
    """
    rows = missing(process, services.today(), roots, [check.id for check in checks]).subquery()
    at = sa.select(rows.c.place_id, rows.c.path).distinct().subquery()
    level = sa.func.array_position(at.c.path, roles.c.place_id)
    above = (
        sa.select(
            at.c.place_id,
            roles.c.person_id.label("reader"),
            roles.c.place_id.label("of"),
            roles.c.role,
            level.label("level"),
            sa.func.max(level).over(partition_by=at.c.place_id).label("nearest"),
        )
        .select_from(at.join(roles, roles.c.place_id == sa.func.any(at.c.path)))
        .where(roles.c.role.in_(list(by)))
        .subquery()
    )
    # who holds two of the roles at one place reads of it once
    nearest = sa.select(above.c.place_id, above.c.reader, above.c.of).where(above.c.level == above.c.nearest)
    nearest = nearest.group_by(above.c.place_id, above.c.reader, above.c.of)
    nearest = nearest.having(~sa.func.bool_or(above.c.role.in_(list(but)))) if but else nearest
    near = nearest.subquery()
    who = (
        sa.select(
            near.c.reader, near.c.of, rows.c.person_id, rows.c.check_id, sa.func.min(rows.c.place_id).label("place_id")
        )
        .select_from(rows.join(near, near.c.place_id == rows.c.place_id))
        .group_by(near.c.reader, near.c.of, rows.c.person_id, rows.c.check_id)
        .subquery()
    )
    part = {"partition_by": [who.c.reader, who.c.of, who.c.check_id]}
    ranked = sa.select(
        who,
        sa.func.row_number().over(**part, order_by=[who.c.place_id, who.c.person_id]).label("rank"),
        sa.func.count().over(**part).label("all"),
    ).subquery()
    of_place = places.alias()
    found = await connection.execute(
        sa.select(ranked, people.c.name_sealed, places.c.name.label("place"), of_place.c.name.label("of_name"))
        .join(people, people.c.id == ranked.c.person_id)
        .join(places, places.c.id == ranked.c.place_id)
        .join(of_place, of_place.c.id == ranked.c.of)
        .where(ranked.c.rank <= (_NAMED if by is HEADS else 1))
        .order_by(ranked.c.reader, ranked.c.of, ranked.c.check_id, ranked.c.rank)
    )
    lines: dict[int, dict[tuple[int, str], list[sa.engine.Row]]] = {}
    for row in found:
        lines.setdefault(row.reader, {}).setdefault((row.of, row.check_id), []).append(row)
    stand_in = await deputies_of(connection, list(lines), services.today())
    titles = {check.id: check.title for check in checks}
    for reader, groups in lines.items():
        text = [f"【未报提醒】截至{services.local_now():%H:%M}："]
        for (_, check), of_one in groups.items():
            head = f"{of_one[0].of_name} {titles[check]}未报{of_one[0].all}人"
            text.append(f"{head}：{_names(services, of_one)}" if by is HEADS else head)
        text += [] if by is HEADS else ["需要电话联系的，发“电话名单”看姓名和电话（会记入审计）。"]
        buttons = (_CHASE, _WHO, _ZERO) if by is HEADS else (_PHONES, _WHO, _CHASE)
        for one in (reader, *stand_in.get(reader, ())):
            told.setdefault(one, _Message()).add("\n".join(text), buttons)


def _names(services: Services, rows: Sequence[sa.engine.Row]) -> str:
    names = []
    for row in rows:
        name = mask_name(services.vault.open(row.name_sealed, "people.name"))
        names.append(name if row.place == row.of_name else f"{name}（{row.place}）")
    more = f" 等{rows[0].all}人" if rows[0].all > len(rows) else ""
    return "、".join(names) + more


async def reminded_since(connection: AsyncConnection, person_ids: Sequence[int], since: datetime) -> set[int]:
    """Which of these people were sent a reminder of a missing report after a moment."""
    rows = await connection.scalars(
        sa.select(outbox.c.person_id).where(
            outbox.c.person_id == sa.func.any(sa.cast(list(person_ids), ARRAY(sa.BigInteger))),
            outbox.c.created_at > since,
            outbox.c.state.in_(("due", "sent")),
            sa.or_(outbox.c.once_key.startswith("chase/"), outbox.c.once_key.startswith("remind/")),
        )
    )
    return set(rows)
