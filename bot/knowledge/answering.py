"""From a ranking of entries to what is told: the answer, a question back, or the honest refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.knowledge.entries import Entry

WHOLE = "全部"  # said with a table's title it asks for all rows

# Tuned on the validation split, never on the test split.
SURE = 0.18  # the best entry is told when it is at least this likely ...
CLEAR = 0.1  # ... and this much likelier than the second; else the person is asked which of the two
NEAR = 0.04  # an entry less likely than this is not offered as near
PLAIN = 0.5  # a clause counts as a question of its own when its best entry is at least this likely


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
    """Decides by confidence; the ranking is sorted, the likeliest first.

    Of two entries of which one holds the other's facts the likelier is told: asking which is meant would win nothing.
    """
    if not ranking:
        return Verdict("none", ())
    first = ranking[0]
    others = [c for c in ranking[1:] if not _same_matter(c.entry, first.entry)]
    if sum(c.confidence for c in ranking if c not in others) < SURE:
        return Verdict("none", near(ranking))
    if others and first.confidence - others[0].confidence < CLEAR:
        return Verdict("which", (first, others[0]))
    return Verdict("answer", (first,))


def _same_matter(one: Entry, other: Entry) -> bool:
    return one.id in other.covers or other.id in one.covers


def near(ranking: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The entries offered where none is told."""
    return tuple(c for c in ranking if c.confidence >= NEAR)[:3]


@dataclass(frozen=True)
class Clause:
    """One asking clause of a message. The ranking is of the clause alone."""

    text: str
    ranking: Sequence[Candidate]


def asked_at_once(clauses: Sequence[Clause]) -> tuple[tuple[Entry, str], ...]:
    """The entries that a message of several questions asks for, each with its clause; () where it is one question.

    Each clause must be surely of one entry, and an entry must not be what another clause may have meant too: a second
    clause often only goes on with the first (家里聚餐最多几个人，十个人行吗).
    """
    found: list[Clause] = []
    for clause in clauses:
        if clause.ranking and clause.ranking[0].confidence >= PLAIN and not any(_same(clause, f) for f in found):
            found.append(clause)
    return tuple((clause.ranking[0].entry, clause.text) for clause in found[:2]) if len(found) > 1 else ()


def _same(clause: Clause, other: Clause) -> bool:
    """Whether one of the two may have meant what the other asks."""
    return any(
        a.ranking[0].entry.id in {candidate.entry.id for candidate in near(b.ranking)}
        for a, b in ((clause, other), (other, clause))
    )


@dataclass(frozen=True)
class Fact:
    """What holds for the case that the question names (a place, a temperature), and the plan that says so."""

    text: str
    source: str


def answer_text(entry: Entry, question: str, fact: Fact | None = None) -> str:
    """The answer to this way of asking: the fact asked for first, then the rest, then the source line.

    A question that names rows of a table gets those rows alone; one that holds 全部 gets the whole.
    """
    if tells_rows_alone(entry, question):
        rows = _rows(entry, question)
        return "\n".join([*rows, entry.source_line])
    lead = _lead(entry, question)
    if fact is None:
        return "\n".join([*([lead] if lead else []), entry.answer, entry.source_line])
    further = [lead] if lead and lead.rstrip("。") not in fact.text else []
    source = entry.source_line if fact.source in entry.source_line else f"{entry.source_line}；{fact.source}"
    return "\n".join([fact.text, *further, "", entry.answer, source])


def outdated(entry: Entry, day: date) -> str | None:
    """What to say instead of an answer that does not hold on a day: not yet, or no longer. None: it holds."""
    if entry.expires is not None and entry.expires < day:
        return f"这条规定（{entry.title}）已于{_shown(entry.expires)}到期，不再适用；新的规定我这里还没有。"
    if entry.effective is not None and entry.effective > day:
        return f"这条规定（{entry.title}）自{_shown(entry.effective)}起施行，现在还没有生效；现在的规定我这里没有。"
    return None


def _shown(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


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
