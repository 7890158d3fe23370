"""Which rule holds for the case that a question names, by the shipped circumstances."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
import yaml

from bot.errors import ContentError
from bot.knowledge.entries import load_entries
from bot.processes.circumstances import Circumstances, UnclearPlace, cases_of, load_circumstances
from bot.processes.definition import load_processes
from bot.processes.rules import World
from bot.services.risks import Region, Risks

PROCESSES = load_processes()
SHIPPED = load_circumstances(PROCESSES)


def _risks(*listed: tuple[str, str]) -> Risks:
    return Risks([Region(1, code, code, level, date(2022, 1, 1), None, "") for code, level in listed])


DEMO = _risks(("6101", "key_city"), ("610113", "high"), ("610112", "medium"))
WORLD = World(datetime(2022, 1, 20, 8), 37.3, DEMO)


def _entry(asked: str, question: str, world: World = WORLD) -> str | None:
    """The entry that is told; with + where a rule's text stands before it."""
    cases = cases_of(SHIPPED, asked, question, world)
    assert isinstance(cases, list)
    return cases[0].entry + "+" * bool(cases[0].rule.text) if cases else None


@pytest.mark.parametrize(
    ("asked", "question", "told"),
    [
        ("C14x", "我从西安回来要隔离吗", "C8+"),
        ("C14x", "从西安雁塔区回来要隔离吗", "C7+"),
        ("C8", "从西安未央区回来怎么办", "C7+"),
        ("C7", "从北京回来要隔离吗", "C14x+"),
        ("C14x", "从美国回来要隔离吗", "C6+"),
        ("C14x", "从国外回来要隔离吗", "C6"),
        ("C14x", "从香港回来要隔离吗", "C6+"),
        ("C6", "我从上海入境的，口岸隔离满了回来还隔吗", "C6"),
        ("C12", "从西安回来要报备吗", "C12+"),
        ("C14x", "孩子从西安回来能开学吗", "S1+"),
        ("C7", "孩子从高风险地区回来能开学吗", "S1+"),
        ("S1", "低风险地区的学生要推迟返校吗", "S1+"),
        ("C7", "员工从中风险地区回来能上班吗", "E1+"),
        ("C7", "没去过中高风险地区要隔离吗", "C14x+"),
        # what people say of risk themselves is left to the entry that the understanding chose
        ("C7", "我从高风险地区回来要隔离吗", None),
        ("C7", "我从西安的高风险地区回来", None),
        ("C8", "从南京回来，南京有中风险，但我没住在中风险那块", None),
        ("C8", "所在城市有中风险但我不在那个区", None),
        ("C14x", "外地回来要隔离吗", None),
        ("C8", "西安路过没下车要隔离吗", None),
        ("T4", "能从北京去西安吗", None),
    ],
)
def test_places(asked: str, question: str, told: str | None) -> None:
    assert _entry(asked, question) == told


@pytest.mark.parametrize(
    ("asked", "question", "told", "fever"),
    [
        ("S14", "我37.5还能去上班吗", "E5+", True),
        ("S14", "37.3能上班吗", "E5+", True),
        ("E5", "37.2能上班吗", "E5+", False),
        ("S6", "孩子37.6能去学校吗", "S14+", True),
        ("C2", "体温三十八度二还能上学吗", "S14+", True),
        ("T6", "正要出门一量38度2", "T6+", True),
        ("S14", "孩子量出来37度5要去医院吗", "S14+", True),
        ("C2", "烧到39度了咋办", "C2+", True),
        ("C1", "37.8能去超市吗", "C1+", True),
        ("C2", "体温不到37.3要去医院吗", None, False),
        ("S6", "提前三四天把孩子带过去行不", None, False),
        ("S14", "学生看病必须戴N95吗，发热了", None, False),
        ("C2", "我60岁发烧去哪看", None, False),
    ],
)
def test_temperatures(asked: str, question: str, told: str | None, fever: bool) -> None:
    assert _entry(asked, question) == told
    cases = cases_of(SHIPPED, asked, question, WORLD)
    assert isinstance(cases, list)
    assert [("不算发热" not in case.rule.text) for case in cases] == [fever] * len(cases)


def test_the_threshold_is_the_offices_own() -> None:
    strict = World(WORLD.now, 37.0, DEMO)
    (case,) = cases_of(SHIPPED, "E5", "37.2能上班吗", strict)  # type: ignore[misc]
    assert case.rule.when == "temperature >= fever"


def test_several_places_are_told_the_gravest_first() -> None:
    cases = cases_of(SHIPPED, "C14x", "亲戚从郑州、西安雁塔区和美国来要隔离吗", WORLD)
    assert isinstance(cases, list)
    assert [case.entry for case in cases] == ["C6", "C7", "C14x"]


def test_a_city_with_a_listed_district_is_a_key_city_without_being_listed() -> None:
    world = World(WORLD.now, 37.3, _risks(("610113", "high"), ("110105", "medium")))
    assert _entry("C14x", "从西安回来要隔离吗", world) == "C8+"
    assert _entry("C14x", "从西安碑林区回来要隔离吗", world) == "C8+"
    assert _entry("C14x", "从北京海淀区回来要隔离吗", world) == "C8+"
    assert _entry("C14x", "从咸阳回来要隔离吗", world) == "C14x+"


def test_only_an_entry_that_gives_way_asks_which_place_is_meant() -> None:
    assert isinstance(cases_of(SHIPPED, "C14x", "从朝阳区回来要隔离吗", WORLD), UnclearPlace)
    assert cases_of(SHIPPED, "C12", "从朝阳区回来要报备吗", WORLD) == []


def test_the_shipped_files_name_entries_that_there_are() -> None:
    entries = load_entries()
    for circumstances in SHIPPED:
        named = circumstances.instead_of | circumstances.before | {rule.entry for rule in circumstances.rules}
        assert named <= set(entries)


def _one(**changes: object) -> dict[str, object]:
    return {
        "process": "daily_report", "fields": ["temperature"], "instead_of": ["C2"],
        "rules": [{"when": "temperature >= fever", "entry": "C2", "text": "{temperature}", "source": "篇四"}],
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"process": "none"}, "no process"),
        ({"fields": ["colour"]}, "no field colour"),
        ({"colour": "red"}, "colour is not known"),
        ({"rules": [{"when": "x > 1", "entry": "C2"}]}, "没有 x 这个字段"),
        ({"rules": [{"when": "fever", "entry": "C2", "text": "{name}", "source": "篇四"}]}, "name"),
        ({"rules": [{"when": "fever", "entry": "C2", "text": "没有来源"}]}, "source is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    (tmp_path / "wrong.yml").write_text(yaml.safe_dump(_one(**changes), allow_unicode=True), encoding="utf-8")
    with pytest.raises(ContentError, match=rf"wrong\.yml.*{said}"):
        load_circumstances(PROCESSES, tmp_path)


def test_a_right_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "right.yml").write_text(yaml.safe_dump(_one(), allow_unicode=True), encoding="utf-8")
    (read,) = load_circumstances(PROCESSES, tmp_path)
    assert isinstance(read, Circumstances)
    assert read.instead_of == {"C2"}
