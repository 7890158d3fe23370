"""Which measures and alerts follow from a declaration (篇四 (四)落实疫情防控规定, 篇一, 篇二, 篇五)."""

import pytest

from tests.processes.talking import PROCESSES, alerts, filled_in, measures, talk, up_to

NOWHERE = {"text": "", "province": "", "city": "", "county": "", "code": "", "abroad": False, "country": ""}
CHENGDU = {**NOWHERE, "text": "成都", "province": "四川省", "city": "成都市", "code": "510100"}
XIAN = {**NOWHERE, "text": "西安", "province": "陕西省", "city": "西安市", "code": "610100"}
YANTA = {**XIAN, "county": "雁塔区", "code": "610113"}
WEIYANG = {**XIAN, "county": "未央区", "code": "610112"}
BURMA = {**NOWHERE, "text": "缅甸", "abroad": True, "country": "缅甸"}
HONG_KONG = {**NOWHERE, "text": "香港", "province": "香港特别行政区", "city": "香港特别行政区", "code": "810000"}
TAIWAN = {**NOWHERE, "text": "台湾", "province": "台湾省", "city": "台湾省", "code": "710000"}

# Now is 2022-01-20 10:30.
SAFE = {
    "kind": "home",
    "from_place": CHENGDU,
    "region_risk": "low",
    "passed_places": [],
    "health_code": "green",
    "travel_card": "green",
    "test_result": "negative",
    "test_time": "2022-01-19T15:00",
    "isolated_now": False,
    "fever_contact": False,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ["none"]),
        # from abroad
        ({"from_place": BURMA, "region_risk": None, "port_days_over": False}, ["abroad_wait"]),
        ({"from_place": BURMA, "region_risk": None, "port_days_over": True}, ["abroad_home"]),
        ({"from_place": HONG_KONG, "region_risk": None, "port_days_over": True}, ["abroad_home"]),
        ({"from_place": TAIWAN, "region_risk": None, "port_days_over": False}, ["abroad_wait"]),
        ({"passed_places": [CHENGDU, BURMA], "port_days_over": True}, ["abroad_home"]),
        # high and medium risk: by the list, by the person's word, passed through
        ({"from_place": YANTA, "region_risk": None}, ["central"]),
        ({"from_place": WEIYANG, "region_risk": None}, ["central"]),
        ({"region_risk": "high"}, ["central"]),
        ({"region_risk": "medium"}, ["central"]),
        ({"from_place": XIAN, "region_risk": "high"}, ["central"]),
        ({"passed_places": [YANTA]}, ["central"]),
        # cities with such districts
        ({"from_place": XIAN}, ["key_city"]),
        ({"from_place": XIAN, "region_risk": "unknown"}, ["key_city"]),
        ({"region_risk": "key_city"}, ["key_city"]),
        ({"passed_places": [XIAN]}, ["key_city"]),
        ({"from_place": XIAN, "test_time": "2022-01-13T10:30"}, ["key_city"]),
        ({"from_place": XIAN, "test_time": "2022-01-13T10:29"}, ["key_city_test"]),
        ({"from_place": XIAN, "test_time": "2022-01-14"}, ["key_city"]),
        ({"from_place": XIAN, "test_time": "2022-01-13"}, ["key_city_test"]),
        ({"from_place": XIAN, "test_result": "none", "test_time": None}, ["key_city_test"]),
        ({"from_place": XIAN, "test_result": "waiting"}, ["key_city_test"]),
        ({"from_place": XIAN, "test_result": "positive"}, ["key_city_test"]),
        # school and work
        ({"kind": "school"}, ["none"]),
        ({"kind": "school", "health_code": "yellow"}, ["school_postponed"]),
        ({"kind": "school", "travel_card": "red"}, ["school_postponed"]),
        ({"kind": "school", "isolated_now": True}, ["school_postponed"]),
        ({"kind": "school", "from_place": YANTA, "region_risk": None}, ["central", "school_postponed"]),
        ({"kind": "work", "from_place": YANTA, "region_risk": None}, ["central", "work_wait"]),
        ({"kind": "work", "region_risk": "medium"}, ["central", "work_wait"]),
        ({"kind": "home", "health_code": "yellow"}, []),
        ({"kind": "work", "test_time": "2022-01-18T10:30"}, ["none"]),
        ({"kind": "work", "test_time": "2022-01-18T10:29"}, ["travel_test", "none"]),
        ({"kind": "school", "test_result": "none", "test_time": None}, ["travel_test", "none"]),
        ({"kind": "home", "test_result": "none", "test_time": None}, ["none"]),
        # contact with somebody with fever
        ({"fever_contact": True, "fever_contact_date": "2022-01-07", "contact_cleared": False}, ["contact_isolation"]),
        ({"fever_contact": True, "fever_contact_date": "2022-01-06", "contact_cleared": False}, ["none"]),
        ({"fever_contact": True, "fever_contact_date": "2022-01-19", "contact_cleared": True}, ["none"]),
        # what rules out an all-clear
        ({"region_risk": "unknown"}, []),
        ({"isolated_now": True}, []),
        ({"travel_card": "star"}, []),
        ({"test_result": "positive"}, []),
    ],
)
def test_measures(change, expected):
    assert measures("return_declaration", {**SAFE, **change}) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"from_place": XIAN}, ["risk_region"]),
        ({"from_place": YANTA, "region_risk": None}, ["risk_region"]),
        ({"region_risk": "high"}, ["risk_region"]),
        ({"passed_places": [WEIYANG]}, ["risk_region"]),
        ({"from_place": BURMA, "region_risk": None}, ["abroad"]),
        ({"from_place": HONG_KONG, "region_risk": None}, ["abroad"]),
        ({"passed_places": [BURMA]}, ["abroad"]),
        ({"region_risk": "unknown"}, ["risk_unknown"]),
        ({"health_code": "red"}, ["code"]),
        ({"travel_card": "yellow"}, ["code"]),
        ({"travel_card": "star"}, ["star"]),
        ({"test_result": "positive"}, ["positive"]),
        ({"isolated_now": True}, ["isolated"]),
        ({"fever_contact": True}, ["contact"]),
    ],
)
def test_alerts(change, expected):
    assert alerts("return_declaration", {**SAFE, **change}) == expected


