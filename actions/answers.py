"""Answers from the knowledge, the question back between two near entries, and the honest refusal."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say
from bot.knowledge.answering import (
    WHOLE,
    Candidate,
    answer_text,
    judge,
    related_titles,
    tells_rows_alone,
    whole_table,
)
from bot.knowledge.entries import Entry
from bot.services.context import Services

_PERSON = ("转人工", "转人工")


class ActionAnswer(SideAction):
    """Answers a policy question."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Tells the entry, asks which of two is meant, or says that there is no answer."""
        question = str(tracker.latest_message.get("text") or "")
        verdict = judge(candidates(tracker, services))
        if verdict.kind == "answer":
            # one list a turn: the form that asks again below brings its own buttons
            tell(dispatcher, services, verdict.candidates[0].entry, question, alone=not tracker.active_loop)
        elif verdict.kind == "which":
            titles = [c.entry.title for c in verdict.candidates]
            say(dispatcher, "您想问的是哪一个？", [*((t, t) for t in titles), ("都不是", "转人工")])
        else:
            refuse(dispatcher, verdict.candidates)


class ActionNoAnswer(SideAction):
    """Says that the plans hold no answer."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Refuses, with near questions as buttons."""
        refuse(dispatcher, judge(candidates(tracker, services)).candidates)


class ActionDefaultFallback(ActionNoAnswer):
    """Rasa's own way out when no rule fits; ends in the same refusal."""


def candidates(tracker: Tracker, services: Services) -> list[Candidate]:
    """The entries that the understanding ranks for the latest message, the likeliest first."""
    selector: dict[str, Any] = (tracker.latest_message.get("response_selector") or {}).get("ask") or {}
    found = []
    for ranked in selector.get("ranking", []):
        entry = services.entries.get(ranked["intent_response_key"].partition("/")[2])
        if entry is not None:
            found.append(Candidate(entry, ranked["confidence"]))
    return found


def tell(dispatcher: CollectingDispatcher, services: Services, entry: Entry, question: str, alone: bool) -> None:
    """Says an entry's answer; related questions and the processes that it leads to are buttons."""
    starts = [services.processes[p] for p in entry.starts if p in services.processes] if alone else []
    buttons = [(process.title, process.start_words[0]) for process in starts]
    if tells_rows_alone(entry, question):
        buttons.append((WHOLE, whole_table(entry)))
    if alone:
        buttons += [(title, title) for title in related_titles(entry, services.entries)]
    custom: dict[str, Any] = {"entry": entry.id}
    if starts:
        custom["offers"] = [process.id for process in starts]
    say(dispatcher, answer_text(entry, question), buttons, custom)


def refuse(dispatcher: CollectingDispatcher, near: tuple[Candidate, ...]) -> None:
    """The honest refusal: never an invented answer."""
    text = "这个问题在现有的防控方案里没有答案，我不能乱说。"
    text += "您是不是想问下面这些？都不是可以转人工。" if near else "您可以换个说法再问，或者转人工问网格员。"
    text += "人身安全有危险请马上拨打120。"
    titles = [(c.entry.title, c.entry.title) for c in near]
    say(dispatcher, text, [*titles, _PERSON], {"no_answer": True})
