"""Answers in a form: many in one message, as people type them, and never another field's."""

import pytest

from bot.processes.dialogue import Meaning
from tests.processes.talking import PROCESSES, filled_in, talk, up_to

NORMAL = {"temperature": 36.5, "symptoms": ["none"], "where": "home", "health_code": "green"}


@pytest.mark.parametrize(
    "said",
    [
        "36.5 没症状 在家 绿码",
        "36.5，没症状，在家，绿码",
        "36，5 没症状 在家 绿码",
        "３６．５ 没症状 在家 绿码",
        "36度5没有症状在家绿码",
        "三十六度五没有症状在家绿码",
        "三十六点五没症状在家绿码",
        "绿码在家没症状36.5",
        "体温36.5没有不舒服在家健康码绿码",
        "我今天体温三十六度五没有症状人在家里绿码",
        "没有不舒服 体温36.5 绿码 在家待着",
    ],
)
def test_many_fields_in_one_message(said):
    for opening in (["打卡", said], [f"打卡 {said}"], [said]):
        talked = talk("daily_report", *opening)
        assert {name: talked.values.get(name) for name in NORMAL} == NORMAL
        assert talked.asked == "contact"


def test_one_voice_clause_fills_the_whole_form():
    talked = talk("daily_report", "打卡", "三十六度五没有症状在家绿码没接触过")
    assert talked.values == {**NORMAL, "contact": False}
    assert talked.asked == "confirm"


def test_what_was_understood_beside_the_answer_is_told():
    assert "所在地 在家" in talk("daily_report", "打卡", "36.5 在家").text


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("36度5", 36.5),
        ("三十六度五", 36.5),
        ("３６．５", 36.5),
        ("36.5度", 36.5),
        ("36", 36.0),
        ("37,2", 37.2),
        ("38度半", 38.5),
    ],
)
def test_a_temperature(said, value):
    talked = talk("daily_report", "打卡", said)
    assert talked.values["temperature"] == value
    assert talked.asked == "symptoms"


@pytest.mark.parametrize("said", ["365", "三六五", "3650"])
def test_a_temperature_without_its_point_is_asked_back(said):
    talked = talk("daily_report", "打卡", said)
    assert talked.asked == "temperature"
    assert "temperature" not in talked.values
    assert talked.say(*[answer for _, answer in talked.step.lines[-1].options][:1]).values["temperature"] == 36.5


@pytest.mark.parametrize("opening", ["体温365", "打卡 体温 45", "体温365 没症状", "报体温 体温365"])
def test_a_doubtful_temperature_in_the_first_message_is_not_dropped(opening):
    talked = talk("daily_report", opening)
    assert talked.asked == "temperature"
    assert "例如" in talked.text


def test_a_doubtful_temperature_later_unfills_the_old_one():
    talked = talk("daily_report", "打卡", "36.5", "没有 体温385")
    assert "temperature" not in talked.values
    assert talked.asked == "temperature"


@pytest.mark.parametrize("said", ["45", "30", "200"])
def test_out_of_range_twice_offers_a_person(said):
    talked = talk("daily_report", "打卡", said)
    assert "例如" in talked.text
    talked.say(said)
    assert "转人工" in talked.buttons
    assert talked.say("36.5").asked == "symptoms"


@pytest.mark.parametrize(
    ("process", "name", "said"),
    [
        ("return_declaration", "phone", "1381234567"),
        ("return_declaration", "arrival_date", "2021年1月3日"),
        ("return_declaration", "arrival_date", "去年3月5日"),
        ("return_declaration", "arrival_date", "2月30日"),
        ("return_declaration", "name", "没有"),
        ("return_declaration", "transport", "没有"),
        ("return_declaration", "address", "不知道"),
        ("return_declaration", "from_place", "外地"),
        ("return_declaration", "test_time", "明天"),
        ("daily_report", "where", "随便"),
        ("daily_report", "health_code", "蓝色"),
        ("daily_report", "temperature", "没量"),
    ],
)
def test_an_answer_that_cannot_stand(process, name, said):
    talked = up_to(process, name).say(said)
    assert talked.asked == name
    assert name not in talked.values
    field = PROCESSES[process].by_name[name]
    assert "例如" in talked.text or talked.buttons
    talked.say(said)
    assert talked.asked == name
    assert "转人工" in talked.buttons
    assert len(talked.buttons) <= 11
    assert field.name not in talked.values


