import pytest

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Wrong
from tests.processes.reading import ASK, CONTEXT, NOTHING, WRONG, read, spec, spot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("1 3 8 1 2 3 4 5 6 7 8", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("+8613812345678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("008613812345678", "13812345678"),
        ("86-13812345678", "13812345678"),
        ("手机号13812345678", "13812345678"),
        ("我的电话是：13812345678。", "13812345678"),
        ("一三八一二三四五六七八", "13812345678"),
        ("幺三八幺二三四五六七八", "13812345678"),
        ("19912345678", "19912345678"),
        ("029-88888888", "029-88888888"),
        ("02988888888", "029-88888888"),
        ("(029)88888888", "029-88888888"),
        ("0911-2345678", "0911-2345678"),
        ("010-88888888转801", "010-88888888-801"),
        ("13812345678 13812345678", "13812345678"),
        ("13812345678 13912345678", ASK),
        ("13812345678 3605室", ASK),
        ("1381234567", WRONG),
        ("138123456789", WRONG),
        ("12812345678", WRONG),
        ("88888888", WRONG),
        ("0298888", WRONG),
        ("36.5", WRONG),
        ("没有手机", WRONG),
        ("不方便说", WRONG),
        ("", NOTHING),
        ("你好", NOTHING),
    ],
)
def test_read(text, expected):
    assert read("phone", text) == expected


def test_says_how_many_digits_there_were():
    reading = FIELD_TYPES["phone"].read("1381234567", spec(), CONTEXT)
    assert isinstance(reading, Wrong)
    assert "手机号是 11 位，您输入了 10 位" in reading.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13812345678", "13812345678"),
        ("电话029-88888888", "029-88888888"),
        ("王小明13812345678", "13812345678"),
        ("029-88888888", NOTHING),
        ("1381234567", NOTHING),
        ("110101199003071234", NOTHING),
        ("36.5", NOTHING),
        ("2022-03-05", NOTHING),
        ("没有手机", NOTHING),
    ],
)
def test_spot(text, expected):
    assert spot("phone", text) == expected


def test_mask():
    assert FIELD_TYPES["phone"].mask("13812345678", spec()) == "138****5678"
    assert FIELD_TYPES["phone"].mask("029-88888888", spec()) == "029-****8888"
