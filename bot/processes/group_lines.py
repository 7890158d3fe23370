"""One line about a class or a team: 三班 到42 缺1 王小明发热38.2, 一车间 到15 缺2 张三请假 李四咳嗽, 晨检全班正常."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pypinyin import lazy_pinyin

from bot.processes.check_times import named_check
from bot.processes.definition import Process
from bot.processes.duties import Check
from bot.processes.fields import surnames
from bot.processes.fields.numerals import NUMBER, to_int
from bot.processes.form_reading import understand
from bot.processes.normal import normalise
from bot.processes.rules import World, holds

_COUNT = rf"[:：\s]*({NUMBER})\s*(?:人|名|个|位)?(?!\s*[号日月点楼时元])"
_HERE = r"(?:实到|到校|到岗|到班|到场|出勤|在岗|在校|来了|到了|到)"
_AWAY = r"(?:缺勤|缺席|缺课|未到|没到|没来|缺)"
_ALL = r"(?:全班|全年级|全级|全校|全园|全车间|全队|全班组|全组|全楼|全片|全工地|全厂|全员|全体)"
_FOLK = r"(?:同学|学生|孩子|员工|职工|工人|人员|居民|师生)*"
_WELL = r"(?:一切|身体|体温|今天|均|都|全部|全)*(?:正常|健康|没事|没问题|无异常|无情况|到齐)"
_UNIT = r"(?:[\u4e00-\u9fff0-9()（）\-]{0,16}?(?<!组)[班组间队楼栋区地格厂部级园校室舍片线科店)）](?:的?人)?|(?:我们|咱们)(?:这里?)?)?"

GROUP_LINE = (
    rf"(?:地点[0-9]{{1,9}}\s*)?(?:(?:晨|早|午|晚|日)检[\s,，:：]*)?{_UNIT}[\s,，:：]*(?:今天|早上|上午|中午|晚上)?"
    rf"(?:{_ALL}{_FOLK}{_WELL}|(?<=[班组间队楼栋区地格厂部级])(?:全部|全都|都|大家都)+{_WELL}|应到{_COUNT}|共{_COUNT}(?=.*(?:到|缺|正常|齐))"
    rf"|{_HERE}{_COUNT}[\s,，;；。]*(?:$|缺|应到|全|正常|其余|请假|没|未|无)|{_AWAY}{_COUNT}).*"
).replace(f"({NUMBER})", f"(?:{NUMBER})")
"""Regular expression (no groups) of a whole message that reports for a unit at once."""

_EXPECTED_IN = re.compile(rf"(?:应到|应有|共计|共|全班){_COUNT}")
_PRESENT_IN = re.compile(_HERE + _COUNT)
_ABSENT_IN = re.compile(rf"(?:{_AWAY}|请假){_COUNT}")
_NONE_IN = re.compile(
    r"(?:异常|发热|发烧|咳嗽|缺勤|缺|请假)\s*[:：]?\s*(?:0|零|无)\s*(?:人|名)?|无(?:人)?缺(?:勤|席)|没有?人?缺(?:勤|席)?"
)
_ALL_IN = re.compile(
    rf"(?:{_ALL}{_FOLK}|全部|都|大家都|其余(?:的)?(?:{_FOLK})?|其他(?:人|{_FOLK})?|剩下的?){_WELL}|{_WELL}$|全勤|全齐"
)
_REASON = re.compile(
    r"病假|事假|请假|休假|年假|产假|调休|轮休|休息|缺勤|缺席|缺课|旷课|旷工|未到|没到|没来|未来|不来|住院|隔离|出差|休学|回老家|转学|离职"
)
_LATE = re.compile(r"迟到|晚到|来晚")
_SAID_WELL = re.compile(r"正常|没事|健康|无异常|已返校|来了|到了")
_TEMPERATURE = re.compile(r"[34][0-9](?:[.点度][0-9半]?)?(?:度|℃|°C)?")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_BREAK = " ,，、;；。:：.!！\n\t"
ABSENT_UNSAID = "缺勤"


@dataclass(frozen=True)
class GroupSaid:
    """A line as it was said: which unit (三班; '' when it says only 全班), which check, how many, and what is said of single people."""

    unit: str
    check: Check | None
    expected: int | None
    present: int | None
    absent: int | None
    rest: str


@dataclass(frozen=True)
class Exceptional:
    """Somebody of whom the line says more than that they are there. `absent` is the reason, '' for who is there. `abnormal`: what
    was said of them raises an alert. `unclear` is what could not be read."""

    name: str
    known: bool
    absent: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    abnormal: bool = False
    unclear: str = ""


@dataclass(frozen=True)
class Settled:
    """A line that was weighed against the roster: who is the exception, the numbers, and what does not add up, in words."""

    exceptional: tuple[Exceptional, ...]
    expected: int
    present: int
    absent: int
    problems: tuple[str, ...]


def read_group_line(process: Process, text: str) -> GroupSaid:
    """What a line that matches `GROUP_LINE` says, before the roster is known."""
    check, plain = named_check(process, normalise(text).strip())
    body = _NONE_IN.sub(" ", plain)
    none_absent = re.search(r"缺(?:勤)?\s*[:：]?\s*(?:0|零|无)", plain) is not None
    counts: list[int | None] = []
    begins: list[int] = []
    for pattern in (_EXPECTED_IN, _ABSENT_IN, _PRESENT_IN):
        match = pattern.search(body)
        counts.append(to_int(match[1]) if match else None)
        if match:
            begins.append(match.start())
            body = body[: match.start()] + " " * len(match[0]) + body[match.end() :]
    well = _ALL_IN.search(body)
    if well:
        begins.append(well.start())
        body = body[: well.start()] + " " * len(well[0]) + body[well.end() :]
    at = min(begins, default=0)
    unit = re.sub(r"今天|早上|上午|中午|晚上|我们|咱们|我", "", body[:at]).strip(_BREAK)
    expected, absent, present = counts
    return GroupSaid(unit, check, expected, present, 0 if absent is None and none_absent else absent, body[at:])


def read_exceptional(
    process: Process, rest: str, names: Collection[str], world: World
) -> tuple[list[Exceptional], str]:
    """The single people of a line, those of the roster (`names`) and others, and what belongs to nobody."""
    signs = _signs(process)
    known = sorted(names, key=len, reverse=True)
    said: list[list[str]] = []
    unread = ""
    at = 0
    while at < len(rest):
        name = next((one for one in known if one and rest.startswith(one, at)), None)
        sign = None if name else signs.match(rest, at)
        stranger = None if name or sign else _stranger(rest, at, signs)
        if name or stranger:
            said.append([name or stranger or "", ""])
            at += len(name or stranger or "")
            continue
        piece = sign[0] if sign else rest[at]
        if said:
            said[-1][1] += piece
        elif piece not in _BREAK:
            unread += piece
        at += len(piece)
    return [_exceptional(process, name, words.strip(_BREAK), name in names, world) for name, words in said], unread


def settle(said: GroupSaid, exceptional: Sequence[Exceptional], roster: int) -> Settled:
    """Weighs a line against the number of people on the roster. Who is missing is not guessed: what is short is said as a number."""
    problems = []
    if said.expected is not None and said.expected != roster:
        problems.append(f"应到说的是{said.expected}人，名单上是{roster}人。")
    absent = said.absent
    if absent is None and said.present is not None:
        absent = roster - said.present
    if said.present is not None and said.absent is not None and said.present + said.absent != roster:
        problems.append(f"到{said.present}人加缺{said.absent}人是{said.present + said.absent}人，名单上是{roster}人。")
        absent = said.absent
    named = [one for one in exceptional if one.absent]
    ill = [one for one in exceptional if one.abnormal and not one.absent]
    if absent is not None and len(named) < absent == len(named) + len(ill):
        # 缺1 王小明发热38.2: who is ill is who is away
        exceptional = [replace(one, absent="因病") if one in ill else one for one in exceptional]
        named = [one for one in exceptional if one.absent]
    if absent is not None and absent != len(named) and not problems:
        problems.append(
            f"还差{absent - len(named)}个没到的人没有说名字。"
            if absent > len(named)
            else f"缺的人数是{max(absent, 0)}，可是说了{len(named)}个没到的人。"
        )
    return Settled(tuple(exceptional), roster, roster - len(named), len(named), tuple(problems))


def nearest(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Names of the roster that a name may have been meant for: the same sounds first, then the same characters but one."""
    known = list(dict.fromkeys(names))
    sound = lazy_pinyin(name)
    alike = [one for one in known if lazy_pinyin(one) == sound]
    close = difflib.get_close_matches(name, known, n=most, cutoff=0.6)
    return list(dict.fromkeys([*alike, *close]))[:most]