# What is said when this field is asked, and what alone it fills.
OWN = [
    ("daily_report", "temperature", "36.8", 36.8),
    ("daily_report", "symptoms", "没有", ["none"]),
    ("daily_report", "symptoms", "都没", ["none"]),
    ("daily_report", "symptoms", "都没有", ["none"]),
    ("daily_report", "symptoms", "没有发热 没有咳嗽 都没有", ["none"]),
    ("daily_report", "symptoms", "有点咳嗽，浑身没劲", ["cough", "fatigue"]),
    ("daily_report", "symptoms", "3 4", ["cough", "fatigue"]),
    ("daily_report", "symptoms", "不发烧，就是嗓子疼", ["throat"]),
    ("daily_report", "where", "家里", "home"),
    ("daily_report", "where", "单位上班", "work"),
    ("daily_report", "health_code", "绿的", "green"),
    ("daily_report", "health_code", "不是绿码是黄码", "yellow"),
    ("daily_report", "contact", "没有", False),
    ("daily_report", "contact", "都没有", False),
    ("daily_report", "contact", "都没", False),
    ("daily_report", "contact", "没有接触过发热的人", False),
    ("daily_report", "contact", "没接触过确诊病例", False),
    ("daily_report", "contact", "接触过一个发烧的人", True),
    ("daily_report", "contact", "有", True),
    ("return_declaration", "name", "我叫王小明", "王小明"),
    ("return_declaration", "name", "高明", "高明"),
    ("return_declaration", "phone", "138 1234 5678", "13812345678"),
    ("return_declaration", "kind", "回老家过年", "home"),
    ("return_declaration", "region_risk", "没有", "low"),
    ("return_declaration", "region_risk", "低风险地区", "low"),
    ("return_declaration", "region_risk", "不知道", "unknown"),
    ("return_declaration", "passed_places", "没有", []),
    ("return_declaration", "passed_places", "都没去过", []),
    ("return_declaration", "arrival_date", "昨天下午到的", "2022-01-19"),
    ("return_declaration", "arrival_date", "腊月二十八", "2022-01-30"),
    ("return_declaration", "transport", "走路", {"kind": "other", "number": ""}),
    ("return_declaration", "transport", "火车", {"kind": "train", "number": ""}),
    ("return_declaration", "transport", "高铁 G1234", {"kind": "train", "number": "G1234"}),
    ("return_declaration", "travel_card", "绿码", "green"),
    ("return_declaration", "travel_card", "没有", "none"),
    ("return_declaration", "travel_card", "带星号的", "star"),
    ("return_declaration", "test_result", "没做", "none"),
    ("return_declaration", "test_result", "阴的", "negative"),
    ("return_declaration", "test_time", "昨天", "2022-01-19"),
    ("return_declaration", "test_time", "昨天下午三点", "2022-01-19T15:00"),
    ("return_declaration", "isolated_now", "没有", False),
    ("return_declaration", "isolated_now", "已经解除隔离了", False),
    ("return_declaration", "fever_contact", "没有", False),
    ("return_declaration", "fever_contact_date", "前天", "2022-01-18"),
    ("return_declaration", "contact_cleared", "已排除", True),
    ("return_declaration", "contact_cleared", "没排除", False),
    ("return_declaration", "grid", "三网格", "3"),
    ("return_declaration", "grid", "不知道", "unknown"),
    ("return_declaration", "address", "3号楼2单元501 36.5室", "3号楼2单元501 36.5室"),
    ("return_declaration", "address", "绿码小区西安路3号", "绿码小区西安路3号"),
    ("return_declaration", "port_days_over", "没满", False),
    ("return_declaration", "port_days_over", "满了", True),
]


@pytest.mark.parametrize(("process", "name", "said", "value"), OWN)
def test_the_answer_is_the_asked_fields_alone(process, name, said, value):
    before = up_to(process, name)
    had = before.values
    talked = before.say(said)
    assert talked.values == {**had, name: value}
    assert talked.asked != name


@pytest.mark.parametrize("said", ["都是绿的", "两个都绿", "都绿", "健康码和行程卡都是绿的", "都是绿色"])
def test_both_codes_at_once(said):
    talked = up_to("return_declaration", "health_code").say(said)
    assert talked.values["health_code"] == talked.values["travel_card"] == "green"
    assert talked.asked == "test_result"


def test_two_codes_of_two_colours():
    talked = up_to("return_declaration", "health_code").say("健康码绿的行程卡黄的")
    assert (talked.values["health_code"], talked.values["travel_card"]) == ("green", "yellow")


def test_the_code_is_not_changed_by_an_answer_about_the_card():
    talked = up_to("return_declaration", "health_code").say("黄码", "绿码")
    assert (talked.values["health_code"], talked.values["travel_card"]) == ("yellow", "green")


def test_a_code_that_is_named_is_changed_and_told():
    talked = up_to("return_declaration", "travel_card").say("健康码是黄码")
    assert talked.values["health_code"] == "yellow"
    assert "健康码已改为" in talked.text
    assert talked.asked == "travel_card"


def test_a_correction_in_passing_is_told():
    talked = talk("daily_report", "打卡", "36.5", "没有，体温是36.9")
    assert talked.values["temperature"] == 36.9
    assert "体温已改为：36.9" in talked.text


def test_passed_places_do_not_change_where_one_comes_from():
    talked = up_to("return_declaration", "passed_places").say("去过成都")
    assert talked.values["from_place"]["city"] == "西安市"
    assert [place["city"] for place in talked.values["passed_places"]] == ["成都市"]


