"""What staff type for whom a broadcast is: 三网格, 全班家长, 一车间没打卡的, 三网格从西安回来的."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound, Refused
from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Context, Filled, Spec, Unclear
from bot.processes.normal import normalise
from bot.services.audiences import RETURN_PROCESS, Audience, Region
from bot.services.context import Services
from bot.services.people import Speaker
from bot.services.place_names import NUMBERED, places_called
from bot.services.places import place_name
from bot.services.roles import IN_CHARGE, TITLES
from bot.storage.tables import places

_MANY = 8  # places that share a name, as buttons

_CAME = re.compile(r"(?:从|由)(?P<region>[^从由的]{2,12}?)(?:回来|返回|返乡|返校|返岗|过来|来)的?$")
_MISSING = re.compile(r"(?:今天|今日)?(?:还)?(?:没有?|未)(?P<what>打卡|[晨午晚]检|申报|报|报告|上报)的?$")
_WHO = {
    "家长": ("student",),
    "监护人": ("student",),
    "学生": ("student",),
    "同学": ("student",),
    "居民": ("resident",),
    "住户": ("resident",),
    "员工": ("worker",),
    "职工": ("worker",),
    "工人": ("worker",),
    "工作人员": tuple(IN_CHARGE),
    "干部": tuple(IN_CHARGE),
    "所有人": (),
    "全体人员": (),
    "人员": (),
    # titles that are a person's, not a place's
    **{
        TITLES[role]: (role,)
        for role in (
            "building_head", "grid_worker", "area_head", "class_teacher", "team_leader", "health_officer",
            "site_manager", "company", "gate_guard", "inspector", "boarder", "high_risk_post",
        )
    },
}  # fmt: skip
_GUARDIANS = ("家长", "监护人")
_LAST_WORD = re.compile("(?P<who>" + "|".join(sorted(_WHO, key=len, reverse=True)) + ")$")
_ALL_OF_IT = re.compile(
    r"(?:全部|全体|所有|整个|全|本|我的|我们)(?:网格|社区|片区|班|年级|校|学校|厂|工厂|车间|公司|单位|工地|街道|小区|楼|村)?"
)
_ALL_WORDS = ("全体", "所有", "全部")
_OF_ALL = re.compile(r"的?(?:全体|所有|全部)?$")
_PLACE_LIKE = re.compile(
    r".{1,12}(?:网格|社区|片区|街道|小区|班|年级|学校|小学|中学|工厂|厂|车间|班组|公司|工地|楼|栋|单元|园区|村|区域|总站)"
)
_GREETING = re.compile(r"各位|尊敬|亲爱|请|大家|同志|家人")


@dataclass(frozen=True)
class WhichPlace:
    """Several places in the speaker's part have that name: each with its full name and words that mean it alone."""

    named: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Said:
    """What the words say besides the place, and what of them is left for it ('' where nothing is)."""

    place: str
    roles: tuple[str, ...] = ()
    guardians: bool = False
    missing: str = ""
    region: str = ""

    @property
    def narrows(self) -> bool:
        return bool(self.roles or self.guardians or self.missing or self.region)


def looks_like_audience(words: str) -> bool:
    """Whether the first words of a notice may say for whom it is rather than begin its text."""
    plain = normalise(words).replace(" ", "")
    if not plain or len(plain) > 24 or _GREETING.match(plain):
        return False
    said = _parted(plain)
    whole = not said.place or bool(_ALL_OF_IT.fullmatch(said.place) or NUMBERED.fullmatch(said.place))
    return (whole or bool(_PLACE_LIKE.fullmatch(said.place))) and (bool(said.place) or said.narrows or plain in _WHO)


async def own_audience(services: Services, by: Speaker) -> Audience | WhichPlace:
    """The speaker's whole part; which of several that do not lie in one another is asked back.

    Raises:
        NotFound: they are in charge of nothing.
    """
    async with services.transaction() as connection:
        return await _own(connection, by)


