"""The shipped entries: complete, short enough for a WeChat text, varied; and the loader's errors."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.errors import ContentError
from bot.knowledge.answering import Fact, answer_text
from bot.knowledge.entries import Entry, load_entries
from bot.processes.circumstances import load_circumstances
from bot.processes.definition import load_processes

FACTS: dict[str, list[str]] = yaml.safe_load((Path(__file__).with_name("facts.yml")).read_text(encoding="utf-8"))
ENTRIES = load_entries()
FIRST = [f"T{n}" for n in range(1, 11)] + [f"C{n}" for n in range(1, 10)]
WECHAT_BYTES = 2048


def _told(entry: Entry) -> str:
    return entry.answer + "".join(row.text for row in entry.rows)


@pytest.mark.parametrize("point", FACTS)
def test_an_answer_carries_every_number_and_condition_of_its_point(point: str) -> None:
    told = _told(ENTRIES[point])
    assert [fact for fact in FACTS[point] if not any(word in told for word in fact.split("|"))] == []


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.id)
def test_an_entry_is_well_formed(entry: Entry) -> None:
    assert len(set(entry.ask)) >= 40
    questions = [entry.title, *(lead.words[0] for lead in entry.leads), *(row.names[0] for row in entry.rows)]
    assert max(len(answer_text(entry, question).encode()) for question in questions) <= WECHAT_BYTES
    assert entry.source.startswith("篇")
    assert "依据：" not in _told(entry)
    assert len(entry.title) <= 20  # it stands on a button


def test_an_answer_with_the_rule_of_a_place_before_it_still_fits() -> None:
    """The longest that is told: a rule of each circumstances file, with long names, before each entry it stands before."""
    region = "新疆维吾尔自治区巴音郭楞蒙古自治州焉耆回族自治县"
    long = {"from_place": region, "inside": f"：{'、'.join([f'{region}高风险'] * 3)}", "risk": "高风险"}
    shown = {**long, "region_risk": "高风险地区", "temperature": "37.5 ℃", "fever": "37.3"}
    for circumstances in load_circumstances(load_processes()):
        for rule in circumstances.rules:
            for entry in (ENTRIES[e] for e in {rule.entry, *circumstances.before}):
                lead = max((lead.text for lead in entry.leads), key=len, default="")
                fact = Fact(rule.text.format_map(shown), rule.source)
                told = answer_text(entry, entry.title, fact) + lead
                assert len(told.encode()) <= WECHAT_BYTES, (entry.id, rule.when)


@pytest.mark.parametrize(
    ("entry", "plans"),
    [("C3", ["篇四", "篇五"]), ("T9", ["篇五", "篇四"]), ("S12", ["篇一", "篇二"]), ("E3", ["篇二", "篇一"]), ("S16", ["篇一", "篇四", "篇五"])],
)  # fmt: skip
def test_where_the_plans_differ_the_answer_says_which_holds_for_whom(entry: str, plans: list[str]) -> None:
    found = ENTRIES[entry]
    assert [plan for plan in plans if plan not in found.source_line] == []
    assert [plan for plan in plans[1:] if plan not in found.answer] == []


@pytest.mark.parametrize("point", FIRST)
def test_the_first_points_are_asked_in_many_ways(point: str) -> None:
    assert len(ENTRIES[point].ask) >= 55


def _write(folder: Path, name: str, **changes: object) -> None:
    raw: dict[str, object] = {
        "id": name, "title": f"{name}？", "source": {"plan": "篇一 甲", "section": "乙", "item": "第1条"},
        "answer": "答", "ask": [f"{name}怎么办"],
    }  # fmt: skip
    raw.update(changes)
    raw = {key: value for key, value in raw.items() if value is not None}
    (folder / f"{name}.yml").write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answer": None}, "missing keys"),
        ({"colour": "red"}, "unknown keys"),
        ({"related": ["Z9"]}, "Z9"),
        ({"effective": "soon"}, "A.yml"),
        ({"leads": [{"words": ["x"]}]}, "A.yml"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_file(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    _write(tmp_path, "A", **changes)
    with pytest.raises(ContentError, match=said):
        load_entries(tmp_path)


def test_one_way_of_asking_belongs_to_one_entry(tmp_path: Path) -> None:
    _write(tmp_path, "A", ask=["同一句"])
    _write(tmp_path, "B", ask=["同一句"])
    with pytest.raises(ContentError, match="同一句"):
        load_entries(tmp_path)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "A.yml").write_text("id: [", encoding="utf-8")
    with pytest.raises(ContentError, match=r"A\.yml"):
        load_entries(tmp_path)
