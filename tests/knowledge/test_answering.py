"""From a ranking to what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.knowledge.answering import (
    Candidate,
    Clause,
    Fact,
    answer_text,
    asked_at_once,
    judge,
    outdated,
    tells_rows_alone,
    whole_table,
)
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


def test_a_fact_of_the_askers_own_case_comes_first_with_its_source() -> None:
    told = answer_text(ENTRY, "几个人", Fact("从西安回来要报告。", "篇四 丁")).splitlines()
    assert told[:3] == ["从西安回来要报告。", "家庭聚餐不超过10人。", ""]
    assert told[-1] == "依据：篇五 甲，乙，第9问；篇四 丁"


def test_a_source_is_named_once() -> None:
    told = answer_text(ENTRY, "问", Fact("先报备。", "篇五 甲，乙，第9问")).splitlines()
    assert told[-1] == "依据：篇五 甲，乙，第9问"


def test_sources_of_other_plans_stand_beside_the_entrys_own() -> None:
    told = answer_text(replace(ENTRY, also=("篇四 丁", "篇二 戊")), "问").splitlines()
    assert told[-1] == "依据：篇五 甲，乙，第9问；篇四 丁；篇二 戊"


@pytest.mark.parametrize(
    ("effective", "expires", "said"),
    [
        (None, None, None),
        (date(2022, 1, 20), date(2022, 1, 20), None),
        (None, date(2022, 1, 19), "已于2022年1月19日到期，不再适用"),
        (date(2022, 1, 21), None, "自2022年1月21日起施行，现在还没有生效"),
    ],
)
def test_an_entry_answers_from_its_first_to_its_last_day(
    effective: date | None, expires: date | None, said: str | None
) -> None:
    told = outdated(replace(ENTRY, effective=effective, expires=expires), date(2022, 1, 20))
    assert (told is None) if said is None else (said in str(told) and ENTRY.title in str(told))


def _clause(text: str, *ranked: tuple[Entry, float]) -> Clause:
    return Clause(text, [Candidate(entry, confidence) for entry, confidence in ranked])


def test_two_sure_clauses_of_different_entries_are_two_questions() -> None:
    first, second = _clause("甲", (ENTRY, 0.8), (TABLE, 0.01)), _clause("乙", (TABLE, 0.7))
    assert asked_at_once([first, second]) == ((ENTRY, "甲"), (TABLE, "乙"))


@pytest.mark.parametrize(
    "clauses",
    [
        [],
        [_clause("甲", (ENTRY, 0.9))],
        [_clause("甲", (ENTRY, 0.9)), _clause("乙", (ENTRY, 0.9))],
        [_clause("甲", (ENTRY, 0.9)), _clause("乙", (TABLE, 0.3))],
        [_clause("甲", (ENTRY, 0.9), (TABLE, 0.06)), _clause("乙", (TABLE, 0.9))],
        [_clause("甲", (ENTRY, 0.9)), _clause("乙", (TABLE, 0.9), (ENTRY, 0.06))],
        [_clause("甲", (ENTRY, 0.9)), _clause("乙")],
    ],
)
def test_one_question_stays_one(clauses: list[Clause]) -> None:
    """The second clause goes on with the first, or is of no sure entry."""
    assert asked_at_once(clauses) == ()
