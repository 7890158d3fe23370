"""Provinces, cities and counties of China, from the table that the cpca package ships.

cpca itself is not called: it picks one silently where a name exists in several places, and loads pandas to do so.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

MUNICIPALITIES = ("11", "12", "31", "50", "71", "81", "82")
"""Provinces that are one city; Hong Kong, Macau and Taiwan are not told apart further."""

_PEOPLES = (
    "各族|维吾尔|哈萨克|柯尔克孜|蒙古族?|回族|藏族|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|傣族|黎族|傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|"
    "景颇族|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|阿昌族|普米族|塔吉克|怒族|鄂温克族|德昂族|保安族|裕固族|鄂伦春|独龙族|哈萨克族|塔吉克族|锡伯族|族"
)
_AUTONOMOUS = re.compile(rf"(?<=.{{2}})(?:{_PEOPLES})*自治[区州县旗]$")
_SUFFIX = re.compile(r"(?<=..)(?:特别行政区|自治区|新区|矿区|林区|地区|省|市|区|县|盟|旗)$")
# What names after which a short name is a street, a school or a brand and no place: 南京路, 长安汽车.
_NOT_A_PLACE = re.compile(
    r"路|街|大道|大厦|小区|花园|广场|大学|学院|中学|小学|医院|汽车|银行|牛肉|拉面|烤鸭|酒店|饭店|宾馆|公寓|牌|啤酒|新村|苑|山|桥|寺|塔|镇|乡|村|里(?![面边])|号"
)
_BETWEEN = re.compile(r"[\s,、·\-/]*|的|省|市|那边的?")


@dataclass(frozen=True)
class Area:
    """A province, city or county by its six-digit code."""

    code: str
    name: str

    @property
    def level(self) -> int:
        """0 province, 1 city, 2 county."""
        return 0 if self.code.endswith("0000") else 1 if self.code.endswith("00") else 2

    def within(self, other: Area) -> bool:
        """Whether this area lies in the other, or is it."""
        return self.code.startswith(other.code[: 2 * (other.level + 1)])


@dataclass(frozen=True)
class Named:
    """One place in a text, and every area that it may be. `full`: no part of it was written short."""

    start: int
    end: int
    areas: tuple[Area, ...]
    full: bool


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    areas: tuple[Area, ...]
    full: bool


def places_in(text: str) -> list[Named]:
    """The places of a normalised text in order. 陕西西安雁塔 is one; 西安、咸阳 are two."""
    chains: list[list[_Token]] = []
    for token in _tokens(text):
        narrowed = _narrowed(chains[-1], token, text) if chains else None
        if narrowed is not None:
            chains[-1].append(narrowed)
        elif not chains or not _part_elsewhere(chains[-1][-1], token):
            chains.append([token])
    return [Named(chain[0].start, chain[-1].end, _settled(chain), all(t.full for t in chain)) for chain in chains]


def parts(area: Area) -> tuple[str, str, str]:
    """Names of province, city and county; empty where the area is not so small or has no such level."""
    table = _table()
    province = table.by_code[area.code[:2] + "0000"].name
    if area.code[:2] in MUNICIPALITIES:
        return province, province, area.name if area.level == 2 else ""
    city = table.by_code.get(area.code[:4] + "00")
    if area.level == 0:
        return province, "", ""
    if city is None or city.name.endswith("直辖县级行政区划"):
        return province, area.name, ""
    return province, city.name, area.name if area.level == 2 else ""


def full_name(area: Area) -> str:
    """北京市朝阳区, 陕西省西安市."""
    return "".join(dict.fromkeys(part for part in parts(area) if part))


def is_prefecture(area: Area) -> bool:
    """Whether the area is a city of its own: a prefecture, or a province that is one city."""
    return area.level == 1 or (area.level == 0 and area.code[:2] in MUNICIPALITIES)


@dataclass(frozen=True)
class _Table:
    by_code: dict[str, Area]
    by_name: dict[str, tuple[tuple[Area, bool], ...]]
    longest: int


@cache
def _table() -> _Table:
    found = find_spec("cpca")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("cpca")
    source = Path(found.submodule_search_locations[0]) / "resources" / "adcodes.csv"
    with source.open(encoding="utf-8", newline="") as rows:
        areas = [Area(row["adcode"][:6], row["name"]) for row in csv.DictReader(rows)]
    by_code = {area.code: area for area in areas}
    by_name: dict[str, dict[Area, bool]] = defaultdict(dict)
    for area in areas:
        if area.name in ("市辖区", "县") or area.name.endswith("直辖县级行政区划"):
            continue
        for short in _short_names(area):
            by_name[short].setdefault(area, False)
        by_name[area.name][area] = True
    for alias, code in _ALIASES.items():
        by_name[alias][by_code[code]] = False
    table = {name: tuple(sorted(kept.items(), key=lambda item: item[0].code)) for name, kept in by_name.items()}
    return _Table(by_code, table, max(map(len, table)))


_ALIASES = {"内蒙": "150000", "浦东": "310115", "湘西": "433100", "鄂西": "422800", "版纳": "532800", "呼市": "150100"}


def _short_names(area: Area) -> set[str]:
    short = _AUTONOMOUS.sub("", area.name)
    stripped = _SUFFIX.sub("", short)
    while re.search(rf"..(?:{_PEOPLES})$", short) and area.name.endswith(("自治州", "自治县", "自治旗", "自治区")):
        short = re.sub(rf"(?:{_PEOPLES})$", "", short)
    names = {short, stripped if area.name == short else short}
    if area.name.endswith("自治州"):
        names.add(short + "州")
    return {name for name in names if len(name) > 1 and name != area.name}


def _tokens(text: str) -> list[_Token]:
    table = _table()
    tokens = []
    at = 0
    while at < len(text):
        for length in range(min(table.longest, len(text) - at), 1, -1):
            entry = table.by_name.get(text[at : at + length])
            if entry is None:
                continue
            full = any(whole for _, whole in entry)
            areas = tuple(area for area, whole in entry if whole or not full)
            if not full and _NOT_A_PLACE.match(text, at + length):
                continue
            tokens.append(_Token(at, at + length, areas, full))
            at += length - 1
            break
        at += 1
    return tokens


def _part_elsewhere(last: _Token, token: _Token) -> bool:
    """香港九龙, 西安城区: right after another place, a county's short or general name is a part of it that no table has."""
    small = all(area.level == 2 for area in token.areas)
    return token.start == last.end and small and (not token.full or token.end - token.start == 2)


def _touches(last: _Token, token: _Token, text: str) -> bool:
    return _BETWEEN.fullmatch(text[last.end : token.start]) is not None


def _narrowed(chain: list[_Token], token: _Token, text: str) -> _Token | None:
    """The token as a part of what the chain named so far, None where it is another place."""
    if not _touches(chain[-1], token, text) or "、" in text[chain[-1].end : token.start]:
        return None
    inside = tuple(a for a in token.areas if any(a.within(outer) and a != outer for outer in chain[-1].areas))
    return _Token(token.start, token.end, inside, token.full) if inside else None


def _settled(chain: list[_Token]) -> tuple[Area, ...]:
    """The areas that the chain's last name may be, given the names before it."""
    areas = chain[0].areas
    for outer, inner in pairwise(chain):
        fitting = tuple(a for a in inner.areas if any(a.within(o) for o in (areas or outer.areas)))
        areas = fitting or inner.areas
    return areas
