"""A licence plate of the mainland, also of new-energy vehicles."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Unclear, Wrong
from bot.processes.normal import normalise

# Seven characters, eight on the green plates of new-energy vehicles; no I and no O; the last may name what the vehicle is for.
PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使][A-HJ-NP-Z][\s·.-]*(?:[A-HJ-NP-Z0-9]{6}|[A-HJ-NP-Z0-9]{5}|[A-HJ-NP-Z0-9]{4}[挂学警港澳使领])(?![A-Z0-9])"
)
_TRIED = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使]\s*[A-Z]|[A-Z0-9]{5,}")
_NONE = re.compile(r"没有?(?:开)?车|没开车|走路|步行|无车|无|没有")
_EXAMPLE = "例如：湘N12345"


class Plate(FieldType):
    """Value: the plate in capitals without blanks or dots; '' for who comes without a vehicle, where the option `none` is true."""

    name = "plate"
    example = "湘N12345"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).upper().strip(" 。,.!")
        found = plates(said)
        if len(found) > 1:
            return Unclear(f"您写了几个车牌，请问是哪一个？{_EXAMPLE}", tuple((one, one) for one in found[:6]))
        if found:
            return Filled(found[0])
        if spec.options.get("none") and _NONE.fullmatch(said):
            return Filled("")
        if _TRIED.search(said):
            return Wrong(f"车牌没有读懂：省份简称加字母，再加5位或6位（新能源），没有字母I和O，{_EXAMPLE}")
        return NotThis()

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        return self.read(text, spec, context) if plates(normalise(text).upper()) else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return str(value) or "没有车"

    def mask(self, value: Any, spec: Spec) -> str:
        plate = str(value)
        return f"{plate[:2]}{'*' * max(len(plate) - 4, 1)}{plate[-2:]}" if plate else self.show(value, spec)


def plates(said: str) -> list[str]:
    """The plates of a text in capitals, each once, as they are stored."""
    return list(dict.fromkeys(re.sub(r"[\s·.-]", "", match[0]) for match in PLATE.finditer(said)))


PLATE_NUMBER = Plate()
