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
        (["title"], None, "缺少 title"),
        (["fields"], [], "缺少 fields"),
        (["start", "words"], None, "缺少 words"),
        (["start", "words"], "来访", "words 要写成列表"),
        (["feilds"], [], "不认识 feilds，是不是想写 fields？"),
        (["fields", 0, "ask"], None, "（fields 第1项）：缺少 ask"),
        (["fields", 0, "wehn"], "x", "不认识 wehn，是不是想写 when？"),
        (["fields", 0, "type"], "person", "没有 person 这种字段，是不是想写 person_name？"),
        (["fields", 1, "name"], "who", "字段名 who 用了两次"),
        (["fields", 1, "name"], "姓名", "英文小写字母"),
        (["fields", 1, "choices"], None, "选择题要写 choices"),
        (["fields", 1, "choices", 0, "title"], None, "（fields 第2项 choices 第1项）：缺少 title"),
        (["fields", 1, "choices", 1, "value"], "kin", "两个选项的 value 相同"),
        (["fields", 2, "when"], "where == 'kin'", "没有 where 这个字段"),
        (["fields", 2, "when"], "why ==", "写得不对"),
        (["fields", 1, "options"], {"pair": "what"}, "没有 what 这个字段"),
        (["alerts", 0, "level"], "red", "level 只能是 urgent、watch，这里是 'red'"),
        (["alerts", 0, "when"], "dayz > 3", "没有 dayz 这个字段，是不是想写 days？"),
        (["alerts", 0, "when"], "danger(days)", "用了没有的函数"),
        (["alerts", 0, "when"], "lambda: 1", "不能用 Lambda"),
        (["alerts", 0, "text"], "住{dayz}天", "没有 dayz 这个字段，是不是想写 days？"),
        (["measures", 0, "source"], None, "缺少 source"),
        (["shortcuts", 0, "values"], {"what": 1}, "没有 what 这个字段"),
        (["shortcuts", 0, "values"], {"why": "fun"}, "why 没有 'fun' 这个选项"),
        (["fields"], "none", "fields 要写成列表"),
        (["fields", 0], "who", "名称: 内容"),
        (
            ["clusters"],
            [
                {
                    "id": "c",
                    "title": "t",
                    "same": "place",
                    "days": "x",
                    "people": 3,
                    "rules": ["long"],
                    "kinds": ["class"],
                }
            ],
            "days 要写不小于 1 的整数",
        ),
        (["reminders"], [{"check": "noon", "at": "9点", "to": "person"}], "'9点' 不是时间"),
        (["reminders"], [{"check": "noon", "at": "09:00", "to": "person"}], "checks 里没有 noon"),
    ],
)
def test_a_wrong_file(tmp_path, path, value, why):
    with pytest.raises(ContentError) as error:
        read(tmp_path, changed(path, value))
    assert str(error.value).startswith("visit.yml ")
    assert why in str(error.value)


@pytest.mark.parametrize("text", ["", "- a\n- b", "a: [", "nur Text"])
def test_no_process_at_all(tmp_path, text):
    with pytest.raises(ContentError, match=r"^visit\.yml "):
        read(tmp_path, text)


def test_two_files_with_one_id(tmp_path):
    read(tmp_path, GOOD)
    (tmp_path / "other.yml").write_text((tmp_path / "visit.yml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ContentError, match="别的文件已经用了"):
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


BROKEN = """process: visit
title: 来访登记
start:
  words: 来访
  asks: [我来登记]
fields:
  - {name: who, label: 姓名, type: person, ask: 您叫什么？}
  - name: days
    label: 天数
    typ: count
    ask: 几天？
"""


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path):
    with pytest.raises(ContentError) as error:
        read(tmp_path, BROKEN)
    assert str(error.value).split("\n") == [
        "visit.yml 第4行（start words）：words 要写成列表，例如 [来访]",
        "visit.yml 第7行（fields 第1项 type）：没有 person 这种字段，是不是想写 person_name？",
        "visit.yml 第8行（fields 第2项）：缺少 type",
        "visit.yml 第10行（fields 第2项 typ）：不认识 typ，是不是想写 type？",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("process: a\n\ttitle: b", "第2行：缩进要用空格"),
        ("process: a\ntitle: b: c", "第2行：冒号用错了"),
        ("process: a\ntitle: '来访", "引号没有配对"),
        ("process: a\n- b", "缩进没有对齐"),
    ],
)
def test_what_is_no_yaml_is_told_by_line(tmp_path, text, told):
    with pytest.raises(ContentError) as error:
        read(tmp_path, text)
    assert told in str(error.value)
