"""A process file that is wrong is refused at the start, with its name and what is wrong."""

import copy

import pytest
import yaml

from bot.errors import ContentError
from bot.processes.definition import load_processes, read_process
from bot.processes.form_reading import active_fields
from bot.processes.rules import check_expression, holds, names_in
from tests.processes.talking import world

GOOD = {
    "process": "visit",
    "title": "来访登记",
    "start": {"words": ["来访"], "asks": ["我来登记"]},
    "fields": [
        {"name": "who", "label": "姓名", "type": "person_name", "ask": "您叫什么？"},
        {
            "name": "why",
            "label": "事由",
            "type": "choice",
            "ask": "什么事？",
            "choices": [{"value": "kin", "title": "探亲"}, {"value": "work", "title": "公务"}],
        },
        {"name": "days", "label": "天数", "type": "count", "ask": "几天？", "when": "why == 'kin'"},
    ],
    "shortcuts": [{"title": "老样子", "words": ["老样子"], "values": {"why": "kin"}}],
    "alerts": [{"id": "long", "when": "days > 3", "level": "watch", "text": "住{days}天"}],
    "measures": [{"id": "all", "when": "why in ['kin', 'work']", "text": "请登记", "source": "篇四"}],
}


def read(folder, raw):
    path = folder / "visit.yml"
    path.write_text(raw if isinstance(raw, str) else yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return read_process(path)


def changed(path, value):
    raw = copy.deepcopy(GOOD)
    at = raw
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return raw


def test_a_good_file(tmp_path):
    process = read(tmp_path, GOOD)
    assert [field.name for field in process.fields] == ["who", "why", "days"]
    assert process.short == "来访登记"
    assert [field.name for field in active_fields(process, {"why": "work"}, world())] == ["who", "why"]


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (["title"], None, "title is missing"),
        (["fields"], [], "fields is missing"),
        (["start", "words"], None, "start: words is missing"),
        (["start", "words"], "来访", "should be a list"),
        (["feilds"], [], "feilds is not known"),
        (["fields", 0, "ask"], None, "field who: ask is missing"),
        (["fields", 0, "wehn"], "x", "field who: wehn is not known"),
        (["fields", 0, "type"], "colour", "field who: no field type 'colour'"),
        (["fields", 1, "name"], "who", "stands twice"),
        (["fields", 1, "choices"], None, "field why: choices or source is missing"),
        (["fields", 1, "choices", 0, "title"], None, "field why: a choice: title is missing"),
        (["fields", 1, "choices", 1, "value"], "kin", "field why: two choices have the same value"),
        (["fields", 2, "when"], "where == 'kin'", "field days: expression"),
        (["fields", 2, "when"], "why ==", "field days: expression"),
        (["fields", 1, "options"], {"pair": "what"}, "no field is called what"),
        (["alerts", 0, "level"], "red", "alert long: level is urgent or watch"),
        (["alerts", 0, "when"], "dayz > 3", "alert long: expression"),
        (["alerts", 0, "when"], "danger(days)", "no such function"),
        (["alerts", 0, "when"], "lambda: 1", "cannot be used here"),
        (["alerts", 0, "text"], "住{dayz}天", "alert long: no field is called dayz"),
        (["measures", 0, "source"], None, "a measure: source is missing"),
        (["shortcuts", 0, "values"], {"what": 1}, "shortcut 老样子: no field is called what"),
        (["shortcuts", 0, "values"], {"why": "fun"}, "why has no choice 'fun'"),
        (["fields"], "none", "fields is a list"),
        (["fields", 0], "who", "not a mapping"),
    ],
)
def test_a_wrong_file(tmp_path, path, value, why):
    with pytest.raises(ContentError) as error:
        read(tmp_path, changed(path, value))
    assert str(error.value).startswith("visit.yml: ")
    assert why in str(error.value)


@pytest.mark.parametrize("text", ["", "- a\n- b", "a: [", "nur Text"])
def test_no_process_at_all(tmp_path, text):
    with pytest.raises(ContentError, match=r"^visit\.yml: "):
        read(tmp_path, text)


def test_two_files_with_one_id(tmp_path):
    read(tmp_path, GOOD)
    (tmp_path / "other.yml").write_text((tmp_path / "visit.yml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ContentError, match="two files"):
        load_processes(tmp_path)


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        ("days > 3", {"days": None}, False),
        ("days <= 3", {"days": None}, False),
        ("days > 3", {"days": 4}, True),
        ("'a' in many", {"many": None}, False),
        ("'a' not in many", {"many": None}, True),
        ("one in [none, 'a']", {"one": None}, True),
        ("one in [none, 'a']", {"one": "b"}, False),
        ("abroad(place)", {"place": None}, False),
        ("abroad(place)", {"place": {"code": "820000"}}, True),
        ("abroad(place)", {"place": [{"code": "510100"}, {"abroad": True}]}, True),
        ("days_since(day) == 14", {"day": "2022-01-06"}, True),
        ("days_since(day) < 14", {"day": None}, False),
        ("hours_since(moment) <= 48", {"moment": "2022-01-18T10:30"}, True),
        ("hours_since(moment) <= 48", {"moment": "2022-01-18"}, False),
        ("temperature >= fever", {"temperature": 37.3}, True),
    ],
)
def test_expressions(expression, values, expected):
    check_expression(expression, set(values))
    assert holds(expression, values, world()) is expected


def test_the_names_that_an_expression_looks_at():
    assert names_in("a in [none, 'b'] and not risk(place) and x >= fever") == {"a", "place", "x"}
