"""From a ranking to what is told."""

from __future__ import annotations

import pytest

from bot.knowledge.answering import Candidate, answer_text, judge, tells_rows_alone, whole_table
from bot.knowledge.entries import Entry, Lead, Row, load_entries

ENTRY = Entry(
    id="X", title="多少桌要报备？", source="篇五 甲，乙，第9问", answer="5桌以上要报备。\n家庭聚餐不超过10人。", ask=("几桌",),
    leads=(Lead(("几个人", "人数"), "家庭聚餐不超过10人。"), Lead(("桌",), "5桌以上。")),
)  # fmt: skip
TABLE = Entry(
    id="Y", title="各组查哪里？", source="篇七 丙", answer="整张表", ask=("哪组",),
    rows=(Row(("第一组", "一组", "闵行"), "第一组查闵行"), Row(("第十一组", "十一组"), "第十一组查直管"), Row(("静安",), "第六组查静安")),
)  # fmt: skip


def _ranked(*confidences: float) -> list[Candidate]:
    return [Candidate(ENTRY, confidence) for confidence in confidences]


@pytest.mark.parametrize(
    ("confidences", "kind", "shown"),
    [
        ((0.9, 0.05), "answer", 1),
        ((0.42, 0.38), "which", 2),
        ((0.1, 0.09, 0.05, 0.04), "none", 3),
        ((), "none", 0),
        ((0.01,), "none", 0),
    ],
)
def test_verdicts(confidences: tuple[float, ...], kind: str, shown: int) -> None:
    verdict = judge(_ranked(*confidences))
    assert (verdict.kind, len(verdict.candidates)) == (kind, shown)


def test_the_fact_asked_for_comes_first_and_the_rest_follows() -> None:
    told = answer_text(ENTRY, "最多几个人聚餐").splitlines()
    assert told[0] == "家庭聚餐不超过10人。"
    assert "5桌以上要报备。" in told
    assert told[-1] == "依据：篇五 甲，乙，第9问"


def test_a_question_without_a_known_word_gets_the_answer_alone() -> None:
    assert answer_text(ENTRY, "办酒席").splitlines()[0] == "5桌以上要报备。"


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("静安是哪个组查", ["第六组查静安"]),
        ("十一组查哪里", ["第十一组查直管"]),  # 一组 inside 十一组 is not the first group
        ("一组和十一组", ["第一组查闵行", "第十一组查直管"]),
        ("各组都查哪", ["整张表"]),
        (whole_table(TABLE) + " 静安", ["整张表"]),
    ],
)
def test_rows_of_a_table_answer_alone(question: str, rows: list[str]) -> None:
    assert answer_text(TABLE, question).splitlines() == [*rows, "依据：篇七 丙"]
    assert tells_rows_alone(TABLE, question) == (rows != ["整张表"])


@pytest.mark.parametrize(
    ("entry", "question", "said"),
    [
        ("I4", "静安区归第几组检查", "第六组"),
        ("C11", "加油站以南是哪个片区", "第四片区"),
        ("D10", "二手房归谁管", "交易所"),
    ],
)
def test_rows_of_the_shipped_tables(entry: str, question: str, said: str) -> None:
    told = answer_text(load_entries()[entry], question)
    assert said in told
    assert len(told) < 120
