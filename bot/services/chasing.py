"""Staff chase missing reports by hand: 谁还没报, 催一下, 电话名单, 全部名单."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from bot.channels.base import Outgoing
from bot.errors import Refused
from bot.processes.duties import Check
from bot.services import audit, messages
from bot.services.asked_part import AskedPart, Place
from bot.services.context import Services
from bot.services.figures import Unit, counts
from bot.services.messages import Owed
from bot.services.missing import MissingPerson, begun_checks, missing_people
from bot.services.people import Speaker
from bot.services.reminders import reached, reminded_since

NAMED = 20
AGAIN_AFTER = timedelta(minutes=30)
MOST_IN_A_FILE = 20_000
_LASTS = timedelta(minutes=30)


@dataclass(frozen=True)
class MissingList:
    """Who is missing of one check at one place. `people` are named only where there are not too many to read."""

    place: Place
    check: Check
    expected: int
    missing: int
    units: tuple[Unit, ...]
    people: tuple[MissingPerson, ...]


async def who_is_missing(services: Services, asked: AskedPart) -> list[MissingList]:
    """The missing people of each place and check that was asked for (`asked_part.read_asked` has checked the right to it)."""
    checks = begun_checks(services, asked.process, asked.day, asked.checks)
    lists = []
    async with services.transaction() as connection:
        for place in asked.places:
            of_all, units = await counts(connection, asked.process, asked.day, place)
            for check in checks:
                count = of_all.get(check.id)
                if count is None:
                    continue
                named = count.missing <= NAMED or not any(unit.id for unit in units)
                people = (
                    await missing_people(services, connection, asked.process, asked.day, place, [check], NAMED)
                    if named and count.missing
                    else []
                )
                lists.append(MissingList(place, check, count.expected, count.missing, units, tuple(people)))
    return lists


async def all_missing(services: Services, by: Speaker, asked: AskedPart, phones: bool) -> list[MissingPerson]:
    """Everybody who is missing, with whole names (and phones): audited, because it reveals them.

    Raises:
        Refused: there are more than fit into one list.
    """
    checks = begun_checks(services, asked.process, asked.day, asked.checks)
    found: dict[tuple[int, str], MissingPerson] = {}
    async with services.transaction() as connection:
        for place in asked.places:
            some = await missing_people(
                services, connection, asked.process, asked.day, place, checks, MOST_IN_A_FILE + 1
            )
            found.update({(one.person_id, one.check.id): one for one in some})
            await audit.note(
                services, connection, by, "missing_phones_revealed" if phones else "missing_listed", "place", place.id
            )
    if len(found) > MOST_IN_A_FILE:
        raise Refused(f"超过{MOST_IN_A_FILE}人，请写明一个网格、班级或车间再要名单。")
    return list(found.values())


@dataclass(frozen=True)
class Chased:
    """What came of 催一下, in people with a missing report: `by_family` of the `reminded` are told through who looks after
    them; `recently` were told within the last half hour; `unreachable` have no chat."""

    reminded: int
    by_family: int
    recently: int
    unreachable: int


async def chase(services: Services, by: Speaker, asked: AskedPart) -> Chased:
    """Reminds those who are missing now, each at most once in half an hour, whoever presses.

    Raises:
        Refused: another day than today was asked for.
    """
    if asked.day != services.today():
        raise Refused("只能催今天的；以前的可以发“昨天谁没报”看名单。")
    checks = begun_checks(services, asked.process, asked.day, asked.checks)
    under = [place.id for place in asked.places]
    now = services.now()
    async with services.transaction() as connection:
        await connection.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
        # two who press at the same moment: the second sees whom the first has reminded
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("chase", 0))))
        theirs = await reached(services, connection, asked.process, under, checks)
        late = await reminded_since(connection, [one.person_id for one in theirs.reached], now - AGAIN_AFTER)
        told = [one for one in theirs.reached if one.person_id not in late]
        owed = [
            Owed(
                one.person_id,
                Outgoing(one.text, one.buttons, purpose="reminder"),
                f"chase/{one.person_id}/{now.isoformat()}",
            )
            for one in told
        ]
        await messages.owe_all(services, connection, owed, _LASTS)
        for place in asked.places:
            await audit.note(services, connection, by, "missing_chased", "place", place.id)
    await messages.announce(services)
    reminded = frozenset[int]().union(*(one.about for one in told))
    by_family = reminded - {one.person_id for one in told if one.person_id in one.about}
    before = frozenset[int]().union(*(one.about for one in theirs.reached)) - reminded
    return Chased(len(reminded), len(by_family), len(before), len(theirs.unreachable))
