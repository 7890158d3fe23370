"""While a ticket stands the chat is with staff: what is not for the assistant goes to them, in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker

from bot.processes.form_words import is_word
from bot.processes.urgent_words import Urgency, read_urgency
from bot.services import tickets
from bot.services.context import Services
from bot.services.people import Speaker

# What the assistant answers meanwhile too, said in exact words: a likeness to them (人呢) is meant for the staff.
_ANSWERED = frozenset({"person", "leave_person", "help", "bind", "withdraw_consent", "feedback", "broadcast"})
# Staff who have a ticket of their own go on with their work; from others 收到 is an answer to the staff.
_ANSWERED_FOR_STAFF = frozenset({"handle_alert", "handle_ticket", "keep_knowledge", "keep_people", "chase", "summary"})
_CANCEL = frozenset("取消 不填了".split())

_TOLD: dict[Urgency, str] = {
    "danger": "有生命危险请马上拨打120，说清地址，身边有人就请他帮忙。您的话已按紧急转给工作人员。",
    "despair": "您的话已按紧急转给工作人员。请先别一个人待着，叫上家人或邻居；马上就能说话的有全国心理援助热线12356，"
    "有危险请拨打120或110。",
    "fever": "您的话已按紧急转给工作人员。发热请戴好口罩、少和人接触，不要乘公共交通，尽快到就近的发热门诊就诊；"
    "情况紧急请马上拨打120。也请打个卡，体温会立刻报给负责您的人。",
}


@dataclass(frozen=True)
class Handed:
    """A message that went to staff, and what the assistant says all the same: nothing, unless it is urgent."""

    text: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    offers: tuple[str, ...] = ()


async def handed_over(tracker: Tracker, speaker: Speaker, services: Services) -> Handed | None:
    """Hands the message to the staff of the standing ticket; None when the assistant is to answer as always.

    It does with no ticket, in an open form (which is the assistant's, with all that is asked beside it), and for the exact
    words above. Words of fever or danger get both: the staff and, at once, the assistant.
    """
    if not with_staff(tracker) or _in_form(tracker) or _is_for_the_assistant(tracker, speaker, services):
        return None
    text = str(tracker.latest_message.get("text") or "")
    urgency = read_urgency(text, services.local_now(), services.settings.fever)
    if not await tickets.hand_over(services, speaker, text, urgent=urgency is not None):
        return None
    if urgency is None:
        return Handed()
    daily = [p for p in services.processes.values() if p.once_a_day and (p.unbound or speaker.may_check_in())]
    if urgency != "fever":
        daily = []
    buttons = [(process.title, process.start_words[0]) for process in daily]
    return Handed(_TOLD[urgency], tuple(buttons), tuple(process.id for process in daily))


def with_staff(tracker: Tracker) -> bool:
    """Whether this chat is with staff."""
    return tracker.get_slot("ticket") is not None


def is_cancel(tracker: Tracker) -> bool:
    """取消 with no form open."""
    return is_word(str(tracker.latest_message.get("text") or ""), _CANCEL)


def _in_form(tracker: Tracker) -> bool:
    """Whether a form was open when the message came. One that the message itself opens is active by now too."""
    if not tracker.active_loop:
        return False
    for event in reversed(tracker.events):
        if event["event"] in ("user", "active_loop"):
            return bool(event["event"] == "user")
    return True


def _is_for_the_assistant(tracker: Tracker, speaker: Speaker, services: Services) -> bool:
    message: dict[str, Any] = tracker.latest_message
    intent = str(message["intent"].get("name"))
    for process in services.processes.values():
        if intent == process.start_intent:
            # 今天36.6 resembles a report, but may answer what the staff have asked: the process's own word must be in it
            return _names_one(str(message.get("text") or ""), process.start_words)
    if (message["intent"].get("confidence") or 0.0) < 0.999:
        return False
    if intent == "stray":
        return is_cancel(tracker)
    return intent in _ANSWERED or (speaker.staff and intent in _ANSWERED_FOR_STAFF)


def _names_one(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)
