import pytest

from bot.processes.fields import FIELD_TYPES
from tests.processes.reading import ASK, CONTEXT, NOTHING, WRONG, read, spec, spot, titles


def codes(reading):
    return [one["code"] or one["country"] for one in reading] if isinstance(reading, list) else reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("西安", ["610100"]),
        ("西安、咸阳", ["610100", "610400"]),
        ("西安 咸阳", ["610100", "610400"]),
        ("西安、咸阳，还去过成都", ["610100", "610400", "510100"]),
        ("西安和咸阳", ["610100", "610400"]),
        ("陕西西安，四川成都", ["610100", "510100"]),
        ("从西安经咸阳到成都", ["610100", "610400", "510100"]),
        ("西安，西安市", ["610100"]),
        ("缅甸、昆明", ["缅甸", "530100"]),
        ("没去西安，去了咸阳", ["610400"]),
        ("没有", []),
        ("没去过", []),
        ("一直在本地", []),
        ("哪都没去", []),
        ("哪里都没去过", []),
        ("没出去过", []),
        ("没有离开过", []),
        ("无", []),
        ("西安、朝阳区", ASK),
        ("朝阳区、鼓楼区", ASK),
        ("没去西安", ASK),
        ("没去过中高风险地区", ASK),
        ("没去西安、咸阳", ASK),
        ("一直在本地，去过西安", ASK),
        ("陕西", WRONG),
        ("外地", WRONG),
        ("", NOTHING),
        ("36.5", NOTHING),
    ],
)
def test_read(text, expected):
    assert codes(read("places", text)) == expected


def test_buttons_keep_the_other_places():
    assert titles("places", "西安、朝阳区") == ["北京市朝阳区", "吉林省长春市朝阳区"]
    reading = FIELD_TYPES["places"].read("西安、朝阳区", spec(), CONTEXT)
    assert codes(read("places", reading.options[0][1])) == ["610100", "110105"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("去过西安", ["610100"]),
        ("途经咸阳", ["610400"]),
        ("西安、咸阳", ["610100", "610400"]),
        ("一直在本地", []),
        ("哪都没去", []),
        ("没有", NOTHING),
        ("没去过西安", NOTHING),
        ("去过西安吗", NOTHING),
        ("西安", NOTHING),
        ("和平", NOTHING),
        ("36.5", NOTHING),
    ],
)
def test_spot(text, expected):
    assert codes(spot("places", text)) == expected


def test_shown():
    places = FIELD_TYPES["places"]
    value = places.read("西安雁塔、成都", spec(), CONTEXT).value
    assert places.show(value, spec()) == "陕西省西安市雁塔区、四川省成都市"
    assert places.mask(value, spec()) == "陕西省西安市、四川省成都市"
    assert places.show([], spec()) == "无"