def normal_values(process: Process) -> dict[str, Any]:
    """What a report says of somebody with whom all is well, without a temperature."""
    return dict(process.shortcuts[0].values) if process.shortcuts else {}


def _exceptional(process: Process, name: str, words: str, known: bool, world: World) -> Exceptional:
    reason = _REASON.search(words)
    rest = _LATE.sub("", _REASON.sub("", words)).strip(_BREAK)
    values = dict(understand(process, {}, None, rest, world).values) if rest else {}
    abnormal = any(holds(rule.when, {n: values.get(n) for n in process.by_name}, world) for rule in process.alerts)
    if not abnormal and values:
        values = {**normal_values(process), **values}
    if values or reason:
        return Exceptional(name, known, reason[0] if reason else "", values, abnormal)
    if not words:
        return Exceptional(name, known, ABSENT_UNSAID)
    if _LATE.search(words) or _SAID_WELL.search(rest):
        return Exceptional(name, known, "", normal_values(process))
    return Exceptional(name, known, unclear=words)


def _signs(process: Process) -> re.Pattern[str]:
    words = {word for f in process.fields for c in f.spec.choices for word in (c.title, *c.words) if len(word) > 1}
    said = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(f"{_TEMPERATURE.pattern}|{_REASON.pattern}|{_LATE.pattern}|{_SAID_WELL.pattern}|体温|{said}")


def _stranger(rest: str, at: int, signs: re.Pattern[str]) -> str | None:
    """A name that is on no roster: it begins like one, and what follows is said of somebody."""
    for length in (3, 2, 4):
        name = rest[at : at + length]
        if len(name) < length or not all(map(_HAN.match, name)) or not surnames.begins(name):
            continue
        after = rest[at + length :]
        if (not after or after[0] in _BREAK or signs.match(after)) and not signs.search(name):
            return name
    return None
