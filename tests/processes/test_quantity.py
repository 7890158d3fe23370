import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import ASK, NOTHING, WRONG, read, spec, spot, titles

MASKS = spec("口罩", units=("只", "盒", "箱"), max=100_000)
LITRES = spec("配了多少", units=("升", "毫升"))


def much(amount, unit):
    return {"amount": amount, "unit": unit}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200只", much(200, "只")),
        ("200", much(200, "只")),
        ("两箱", much(2, "箱")),
        ("两箱半", much(2.5, "箱")),
        ("半箱", much(0.5, "箱")),
        ("二百只", much(200, "只")),
        ("1,200只", much(1200, "只")),
        ("还剩 30 盒", much(30, "盒")),
        ("没有了", much(0, "只")),
        ("用完了", much(0, "只")),
        ("大概200只", ASK),
        ("200多只", ASK),
        ("2箱30盒", ASK),
        ("200个", WRONG),
        ("-5只", WRONG),
        ("200000只", WRONG),
        ("你好", NOTHING),
        ("", NOTHING),
    ],
)
def test_reads_an_amount_with_its_unit(text, expected):
    assert read("quantity", text, MASKS) == expected


def test_decimals_are_amounts_too():
    assert read("quantity", "1.5升", LITRES) == much(1.5, "升")
    assert read("quantity", "一点五升", LITRES) == much(1.5, "升")
    assert read("quantity", "500毫升", LITRES) == much(500, "毫升")


def test_asks_back_with_what_was_said():
    assert titles("quantity", "2箱30盒", MASKS) == ["2箱", "30盒"]


def test_is_spotted_by_its_unit_alone():
    assert spot("quantity", "领了口罩20只", MASKS) == much(20, "只")
    assert spot("quantity", "体温36度5", MASKS) == NOTHING
    assert spot("quantity", "口罩要多少只", MASKS) == NOTHING


def test_stands_in_a_sheet_as_a_number_where_the_unit_is_the_fields_own():
    kind = FIELD_TYPES["quantity"]
    assert kind.export(much(200, "只"), MASKS) == 200
    assert kind.export(much(2.5, "箱"), MASKS) == "2.5箱"
    assert kind.show(much(2.5, "箱"), MASKS) == "2.5箱"
