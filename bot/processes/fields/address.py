"""Where somebody lives, as written."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields import gazetteer
from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Wrong
from bot.processes.fields.choice import ASKING
from bot.processes.normal import normalise, strip_invisible

_LEAD = re.compile(r"^(?:我|现|家|家庭|居住|详细|常住|目前)*(?:的)?(?:住址|地址|住在|住)(?:是|在)?[:：,，\s]*")
_SPOTTED = re.compile(
    r"^(?:我|现|家|家庭|居住|详细|常住|目前)*(?:的)?(?:住址|地址)(?:是|在|[:：])|^(?:我|家|现)*(?:住在|家住)"
)
_NONE = re.compile(
    r"(?:没有?|无|不知道|不清楚|忘了?|忘记了?|不方便说?|不想说|保密|不告诉你?|随便|本地|老家|家里|同上|好的?|是的?|嗯+|取消|打卡)[啊呢吧了的。!！]*"
)
_EXAMPLE = "例如：长安街道幸福小区3号楼502室"
SHORTEST, LONGEST = 2, 80


class Address(FieldType):
    """Value: the address as typed, 2 to 80 characters. Private: others see it down to the city at most."""

    name = "address"
    example = "长安街道幸福小区3号楼502室"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = _LEAD.sub("", strip_invisible(text)).strip(" 。.，,")
        if not said:
            return NotThis()
        if _NONE.fullmatch(said):
            return Wrong(f"请写清楚住在哪里，{_EXAMPLE}")
        if len(said) < SHORTEST or not re.search(r"[^\W\d_]", said):
            return Wrong(f"地址太简单了，请写到楼栋或村组，{_EXAMPLE}")
        if len(said) > LONGEST:
            return Wrong(f"地址最多 {LONGEST} 个字，您写了 {len(said)} 个，请写短一些，{_EXAMPLE}")
        return Filled(said)

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = strip_invisible(text)
        if ASKING.search(said) or not _SPOTTED.match(said):
            return NotThis()
        reading = self.read(said, spec, context)
        return reading if isinstance(reading, Filled) else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return str(value)

    def mask(self, value: Any, spec: Spec) -> str:
        named = gazetteer.places_in(normalise(str(value)))
        if not named or named[0].start > 0 or len(named[0].areas) != 1:
            return "***"
        province, city, _ = gazetteer.parts(named[0].areas[0])
        return "".join(dict.fromkeys(part for part in (province, city) if part)) + "***"


ADDRESS = Address()
