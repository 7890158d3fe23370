"""The questions are honest: no text in two splits or under two labels, and enough ways of asking everywhere."""

from __future__ import annotations

import pytest

from bench.accuracy.examples import OUT_OF_SCOPE, Example
from bench.accuracy.splits import TEST, without_seen
from bot.assistant.commands import read_command
from scripts.check_questions import (
    FEWEST_WAYS,
    Line,
    all_lines,
    in_two_splits,
    near_duplicates,
    too_few_ways,
    under_two_labels,
    variety,
)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return all_lines()


def _line(split: str, label: str, text: str) -> Line:
    return Line(split, Example(text, label, split))


def test_no_text_stands_in_two_splits(lines: list[Line]) -> None:
    assert [" = ".join(map(str, group)) for group in in_two_splits(lines)] == []


def test_no_text_has_two_labels(lines: list[Line]) -> None:
    assert [" = ".join(map(str, group)) for group in under_two_labels(lines)] == []


def test_every_entry_and_process_has_enough_ways_of_asking(lines: list[Line]) -> None:
    assert too_few_ways(lines) == {}


def test_the_test_split_is_large_enough(lines: list[Line]) -> None:
    """A thousand lines were asked for, of what can be answered and what cannot."""
    labels = [line.example.label for line in lines if line.split == "test"]
    assert len(labels) >= 1000
    assert labels.count("out_of_scope") >= 200


def test_planted_faults_are_found() -> None:
    planted = [
        _line("training", "ask/T7", "黄码能坐地铁吗"),
        _line("test", "ask/T7", "黄码，能坐地铁吗？"),
        _line("training", "ask/T8", "红码怎么办"),
        _line("training", "ask/T9", "红码怎么办！"),
    ]
    assert in_two_splits(planted) == [(planted[0], planted[1])]
    assert under_two_labels(planted) == [(planted[2], planted[3])]
    assert too_few_ways(planted) == {"ask/T7": 1, "ask/T8": 1, "ask/T9": 1}
    assert too_few_ways([_line("training", "ask/T7", f"问法{n}") for n in range(FEWEST_WAYS)]) == {}


def test_what_stands_in_all_splits_on_purpose_is_no_fault() -> None:
    assert in_two_splits([_line("training", "greet", "你好"), _line("test", "greet", "你好")]) == []
    assert in_two_splits([_line(split, "start_daily_report", "打卡") for split in ("training", "test")]) == []


def test_near_duplicates_are_listed_across_labels_and_splits_only() -> None:
    first = _line("training", "ask/T7", "健康码变成黄码了还能不能坐火车回老家过年")
    other_label = _line("training", "ask/T8", "健康码变成黄码了还能不能坐火车回老家过年呢")
    other_split = _line("test", "ask/T7", "健康码变成黄码了还能不能坐火车回老家过年啊")
    same = _line("training", "ask/T7", "健康码变成黄码了还能不能坐火车回老家过年吧")
    unlike = _line("test", "ask/T8", "网格员的电话是多少")
    pairs = {frozenset((a, b)) for _, a, b in near_duplicates([first, other_label, other_split, same, unlike])}
    assert frozenset((first, other_label)) in pairs
    assert frozenset((first, other_split)) in pairs
    assert frozenset((first, same)) not in pairs
    assert not any(unlike in pair for pair in pairs)


def test_ways_made_from_a_template_are_doubtful() -> None:
    things = ["地铁", "火车", "飞机", "公交", "轮船", "出租", "大巴", "轿车", "货车", "校车"]
    doubts = variety([_line("training", "ask/T7", f"黄码的人可不可以坐{thing}出门") for thing in things])[
        "ask/T7"
    ].doubts()
    assert any("begin with 黄码的人" in doubt for doubt in doubts)
    assert any("differ from another in one place alone" in doubt for doubt in doubts)
    assert any("sound spoken" in doubt for doubt in doubts)


def test_the_evaluation_leaves_out_what_was_seen_in_training() -> None:
    def of(*texts: str) -> list[Example]:
        return [Example(text, "ask/T7", "x") for text in texts]

    kept = without_seen(
        {"training": of("甲乙", "甲乙！"), "validation": of("甲 乙", "丙丁"), "test": of("丙丁。", "戊", "戊")}
    )
    assert {name: [example.text for example in examples] for name, examples in kept.items()} == {
        "training": ["甲乙", "甲乙！"],
        "validation": ["丙丁"],
        "test": ["戊"],
    }


def test_no_question_is_taken_for_an_exact_command(lines: list[Line]) -> None:
    swallowed = [
        str(line)
        for line in lines
        if line.split != TEST
        and line.example.label.startswith(("ask/", OUT_OF_SCOPE))
        and read_command(line.example.text)
    ]
    assert swallowed == []
