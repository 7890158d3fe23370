"""The figures of `make eval`, on rows whose figures are known, and the page that is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from bench.accuracy.__main__ import PAGE
from bench.accuracy.figures import figures
from bench.accuracy.pipelines import NAMES
from bench.accuracy.report import render
from bench.accuracy.results import RESULTS, Result, read


def _row(
    split: str, label: str, ranking: str, surety: float, told: str, shown: str, confidence: float = 0.95
) -> dict[str, Any]:
    return {
        "split": split, "text": f"{label} {surety}", "label": label, "file": "x", "ranking": ranking.split(),
        "held_by": ["ask/AA"] if label == "ask/A" else [], "confidence": confidence, "surety": {"a": surety, "useless": 0.0}, "told": told, "shown": shown.split(),
    }  # fmt: skip


def _rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    validation = [_row("validation", "ask/A", "ask/A", n, "answer", "ask/A") for n in range(1, 21)]
    validation += [_row("validation", "out_of_scope", "ask/A", n, "none", "") for n in (0.0, 1.0, 1.5, 9.0)]
    test = [
        _row("test", "ask/A", "ask/A ask/B", 8.0, "answer", "ask/A"),
        _row("test", "ask/A", "ask/A ask/B", 1.0, "none", "ask/A"),
        _row("test", "ask/B", "ask/A ask/B", 8.0, "which", "ask/A ask/B", 0.45),
        _row("test", "start_x", "ask/A ask/B", 8.0, "answer", "ask/A", 0.55),
        _row("test", "out_of_scope", "ask/A ask/B", 1.0, "none", ""),
        _row("test", "out_of_scope", "ask/A ask/B", 3.0, "answer", "ask/A"),
    ]
    return validation, test


def test_the_threshold_comes_from_the_validation_split_and_refuses_at_most_a_twentieth_there() -> None:
    judged = figures(*_rows())
    assert (judged.surety, judged.threshold) == ("a", 2.0)  # one of the twenty lies below
    assert judged.validation_recall == 0.75
    assert judged.recall == 0.5
    assert judged.false_refusals == 0.25


def test_accuracy_and_f1() -> None:
    judged = figures(*_rows())
    assert (judged.top1, judged.top1_entries, judged.top1_starts) == (0.5, pytest.approx(2 / 3), 0.0)
    assert judged.top3 == 0.75
    assert judged.right_after_refusal == 0.25
    # A: told 4 times, meant 2, hit 1; out of scope: told 2, meant 2, hit 1; B and start_x never told
    assert judged.macro_f1 == pytest.approx((2 / 6 + 2 / 4 + 0 + 0) / 4)


def test_an_entry_that_holds_the_whole_answer_is_counted_apart() -> None:
    validation, test = _rows()
    held = _row("test", "ask/A", "ask/AA ask/A", 8.0, "answer", "ask/AA")
    judged = figures(validation, [*test, held])
    assert (judged.top1, judged.top1_held) == (pytest.approx(2 / 5), pytest.approx(3 / 5))
    assert judged.served is not None
    assert judged.served.right == pytest.approx(2 / 5)


def test_calibration_is_the_gap_between_confidence_and_the_share_that_is_right() -> None:
    judged = figures(*_rows())
    assert [(b.low, b.count, b.right) for b in judged.bins] == [(0.4, 1, 0.0), (0.5, 1, 0.0), (0.9, 2, 1.0)]
    assert judged.ece == pytest.approx((0.45 + 0.55 + 2 * 0.05) / 4)


def test_what_people_get() -> None:
    served = figures(*_rows()).served
    assert served is not None
    assert (served.right, served.wrong, served.asked_right, served.refused_near) == (0.25, 0.25, 0.25, 0.25)
    assert (served.asked_wrong, served.refused, served.recall) == (0.0, 0.0, 0.5)


def test_the_page_lists_every_miss_of_ours() -> None:
    validation, test = _rows()
    about = {
        "pipeline": "ours", "title": "ours", "settings": "s", "key": "k", "date": "2022-01-01", "machine": "m", "libraries": {},
        "data": {"test": {"lines": 6, "left_out": 0, "digest": "d"}}, "calibrated": True, "ms_median": 1, "ms_p99": 2,
        "memory_added": 3, "memory_whole": 4, "training_seconds": 5.0,
    }  # fmt: skip
    page = render([Result(about, [*validation, *test])])
    assert "## Ours: confusions (2)" in page
    assert "| start_x | ask/A | 0.55 | wrong |" in page
    assert "## Ours: out of scope and not refused (1)" in page
    assert "## Ours: refused wrongly (1)" in page


def test_the_page_is_what_the_kept_results_say() -> None:
    """No figure in it was typed."""
    kept = [path for name in NAMES for path in RESULTS.glob(f"{name}-*.jsonl")]
    assert kept
    assert PAGE.read_text(encoding="utf-8") == render([read(path) for path in kept])
