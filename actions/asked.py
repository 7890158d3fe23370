"""A question on its way to an answer: what every module that answers needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import account_of
from bot.services.context import Services

TOLD = "told"
"""The slot with the last question: {"question", "entry"} once it was answered; while near entries are offered for it,
{"question", "choices": [entry ids]}, and "noted" where staff were left the question already. Read by the choice that
follows and by 有用 / 没用."""


@dataclass(frozen=True)
class Asked:
    """`question` is what is to be answered: the message, or the earlier question whose choice the message makes.

    `alone`: no form is open. With one open its question follows the answer, and the buttons are the form's: one list a
    turn. `told` is what the slot says of the question before this one.
    """

    dispatcher: CollectingDispatcher
    services: Services
    account: str
    question: str
    alone: bool
    told: dict[str, Any]

    @classmethod
    def of(cls, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> Asked:
        """The latest message as a question."""
        return cls(
            dispatcher,
            services,
            account_of(tracker),
            str(tracker.latest_message.get("text") or "").strip(),
            not tracker.active_loop,
            tracker.get_slot(TOLD) or {},
        )

    def instead(self, question: str) -> Asked:
        """The same turn, answering another question."""
        return replace(self, question=question)

    def answered(self, entry_id: str) -> list[EventType]:
        """Keeps that an entry was told."""
        return [SlotSet(TOLD, {"question": self.question, "entry": entry_id})]

    def offered(self, entry_ids: list[str], noted: bool = False) -> list[EventType]:
        """Keeps which entries were offered."""
        return [SlotSet(TOLD, {"question": self.question, "choices": entry_ids, "noted": noted})]
