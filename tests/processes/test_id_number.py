import pytest

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Wrong
from tests.processes.reading import ASK, CONTEXT, NOTHING, WRONG, read, spec, spot


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("110105 19491231 002X", "11010519491231002X"),
        ("110105-19491231-002x", "11010519491231002X"),
        ("身份证号：11010519491231002X", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110101199003071233", "110101199003071233"),
        # 东莞 and the former 南汇 have codes that place tables refuse.
        ("441900199003071238", "441900199003071238"),
        ("310225199003071237", "310225199003071237"),
        ("810000199408230021", "810000199408230021"),
        ("H12345678", "H12345678"),
        ("m1234567801", "M1234567801"),
        ("台胞证12345678", "12345678"),
        ("12345678", ASK),
        ("11010519491231002X 110101199003071233", ASK),
        ("110105194912310021", WRONG),
        ("110101199013071234", WRONG),
        ("110101209003071239", WRONG),
        ("11010519491231002", WRONG),
        ("1101051949123100211", WRONG),
        ("110105491231002", WRONG),
        ("13812345678", WRONG),
        ("没有", WRONG),
        ("忘了", WRONG),
        ("", NOTHING),
        ("你好", NOTHING),
    ],
)
def test_read(text, expected):
    assert read("id_number", text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("11010519491231002", "您输入了 17 位"),
        ("110105491231002", "15 位的旧身份证号已停用"),
        ("110105194912310021", "最后一位对不上"),
        ("110101199013071234", "出生日期不对"),
    ],
)
def test_says_what_is_wrong(text, why):
    reading = FIELD_TYPES["id_number"].read(text, spec(), CONTEXT)
    assert isinstance(reading, Wrong)
    assert why in reading.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("身份证110105194912310021", WRONG),
        ("110105194912310021", NOTHING),
        ("12345678", NOTHING),
        ("13812345678", NOTHING),
        ("没带身份证", NOTHING),
    ],
)
def test_spot(text, expected):
    assert spot("id_number", text) == expected


def test_mask():
    assert FIELD_TYPES["id_number"].mask("430102199003071234", spec()) == "430***********1234"
    assert FIELD_TYPES["id_number"].mask("H12345678", spec()) == "H****5678"