async def read_audience(
    services: Services, by: Speaker, words: str, before: Audience | None = None
) -> Audience | WhichPlace:
    """The audience that the words name. What only narrows it narrows `before`, or the speaker's whole part.

    Raises:
        NotFound: no such place in the speaker's part.
        Refused: the words cannot be read, or the region is not clear.
    """
    plain = normalise(words).replace(" ", "")
    said = _parted(plain)
    if not plain or (not said.place and not said.narrows and plain not in _WHO):
        raise Refused("请写发给谁，例如：三网格、全体员工、全班家长、没打卡的、从西安回来的。")
    process = _process_of(services, said.missing)
    region = read_region(services, said.region) if said.region else None
    async with services.transaction() as connection:
        found: Audience | WhichPlace
        if before is not None and not said.place:
            found = before
        elif not said.place or _ALL_OF_IT.fullmatch(said.place):
            found = await _own(connection, by)
        else:
            found = await _named(connection, by, said.place)
    rest = plain[len(said.place) :]
    if isinstance(found, WhichPlace):
        return WhichPlace(found.named, tuple((title, f"{place}{rest}") for title, place in found.options))
    if not said.narrows:
        return Audience(found.place_id)
    return replace(
        found,
        roles=said.roles or found.roles,
        guardians=said.guardians or found.guardians,
        not_reported=process or found.not_reported,
        came_from=region or found.came_from,
        got=None,
    )


def _parted(plain: str) -> _Said:
    """Takes from the end, one after the other, what is no place: who, what is missing, where from."""
    said, before = _Said(plain), ""
    while said.place != before:
        before = said.place
        if match := _CAME.search(said.place):
            said = replace(said, place=said.place[: match.start()], region=match["region"])
        elif match := _MISSING.search(said.place):
            said = replace(said, place=said.place[: match.start()], missing=match["what"])
        elif match := _LAST_WORD.search(said.place):
            who = match["who"]
            said = replace(said, place=said.place[: match.start()], roles=_WHO[who], guardians=who in _GUARDIANS)
        if said.place not in _ALL_WORDS:
            said = replace(said, place=_OF_ALL.sub("", said.place))
    return said


def _process_of(services: Services, what: str) -> str:
    if not what:
        return ""
    if what == "申报":
        return RETURN_PROCESS
    return next(process.id for process in services.processes.values() if process.checks)


def read_region(services: Services, name: str) -> Region:
    """A region as a broadcast names it, down to a province or county.

    Raises:
        Refused: several regions have that name.
    """
    context = Context(services.local_now(), services.settings.fever)
    reading = FIELD_TYPES["place"].read(name, Spec("region", "地区"), context)
    if isinstance(reading, Unclear):
        raise Refused(
            f"叫“{name}”的地方不止一个，请写全，例如：从{reading.options[0][0] if reading.options else name}回来的。"
        )
    if isinstance(reading, Filled):
        code = str(reading.value.get("code") or "")
        while code.endswith("00"):
            code = code[:-2]
        return Region(name, code)
    return Region(name)  # a province alone, which a declaration's own field would ask back


async def _own(connection: AsyncConnection, by: Speaker) -> Audience | WhichPlace:
    own = by.in_charge_of()
    rows = await connection.execute(sa.select(places.c.id, places.c.path).where(places.c.id.in_(own)))
    top = [row.id for row in rows if not set(row.path[:-1]) & set(own)]
    if not top:
        raise NotFound("您现在没有负责的范围，不能发通知。")
    if len(top) == 1:
        return Audience(top[0])
    return await _which(connection, "您负责的范围", top)


async def _named(connection: AsyncConnection, by: Speaker, name: str) -> Audience | WhichPlace:
    found = [row.id for row in await places_called(connection, by, name, _MANY + 1)]
    if not found:
        raise NotFound(f"没有找到“{name}”，或不在您负责的范围内。")
    if len(found) == 1:
        return Audience(found[0])
    if len(found) > _MANY:
        raise Refused(f"叫“{name}”的地方太多，请写得更全。")
    return await _which(connection, name, found)


async def _which(connection: AsyncConnection, named: str, ids: list[int]) -> WhichPlace:
    return WhichPlace(named, tuple([(await place_name(connection, one), f"地点{one}") for one in ids[:_MANY]]))
