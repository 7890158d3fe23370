"""What a callback of a 公众号 says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.tencent.heard import WELCOME, Heard, event_key, message, sender_and_kind
from bot.channels.tencent.xml_body import items, text

_BIND = "bind_"
_PLACE = "place_"
_MENU = ("click", "scancode_push", "scancode_waitmsg")


def read(fields: Mapping[str, Any]) -> Heard | None:
    """What the fields say; None where nobody says anything."""
    known = sender_and_kind(fields)
    if known is None:
        return None
    sender, kind = known
    return _event(fields, sender) if kind == "event" else message(fields, sender, kind)


def _event(fields: Mapping[str, Any], sender: str) -> Heard:
    event, pressed = text(fields, "Event").lower(), text(fields, "EventKey")
    job = text(fields, "MsgID") or text(fields, "MsgId")
    key = event_key(fields)
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
    return Heard(sender, key, by, says=WELCOME, shown="关注", place=place)


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
