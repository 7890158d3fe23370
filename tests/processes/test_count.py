import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import ASK, NOTHING, WRONG, read, spec, spot, titles

PEOPLE = spec("同行人数", max=50, units=("人", "名"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("３", 3),
        ("三", 3),
        ("三个人", 3),
        ("3个", 3),
        ("两桌", 2),
        ("俩", 2),
        ("十个", 10),
        ("十二人", 12),
        ("二十", 20),
        ("四十五", 45),
        ("一共5个人", 5),
        ("一起3人", 3),
        ("我们三个", 3),
        ("0", 0),
        ("没有", 0),
        ("没有人", 0),
        ("无", 0),
        ("10来个", ASK),
        ("十几个", ASK),
        ("几个", ASK),
        ("五六个", ASK),
        ("大概5个", ASK),
        ("5个左右", ASK),
        ("不到10个", ASK),
        ("3个大人2个小孩", ASK),
        ("2桌20人", 20),
        ("一家三口", 3),
        ("3-5人", ASK),
        ("3到5个", ASK),
        ("百八十个", ASK),
        ("51", WRONG),
        ("999999999999999999999999", WRONG),
        ("3.5", WRONG),
        ("-1", WRONG),
        ("半个", WRONG),
        ("", NOTHING),
        ("绿码", NOTHING),
        ("你好", NOTHING),
    ],
)
def test_read(text, expected):
    assert read("count", text, PEOPLE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3个人", 3),
        ("三人", 3),
        ("同行人数3", 3),
        ("3", NOTHING),
        ("3桌", NOTHING),
        ("36.5", NOTHING),
        ("13812345678", NOTHING),
        ("几个人", NOTHING),
        ("多少人", NOTHING),
    ],
)
def test_spot(text, expected):
    result = spot("count", text, PEOPLE)
    assert result == expected


def test_offers_the_sum():
    assert titles("count", "3个大人2个小孩", PEOPLE) == ["5", "3", "2"]


def test_exported_as_a_number():
    assert FIELD_TYPES["count"].export(3, PEOPLE) == 3
