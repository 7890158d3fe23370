"""The places from which a question says that somebody comes: 去西安出差回来 names one, 我要去西安 none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.processes.fields import gazetteer
from bot.processes.fields.base import Unclear, Wrong
from bot.processes.fields.gazetteer import Named
from bot.processes.fields.place import affirmed, countries, domestic, foreign, settle
from bot.processes.normal import normalise

_COMES = re.compile(r"(?:从|由|打|来自|出差到?|途经|途径|路过|经过|去过|到过|在|住)\s*$")
_GOES = re.compile(r"(?:去了?|到了?|来|回到?|返回?|往|赴|飞|抵达|前往)\s*$")
_WENT = re.compile(r"[去到飞]了?\s*$")
_BACK = re.compile(
    r"回来|回家|回去|回到|返|过来|归来|刚回|才回|来的|来我|来看|来咱|来这|回的|回[^\s,。]{0,4}[吗要的]|回$|来$"
)
_ALSO = re.compile(r"[\s,、/&]*(?:和|跟|与|及|还有)?\s*")

_LONGEST_SHORT = 3  # what is longer names its city too: 西安雁塔


@dataclass(frozen=True)
class Origin:
    """A place as it stands in the normalised text, and its value of the field type place, or why it cannot be read."""

    start: int
    end: int
    value: dict[str, Any] | Unclear | Wrong


def origins(text: str) -> list[Origin]:
    """In the order of the text. Of places that nothing marks (西安要隔离吗) each counts, if none is marked."""
    said = normalise(text)
    found = [(place.start, place.end, _plain(place), _read(said, place)) for place in affirmed(said)]
    for country in countries(said):
        start = said.index(country)
        found.append((start, start + len(country), True, foreign(country, country)))
    found.sort(key=lambda one: one[0])
    marked: list[Origin] = []
    unmarked: list[Origin] = []
    kind: list[Origin] | None = None
    last = 0
    for start, end, plain, value in found:
        if last and _ALSO.fullmatch(said[last:start]):
            pass  # 从西安、郑州回来: the same as the place before it
        elif _COMES.search(said[:start]) or _went_and_came(said, start, end):
            kind = marked
        else:
            kind = unmarked if plain and not _GOES.search(said[:start]) else None
        if kind is not None:
            kind.append(Origin(start, end, value))
        last = end
    return marked or unmarked


def _went_and_came(said: str, start: int, end: int) -> bool:
    return bool(_WENT.search(said[:start]) and _BACK.search(said[end:]))


def _plain(place: Named) -> bool:
    """Whether it is a place without a word before it that says so: 人力资源 and 想知道外地 hold a county's short name."""
    return place.full or place.end - place.start > _LONGEST_SHORT or any(area.level < 2 for area in place.areas)


def _read(said: str, place: Named) -> dict[str, Any] | Unclear | Wrong:
    area = settle(said, place)
    return domestic(said[place.start : place.end], area) if isinstance(area, gazetteer.Area) else area
