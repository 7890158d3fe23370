"""Where no entry is sure: the question back with near entries, what is chosen of them, a quote, the honest refusal."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import EventType

from actions.asked import Asked
from actions.replies import say
from bot.knowledge.answering import Candidate
from bot.knowledge.entries import Entry
from bot.knowledge.passage_search import Quote
from bot.services import documents, questions

NONE_OF_THESE = "都不是"
PERSON = ("转人工", "转人工")


def ask_which(asked: Asked, candidates: Sequence[Candidate]) -> list[EventType]:
    """Asks which entry is meant."""
    buttons = [(c.entry.title, c.entry.title) for c in candidates]
    if asked.alone:
        buttons.append((NONE_OF_THESE, NONE_OF_THESE))
    say(asked.dispatcher, "您想问的是哪一个？", buttons)
    return asked.offered([c.entry.id for c in candidates])


async def chosen(asked: Asked) -> tuple[Entry, str] | None:
    """The entry that the message chooses of those offered before, and the question that they were offered for.

    The choice is kept as evidence of what people mean by that question.
    """
    entries = (asked.services.entries.get(entry_id) for entry_id in asked.told.get("choices", ()))
    entry = next((e for e in entries if e is not None and e.title == asked.question), None)
    if entry is None:
        return None
    question = asked.told["question"]
    await questions.note_choice(asked.services, asked.account, question, entry.id)
    return entry, question


def tell_quote(asked: Asked, quote: Quote, near: Sequence[Candidate]) -> list[EventType]:
    """Quotes a passage of a document. No entry was sure, so near ones are offered beside it."""
    buttons = [*((c.entry.title, c.entry.title) for c in near), PERSON] if asked.alone else []
    say(asked.dispatcher, documents.quote_text(quote), buttons, documents.quote_custom(quote))
    return asked.offered([c.entry.id for c in near])


async def refuse(asked: Asked, near: Sequence[Candidate]) -> list[EventType]:
    """The honest refusal: never an invented answer. Near entries are offered, the question is kept for staff."""
    await questions.note_unanswered(asked.services, asked.account, asked.question)
    text = "这个问题在现有的防控方案里没有答案，我不能乱说。"
    text += "您是不是想问下面这些？都不是可以转人工。" if near else "您可以换个说法再问，或者转人工问网格员。"
    text += "人身安全有危险请马上拨打120。"
    titles = [(c.entry.title, c.entry.title) for c in near]
    say(asked.dispatcher, text, [*titles, PERSON], {"no_answer": True})
    return asked.offered([c.entry.id for c in near], noted=True)


async def refuse_all(asked: Asked) -> list[EventType]:
    """都不是: none of the entries offered was meant."""
    if "choices" in asked.told and not asked.told["noted"]:
        return await refuse(asked.instead(asked.told["question"]), ())
    say(asked.dispatcher, "好的。您换个说法再问我，或者转人工问网格员。", [PERSON])
    return []
