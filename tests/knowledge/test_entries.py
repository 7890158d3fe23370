"""The shipped entries: complete, short enough for a WeChat text, varied; and the loader's errors."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.errors import ContentError
from bot.knowledge.answering import answer_text
from bot.knowledge.entries import Entry, load_entries

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
    assert len(answer_text(entry, entry.title).encode()) <= WECHAT_BYTES
    assert entry.source.startswith("篇")
    assert "依据：" not in _told(entry)
    assert len(entry.title) <= 20  # it stands on a button


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
