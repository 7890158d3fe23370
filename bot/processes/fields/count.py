"""How many."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields import numerals
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.fields.choice import ASKING
from bot.processes.normal import normalise

_NUMBER = re.compile(rf"(?:(?<![0-9人个])-)?[0-9]+(?:[.,][0-9]+)*|[{numerals.CHINESE}俩仨]+|半")
_ROUGH = re.compile(
    r"几|来[个人桌位名口天次户]|多[个人桌位名口天次户]?|左右|上下|大概|大约|差不多|约|至少|最多|以上|以下|不到|超过|不超过|可能|好像|若干|一些|许多|很多"
)
_NONE = re.compile(r"(?:一个都)?(?:没有?|无|木有)(?:人|了|啊|的|呢|哦|一个)*|零个?")
_NUMERAL_WORDS = re.compile(
    r"一(?:共|起|般|直|定|样|下|家|切|些|律|点|块)|第[一二三四五六七八九十0-9]+|万一|统一|周[一二三四五六]|星期[一二三四五六]"
)
_EXAMPLE = "例如：3"


class Count(FieldType):
    """Value: an int.

    Options: `min` (0) and `max` (9999); `units`, words such as 人 and 桌 after which a number surely is this field's.
    """

    name = "count"
    example = "3"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).strip(" 。,.!")
        if _NONE.fullmatch(said):
            return self._judge(0, spec)
        bare = _NUMERAL_WORDS.sub(" ", said)
        written = [match[0] for match in _NUMBER.finditer(bare)]
        numbers = [number for one in written if (number := _whole(one)) is not None]
        if any(re.search(r"[.,]|半", one) or one.startswith("-") for one in written):
            return Wrong(f"请输入一个整数，不要小数或负数，{_EXAMPLE}")
        if len(numbers) < len(written):
            pair = next((one for one in written if re.fullmatch(r"[一二两三四五六七八九]{2}", one)), "")
            return self._ask([n for n in (numerals.to_int(char) for char in pair) if n], spec)
        if _ROUGH.search(bare):
            return self._ask(numbers, spec) if numbers or "几" in bare else NotThis()
        if not numbers:
            return NotThis()
        between = re.search(r"[0-9十]\s*(?:-|~|到|至)", bare)
        united = self._united(bare, spec)
        if len(united) == 1 and not between:
            return self._judge(united[0], spec)
        distinct = list(dict.fromkeys(numbers))
        if len(distinct) > 1 or len(numbers) > 1:
            total = [] if between else [sum(numbers)]
            return self._ask([*total, *distinct], spec)
        return self._judge(numbers[0], spec)

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        if ASKING.search(said):
            return NotThis()
        labelled = len(spec.label) > 1 and spec.label in said
        counted = bool(self._united(said, spec))
        reading = self.read(text, spec, context) if labelled or counted else NotThis()
        return NotThis() if isinstance(reading, Wrong) and not labelled else reading

    def show(self, value: Any, spec: Spec) -> str:
        return str(value)

    def export(self, value: Any, spec: Spec) -> str | float:
        return value if isinstance(value, int) else str(value)

    def _united(self, said: str, spec: Spec) -> list[int]:
        """The numbers that stand before one of the field's own units."""
        units = "|".join(re.escape(unit) for unit in spec.options.get("units", ()))
        found = re.findall(rf"({numerals.NUMBER})\s*个?(?:{units})", said) if units else []
        return [number for one in found if (number := _whole(one)) is not None]

    def _judge(self, number: int, spec: Spec) -> Reading:
        least, most = _limits(spec)
        if not least <= number <= most:
            return Wrong(
                f"这里填 {least} 到 {most} 之间的整数，您写的是 {str(number)[:12]}，例如：{max(least, min(3, most))}"
            )
        return Filled(number)

    def _ask(self, numbers: list[int], spec: Spec) -> Unclear:
        least, most = _limits(spec)
        fit = [number for number in dict.fromkeys(numbers) if least <= number <= most][:6]
        return Unclear(f"请告诉我一个准确的数字，{_EXAMPLE}", tuple((str(number), str(number)) for number in fit))


def _limits(spec: Spec) -> tuple[int, int]:
    return int(spec.options.get("min", 0)), int(spec.options.get("max", 9999))


def _whole(written: str) -> int | None:
    """The number, or None for what is several: 五六 is five or six."""
    plain = {"俩": 2, "仨": 3}.get(written)
    if plain is not None:
        return plain
    if re.fullmatch(r"[一二两三四五六七八九]{2,3}", written) or re.fullmatch(
        r"十[一二两三四五六七八九]{2}|[百千].+", written
    ):
        return None
    if re.fullmatch(r"[0-9]{19,}", written):
        return 10**18
    return numerals.to_int(written)


COUNT = Count()
