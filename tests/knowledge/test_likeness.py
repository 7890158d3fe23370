"""Which questions ask the same: for groups of what waits, and for staff's new ways of asking."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.content import content_dir
from bot.knowledge.entries import Entry, load_entries
from bot.knowledge.fresh import FreshWays, Known
from bot.knowledge.library import Library
from bot.knowledge.likeness import SAME
from bot.knowledge.masking import masked

FILES = load_entries()
KNOWN = Known(FILES)


def _same(one: str, other: str) -> bool:
    vector = KNOWN.likeness.vector(other)
    return KNOWN.likeness.nearest(one, [(other, vector)]) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("黄码能坐地铁吗", "黄码可以坐地铁不"),
        ("快递要消毒吗", "请问一下快递要不要消毒啊"),
        ("狗能进小区吗", "狗可以进小区不"),
        ("理发店开门吗", "理发店开不开门"),
        ("养老院能探视吗", "养老院可以去探视吗"),
        ("打疫苗要带什么", "打疫苗需要带什么材料"),
        ("我能去游泳馆游泳吗", "可以去游泳馆游泳吗？"),
    ],
)
def test_the_same_in_other_words(one: str, other: str) -> None:
    assert _same(one, other)
    assert _same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("黄码能坐地铁吗", "绿码能坐地铁吗"),
        ("从高风险地区回来要隔离几天", "从低风险地区回来要隔离几天"),
        ("从高风险地区回来要隔离几天", "从中风险地区回来要隔离几天"),
        ("疫苗第三针什么时候打", "疫苗第二针什么时候打"),
        ("有症状能上学吗", "没有症状能上学吗"),
        ("理发店开门吗", "理发店关门了吗"),
        ("快递要消毒吗", "外卖要消毒吗"),
        ("核酸检测多少钱", "核酸检测去哪做"),
        ("狗能进小区吗", "猫能进小区吗"),
    ],
)
def test_a_neighbour_is_another_question(one: str, other: str) -> None:
    assert not _same(one, other)
    assert not _same(other, one)


def test_ways_of_asking_of_two_entries_are_as_good_as_never_the_same() -> None:
    """Over the content: a way that was staff's would not draw away the ways of other entries."""
    by_entry = {entry.id: list(entry.ask[::15]) for entry in FILES.values()}
    vectors = [(way, KNOWN.likeness.vector(way), entry_id) for entry_id, ways in by_entry.items() for way in ways]
    others = [(way, vector) for way, vector, _ in vectors]
    stolen = []
    for place, (way, _, entry_id) in enumerate(vectors):
        rest = [pair if n != place else ("", {}) for n, pair in enumerate(others)]
        found = KNOWN.likeness.nearest(way, rest, SAME)
        if found is not None and vectors[found][2] != entry_id:
            stolen.append((way, others[found][0]))
    assert len(stolen) <= len(vectors) // 200, stolen


def _fresh(*ways: str, entry_id: str = "T7") -> FreshWays:
    changed = Entry(**{**FILES[entry_id].__dict__, "ask": (*FILES[entry_id].ask, *ways)})
    return FreshWays(FILES, {**FILES, entry_id: changed}, KNOWN)


def test_a_fresh_way_answers_word_for_word_and_nearly() -> None:
    fresh = _fresh("黄码能打网约车吗")
    for question in ("黄码能打网约车吗", "黄码，可以打网约车吗？", "请问黄码能不能打网约车啊"):
        assert fresh.match(question) == "T7"
    for question in ("绿码能打网约车吗", "黄码能进医院吗", "黄码能走吗", ""):
        assert fresh.match(question) is None


def test_no_validation_question_is_drawn_to_another_entrys_fresh_way() -> None:
    """As if staff had added every question of the validation split that asks one entry: none draws another's question."""
    asked = [
        (line.removeprefix("- ").strip(), block["intent"].partition("/")[2])
        for path in Path(content_dir() / "validation").glob("*.yml")
        for block in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu", ())
        if block["intent"].startswith("ask/")
        for line in block["examples"].splitlines()
        if line.strip()
    ]
    asked = [(text, entry_id) for text, entry_id in dict(asked).items() if entry_id in FILES]
    added: dict[str, list[str]] = {}
    for text, entry_id in asked[::2]:
        added.setdefault(entry_id, []).append(text)
    in_force = {
        entry_id: Entry(**{**FILES[entry_id].__dict__, "ask": (*FILES[entry_id].ask, *ways)})
        for entry_id, ways in added.items()
    }
    fresh = FreshWays(FILES, {**FILES, **in_force}, KNOWN)
    wrong = [(text, found) for text, entry_id in asked[1::2] if (found := fresh.match(text)) not in (None, entry_id)]
    assert wrong == []


def test_a_way_of_a_version_that_waits_is_not_fresh_yet() -> None:
    library = Library(FILES)
    waiting = Entry(**{**FILES["T7"].__dict__, "ask": ("码色不对劲",), "effective": date(2022, 2, 1)})
    library.take({"T7": [waiting]}, 1)
    library.on(date(2022, 1, 20))
    assert library.fresh_match("码色不对劲") is None
    library.on(date(2022, 2, 1))
    assert library.fresh_match("码色不对劲") is not None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("我身份证61010219900101123x，电话+86 138 0013 8000", "我身份证〔证件号〕，电话〔号码〕"),
        ("打029-88123456没人接", "打〔号码〕没人接"),
        ("幺三八零零幺三八零零零能绑定吗", "〔号码〕能绑定吗"),
        ("１３８００１３８０００", "〔号码〕"),
        ("2022-01-15从3号楼出去，37.3度", "2022-01-15从3号楼出去，37.3度"),
        ("拨打120或者12356", "拨打120或者12356"),
    ],
)
def test_numbers_of_people_are_masked(text: str, kept: str) -> None:
    assert masked(text) == kept
