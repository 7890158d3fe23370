"""What a callback says: the text that the conversation gets, or what the person did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.channels.tencent.xml_body import text

WELCOME = "帮助"
_NO_VOICE = "没听清这段语音。请打字告诉我，或者长按输入框用语音输入转成文字再发。"
_NO_PICTURE = "图片收到了，但我还看不懂图片。请用文字告诉我；要给工作人员看，请先发“转人工”，再说明情况。"
_NO_PLACE = "位置收到了，但没有地名。请把地名打出来，例如：陕西西安雁塔区。"
_ONLY_TEXT = "我只看得懂文字和语音。请打字告诉我，或发“帮助”看看能做什么。"


@dataclass(frozen=True)
class Heard:
    """One callback. `key` is the same for each delivery of it. `by`: what the person did themselves (message, menu, follow, scan).

    `says`: what goes to the conversation, `shown` what they saw instead of it. `told`: a fixed answer. `left`: they follow no more.
    `place`: the id of the place whose code they scanned. `popups`: how many subscription notices more, or fewer, they
    allow by template. `job`: the id of a template message and whether it arrived. `card`: the press was on a card,
    which the reply to the callback changes; the answer goes out by itself.
    """

    sender: str
    key: str
    by: str = ""
    says: str = ""
    shown: str | None = None
    told: str = ""
    left: bool = False
    place: int | None = None
    popups: Mapping[str, int] = field(default_factory=dict)
    job: tuple[str, bool] | None = None
    card: bool = False


def sender_and_kind(fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """Who speaks, and the type of the message in small letters; None where the fields are nobody's word."""
    sender, kind = text(fields, "FromUserName"), text(fields, "MsgType").lower()
    return (sender, kind) if sender and kind and len(sender) <= 128 and sender.isprintable() else None


def message(fields: Mapping[str, Any], sender: str, kind: str) -> Heard:
    """Any message that is no event; the two platforms write them alike."""
    key = f"{text(fields, 'MsgId')}:{text(fields, 'CreateTime')}"
    if kind == "text":
        by = "menu" if text(fields, "bizmsgmenuid") else "message"
        return Heard(sender, key, by, says=text(fields, "Content") or " ")
    if kind == "voice":
        said = text(fields, "Recognition").rstrip("。.")
        return Heard(sender, key, "message", says=said, told="" if said else _NO_VOICE)
    if kind == "location":
        label = text(fields, "Label")
        return Heard(sender, key, "message", says=label, told="" if label else _NO_PLACE)
    return Heard(sender, key, "message", told=_NO_PICTURE if kind == "image" else _ONLY_TEXT)


def event_key(fields: Mapping[str, Any]) -> str:
    """Events have no id, and two of a person may share a second: whatever differs makes another event."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:32]
