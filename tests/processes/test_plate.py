import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import ASK, NOTHING, WRONG, read, spec, spot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("湘N12345", "湘N12345"),
        ("湘n·12345", "湘N12345"),
        ("湘N 1234挂", "湘N1234挂"),
        ("湘ND12345", "湘ND12345"),
        ("车牌是粤B8888学。", "粤B8888学"),
        ("我开的 沪A·D1234Z 来的", "沪AD1234Z"),
        ("湘N12345，湘N54321", ASK),
        ("湘N12345 湘N12345", "湘N12345"),
        ("湘N1234", WRONG),
        ("湘N1234I", WRONG),
        ("湘 12345", WRONG),
        ("N12345", WRONG),
        ("没有车", NOTHING),
        ("你好", NOTHING),
    ],
)
def test_reads_a_plate(text, expected):
    assert read("plate", text) == expected


def test_who_walks_has_none_where_that_is_an_answer():
    assert read("plate", "没有", spec(none=True)) == ""
    assert FIELD_TYPES["plate"].show("", spec()) == "没有车"


def test_is_spotted_by_its_form_and_masked():
    assert spot("plate", "我从西安开车来 陕A12345") == "陕A12345"
    assert spot("plate", "我坐G12345来") == NOTHING
    assert FIELD_TYPES["plate"].mask("陕A12345", spec()) == "陕A***45"
