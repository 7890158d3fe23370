import pytest

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Choice
from tests.processes.reading import ASK, CODES, NOTHING, read, spec, spot, titles

CODE = spec("健康码", CODES)
DOSES = spec(
    "疫苗接种",
    (
        Choice("0", "未接种", ("没打", "一针没打", "没接种")),
        Choice("1", "一针", ("第一针", "打了一针"), unless=("加强",)),
        Choice("3", "加强针", ("三针", "加强一针")),
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("绿码", "green"),
        ("绿", "green"),
        ("GREEN", "green"),
        ("我是绿码", "green"),
        ("绿码。", "green"),
        ("健康码是绿色的", "green"),
        ("黄码", "yellow"),
        ("红的", "red"),
        ("不是绿码是黄码", "yellow"),
        ("不是绿码,是黄码", "yellow"),
        ("不是绿码而是红码", "red"),
        ("黄码,不是绿码", "yellow"),
        ("不是绿码", ASK),
        ("没有绿码", ASK),
        ("不是绿码也不是黄码", ASK),
        ("绿码还是黄码", ASK),
        ("以前是黄码现在绿码", ASK),
        ("可能是黄码", ASK),
        ("是不是绿码", ASK),
        ("绿码吗", ASK),
        ("不知道", ASK),
        ("", NOTHING),
        ("36.5", NOTHING),
        ("紫色", NOTHING),
        ("没有", NOTHING),
    ],
)
def test_read(text, expected):
    assert read("choice", text, CODE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("没打", "0"),
        ("未接种", "0"),
        ("一针没打", "0"),
        ("打了一针", "1"),
        ("加强一针", "3"),
        ("加强针打了一针", "3"),
    ],
)
def test_longest_word_and_unless(text, expected):
    assert read("choice", text, DOSES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("绿码", "green"),
        ("健康码绿", "green"),
        ("绿", NOTHING),
        ("不是绿码", NOTHING),
        ("绿码怎么申请", NOTHING),
        ("绿码吗", NOTHING),
        ("绿码黄码", NOTHING),
        ("健康码不是绿码", ASK),
        ("没有", NOTHING),
    ],
)
def test_spot(text, expected):
    assert spot("choice", text, CODE) == expected


def test_asks_only_among_what_was_named():
    assert titles("choice", "绿码还是黄码", CODE) == ["绿码", "黄码"]
    assert titles("choice", "不是绿码", CODE) == ["绿码", "黄码", "红码"]


def test_shown():
    assert FIELD_TYPES["choice"].show("green", CODE) == "绿码"
    assert FIELD_TYPES["choice"].show("gone", CODE) == "gone"
