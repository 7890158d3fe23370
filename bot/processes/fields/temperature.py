"""Body temperature in ℃. A reading is never guessed: whatever is not plain is asked back, so that no fever is lost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from bot.processes.fields import numerals
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.normal import normalise

LOWEST, HIGHEST = Decimal("34.0"), Decimal("42.0")
"""What a thermometer can show of a living person; outside it is a slip of the finger."""

_TENTH = Decimal("0.1")
_ONES = "零〇一二三四五六七八九"
_CHINESE_WHOLE = rf"(?:[三四]十[一二三四五六七八九]?|[三四][{_ONES}](?=[点度.]))"
_POINT = r"(?:\s*(?:\.{1,2}|,|。|·|点|度|°)\s*)"
_UNIT = r"\s*(?:°\s*[cf]?|摄氏度?|华氏度?|度|[cf](?![a-z]))"
_COUNTED = (
    r"(?:个|人|岁|号|日|月|年|天|周|次|遍|室|床|栋|幢|楼|层|单元|班|组|块|元|公斤|斤|米|公里|里|小时|分钟|"
    r"分(?=钟|[^0-9]|$)|秒|点|时|%|kg|cm|m(?![a-z])|kpa)"
)
_READING = re.compile(
    rf"(?<![0-9.])(?P<whole>[0-9]{{1,6}}|{_CHINESE_WHOLE})"
    rf"(?:{_POINT}(?P<fraction>[0-9]{{1,3}}|[{_ONES}]{{1,3}}|半)(?:分(?!钟))?|(?P<joined>(?<=[一二三四五六七八九十])[{_ONES}]))?"
    rf"(?P<unit>{_UNIT})?(?!{_COUNTED})(?![0-9])"
)
_HOUR = r"(?:[01]?[0-9]|2[0-4]|[一二两三四五六七八九十]{1,3})"
_ASIDE = re.compile(
    # Dates, clock times and counted things that may stand beside a temperature and are none.
    r"(?<![0-9.])(?:20[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}[日号]?"
    r"|(?:1[0-2]|0?[1-9])月[0-9]{1,2}[日号]?"
    rf"|{_HOUR}:[0-5][0-9](?![0-9])"
    rf"|(?<![三四]十)(?<![三四十]){_HOUR}(?:点|时)(?:[0-5]?[0-9]分?|半|一刻|整|钟|多)?(?![0-9.,。度°一二三四五六七八九])"
    rf"|{_HOUR}(?:点|时)(?=[34][0-9])"
    r"|第[0-9一二三四五]次"
    r"|1[3-9][0-9]{9}(?![0-9])"
    r"|[0-9]{1,4}\s*(?:号楼|单元|个人|个|人|岁|号|日|天|次|遍|室|床|栋|幢|楼|层|班|组|小时|分钟)(?![0-9]))"
)
_COMPARED = re.compile(
    r"不到|没到|不足|不满|以下|以上|低于|高于|超过|没超|不超|未超|没过|小于|大于|<|>|几|[度0-9]多|多度|到底|不是|没有?(?:发|烧|高|升)*到|没有?(?=\s*[34三四][0-9十])|忘|可能|好像|大约是不是"
)
_ASKED = re.compile(r"吗|\?|多少|怎么|是否|算不算|是不是|要不要|会不会")
_EARLIER = re.compile(r"昨|前天|前晚|上周|上次|之前|以前|那天|退烧前|原来|平时")
_ELSEWHERE = re.compile(
    r"水温|室温|气温|外面|室外|户外|天气|空调|最高|最低温|暖气|房间|屋里|冰箱|洗澡|烤|加热|零下|冷藏|保存|标准|阈值"
)
_NO_NUMBER = re.compile(
    r"没量|没测|未测|未量|没有量|没有测|还没|不发烧|没发烧|没有发烧|不发热|没发热|没有发热|不烧|没烧|发烧|发热|低烧|高烧|烧|"
    r"正常|忘|没温度计|没有温度计|没有体温计|没体温计|没带|不知道|不清楚|体温|温度"
)
_NAMED = re.compile(
    r"体温|额温|腋温|耳温|腋下|耳朵|口腔|温度|测温|发烧|发热|低烧|高烧|烧到|烧了|烧成|退到|量的|量了|测的|测了"
)
_BESIDE = re.compile(
    r"早上|上午|中午|下午|晚上|晚间|早晨|凌晨|今天|今日|今早|今晚|刚刚|刚才|刚|现在|目前|量|测|我|本人|是|的|了|左右|大概|大约|"
    r"约|差不多|一切|都|很|正常|度|°c?|早|午|晚|在家|自己|为|,|。|!|:|、|~|-|'|\"|\s|;|\(|\)|=|啊|呢|哦|吧|体温"
)
_MEASURE = "请量一下体温，再输入数字，例如：36.5"


@dataclass(frozen=True)
class _Written:
    """One number of the text that may be a temperature, exactly as written."""

    text: str
    value: Decimal
    pointed: bool
    fahrenheit: bool
    united: bool
    spread: bool
    """As in 三十七八度, which means 37 to 38 and not 37.8."""


def _written(match: re.Match[str]) -> _Written:
    whole, joined = match["whole"], match["joined"]
    fraction = match["fraction"] or joined
    unit = match["unit"] or ""
    number = numerals.to_int(whole)
    ones = number % 10 if number is not None else 0
    decimals = "5" if fraction == "半" else numerals.digits(fraction or "")
    spread = bool(joined and decimals == str(ones + 1))
    value = Decimal(f"{number}.{decimals or 0}")
    return _Written(match[0].strip(), value, bool(fraction), "f" in unit or "华氏" in unit, bool(unit), spread)


def _possible(value: Decimal) -> bool:
    return LOWEST <= value <= HIGHEST


def _ask(question: str, *values: Decimal) -> Unclear:
    shown = dict.fromkeys(str(value.quantize(_TENTH)) for value in values)
    return Unclear(question, tuple((f"{value} ℃", value) for value in shown))


def _confirm(value: Decimal) -> Unclear:
    return _ask(f"您是说 {value.quantize(_TENTH)} ℃ 吗？不是的话请直接输入体温，例如：36.5", value)


def _without_point(value: Decimal) -> list[Decimal]:
    """What 365, 3650 or 3605 may have been before its point was lost."""
    typed = str(int(value))
    if len(typed) == 3:
        return [Decimal(f"{typed[:2]}.{typed[2]}")]
    if len(typed) == 4:
        if typed[2] == "0" or typed[3] == "0":
            return [Decimal(f"{typed[:2]}.{typed[2:].strip('0') or 0}")]
        return _tenths(Decimal(f"{typed[:2]}.{typed[2:]}"))
    return []


def _tenths(value: Decimal) -> list[Decimal]:
    """The tenths below and above a value with more decimals."""
    below = value.quantize(_TENTH, ROUND_DOWN)
    return [below] if below == value else [below, below + _TENTH]


def _judge(written: _Written) -> Reading:
    """The reading of a text with this one number in it."""
    value = written.value
    if not written.pointed and not _possible(value):
        guesses = [guess for guess in _without_point(value) if _possible(guess)]
        if len(guesses) == 1:
            return _confirm(guesses[0])
        if guesses:
            return _ask(f"没看懂“{written.text}”，请问体温是下面哪一个？也可以直接输入，例如：36.5", *guesses)
    if written.fahrenheit or Decimal(93) <= value <= Decimal(108):
        celsius = ((value - 32) * 5 / 9).quantize(_TENTH, ROUND_HALF_UP)
        if _possible(celsius):
            return _ask(f"{value} 像是华氏度，约合 {celsius} ℃，请问对吗？不对的话请输入摄氏度，例如：36.5", celsius)
    if not _possible(value):
        return Wrong(f"“{written.text[:12]}”不像人的体温（一般在 34 到 42 ℃ 之间），请再看一下体温计，例如：36.5")
    if written.spread:
        return _ask("体温请精确到一位小数，请问是多少？例如：37.8", value)
    if len(_tenths(value)) > 1:
        return _ask("体温请精确到一位小数，请问是下面哪一个？例如：36.5", *_tenths(value))
    return Filled(float(value))


class Temperature(FieldType):
    """Value: ℃ as a float with one decimal."""

    name = "temperature"
    example = "36.5"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).lower()
        bare = _ASIDE.sub(" ", said)
        found = [_written(match) for match in _READING.finditer(bare)]
        rest = _READING.sub(" ", bare)
        distinct = list(dict.fromkeys(one.value for one in found))
        if not found:
            return self._without_number(said, bare)
        if len(distinct) > 1:
            return self._several(found)
        reading = _judge(found[0])
        if not isinstance(reading, Filled):
            return reading
        value = found[0].value
        if re.search(r"[0-9]", rest) or re.search(rf"[{_ONES}十]\s*[度°]", rest):
            return _confirm(value)
        if _ASKED.search(said):
            return _confirm(value)
        if _EARLIER.search(said):
            return _ask("请问现在的体温是多少？请输入刚量的数字，例如：36.5", value)
        if _COMPARED.search(said) or _ELSEWHERE.search(said):
            return _ask("请告诉我体温计上的具体数字，例如：36.5", value)
        return reading

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).lower()
        if _ASKED.search(said) or _ELSEWHERE.search(said):
            return NotThis()
        bare = _ASIDE.sub(" ", said)
        found = [_written(match) for match in _READING.finditer(bare)]
        if not found:
            return NotThis()
        named = bool(_NAMED.search(bare))
        degrees = all(one.united and _possible(one.value) for one in found)
        alone = not _BESIDE.sub("", _READING.sub("", bare)) and all(
            one.pointed and _possible(one.value) for one in found
        )
        return self.read(text, spec, context) if named or degrees or alone else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return f"{value:.1f} ℃" if isinstance(value, (int, float)) else str(value)

    def export(self, value: Any, spec: Spec) -> str | float:
        return float(value) if isinstance(value, (int, float)) else str(value)

    def _without_number(self, said: str, bare: str) -> Reading:
        run = re.fullmatch(rf"\D*?([三四])([{_ONES}])([{_ONES}])?\D*", bare)
        if run:
            value = Decimal(numerals.digits(run[1] + run[2]) + "." + (numerals.digits(run[3]) if run[3] else "0"))
            if _possible(value):
                return _confirm(value)
        if _NO_NUMBER.search(said):
            return Wrong(f"这一项要填具体度数，{_MEASURE}")
        if re.search(r"[0-9]", said):
            return Wrong("没有读到体温，请只输入体温数字，例如：36.5")
        return NotThis()

    def _several(self, found: list[_Written]) -> Reading:
        values = [value for one in found for value in _tenths(one.value) if _possible(value)]
        if not values:
            return Wrong("没有读到体温，请只输入一个体温数字，例如：36.5")
        names = "、".join(dict.fromkeys(one.text for one in found))
        return _ask(f"您写了 {names[:40]}，请问现在的体温是多少？例如：36.5", *dict.fromkeys(values[:6]))


TEMPERATURE = Temperature()