def test_every_measure_names_its_plan():
    assert all(measure.source.startswith("篇") for measure in PROCESSES["return_declaration"].measures)


def asked_after(place):
    return up_to("return_declaration", "from_place").say(place).asked


def test_a_listed_district_is_not_asked_about():
    assert asked_after("西安市雁塔区") == "passed_places"


@pytest.mark.parametrize("place", ["西安", "四川成都"])
def test_any_other_place_at_home_is(place):
    assert asked_after(place) == "region_risk"


@pytest.mark.parametrize("place", ["缅甸", "香港", "台湾", "从国外回来"])
def test_from_abroad_the_port_is_asked_about(place):
    assert asked_after(place) == "passed_places"
    talked = up_to("return_declaration", "from_place")
    said = {
        "passed_places": "没有",
        "arrival_date": "昨天",
        "transport": "飞机",
        "health_code": "都是绿的",
        "test_result": "没做",
    }
    talked.say(place)
    while talked.asked in said:
        talked.say(said[talked.asked])
    assert talked.asked == "port_days_over"
    assert talked.buttons == ["满了", "没满"]


def test_no_test_no_time_of_it():
    assert up_to("return_declaration", "test_result").say("没做过").asked == "isolated_now"


def test_no_contact_no_day_of_it():
    assert up_to("return_declaration", "fever_contact").say("没有").asked == "grid"


def test_a_whole_declaration_in_the_persons_words():
    talked = talk(
        "return_declaration",
        "我从郑州高风险区回来，昨天到的",
        "王小明",
        "13812345678",
        "回老家",
        "没有",
        "高铁G1234",
        "都是绿的",
        "阴性，昨天上午9点做的核酸",
        "不在",
        "没有",
        "第三网格",
        "幸福小区3号楼",
    )
    assert talked.asked == "confirm", talked.text
    assert measures("return_declaration", talked.filed) == ["central"]
    assert alerts("return_declaration", talked.filed) == ["risk_region"]
    assert talked.values["test_time"] == "2022-01-19T09:00"


def test_the_summary_reads_well():
    text = filled_in("return_declaration").text
    for line in ("来地风险：不是", "现在隔离或医学观察：不在", "近期接触过发热病人：有", "对方已排除感染：还没有"):
        assert line in text
