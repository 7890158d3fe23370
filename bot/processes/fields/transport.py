"""How somebody travels: the kind of vehicle, and its number where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Option, Reading, Spec, Unclear, Wrong
from bot.processes.fields.choice import ASKING
from bot.processes.fields.plate import PLATE, plates
from bot.processes.normal import normalise

KINDS = {
    "train": "火车",
    "plane": "飞机",
    "car": "自驾",
    "taxi": "出租或网约车",
    "bus": "大巴",
    "ship": "轮船",
    "other": "其他",
}
_WORDS = {
    "train": "高铁|动车|火车|列车|城际|绿皮|硬座|硬卧|卧铺",
    "plane": "飞机|航班|民航",
    "taxi": "出租|网约车|滴滴|打车|的士|顺风车|拼车",
    "car": "自驾|自己开车|开车|私家车|小车|小轿车|轿车|自己的车|家里的车|包车|朋友的车",
    "bus": "大巴|客车|班车|客运|长途车|长途汽车|公交|中巴|汽车站|坐汽车|坐的汽车|乘汽车|^汽车$|坐车",
    "ship": "轮船|坐船|乘船|客轮|渡轮|轮渡|船票|^船$",
    "other": "步行|走路|走着|骑车|自行车|电动车|摩托|货车|卡车|地铁",
}
_RIDES = re.compile(r"坐|乘|搭|开|骑|自驾|打车|车次|航班|车牌|交通工具|步行|走路")
_TRAIN = re.compile(r"(?<![A-Z0-9])(?:[GDCZTKYSL]\s?[0-9]{1,4}(?:/[0-9]{1,4})?|[1-9][0-9]{3}(?=次))(?![A-Z0-9])")
_FLIGHT = re.compile(r"(?<![A-Z0-9])(?:[A-Z]{2}|[A-Z][0-9]|[0-9][A-Z])\s?[0-9]{3,4}(?![A-Z0-9])")
_DENIED = re.compile(r"(?:不是|没有?|不|未|没坐过?|不坐|不乘|没乘)(?:坐|乘|搭|开)?$")
_FILLER = re.compile(r"坐|乘|搭|开|的|了|是|车次|航班号?|车牌号?|号|次|回来|过来|来|我|:|,|。|\s")
_EXAMPLE = "例如：高铁G1234"


class Transport(FieldType):
    """Value: `kind` (a key of `KINDS`) and `number` (train, flight or licence plate; empty where unknown)."""

    name = "transport"
    example = "高铁G1234"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).upper().strip(" 。,.!")
        if said.lower() in KINDS:
            return Filled({"kind": said.lower(), "number": ""})
        kinds = _kinds(said)
        numbers = _numbers(said, kinds)
        if len(numbers) > 1:
            shown = tuple((f"{KINDS[kind]} {number}", f"{KINDS[kind]} {number}") for kind, number in numbers)
            return Unclear(f"您写了几个班次，请问最后到达坐的是哪一个？{_EXAMPLE}", shown[:6])
        if numbers:
            kind, number = numbers[0]
            if len(kinds) > 1 or (len(kinds) == 1 and not _agree(kinds[0], kind)):
                return self._which([*dict.fromkeys([kind, *kinds])], number)
            return Filled({"kind": kinds[0] if kinds else kind, "number": number})
        if len(kinds) > 1:
            return self._which(kinds, "")
        if kinds:
            return Filled({"kind": kinds[0], "number": ""})
        if re.search(r"车|班次|航班|[A-Z][0-9]{2,}|[0-9]{3,}|忘|不记得", said):
            return Wrong(f"没有读懂怎么来的，请写交通工具和班次，忘了班次就只写交通工具，{_EXAMPLE}")
        return NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).upper()
        if ASKING.search(said):
            return NotThis()
        kinds = _kinds(said)
        numbers = _numbers(said, kinds)
        alone = len(numbers) == 1 and not _FILLER.sub("", said.replace(" ", "").replace(numbers[0][1], ""))
        plated = any(kind == "car" for kind, _ in numbers)
        if alone or plated or (kinds and numbers) or ((kinds or numbers) and _RIDES.search(said)):
            return self.read(text, spec, context)
        return NotThis()

    def options(self, spec: Spec) -> tuple[Option, ...]:
        return tuple((title, title) for title in KINDS.values())

    def show(self, value: Any, spec: Spec) -> str:
        if not isinstance(value, Mapping):
            return str(value)
        kind = str(value.get("kind", ""))
        return " ".join(part for part in (KINDS.get(kind, kind), str(value.get("number") or "")) if part)

    def mask(self, value: Any, spec: Spec) -> str:
        if isinstance(value, Mapping) and value.get("kind") in ("car", "taxi") and value.get("number"):
            number = str(value["number"])
            return f"{KINDS[value['kind']]} {number[:2]}{'*' * max(len(number) - 4, 1)}{number[-2:]}"
        return self.show(value, spec)

    def _which(self, kinds: list[str], number: str) -> Unclear:
        shown = tuple((KINDS[kind], KINDS[kind]) for kind in kinds)
        return Unclear(f"请问最后到达时坐的是哪一种？班次可以一起写上，{_EXAMPLE}", shown)


def _kinds(said: str) -> list[str]:
    """The kinds that the text affirms. 出租车 is no 开车, so longer words of another kind hide shorter ones."""
    found = []
    rest = said
    for kind, title in KINDS.items():
        words = f"{_WORDS[kind]}|^{title}(?=$|\\s)"
        hits = [match for match in re.finditer(words, rest) if not _DENIED.search(rest[: match.start()])]
        if hits:
            found.append(kind)
        rest = re.sub(words, " ", rest)
    return found


def _numbers(said: str, kinds: list[str]) -> list[tuple[str, str]]:
    """Kind and number of every train, flight and licence plate of the text, each once."""
    found_plates = [("car", plate) for plate in plates(said)]
    rest = PLATE.sub(" ", said)
    # G5 is also an airline: G52345 is a flight, G5234 a train unless a plane is spoken of.
    order = [("plane", _FLIGHT), ("train", _TRAIN)] if kinds == ["plane"] else [("train", _TRAIN), ("plane", _FLIGHT)]
    found = []
    for kind, pattern in order:
        found += [(kind, match[0].replace(" ", "")) for match in pattern.finditer(rest)]
        rest = pattern.sub(" ", rest)
    return list(dict.fromkeys(found_plates + found))


def _agree(kind: str, numbered: str) -> bool:
    """A plate may be of any road vehicle."""
    return kind == numbered or (numbered == "car" and kind in ("taxi", "bus", "other"))


TRANSPORT = Transport()
