"""How much of something: a number with its unit."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields import numerals
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.fields.choice import ASKING
from bot.processes.normal import normalise

_NUMBER = rf"(?:[0-9]+(?:\.[0-9]+)?|[{numerals.CHINESE}]+(?:点[{numerals.CHINESE}]+)?|半)"
_ROUGH = re.compile(
    r"几|[0-9十百千]多|来[箱瓶个只]|左右|上下|大概|大约|差不多|约|至少|最多|以上|以下|不到|超过|可能|好像|若干|一些|许多|很多"
)
_MOST = 1_000_000


class Quantity(FieldType):
    """Value: `amount` (int or float, not below 0) and `unit`.

    Options: `units`, the units that the field knows, the first for a bare number; `min` (0) and `max` (1,000,000) of the amount.
    """

    name = "quantity"
    example = "3"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).strip(" 。,.!").replace(",", "")
        units = _units(spec)
        if re.search(r"(?<![0-9])-[0-9]", said):
            return Wrong(f"数量不能是负数，{_example(spec)}")
        found = list(dict.fromkeys(_found(said, units)))
        bare = re.findall(_NUMBER, said)
        if _ROUGH.search(said) and bare:
            return Unclear(f"请写一个准确的数量，{_example(spec)}", _options(found, spec))
        if len(found) > 1:
            return Unclear(f"您写了几个数量，请问是哪一个？{_example(spec)}", _options(found, spec))
        if found:
            return self._judge(*found[0], spec)
        if len(bare) == 1 and re.fullmatch(rf"(?:一共|共|有|还有|还剩|剩)?\s*{_NUMBER}", said):
            amount = _amount(bare[0])
            return NotThis() if amount is None else self._judge(amount, units[0] if units else "", spec)
        if re.fullmatch(r"没有?了?|无|用完了?|零", said):
            return self._judge(0, units[0] if units else "", spec)
        if bare and re.search(r"[0-9]", said):
            named = f"，单位写 {'、'.join(units[:4])}" if units else ""
            return Wrong(f"数量没有读懂{named}，{_example(spec)}")
        return NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        if ASKING.search(said) or not _found(said, _units(spec)):
            return NotThis()
        reading = self.read(text, spec, context)
        return NotThis() if isinstance(reading, Wrong) else reading

    def show(self, value: Any, spec: Spec) -> str:
        return f"{_written(value['amount'])}{value['unit']}"

    def export(self, value: Any, spec: Spec) -> str | float:
        units = _units(spec)
        return float(value["amount"]) if not units or value["unit"] == units[0] else self.show(value, spec)

    def _judge(self, amount: float, unit: str, spec: Spec) -> Reading:
        least, most = spec.options.get("min", 0), spec.options.get("max", _MOST)
        if not least <= amount <= most:
            return Wrong(f"数量要在 {least} 到 {most} 之间，{_example(spec)}")
        return Filled({"amount": int(amount) if amount == int(amount) else round(amount, 3), "unit": unit})


def _units(spec: Spec) -> tuple[str, ...]:
    return tuple(str(unit) for unit in spec.options.get("units", ()))


def _found(said: str, units: tuple[str, ...]) -> list[tuple[float, str]]:
    """Amounts that stand before a unit of the field: 两箱半 is two and a half."""
    if not units:
        return []
    known = "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))
    found = []
    for match in re.finditer(rf"({_NUMBER})\s*({known})(半?)", said):
        amount = _amount(match[1])
        if amount is not None:
            found.append((amount + (0.5 if match[3] else 0), match[2]))
    return found


def _amount(written: str) -> float | None:
    if written == "半":
        return 0.5
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", written):
        return float(written) if len(written) <= 15 else None
    whole, point, rest = written.partition("点")
    number = numerals.to_int(whole)
    if number is None or not point:
        return number
    decimals = numerals.digits(rest)
    return float(f"{number}.{decimals}") if decimals.isdigit() else None


def _written(amount: float) -> str:
    return f"{amount:g}" if isinstance(amount, float) else str(amount)


def _options(found: list[tuple[float, str]], spec: Spec) -> tuple[tuple[str, str], ...]:
    least, most = spec.options.get("min", 0), spec.options.get("max", _MOST)
    fit = [f"{_written(amount)}{unit}" for amount, unit in found if least <= amount <= most and amount < 100_000]
    return tuple((one, one) for one in dict.fromkeys(fit))[:6]


def _example(spec: Spec) -> str:
    units = _units(spec)
    return f"例如：20{units[0] if units else ''}"


QUANTITY = Quantity()
