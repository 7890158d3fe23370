"""From a ranking of entries to what is told: the answer, a question back, or the honest refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.knowledge.entries import Entry

WHOLE = "全部"  # said with a table's title it asks for all rows

# Tuned on the validation split, never on the test split.
SURE = 0.18  # the best entry is told when it is at least this likely ...
CLEAR = 0.06  # ... and this much likelier than the second; else the person is asked which of the two
NEAR = 0.04  # an entry less likely than this is not offered as near


@dataclass(frozen=True)
class Candidate:
    """An entry and how likely the classifier holds it to be what was asked (0 to 1)."""

    entry: Entry
    confidence: float


@dataclass(frozen=True)
class Verdict:
    """What to do with a question: tell the first candidate, ask which one is meant, or say that there is no answer."""

    kind: Literal["answer", "which", "none"]
    candidates: tuple[Candidate, ...]


def judge(ranking: Sequence[Candidate]) -> Verdict:
    """Decides by confidence; the ranking is sorted, the likeliest first."""
    if not ranking or ranking[0].confidence < SURE:
        near = tuple(c for c in ranking if c.confidence >= NEAR)[:3]
        return Verdict("none", near)
    first = ranking[0]
    if len(ranking) > 1 and first.confidence - ranking[1].confidence < CLEAR:
        return Verdict("which", tuple(ranking[:2]))
    return Verdict("answer", (first,))


def answer_text(entry: Entry, question: str) -> str:
    """The answer to this way of asking: the fact asked for first, then the rest, then the source line.

    A question that names rows of a table gets those rows alone; one that holds 全部 gets the whole.
    """
    if tells_rows_alone(entry, question):
        rows = _rows(entry, question)
        return "\n".join([*rows, entry.source_line])
    lead = _lead(entry, question)
    return "\n".join([*([lead] if lead else []), entry.answer, entry.source_line])


def whole_table(entry: Entry) -> str:
    """How the whole table of an entry is asked for."""
    return f"{entry.title} {WHOLE}"


def tells_rows_alone(entry: Entry, question: str) -> bool:
    """Whether the answer to this question is some rows of the entry's table and not the whole."""
    return bool(entry.rows) and WHOLE not in question and 0 < len(_rows(entry, question)) < len(entry.rows)


def _rows(entry: Entry, question: str) -> list[str]:
    """The rows that a question names. 十一组 holds 一组 and 12组 holds 2组: of names that overlap only the longest counts."""
    named = sorted(((name, row.text) for row in entry.rows for name in row.names), key=lambda pair: -len(pair[0]))
    found: dict[str, None] = {}
    for length in sorted({len(name) for name, _ in named}, reverse=True):
        hits = [(name, text) for name, text in named if len(name) == length and name in question]
        found.update({text: None for _, text in hits})
        for name, _ in hits:
            question = question.replace(name, "\0" * len(name))
    return [row.text for row in entry.rows if row.text in found]


def _lead(entry: Entry, question: str) -> str | None:
    return next((lead.text for lead in entry.leads if any(word in question for word in lead.words)), None)


def related_titles(entry: Entry, entries: Mapping[str, Entry], most: int = 3) -> list[str]:
    """The titles of the entries that people ask next, for buttons."""
    return [entries[other].title for other in entry.related if other in entries][:most]