def test_the_persons_own_words_about_risk():
    talked = talk("return_declaration", "从郑州高风险区回来")
    assert talked.values["region_risk"] == "high"
    assert talked.values["from_place"]["city"] == "郑州市"


@pytest.mark.parametrize("said", ["没去过高风险地区", "不是高风险地区回来的"])
def test_a_denied_risk_is_no_risk(said):
    assert "region_risk" not in talk("return_declaration", "申报", f"{said}").values
    talked = talk("return_declaration", "从郑州回来", said)
    assert talked.values.get("region_risk") in (None, "low")


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("返校申报", {"kind": "school"}),
        ("返岗登记", {"kind": "work"}),
        ("我昨天坐高铁G1234从成都回来的", {"arrival_date": "2022-01-19"}),
        ("返乡申报 我叫王小明 13812345678", {"name": "王小明", "phone": "13812345678", "kind": "home"}),
        ("核酸阴性 昨天做的核酸", {"test_result": "negative", "test_time": "2022-01-19"}),
    ],
)
def test_the_first_message_of_a_declaration(said, values):
    talked = talk("return_declaration", said)
    assert {name: talked.values.get(name) for name in values} == values
    assert "arrival_date" in values or "arrival_date" not in talked.values


def test_a_test_date_is_no_arrival_date():
    talked = up_to("return_declaration", "passed_places").say("没有，核酸昨天做的阴性")
    assert talked.values["test_result"] == "negative"
    assert "arrival_date" not in talked.values


@pytest.mark.parametrize(("said", "city"), [("陕西西安", "西安市"), ("西安", "西安市"), ("西安市雁塔区", "西安市")])
def test_a_place(said, city):
    assert up_to("return_declaration", "from_place").say(said).values["from_place"]["city"] == city


def test_a_place_of_several_is_asked_back():
    talked = up_to("return_declaration", "from_place").say("朝阳区")
    assert talked.asked == "from_place"
    assert "北京市朝阳区" in talked.buttons
    assert talked.say("北京市朝阳区").values["from_place"]["city"] == "北京市"


def test_a_field_that_comes_up_is_asked_and_dropped_again():
    talked = talk("daily_report", "打卡", "36.5", "没有", "在外地")
    assert talked.asked == "away_place"
    talked.say("四川成都", "绿码", "没有", "改所在地 在家")
    assert "away_place" not in talked.filed
    assert "外地" not in talked.text


def test_known_values_are_not_asked():
    talked = talk("return_declaration", "申报", known={"name": "王小明", "phone": "13812345678"})
    assert talked.asked == "kind"
    assert "第1项" in talked.text


@pytest.mark.parametrize("said", ["我38.5，能去上班吗？", "我38.5 这样要去医院吗"])
def test_what_is_stated_beside_a_question_counts(said):
    talked = talk("daily_report", "打卡").say(said, meaning=Meaning(aside=True))
    assert talked.end == "aside"
    assert talked.values == {"temperature": 38.5}


@pytest.mark.parametrize("said", ["37.5还能去上班吗？", "体温37.5要不要隔离"])
def test_what_a_question_mentions_does_not(said):
    talked = talk("daily_report", "打卡").say(said, meaning=Meaning(aside=True))
    assert talked.end == "aside"
    assert talked.values == {}


def test_a_button_is_an_answer_even_when_it_is_a_known_question():
    talked = talk("daily_report", "打卡", "36.5").say("发热", meaning=Meaning(aside=True, certain=True))
    assert talked.values["symptoms"] == ["fever"]


def test_every_button_answers_its_question():
    for process, name in [(p.id, f.name) for p in PROCESSES.values() for f in p.fields]:
        asked = up_to(process, name)
        options = [o for line in asked.step.lines for o in line.options]
        for title, said in options:
            if said in ("同昨天", "一切正常"):
                continue
            talked = up_to(process, name).say(said)
            assert name in talked.values, (name, title)
            assert talked.asked != name


def test_buttons_fit_a_phone():
    for process in PROCESSES.values():
        for field in process.fields:
            assert len(up_to(process.id, field.name).buttons) <= 10


def test_the_summary_masks_nothing():
    text = filled_in("return_declaration").text
    for said in ("王小明", "13812345678", "幸福小区3号楼2单元501", "火车 G1234", "第三网格", "2022年1月19日"):
        assert said in text


def test_the_summary_is_confirmed_by_any_yes():
    for said in ("确认", "确认提交", "对", "是的", "好", "没问题", "嗯", "OK"):
        assert filled_in("daily_report").say(said).end == "submit"


def test_the_summary_takes_nothing_else():
    talked = filled_in("daily_report").say("哈哈哈")
    assert talked.end is None
    assert talked.asked == "confirm"


def test_a_name_that_is_a_town_is_asked_back_and_no_place():
    talked = up_to("return_declaration", "name").say("安康")
    assert talked.values == {}
    assert talked.asked == "name"
    assert talked.say("姓名：安康").values == {"name": "安康"}
