import pytest

from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Filled
from tests.processes.reading import ASK, CONTEXT, NOTHING, WRONG, read, spec, spot, titles

FROM = spec("从哪里来")


def code(reading):
    if not isinstance(reading, dict):
        return reading
    return reading["country"] or "abroad" if reading["abroad"] else reading["code"]


READ = [
    ("西安", "610100"),
    ("西安市", "610100"),
    ("陕西西安", "610100"),
    ("陕西省西安市", "610100"),
    ("陕西省 西安市", "610100"),
    ("陕西，西安", "610100"),
    ("西安市雁塔区", "610113"),
    ("西安雁塔", "610113"),
    ("陕西省西安市雁塔区小寨路1号", "610113"),
    ("西安市长安区", "610116"),
    ("西安碑林区南京路", "610103"),
    ("北京", "110000"),
    ("北京市", "110000"),
    ("北京朝阳", "110105"),
    ("北京市朝阳区", "110105"),
    ("长春市朝阳区", "220104"),
    ("上海浦东", "310115"),
    ("上海浦东新区", "310115"),
    ("浦东", "310115"),
    ("重庆渝北", "500112"),
    ("从武汉回来", "420100"),
    ("刚从武汉回来的", "420100"),
    ("我在成都", "510100"),
    ("不是西安是咸阳", "610400"),
    ("延安", "610600"),
    ("新疆乌鲁木齐", "650100"),
    ("内蒙古呼和浩特", "150100"),
    ("内蒙呼市", "150100"),
    ("广西南宁", "450100"),
    ("湖北恩施", "422800"),
    ("延边州", "222400"),
    ("延边朝鲜族自治州", "222400"),
    ("云南大理", "532900"),
    ("西双版纳", "532800"),
    ("义乌", "330782"),
    ("昆山市", "320583"),
    ("河南济源", "419001"),
    ("香港", "810000"),
    ("南京鼓楼区", "320106"),
    ("海南海口", "460100"),
    ("吉林市", "220200"),
    ("吉林省吉林市", "220200"),
    ("缅甸", "缅甸"),
    ("从美国回来", "美国"),
    ("境外", "abroad"),
    ("国外回来的", "abroad"),
    ("印度尼西亚", "印度尼西亚"),
    ("海南", WRONG),
    ("吉林", WRONG),
    ("台湾", "710000"),
    ("香港九龙", "810000"),
    ("西安城区", "610100"),
    ("西安高新区", "610100"),
    ("韩国首尔", "韩国"),
    ("北京西站", "110000"),
    ("兰州城关", "620102"),
    ("宝塔山", NOTHING),
    ("长安镇", WRONG),
    ("朝阳区", ASK),
    ("鼓楼区", ASK),
    ("新华区", ASK),
    ("城关区", ASK),
    ("朝阳", ASK),
    ("长安", ASK),
    ("和平区", ASK),
    ("西安和咸阳", ASK),
    ("西安、咸阳", ASK),
    ("西安和美国", ASK),
    ("陕西", WRONG),
    ("陕西省", WRONG),
    ("吉林省", WRONG),
    ("本地", WRONG),
    ("老家", WRONG),
    ("外地", WRONG),
    ("不知道", WRONG),
    ("没去西安", WRONG),
    ("王家村", WRONG),
    ("", NOTHING),
    ("36.5", NOTHING),
    ("没有", NOTHING),
    ("绿码", NOTHING),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_read(text, expected):
    assert code(read("place", text)) == expected


def test_value():
    assert read("place", "西安市雁塔区") == {
        "text": "西安市雁塔区",
        "province": "陕西省",
        "city": "西安市",
        "county": "雁塔区",
        "code": "610113",
        "abroad": False,
        "country": "",
    }
    assert read("place", "北京")["city"] == "北京市"
    assert read("place", "河南济源")["city"] == "济源市"
    assert read("place", "缅甸")["abroad"] is True


def test_the_label_tells_where_from_and_where_to():
    assert code(read("place", "从武汉回西安", FROM)) == "420100"
    assert code(read("place", "从武汉回西安", spec("到达地"))) == "610100"
    assert read("place", "从武汉回西安") == ASK


def test_names_the_places_of_one_name():
    assert titles("place", "朝阳区") == ["北京市朝阳区", "吉林省长春市朝阳区"]
    assert "江苏省南京市鼓楼区" in titles("place", "鼓楼区")
    assert "辽宁省朝阳市" in titles("place", "朝阳")


SPOT = [
    ("从武汉回来", "420100"),
    ("在西安", "610100"),
    ("从西安坐高铁", "610100"),
    ("西安", "610100"),
    ("陕西西安", "610100"),
    ("陕西省西安市雁塔区", "610113"),
    ("从缅甸回来", "缅甸"),
    ("在朝阳区", ASK),
    ("长安汽车", NOTHING),
    ("开长安汽车", NOTHING),
    ("和平", NOTHING),
    ("南山", NOTHING),
    ("爬了南山", NOTHING),
    ("安康", NOTHING),
    ("中山", NOTHING),
    ("雁塔", NOTHING),
    ("南京路", NOTHING),
    ("兰州拉面", NOTHING),
    ("西安疫情怎么样", NOTHING),
    ("没去西安", NOTHING),
    ("不在西安", NOTHING),
    ("西安的同学", NOTHING),
    ("36.5", NOTHING),
    ("没有", NOTHING),
    ("王小明", NOTHING),
]


@pytest.mark.parametrize(("text", "expected"), SPOT)
def test_spot(text, expected):
    assert code(spot("place", text)) == expected


def test_shown_and_masked_to_the_city():
    place = FIELD_TYPES["place"]
    value = place.read("陕西省西安市雁塔区小寨路1号", spec(), CONTEXT).value
    assert place.show(value, spec()) == "陕西省西安市雁塔区"
    assert place.mask(value, spec()) == "陕西省西安市"
    assert place.mask(place.read("北京朝阳", spec(), CONTEXT).value, spec()) == "北京市"
    assert place.show(place.read("缅甸", spec(), CONTEXT).value, spec()) == "缅甸"


@pytest.mark.parametrize("text", ["从西安雁塔区回来", "昨天坐高铁G1234从西安雁塔区回来", "从陕西西安雁塔区来"])
def test_a_district_after_its_city_is_a_sure_sign(text):
    reading = FIELD_TYPES["place"].spot(text, FROM, CONTEXT)
    assert isinstance(reading, Filled)
    assert reading.value["code"] == "610113"
