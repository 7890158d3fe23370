"""What a callback of a 企业微信 app says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.tencent.heard import WELCOME, Heard, event_key, message, sender_and_kind
from bot.channels.tencent.xml_body import text


def read(fields: Mapping[str, Any]) -> Heard | None:
    """What the fields say; None where nobody says anything."""
    known = sender_and_kind(fields)
    if known is None:
        return None
    sender, kind = known
    if kind != "event":
        return message(fields, sender, kind)
    event, pressed, key = text(fields, "Event").lower(), text(fields, "EventKey"), event_key(fields)
    if event == "subscribe":
        return Heard(sender, key, says=WELCOME, shown="进入应用")
    if event == "unsubscribe":
        return Heard(sender, key, left=True)
    if event == "click" and pressed:
        return Heard(sender, key, "menu", says=pressed)
    if event in ("template_card_event", "template_card_menu_event") and pressed:
        # one press of one button of one card is one press, however often the platform makes it an event
        return Heard(sender, f"{text(fields, 'TaskId')}:{pressed}", "menu", says=pressed, card=True)
    return Heard(sender, key)
