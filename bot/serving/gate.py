"""Whether a new model may take the place of the one that is served: both answer the questions of the validation split."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.loading import load_data

from bot.assistant.quiet import quiet_rasa
from bot.content import content_dir
from bot.knowledge.answering import Candidate, judge
from bot.knowledge.entries import Entry

MUST_ANSWER = "gate/must_answer.yml"  # apart from the split itself, of which figures are made
_POINTS_LOST = 0.5  # of a hundred, in the share of validation questions whose first guess is right
_SHOWN = 5


@dataclass(frozen=True)
class Question:
    """`label`: what is right, an intent or `ask/<entry>`."""

    text: str
    label: str


@dataclass(frozen=True)
class Understood:
    """`label`: the first guess. `right`: it and all labels whose questions it answers too. `told`: whether the person gets its
    answer straight away, and is not asked back."""

    label: str
    right: frozenset[str]
    told: bool


@dataclass(frozen=True)
class Verdict:
    """`reasons`, in Chinese, say why a model may not be served; none: it may."""

    reasons: list[str]
    figures: dict[str, Any]


def compare(old: Path, new: Path, entries: Mapping[str, Entry], checks: Mapping[str, Sequence[str]]) -> Verdict:
    """Judges the model `new`, which knows `entries`, against the one that is served. `checks`: questions by entry id."""
    validation, must = _validation(), _must_answer()
    own = [Question(text, f"ask/{entry_id}") for entry_id, texts in checks.items() for text in texts]
    before = _ask(old, [*validation, *must], entries)
    after = _ask(new, [*validation, *must, *own], entries)

    reasons = []
    figures: dict[str, Any] = {"questions": len(validation), "must_answer": len(must), "checks": len(own)}
    if validation:
        shares = [100 * sum(q.label in said[q].right for q in validation) / len(validation) for said in (before, after)]
        figures |= {"before": round(shares[0], 2), "after": round(shares[1], 2)}
        if shares[1] < shares[0] - _POINTS_LOST:
            lost = [q for q in validation if q.label in before[q].right and q.label not in after[q].right]
            reasons.append(f"验证题答对率由{shares[0]:.1f}%降到{shares[1]:.1f}%，例如{_shown(lost, after)}")
    if lost := [q for q in must if _is_right(before[q], q) and not _is_right(after[q], q)]:
        reasons.append(f"原来必须答对的问题答不对了：{_shown(lost, after)}")
    if failed := [q for q in own if not _is_right(after[q], q)]:
        reasons.append(f"新内容自己的检查问题答不对：{_shown(failed, after)}")
    return Verdict(reasons, figures)


def answered_wrong(model: Path, entries: Mapping[str, Entry]) -> list[str]:
    """The questions of must_answer.yml that a model does not answer as they must be."""
    must = _must_answer()
    said = _ask(model, must, entries)
    return [f"{q.text} → {said[q].label}, not {q.label}" for q in must if not _is_right(said[q], q)]


def _is_right(said: Understood, question: Question) -> bool:
    return said.told and question.label in said.right


def _shown(questions: Sequence[Question], said: Mapping[Question, Understood]) -> str:
    more = f"等{len(questions)}个" if len(questions) > _SHOWN else ""
    return (
        "、".join(f"“{q.text}”（应为 {_name(q.label)}，得到 {_name(said[q].label)}）" for q in questions[:_SHOWN])
        + more
    )


def _name(label: str) -> str:
    return label.removeprefix("ask/")


def _validation() -> list[Question]:
    folder = content_dir() / "validation"
    return [q for path in sorted(folder.glob("*.yml")) for q in _questions(path)]


def _must_answer() -> list[Question]:
    path = content_dir() / "validation" / MUST_ANSWER
    return _questions(path) if path.exists() else []


def _questions(path: Path) -> list[Question]:
    return [
        Question(example.get(TEXT), example.get(INTENT_RESPONSE_KEY) or example.get(INTENT))
        for example in load_data(str(path)).intent_examples
    ]


def _ask(model: Path, questions: Sequence[Question], entries: Mapping[str, Entry]) -> dict[Question, Understood]:
    quiet_rasa()
    agent = Agent.load(str(model))

    async def all_of_them() -> dict[Question, Understood]:
        return {question: _understood(await agent.parse_message(question.text), entries) for question in questions}

    return asyncio.run(all_of_them())


def _understood(parsed: Mapping[str, Any], entries: Mapping[str, Entry]) -> Understood:
    """As the turn goes on from there: an intent is acted on, the entries are weighed once more."""
    intent = parsed["intent"]["name"]
    ranking = parsed.get("response_selector", {}).get("ask", {}).get("ranking", [])
    if intent != "ask" or not ranking:
        return Understood(intent, frozenset([intent]), True)
    ids = [r["intent_response_key"].removeprefix("ask/") for r in ranking]
    near = [Candidate(entries[i], r["confidence"]) for i, r in zip(ids, ranking) if i in entries]
    covered = entries[ids[0]].covers if ids[0] in entries else ()
    return Understood(f"ask/{ids[0]}", frozenset(f"ask/{i}" for i in (ids[0], *covered)), judge(near).kind == "answer")
