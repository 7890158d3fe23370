"""Several places, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.processes.fields import gazetteer
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Option, Reading, Spec, Unclear, Wrong
from bot.processes.fields.choice import ASKING
from bot.processes.fields.gazetteer import Area, Named
from bot.processes.fields.place import (
    MOST_OPTIONS,
    PLACE,
    affirmed,
    countries,
    domestic,
    foreign,
    places_in_clause,
    settle,
)
from bot.processes.normal import normalise

_STAYED = re.compile(
    r"(?:一直|都|始终|最近都?)(?:在|呆在|待在|住在?)(?:本地|家|老家|当地|本市|村里|小区|学校|厂里|工地|这)|"
    r"(?:哪里?|哪儿|啥地方|什么地方)也?都?(?:没有?|不曾|未)(?:去|到|出)|"
    r"(?:没有?|未|不曾|从没|从未)(?:离开|外出|出去|出过|出门|出省|出市|去过(?:外地|别的|其他|任何|哪)|去(?:外地|别的地方|其他地方))|无(?:外出|旅居|出行)|没(?:有)?旅居"
)
_NOWHERE = re.compile(
    r"(?:都|我|也|最近|哪都|哪里都|从来|,)*(?:没有?|无|木有|没得|没去过?|没有去过?|没去过的|无外出)(?:去过?|到过?|啊|呢|的|了|哦|任何地方|地方|\s)*|本地|在家|在本地"
)
_WENT = re.compile(r"(?:去了?|到|途经|途径|路过|经过|去过了?|到过|旅居)\s*$")
_EXAMPLE = "例如：陕西西安、四川成都"


class Places(FieldType):
    """Value: a list of places, each as of type place; [] for nowhere."""

    name = "places"
    example = "陕西西安、四川成都"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        nowhere = bool(_STAYED.search(said) or _NOWHERE.fullmatch(said.strip(" 。,.!~")))
        found, abroad = affirmed(said), countries(said)
        denied = len(places_in_clause(said)) - len(found)
        if not found and not abroad:
            if nowhere:
                return Filled([])
            single = PLACE.read(text, spec, context)
            if denied or re.search(r"没有?(?:去|到)过", said):
                return Unclear(f"请问去过哪些地方？都没去过请写“没有”，{_EXAMPLE}", (("没有去过别处", "没有"),))
            return Wrong(f"请写省和市，可以写几个，{_EXAMPLE}") if isinstance(single, Wrong) else NotThis()
        readings = [settle(said[p.start : p.end], Named(0, p.end - p.start, p.areas, p.full)) for p in found]
        wrong = next((reading for reading in readings if isinstance(reading, Wrong)), None)
        if wrong:
            return wrong
        if any(isinstance(reading, Unclear) for reading in readings):
            return _which(found, readings, abroad)
        values = [foreign(country, country) for country in abroad]
        values += [
            domestic(said[p.start : p.end], area)
            for p, area in zip(found, readings, strict=True)
            if isinstance(area, Area)
        ]
        unique = list({(value["code"], value["country"]): value for value in values}.values())
        if nowhere or _denies_further(said, found):
            named = "、".join(PLACE.show(value, spec) for value in unique)
            return Unclear(
                f"请问是去过{named[:40]}，还是都没去过？{_EXAMPLE}", ((f"去过{named}", named), ("没有去过", "没有"))
            )
        return Filled(unique)

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        if ASKING.search(said):
            return NotThis()
        found = places_in_clause(said)
        if _STAYED.search(said) and not found:
            return Filled([])
        if re.search(r"没|不|未", said):
            return NotThis()
        went = any(_WENT.search(said[: place.start]) for place in found)
        went = went or any(re.search(rf"(?:去了?过?|到过?)\s*{country}", said) for country in countries(said))
        listed = len(found) > 1 and all(_city(place) for place in found) and not re.search(r"回|到|往|返", said)
        return self.read(text, spec, context) if went or listed else NotThis()

    def options(self, spec: Spec) -> tuple[Option, ...]:
        return (("没有", "没有"),)

    def show(self, value: Any, spec: Spec) -> str:
        return "、".join(PLACE.show(one, spec) for one in _listed(value)) or "无"

    def mask(self, value: Any, spec: Spec) -> str:
        return "、".join(dict.fromkeys(PLACE.mask(one, spec) for one in _listed(value))) or "无"


def _city(place: Named) -> bool:
    return any(gazetteer.is_prefecture(area) for area in place.areas)


def _denies_further(said: str, found: list[Named]) -> bool:
    """没去西安、咸阳: the second may be denied too, or may not."""
    every = places_in_clause(said)
    for denied in every:
        if denied in found:
            continue
        after = next((place for place in found if place.start > denied.start), None)
        if after and not re.search(r"去|到|是|在|从", said[denied.end : after.start]):
            return True
    return False


def _which(found: list[Named], readings: list[Area | Unclear | Wrong], abroad: list[str]) -> Unclear:
    """Asks for the first unclear place; each button answers with the whole list. Later unclear ones are asked next."""
    at = next(index for index, reading in enumerate(readings) if isinstance(reading, Unclear))
    asked = readings[at]
    question = asked.question if isinstance(asked, Unclear) else ""
    others_unclear = any(isinstance(reading, Unclear) for reading in readings[at + 1 :])
    if others_unclear or not isinstance(asked, Unclear):
        return Unclear(f"有几个地名不止一处，请写上省和市，{_EXAMPLE}", ())
    answers = []
    for title, said in asked.options[:MOST_OPTIONS]:
        names = [gazetteer.full_name(r) if isinstance(r, Area) else said for r in readings]
        answers.append((title, "、".join(abroad + names)))
    return Unclear(question, tuple(answers))


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return list(value) if isinstance(value, list) else [value]


PLACES = Places()
