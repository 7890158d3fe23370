"""The figures of a pipeline, from what it said about each line of the validation and the test split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from bench.accuracy.examples import OUT_OF_SCOPE

MOST_REFUSED = 0.05  # the share of answerable questions that a threshold may refuse on the split that it is chosen on
_BINS = 10

Row = dict[str, Any]


@dataclass(frozen=True)
class Bin:
    """The answers given with a confidence from `low` to `high`: how many, their mean confidence, the share that is right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Served:
    """What people get with the pipeline as it is configured: shares of the answerable test questions, and the recall.

    Right is also an entry that holds all that the meant one says.
    """

    right: float  # answered outright, and rightly
    wrong: float  # answered outright, and wrongly
    asked_right: float  # asked back, the right one among those shown
    asked_wrong: float
    refused_near: float  # refused, the right one among the near questions shown
    refused: float  # refused, the right one not among them
    recall: float  # of the questions out of scope, those that are refused


@dataclass(frozen=True)
class Figures:
    """All figures are of the test split; the threshold alone comes from the validation split."""

    inside: int
    outside: int
    top1: float
    margin: float  # half the width of the 95 % interval of top1
    top1_held: float  # right, or an entry that holds all that the right one says
    top1_entries: float
    top1_starts: float
    top1_talk: float
    top3: float
    right_after_refusal: float
    macro_f1: float
    surety: str
    threshold: float
    validation_recall: float
    recall: float
    false_refusals: float
    recall_at_own_threshold: float
    ece: float
    bins: list[Bin]
    served: Served | None


def is_right(row: Row) -> bool:
    """Whether the first of the ranking is what was meant."""
    return bool(row["ranking"][0] == row["label"])


def figures(validation: Sequence[Row], test: Sequence[Row]) -> Figures:
    """Chooses measure and threshold of refusal on the validation split, and judges on the test split."""
    chosen = max(validation[0]["surety"], key=lambda name: _recall(validation, name, _threshold(validation, name)))
    threshold = _threshold(validation, chosen)
    inside, outside = _parts(test)
    top1 = _share(inside, is_right)
    bins = _reliability(inside)
    return Figures(
        inside=len(inside),
        outside=len(outside),
        top1=top1,
        margin=1.96 * sqrt(top1 * (1 - top1) / len(inside)),
        top1_held=_share(inside, lambda row: row["ranking"][0] in accepted(row)),
        top1_entries=_share([row for row in inside if row["label"].startswith("ask/")], is_right),
        top1_starts=_share([row for row in inside if row["label"].startswith("start_")], is_right),
        top1_talk=_share([row for row in inside if not row["label"].startswith(("ask/", "start_"))], is_right),
        top3=_share(inside, lambda row: row["label"] in row["ranking"]),
        right_after_refusal=_share(inside, lambda row: is_right(row) and row["surety"][chosen] >= threshold),
        macro_f1=_macro_f1(
            [(row["label"], row["ranking"][0] if row["surety"][chosen] >= threshold else OUT_OF_SCOPE) for row in test]
        ),
        surety=chosen,
        threshold=threshold,
        validation_recall=_recall(validation, chosen, threshold),
        recall=_recall(test, chosen, threshold),
        false_refusals=_share(inside, lambda row: row["surety"][chosen] < threshold),
        recall_at_own_threshold=_recall(test, chosen, _threshold(test, chosen)),
        ece=sum(b.count * abs(b.confidence - b.right) for b in bins) / len(inside),
        bins=bins,
        served=_served(inside, outside) if test[0]["told"] else None,
    )


def _parts(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    inside = [row for row in rows if row["label"] != OUT_OF_SCOPE]
    return inside, [row for row in rows if row["label"] == OUT_OF_SCOPE]


def accepted(row: Row) -> set[str]:
    """What was meant, and the entries that hold all of it."""
    return {row["label"], *row["held_by"]}


def _share(rows: Sequence[Row], holds: Any) -> float:
    return sum(1 for row in rows if holds(row)) / len(rows) if rows else 0.0


def _threshold(rows: Sequence[Row], surety: str) -> float:
    """The greatest threshold below which no more than MOST_REFUSED of the answerable questions lie."""
    sureties = sorted(row["surety"][surety] for row in _parts(rows)[0])
    return float(sureties[int(MOST_REFUSED * len(sureties))])


def _recall(rows: Sequence[Row], surety: str, threshold: float) -> float:
    return _share(_parts(rows)[1], lambda row: row["surety"][surety] < threshold)


def _macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """The mean F1 over the labels that the split holds."""
    hits = Counter(label for label, told in pairs if label == told)
    labels, tolds = Counter(label for label, _ in pairs), Counter(told for _, told in pairs)
    return sum(2 * hits[label] / (labels[label] + tolds[label]) for label in labels) / len(labels)


def _reliability(inside: Sequence[Row]) -> list[Bin]:
    bins = []
    for number in range(_BINS):
        rows = [row for row in inside if min(_BINS - 1, int(row["confidence"] * _BINS)) == number]
        if rows:
            mean = sum(row["confidence"] for row in rows) / len(rows)
            bins.append(Bin(number / _BINS, (number + 1) / _BINS, len(rows), mean, _share(rows, is_right)))
    return bins


def _served(inside: Sequence[Row], outside: Sequence[Row]) -> Served:
    outcomes = Counter((row["told"], bool(accepted(row) & set(row["shown"]))) for row in inside)
    share = {outcome: count / len(inside) for outcome, count in outcomes.items()}
    return Served(
        right=share.get(("answer", True), 0.0),
        wrong=share.get(("answer", False), 0.0),
        asked_right=share.get(("which", True), 0.0),
        asked_wrong=share.get(("which", False), 0.0),
        refused_near=share.get(("none", True), 0.0),
        refused=share.get(("none", False), 0.0),
        recall=_share(outside, lambda row: row["told"] == "none"),
    )
