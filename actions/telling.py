"""An entry is told: its text, the buttons under it, what is kept of it for the next turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk.events import EventType

from actions import circumstances
from actions.asked import Asked
from actions.choices import PERSON
from actions.circumstances import Told
from actions.replies import say
from bot.knowledge.answering import WHOLE, answer_text, outdated, related_titles, tells_rows_alone, whole_table
from bot.knowledge.entries import Entry
from bot.processes.circumstances import UnclearPlace

FEEDBACK = ("有用", "没用")


async def tell(asked: Asked, entry: Entry) -> list[EventType]:
    """Says an entry's answer, for the place or the temperature that the question names.

    Buttons: the processes that it leads to, the whole table, related questions, 有用 and 没用.
    """
    told = await circumstances.case_of(asked, entry)
    if isinstance(told, UnclearPlace):
        circumstances.ask_back(asked, told)
        return []
    entry = told.entry
    if _say_outdated(asked, entry):
        return []
    text = answer_text(entry, asked.question, told.fact)
    say(asked.dispatcher, text, _buttons(asked, entry), _custom(asked, entry))
    return asked.answered(entry.id)


async def tell_several(asked: Asked, found: Sequence[tuple[Entry, str]]) -> list[EventType]:
    """Says the answers to a message of several questions, a bubble each; the buttons stand under the last."""
    told: list[tuple[Entry, str]] = []
    for entry, clause in found:
        case = await circumstances.case_of(asked.instead(clause), entry)
        # two questions back in one turn would be two lists
        case = Told(entry) if isinstance(case, UnclearPlace) else case
        if not _say_outdated(asked, case.entry):
            told.append((case.entry, answer_text(case.entry, clause, case.fact)))
    custom = {"entry": told[0][0].point, "entries": [entry.point for entry, _ in told]} if told else {}
    for at, (_, text) in enumerate(told, 1):
        say(asked.dispatcher, text, _feedback(asked) if at == len(told) else (), custom)
    return asked.answered(told[0][0].id) if told else []


def _say_outdated(asked: Asked, entry: Entry) -> bool:
    said = outdated(entry, asked.services.today())
    if said is not None:
        say(asked.dispatcher, said, [PERSON], {"no_answer": True})
    return said is not None


def _buttons(asked: Asked, entry: Entry) -> list[tuple[str, str]]:
    whole = [(WHOLE, whole_table(entry))] if tells_rows_alone(entry, asked.question) else []
    if not asked.alone:
        return whole
    services = asked.services
    starts = [services.processes[p] for p in entry.starts if p in services.processes]
    return [
        *((process.title, process.start_words[0]) for process in starts),
        *whole,
        *((title, title) for title in related_titles(entry, services.entries)),
        *_feedback(asked),
    ]


def _feedback(asked: Asked) -> list[tuple[str, str]]:
    return [(word, word) for word in FEEDBACK] if asked.alone else []


def _custom(asked: Asked, entry: Entry) -> dict[str, Any]:
    starts = [p for p in entry.starts if p in asked.services.processes] if asked.alone else []
    narrow = {"narrow": entry.id} if entry.point != entry.id else {}
    return {"entry": entry.point, **narrow, **({"offers": starts} if starts else {})}
