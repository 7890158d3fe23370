"""Words that must not wait for a person: of danger to life, of despair, of fever.

While a chat is with staff the assistant keeps silent, except for these: nobody may lie there with a fever and wait for an
answer that comes in an hour. The list is short on purpose and in code, because it belongs to no season's plan and
each word was weighed: one too many costs a sentence too many, one that is denied (没发烧, 不喘) must not count. 120 is the
ambulance everywhere in mainland China, 12356 the national line for people in despair.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from bot.processes.fields.base import Context, Filled, Spec
from bot.processes.fields.temperature import TEMPERATURE
from bot.processes.normal import normalise

Urgency = Literal["danger", "despair", "fever"]

_DENIED = r"(?<![不没无未])(?<!没有)(?<!不会)(?<!不再)(?<!没再)(?<!不是)"
_DANGER = re.compile(
    rf"{_DENIED}(?:呼吸困难|喘不[上过]来?气|透不过气|上不来气|憋得慌|胸[痛疼]|胸口[痛疼]|心口[痛疼]|昏倒|晕倒|昏过去|晕过去|昏迷|"
    r"没有?意识|叫不醒|不省人事|抽搐|吐血|咯血|大出血|休克|心梗|脑梗|触电|溺水|煤气中毒|快不行了|要死了|救命|"
    r"(?<![0-9])120(?![0-9.]|\s*(?:元|块|斤|平|米|个|人|天|分|号|次|公|千|多)))"
)
_DESPAIR = re.compile(rf"{_DENIED}(?:自杀|自残|轻生|寻死|想死(?![你他她])|不想活|活不下去|跳楼|割腕|上吊)|不想活")
_FEVER = re.compile(rf"{_DENIED}(?:发高?烧|发热(?!门诊)|高烧|低烧|高热|烧得|烧到|烧起来|退不下?来?烧|烧退不)")
_DEGREES = re.compile(
    r"(?<![0-9.])(?P<whole>3[5-9]|4[0-2])(?:\s*[.。点度°]\s*(?P<tenth>[0-9]))?\s*(?P<unit>度|°)?(?![0-9]|\s*(?:元|块|斤|公|平|米|岁|个|人|号|天|%))"
)
_NOT_OF_A_BODY = re.compile(r"水温|室温|气温|天气|空调|暖气|外面|标准")
_ASKING = re.compile(r"吗|\?|怎么.*|多少.*|是否|算不算|是不是|要不要|会不会|能不能")


def read_urgency(text: str, now: datetime, fever: float) -> Urgency | None:
    """The most pressing thing that a message tells, None for nothing of the kind. `fever` is BOT_FEVER in ℃."""
    said = normalise(text)
    if _DESPAIR.search(said):
        return "despair"
    if _DANGER.search(said):
        return "danger"
    if _FEVER.search(said) or _hottest(said, now, fever) >= fever:
        return "fever"
    return None


def _hottest(said: str, now: datetime, fever: float) -> float:
    """The highest body temperature that the text names, 0 for none; also one that is asked about (38.5怎么办)."""
    if _NOT_OF_A_BODY.search(said):
        return 0.0
    named = [
        float(f"{match['whole']}.{match['tenth'] or 0}")
        for match in _DEGREES.finditer(said)
        if match["tenth"] or match["unit"]
    ]
    # what is written out (三十八度五) is read by the field's own reader, which leaves questions alone
    spotted = TEMPERATURE.spot(_ASKING.sub("", said), Spec("temperature", "体温"), Context(now, fever))
    if isinstance(spotted, Filled):
        named.append(float(spotted.value))
    return max(named, default=0.0)
