import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import NOTHING, WRONG, read, spec, spot

REASON = spec("原因", max_length=10)
HOME = spec("住址")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("探望父母", "探望父母"),
        (" 探望，父母！ ", "探望，父母！"),
        ("探\u200b望\x00父\n母", "探望父 母"),
        ("没有", "没有"),
        ("一二三四五六七八九十", "一二三四五六七八九十"),
        ("一二三四五六七八九十一", WRONG),
        ("", NOTHING),
        ("\u200b\n", NOTHING),
    ],
)
def test_text(text, expected):
    assert read("text", text, REASON) == expected


def test_text_is_spotted_only_after_its_label():
    assert spot("text", "原因：探望父母", REASON) == "探望父母"
    assert spot("text", "探望父母", REASON) == NOTHING
    assert spot("text", "原因", spec("")) == NOTHING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("长安街道幸福小区3号楼502室", "长安街道幸福小区3号楼502室"),
        ("我住在幸福小区3号楼", "幸福小区3号楼"),
        ("地址：王家村二组", "王家村二组"),
        ("3-502", WRONG),
        ("502", WRONG),
        ("没有", WRONG),
        ("不知道", WRONG),
        ("老家", WRONG),
        ("村", WRONG),
        ("幸" * 80, "幸" * 80),
        ("幸" * 81, WRONG),
        ("", NOTHING),
    ],
)
def test_address(text, expected):
    assert read("address", text, HOME) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("住址：幸福小区3号楼", "幸福小区3号楼"),
        ("我住在幸福小区3号楼", "幸福小区3号楼"),
        ("幸福小区3号楼", NOTHING),
        ("地址怎么填", NOTHING),
        ("36.5", NOTHING),
    ],
)
def test_address_spotted(text, expected):
    assert spot("address", text, HOME) == expected


@pytest.mark.parametrize(
    ("value", "masked"),
    [("陕西省西安市雁塔区小寨路1号", "陕西省西安市***"), ("幸福小区3号楼502室", "***"), ("朝阳区幸福里3号", "***")],
)
def test_address_masked_to_the_city(value, masked):
    assert FIELD_TYPES["address"].mask(value, HOME) == masked
    assert FIELD_TYPES["address"].show(value, HOME) == value
