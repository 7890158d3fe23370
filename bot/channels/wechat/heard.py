"""What a callback of a 公众号 says: the text that the conversation gets, or what the person did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.channels.tencent.xml_body import items, text

_NO_VOICE = "没听清这段语音。请打字告诉我，或者长按输入框用语音输入转成文字再发。"
_NO_PICTURE = "图片收到了，但我还看不懂图片。请用文字告诉我；要给工作人员看，请先发“转人工”，再说明情况。"
_NO_PLACE = "位置收到了，但没有地名。请把地名打出来，例如：陕西西安雁塔区。"
_ONLY_TEXT = "我只看得懂文字和语音。请打字告诉我，或发“帮助”看看能做什么。"
_WELCOME = "帮助"
_BIND = "bind_"
_PLACE = "place_"
_MENU = ("click", "scancode_push", "scancode_waitmsg")


@dataclass(frozen=True)
class Heard:
    """One callback. `key` is the same for each delivery of it. `by`: what the person did themselves (message, menu, follow, scan).

    `says`: what goes to the conversation, `shown` what they saw instead of it. `told`: a fixed answer. `left`: they follow no more.
    `place`: the id of the place whose code they scanned. `popups`: how many subscription notices more, or fewer, they
    allow by template. `job`: the id of a template message and whether it arrived.
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


def read(fields: Mapping[str, Any]) -> Heard | None:
    """What the fields say; None where nobody says anything."""
    sender, kind = text(fields, "FromUserName"), text(fields, "MsgType").lower()
    if not sender or not kind or len(sender) > 128 or not sender.isprintable():
        return None
    if kind == "event":
        return _event(fields, sender)
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


def _event(fields: Mapping[str, Any], sender: str) -> Heard:
    event, pressed = text(fields, "Event").lower(), text(fields, "EventKey")
    job = text(fields, "MsgID") or text(fields, "MsgId")
    # events have no id, and two of a person may share a second: whatever differs makes another event
    key = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:32]
    if event == "subscribe":
        return _scanned(sender, key, "follow", pressed.removeprefix("qrscene_"))
    if event == "scan":
        return _scanned(sender, key, "scan", pressed)
    if event == "unsubscribe":
        return Heard(sender, key, left=True)
    if event in _MENU:
        return Heard(sender, key, "menu", says=pressed)
    if event == "templatesendjobfinish" and job:
        return Heard(sender, key, job=(job, text(fields, "Status").lower() == "success"))
    if event == "subscribe_msg_popup_event":
        return Heard(sender, key, popups=_popups(fields, "SubscribeMsgPopupEvent", accepted=1))
    if event == "subscribe_msg_change_event":
        return Heard(sender, key, popups=_popups(fields, "SubscribeMsgChangeEvent", accepted=0))
    return Heard(sender, key)


def _scanned(sender: str, key: str, by: str, scene: str) -> Heard:
    if scene.startswith(_BIND):
        return Heard(sender, key, by, says=f"绑定 {scene.removeprefix(_BIND)}")
    number = scene.removeprefix(_PLACE)
    place = (
        int(number) if scene.startswith(_PLACE) and number.isascii() and number.isdigit() and len(number) < 16 else None
    )
    return Heard(sender, key, by, says=_WELCOME, shown="关注", place=place)


def _popups(fields: Mapping[str, Any], name: str, accepted: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in items(fields, name):
        for one in items(part, "List"):
            template = text(one, "TemplateId")
            if text(one, "SubscribeStatusString").lower() == "accept":
                found[template] = found.get(template, 0) + accepted
            else:
                found[template] = -1_000_000  # none is left
    return {template: change for template, change in found.items() if template and change}
