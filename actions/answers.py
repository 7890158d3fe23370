"""A policy question: which of the ways to answer it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import choices
from actions.asked import Asked
from actions.circumstances import names_case
from actions.replies import SideAction
from actions.telling import tell, tell_several
from bot.knowledge.answering import Candidate, Clause, asked_at_once, judge, near
from bot.knowledge.entries import Entry
from bot.services import documents
from bot.services.context import Services


class ActionAnswer(SideAction):
    """Answers a question that the understanding takes for one of the entries."""

    async def reply(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services
    ) -> list[EventType] | None:
        """Tells the entry or the entries, asks which one is meant, or says that there is no answer."""
        asked = Asked.of(dispatcher, tracker, services)
        if (events := await _answer_beforehand(asked, tracker)) is not None:
            return events
        ranking = candidates(_selector(tracker).get("ranking", ()), services.entries)
        verdict = judge(ranking)
        judged = [candidate.entry for candidate in verdict.candidates] if verdict.kind != "none" else []
        if judged and (quote := documents.find_better(services, asked.question, judged)) is not None:
            return choices.tell_quote(asked, quote, verdict.candidates)
        if verdict.kind == "answer":
            return await tell(asked, verdict.candidates[0].entry)
        for candidate in near(ranking):
            if await names_case(asked, candidate.entry):
                return await tell(asked, candidate.entry)
        if verdict.kind == "which":
            return choices.ask_which(asked, verdict.candidates)
        return await no_answer(asked, ranking)


class ActionNoAnswer(SideAction):
    """Answers what is none of the entries."""

    async def reply(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services
    ) -> list[EventType] | None:
        """Refuses, unless the question is a way of asking that only staff's newest version knows."""
        asked = Asked.of(dispatcher, tracker, services)
        if asked.question == choices.NONE_OF_THESE:
            return await choices.refuse_all(asked)
        if (events := await _answer_beforehand(asked, tracker)) is not None:
            return events
        return await no_answer(asked, candidates(_selector(tracker).get("ranking", ()), services.entries))


class ActionDefaultFallback(ActionNoAnswer):
    """Rasa's own way out when no rule fits; ends in the same refusal."""


async def no_answer(asked: Asked, ranking: Sequence[Candidate]) -> list[EventType]:
    """Where no entry answers: a passage of an imported document does, or nothing."""
    if (quote := documents.find(asked.services, asked.question)) is not None:
        return choices.tell_quote(asked, quote, near(ranking))
    return await choices.refuse(asked, near(ranking))


async def _answer_beforehand(asked: Asked, tracker: Tracker) -> list[EventType] | None:
    """What is answered whatever the whole message ranks: a choice, staff's new way of asking, several questions at once."""
    if (choice := await choices.chosen(asked)) is not None:
        entry, question = choice
        return await tell(asked.instead(question), entry)
    if (fresh := asked.services.library.fresh_match(asked.question)) is not None:
        return await tell(asked, fresh)
    several = asked_at_once(_clauses(tracker, asked.services))
    return await tell_several(asked, several) if several else None


def candidates(ranking: Sequence[Mapping[str, Any]], entries: Mapping[str, Entry]) -> list[Candidate]:
    """The entries that the understanding ranks, the likeliest first."""
    found = []
    for ranked in ranking:
        entry = entries.get(ranked["intent_response_key"].partition("/")[2])
        if entry is not None:
            found.append(Candidate(entry, ranked["confidence"]))
    return found


def _selector(tracker: Tracker) -> Mapping[str, Any]:
    return (tracker.latest_message.get("response_selector") or {}).get("ask") or {}


def _clauses(tracker: Tracker, services: Services) -> list[Clause]:
    return [
        Clause(clause["text"], candidates(clause["ranking"], services.entries))
        for clause in _selector(tracker).get("clauses", ())
        if clause["in_scope"]
    ]
