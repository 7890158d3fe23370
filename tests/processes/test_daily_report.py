"""Which daily reports alert, and what a person hears."""

import pytest

from tests.processes.talking import PROCESSES, alerts, talk

NORMAL = {"temperature": 36.5, "symptoms": ["none"], "where": "home", "health_code": "green", "contact": False}
XIAN = {"code": "610100", "province": "陕西省", "city": "西安市", "county": "", "abroad": False, "text": "西安"}
CHENGDU = {**XIAN, "code": "510100", "province": "四川省", "city": "成都市", "text": "成都"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"temperature": 37.2}, []),
        ({"temperature": 37.3}, ["fever"]),
        ({"temperature": 39.0}, ["fever"]),
        ({"temperature": None}, []),
        ({"symptoms": ["cough"]}, ["symptoms"]),
        ({"symptoms": ["cough", "fever"]}, ["symptoms"]),
        ({"symptoms": []}, []),
        ({"contact": True}, ["contact"]),
        ({"health_code": "yellow"}, ["code"]),
        ({"health_code": "red"}, ["code"]),
        ({"health_code": "no_code"}, []),
        ({"where": "away", "away_place": XIAN}, ["risk_region"]),
        ({"where": "away", "away_place": CHENGDU}, []),
        ({"temperature": 38.5, "symptoms": ["fever"], "contact": True}, ["fever", "symptoms", "contact"]),
    ],
)
def test_alerts(change, expected):
    assert alerts("daily_report", {**NORMAL, **change}) == expected


def test_an_urgent_alert_says_what_to_do():
    assert all(rule.advice for rule in PROCESSES["daily_report"].alerts if rule.level == "urgent")


@pytest.mark.parametrize("said", [["打卡", "一切正常"], ["打卡 一切正常"], ["打卡", "都正常"], ["打卡", "没啥事"]])
def test_all_is_well_in_one_tap(said):
    talked = talk("daily_report", *said)
    assert talked.end == "submit"
    assert talked.values == {"symptoms": ["none"], "where": "local", "health_code": "green", "contact": False}
    assert alerts("daily_report", talked.filed) == []


@pytest.mark.parametrize("said", [["今天36.6 一切正常"], ["打卡", "36.6，一切正常"], ["打卡", "36.6", "一切正常"]])
def test_all_is_well_with_a_temperature(said):
    talked = talk("daily_report", *said)
    assert talked.asked == "confirm"
    assert talked.values["temperature"] == 36.6


@pytest.mark.parametrize("said", ["38.5 都正常", "36.5 一切正常 就是有点咳嗽"])
def test_all_is_well_is_not_believed_beside_a_sign(said):
    talked = talk("daily_report", "打卡", said)
    assert talked.asked in ("symptoms", "where")
    assert talked.say("咳嗽").values["symptoms"] == ["cough"]


def test_all_is_well_does_not_undo_what_was_said():
    talked = talk("daily_report", "打卡", "38.5", "咳嗽", "一切正常")
    assert talked.values["symptoms"] == ["cough"]
    assert talked.values["temperature"] == 38.5
    assert talked.asked == "confirm"


def test_a_temperature_alone_called_normal_asks_the_rest():
    assert talk("daily_report", "打卡", "36.5 正常").asked != "confirm"


def test_doubt_about_the_temperature_beside_all_is_well():
    talked = talk("daily_report", "打卡", "体温365 一切正常")
    assert talked.asked == "temperature"
    assert "36.5" in talked.text


@pytest.mark.parametrize(
    ("said", "symptoms"),
    [
        ("不发烧不咳嗽，嗓子疼", ["throat"]),
        ("没有咳嗽，拉肚子", ["diarrhea"]),
        ("发热，咳嗽，乏力", ["fever", "cough", "fatigue"]),
        ("没有任何不舒服", ["none"]),
        ("身体都好", ["none"]),
    ],
)
def test_symptoms(said, symptoms):
    assert talk("daily_report", "打卡", "36.5", said).values["symptoms"] == symptoms


@pytest.mark.parametrize("said", ["36.5 没接触过发热的人", "36.5没有接触过发热病人"])
def test_the_fever_of_others_is_no_symptom(said):
    talked = talk("daily_report", "打卡", said)
    assert talked.values == {"temperature": 36.5, "contact": False}
