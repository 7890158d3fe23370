"""The dated list of risk regions: staff change it, rules read it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from bot.errors import NotEntitled, Refused
from bot.processes.rules import RISK_LEVELS
from bot.services import audit
from bot.services.context import Services
from bot.services.people import Speaker
from bot.storage.tables import risk_regions

_MUNICIPALITIES = ("11", "12", "31", "50")
_COUNTIES_OF_A_PROVINCE = "90"
LEVEL_TITLES = {"high": "高风险", "medium": "中风险", "key_city": "辖区内有中高风险地区（重点城市）"}


@dataclass(frozen=True)
class Region:
    """A region at risk. `code` is the head of its administrative code (6101: the whole of 西安)."""

    id: int
    code: str
    name: str
    level: str
    since: date
    until: date | None
    source: str


class Risks:
    """The regions at risk on one day, as rules ask for them."""

    def __init__(self, regions: list[Region]) -> None:
        self.regions = regions

    def level(self, place: Mapping[str, Any] | None) -> str:
        """The highest level of a region that holds the place, '' when none does."""
        if not place:
            return ""
        code = str(place.get("code") or "")
        text = str(place.get("text") or "")
        levels = {
            region.level
            for region in self.regions
            if (region.code and code.startswith(region.code)) or (not region.code and region.name in text)
        }
        if not levels and self.inside({"code": _city(code)}):
            levels = {"key_city"}  # that is what the plan calls a city with a region of high or medium risk in it
        return next((level for level in RISK_LEVELS if level in levels), "")

    def inside(self, place: Mapping[str, Any]) -> list[Region]:
        """The regions of high or medium risk that lie in a place: the districts of 西安, when 西安 is named."""
        head = str(place.get("code") or "").rstrip("0")
        if not head:
            return []
        head += "0" * (len(head) % 2)  # the zeros of 370200 say that it is a city, the first of 370000's does not
        return [r for r in self.regions if r.level != "key_city" and r.code.startswith(head) and r.code != head]


def _city(code: str) -> str:
    """The code of the city in which a county lies; '' for a county that belongs to no city."""
    if code[:2] in _MUNICIPALITIES:
        return code[:2] + "0000"
    return "" if code[2:4] == _COUNTIES_OF_A_PROVINCE else code[:4]


# The list is read by every declaration and changes a few times a day: one read a minute and process is enough.
_MEMORY_SECONDS = 30.0
_memory: dict[int, tuple[float, date, Risks]] = {}


async def today(services: Services) -> Risks:
    """The list as of today. A change is seen by all processes within half a minute, by the changing one at once."""
    day = services.today()
    kept = _memory.get(id(services))
    if kept and kept[1] == day and time.monotonic() - kept[0] < _MEMORY_SECONDS:
        return kept[2]
    risks = Risks(await regions_on(services, day))
    _memory[id(services)] = (time.monotonic(), day, risks)
    return risks


async def regions_on(services: Services, day: date) -> list[Region]:
    """The regions at risk on a day, the gravest first."""
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(risk_regions)
            .where(risk_regions.c.since <= day, sa.or_(risk_regions.c.until.is_(None), risk_regions.c.until >= day))
            .order_by(
                sa.func.array_position(sa.cast(list(RISK_LEVELS), ARRAY(sa.Text)), risk_regions.c.level),
                risk_regions.c.code,
            )
        )
        return [Region(r.id, r.code, r.name, r.level, r.since, r.until, r.source) for r in rows]


async def add_region(
    services: Services,
    by: Speaker | None,
    code: str,
    name: str,
    level: str,
    since: date,
    until: date | None,
    source: str,
) -> int:
    """Puts a region on the list. `by` is None for the operator's own command line.

    Raises:
        NotEntitled: the speaker is not in charge of any place.
        Refused: the level or the dates are wrong.
    """
    _check_staff(by)
    if level not in RISK_LEVELS:
        raise Refused(f"风险等级只能是 {'、'.join(RISK_LEVELS)}。")
    if until is not None and until < since:
        raise Refused("结束日期不能早于开始日期。")
    async with services.transaction() as connection:
        region_id = await connection.scalar(
            risk_regions.insert()
            .values(
                code=code,
                name=name,
                level=level,
                since=since,
                until=until,
                source=source,
                changed_by=by.person_id if by else None,
                changed_at=services.now(),
            )
            .returning(risk_regions.c.id)
        )
        await audit.note(services, connection, by, "risk_region_added", "risk_region", region_id)
    _memory.clear()
    return int(region_id)


async def end_region(services: Services, by: Speaker | None, region_id: int, last_day: date) -> None:
    """Ends a region's time on the list with `last_day`; the row stays, for what was told while it held.

    Raises:
        NotEntitled: as `add_region`.
        Refused: there is no such region.
    """
    _check_staff(by)
    async with services.transaction() as connection:
        done = await connection.execute(
            risk_regions.update()
            .where(risk_regions.c.id == region_id, risk_regions.c.since <= last_day)
            .values(until=last_day, changed_by=by.person_id if by else None, changed_at=services.now())
        )
        if done.rowcount == 0:
            raise Refused(f"没有编号为 {region_id}、且在 {last_day} 之前开始的风险地区。")
        await audit.note(services, connection, by, "risk_region_ended", "risk_region", region_id)
    _memory.clear()


def _check_staff(by: Speaker | None) -> None:
    if by is not None and not by.staff:
        raise NotEntitled("只有工作人员可以修改风险地区名单。")
