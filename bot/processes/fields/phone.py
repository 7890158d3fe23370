"""A phone number of mainland China."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields import numerals
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.normal import normalise

_MOBILE = re.compile(r"(?<![0-9])(?:\(?\+?(?:00)?86\)?[ -]?)?(?P<number>1[ -]?[3-9](?:[ -]?[0-9]){9})(?![0-9])")
# Area codes of three digits are 010 and 02x; all others have four.
_LANDLINE = re.compile(
    r"(?<![0-9])(?:\+?86[ -]?)?\(?(?P<area>010|02[0-9]|0[3-9][0-9]{2})\)?[ -]?(?P<number>[2-9][0-9]{2,3}[ -]?[0-9]{4})(?![0-9])"
    r"(?:\s*(?:-|转|分机)+\s*(?P<extension>[0-9]{1,5}))?"
)
_SPOKEN = re.compile(r"[一幺二三四五六七八九零〇]{7,}")
_NAMED = re.compile(r"手机|电话|号码|联系方式|座机|固话|打我")
_NONE = re.compile(r"(?:没有?|无|不用)(?:手机|电话|联系方式)|不方便|不想|保密|不记得|忘")
_EXAMPLE = "例如：13812345678"


class Phone(FieldType):
    """Value: `13812345678`, or a landline as `029-88888888` or `029-88888888-01`."""

    name = "phone"
    example = "13812345678"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = _SPOKEN.sub(lambda run: numerals.digits(run[0]), normalise(text))
        numbers, rest = _numbers(said)
        if len(numbers) > 1:
            return Unclear(
                f"您写了 {len(numbers)} 个号码，请问用哪一个？{_EXAMPLE}", tuple((n, n) for n in numbers[:6])
            )
        if numbers and re.search(r"[0-9]", rest):
            return Unclear(f"请问号码是 {numbers[0]} 吗？不是的话请只输入号码，{_EXAMPLE}", ((numbers[0], numbers[0]),))
        if numbers:
            return Filled(numbers[0])
        typed = re.sub(r"[^0-9]", "", re.sub(r"\(?(?:\+|00)86\)?", "", said))
        if typed:
            return Wrong(f"{_fault(typed)}，请核对后再输入，{_EXAMPLE}")
        if _NONE.search(said):
            return Wrong(f"需要一个能联系上您的号码，可以填家人的，{_EXAMPLE}")
        return NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text)
        numbers, _ = _numbers(said)
        if not numbers or (not _MOBILE.search(said) and not _NAMED.search(said)):
            return NotThis()
        return Filled(numbers[0]) if len(numbers) == 1 else self.read(text, spec, context)

    def show(self, value: Any, spec: Spec) -> str:
        return str(value)

    def mask(self, value: Any, spec: Spec) -> str:
        number = str(value)
        if "-" in number:
            area, rest = number.split("-", 1)
            return f"{area}-****{rest.split('-')[0][-4:]}"
        return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else "*" * len(number)


def _numbers(said: str) -> tuple[list[str], str]:
    """The whole numbers in the text, each once, and what is left beside them."""
    mobiles = [re.sub(r"[ -]", "", match["number"]) for match in _MOBILE.finditer(said)]
    rest = _MOBILE.sub(" ", said)
    landlines = [_joined(match) for match in _LANDLINE.finditer(rest)]
    return list(dict.fromkeys(mobiles + landlines)), _LANDLINE.sub(" ", rest)


def _joined(match: re.Match[str]) -> str:
    number = re.sub(r"[ -]", "", match["number"])
    return "-".join(part for part in (match["area"], number, match["extension"]) if part)


def _fault(typed: str) -> str:
    if typed.startswith("0"):
        return "座机号要写区号加 7 到 8 位号码（如 029-88888888）"
    if len(typed) in (7, 8) and not typed.startswith("1"):
        return "座机号要带上区号（如 029-88888888）"
    if len(typed) != 11:
        return f"手机号是 11 位，您输入了 {len(typed)} 位"
    return "手机号应以 13 到 19 开头" if not re.match("1[3-9]", typed) else "没有读懂这个号码"


PHONE = Phone()
