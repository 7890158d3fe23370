"""What staff name when they ask for lists and figures: a day, a check and places of their part (昨天三网格, 晨检三班)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotEntitled, NotFound, Refused
from bot.processes.definition import Process
from bot.processes.fields.numerals import NUMBER, to_int
from bot.processes.normal import normalise
from bot.services.context import Services
from bot.services.people import Speaker
from bot.services.place_names import places_called
from bot.storage.tables import places

_MONTHS_AGO = 330
_MANY = 6  # places of one name that a question back lists
_DAYS_AGO = {"今天": 0, "今日": 0, "当天": 0, "昨天": 1, "昨日": 1, "前天": 2, "前日": 2}
_DAY = re.compile(
    rf"(?P<ago>{'|'.join(_DAYS_AGO)})"
    rf"|(?:(?P<year>[0-9]{{4}})年)?(?P<month>{NUMBER})月(?P<day>{NUMBER})[日号]?"
    r"|(?P<iso>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})"
)
_OWN = re.compile(
    r"(?:我们?|咱们?|本|全部?|所有|整个)?的?(?:网格|片区|社区|班级?|年级|学校|厂|工厂|车间|班组|公司|工地|街道|单位)?的?"
)


@dataclass(frozen=True)
class Place:
    """A place of the speaker's part. `depth`: how many places stand above it."""

    id: int
    name: str
    depth: int


@dataclass(frozen=True)
class AskedPart:
    """A day, the checks that were named (None: all), and the places: those that were named, else the speaker's own."""

    process: Process
    day: date
    checks: tuple[str, ...] | None
    places: tuple[Place, ...]

    def words(self, today: date) -> str:
        """What, put before another command word, asks for the same again."""
        day = "" if self.day == today else self.day.isoformat()
        place = f"地点{self.places[0].id}" if len(self.places) == 1 else ""
        titles = [check.title for check in self.process.checks if self.checks and check.id in self.checks]
        return f"{day}{place}{''.join(titles)}"


async def read_asked(services: Services, by: Speaker, words: str | None) -> AskedPart:
    """Reads what stands around a command word.

    Raises:
        NotEntitled: the speaker is in charge of nothing.
        NotFound: no such place in the speaker's part.
        Refused: the day is still to come, or several places have that name; in words for the speaker.
    """
    if not by.staff:
        raise NotEntitled("名单和汇总只给负责的工作人员看。您自己的情况可以发“我的数据”，打卡发“打卡”。")
    rest = re.sub(r"[\s,，:：、]+", "", normalise(words or ""))
    day, rest = _day(rest, services.today())
    process, checks, rest = _check(services, rest)
    async with services.transaction() as connection:
        if not rest or _OWN.fullmatch(rest):
            found = await own_places(connection, by)
        else:
            found = [await _named(connection, by, rest.removesuffix("的"))]
    return AskedPart(process, day, checks, tuple(found))


def processes_with_checks(services: Services) -> list[Process]:
    """The processes that are owed each day, in the order of their ids."""
    return [process for process in services.processes.values() if process.checks]


async def own_places(connection: AsyncConnection, by: Speaker) -> list[Place]:
    """The places that the speaker is in charge of, without those that lie under another of them."""
    own = by.in_charge_of()
    rows = await connection.execute(_PLACES.where(places.c.id.in_(own)).order_by(places.c.id))
    return [_place(row) for row in rows if not set(row.path[:-1]) & set(own)]


def _day(text: str, today: date) -> tuple[date, str]:
    match = _DAY.search(text)
    if not match:
        return today, text
    rest = text[: match.start()] + text[match.end() :].removeprefix("的")
    if match["ago"]:
        return today - timedelta(days=_DAYS_AGO[match["ago"]]), rest
    if match["iso"]:
        written, month, day = (int(part) for part in match["iso"].split("-"))
        found = [_date(written, month, day)]
    else:
        years = [int(match["year"])] if match["year"] else [today.year, today.year - 1]
        found = [_date(year, to_int(match["month"]), to_int(match["day"])) for year in years]
    for one in found:
        # without a year it is a day of the past months, not of the coming ones a year ago
        if one is not None and one <= today and (len(found) == 1 or (today - one).days < _MONTHS_AGO):
            return one, rest
    raise Refused(
        f"{match[0]}没有数据：这一天还没到，或者没有这一天。请写几月几日，例如：{today.month}月{today.day}日。"
    )


def _date(year: int, month: int | None, day: int | None) -> date | None:
    try:
        return date(year, month or 0, day or 0)
    except ValueError:
        return None


def _check(services: Services, text: str) -> tuple[Process, tuple[str, ...] | None, str]:
    owed = processes_with_checks(services)
    if not owed:
        raise Refused("现在没有每天要上报的内容，没有名单和汇总。")
    for process in owed:
        for check in process.checks:
            for word in sorted({check.title, *check.words} - {process.short}, key=len, reverse=True):
                if word in text:
                    return process, (check.id,), text.replace(word, "", 1)
    for process in owed:
        if process.short in text:
            return process, None, text.replace(process.short, "", 1)
    return owed[0], None, text


_PLACES = sa.select(places.c.id, places.c.name, places.c.path)


def _place(row: sa.engine.Row) -> Place:
    return Place(row.id, row.name, len(row.path) - 1)


async def _named(connection: AsyncConnection, by: Speaker, name: str) -> Place:
    rows = await places_called(connection, by, name, _MANY + 1)
    if not rows:
        raise NotFound(f"没有找到“{name}”，或不在您负责的范围内。可以写网格、班级、车间的名字，例如：三网格谁还没报。")
    if len(rows) > 1:
        raise Refused(await _which(connection, name, rows))
    return _place(rows[0])


async def _which(connection: AsyncConnection, name: str, rows: Sequence[sa.engine.Row]) -> str:
    above = {row.path[-2] for row in rows if len(row.path) > 1}
    names = dict((await connection.execute(sa.select(places.c.id, places.c.name).where(places.c.id.in_(above)))).all())
    options = [f"{names.get(row.path[-2], '') if len(row.path) > 1 else ''}{row.name}：地点{row.id}" for row in rows]
    more = "等" if len(rows) > _MANY else ""
    return f"叫“{name}”的地方不止一个：\n" + "\n".join(options[:_MANY]) + more + "\n请把名字换成“地点”加编号再发。"
