"""The words that work at any point, at every field of every process: nothing is lost, and the form comes back."""

from datetime import timedelta

import pytest

from bot.processes import dialogue
from bot.processes.dialogue import Meaning
from tests.processes.talking import (
    ANSWERS,
    EVERY_FIELD,
    NOW,
    PROCESSES,
    Talk,
    filled_in,
    talk,
    up_to,
    world,
)

EVERY_PLACE = [*EVERY_FIELD, *((process, "confirm") for process in ANSWERS)]


def again(process, name, talked, before):
    """Whether the form is where it was, with what it had."""
    assert talked.end is None
    assert talked.asked == name
    assert talked.values == before.values
    assert talked.draft.id == before.draft.id


@pytest.mark.parametrize(("process", "name"), EVERY_PLACE)
class TestEverywhere:
    def test_every_field_is_asked(self, process, name):
        assert up_to(process, name).asked == name

    def test_help_tells_and_asks_again(self, process, name):
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step).say("帮助")
        again(process, name, after, before)
        assert "上一步" in after.text

    def test_an_aside_is_answered_and_the_form_asks_again(self, process, name):
        before = up_to(process, name)
        shown = before.text
        after = Talk(PROCESSES[process], step=before.step).ask("黄码可以坐车吗？")
        again(process, name, after, before)
        assert after.text.splitlines()[-1] == shown.splitlines()[-1]

    def test_a_likely_question_is_an_aside_too(self, process, name):
        before = up_to(process, name)
        step = dialogue.hear(before.process, before.draft, "回来要不要做核酸？", Meaning(aside=True), world())
        assert step.end == "aside"
        assert step.draft.values == before.values

    def test_a_second_start_asks_whether_to_go_on(self, process, name):
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step).say(PROCESSES[process].start_words[0])
        if before.draft.trail:
            assert after.asked == "resume"
            assert after.buttons == ["接着填", "重新开始", "取消"]
            after.say("接着填")
        again(process, name, after, before)

    def test_starting_anew_empties(self, process, name):
        after = up_to(process, name).say(PROCESSES[process].start_words[0], "重新开始")
        assert after.values == {}
        assert after.asked == PROCESSES[process].fields[0].name

    def test_the_fix_menu_leads_back(self, process, name):
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step).say("刚才填错了")
        if before.draft.trail:
            assert after.asked == "fix"
            assert after.buttons[-1] == "不改了"
            assert len(after.buttons) <= 10
            after.say("不改了")
        again(process, name, after, before)

    def test_cancel_ends_without_filing(self, process, name):
        after = up_to(process, name).say("取消")
        assert after.end == "cancel"
        assert "没有提交" in after.text

    def test_cancel_from_the_fix_menu(self, process, name):
        assert up_to(process, name).say("刚才填错了", "取消").end == "cancel"

    def test_one_step_back_and_on_again(self, process, name):
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step).say("上一步")
        assert after.values == before.values
        if not before.draft.trail:
            assert "第一步" in after.text
            return
        assert after.asked == before.draft.trail[-1]
        assert "原来填的是" in after.text
        again(process, name, after.say("不改了"), before)

    def test_same_as_yesterday_keeps_what_was_said_today(self, process, name):
        other = {"daily_report": {"temperature": 36.2, "symptoms": ["none"]}, "return_declaration": {"name": "张伟"}}
        yesterday = {**filled_in(process).values, **other[process]}
        before = up_to(process, name, previous=yesterday)
        after = Talk(PROCESSES[process], previous=yesterday, step=before.step).say("同昨天")
        assert after.values | before.values == after.values
        if name != "port_days_over":
            assert after.asked == "confirm"

    def test_same_as_yesterday_without_a_yesterday(self, process, name):
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step).say("同昨天")
        again(process, name, after, before)
        assert "没有找到" in after.text

    def test_nothing_but_the_summary_takes_a_confirm(self, process, name):
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step).say("确认提交")
        if name == "confirm":
            assert after.end == "submit"
        else:
            again(process, name, after, before)

    def test_thanks_fill_nothing(self, process, name):
        if name == "confirm":
            return
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step).say("知道了")
        again(process, name, after, before)

    def test_the_next_day_it_has_lapsed(self, process, name):
        before = up_to(process, name)
        after = Talk(PROCESSES[process], step=before.step, now=NOW + timedelta(days=1)).say("没有")
        assert "昨天没填完" in after.text
        assert after.draft.trail == ()
        assert after.draft.id != before.draft.id


@pytest.mark.parametrize(("process", "name"), EVERY_FIELD)
class TestChange:
    def test_named_without_a_value_and_left_as_it_was(self, process, name):
        before = filled_in(process)
        if name not in before.values:
            return
        after = Talk(PROCESSES[process], step=before.step).say("改" + PROCESSES[process].by_name[name].short)
        assert after.asked == name
        again(process, "confirm", after.say("不改了"), before)

    def test_answered_anew(self, process, name):
        before = filled_in(process)
        if name not in before.values:
            return
        after = Talk(PROCESSES[process], step=before.step)
        after.say("改" + PROCESSES[process].by_name[name].label, ANSWERS[process][name])
        again(process, "confirm", after, before)

    def test_with_the_value_at_once(self, process, name):
        before = filled_in(process)
        if name not in before.values:
            return
        label, said = PROCESSES[process].by_name[name].short, ANSWERS[process][name]
        for text in (f"改{label} {said}", f"{label}改成{said}", f"把{label}改为{said}", f"{label}填错了，{said}"):
            again(process, "confirm", Talk(PROCESSES[process], step=before.step).say(text), before)

    def test_in_mid_form_it_comes_back(self, process, name):
        before = up_to(process, name)
        first = PROCESSES[process].fields[0]
        if first.name == name:
            return
        said = {"daily_report": "36.8", "return_declaration": "张伟"}[process]
        after = Talk(PROCESSES[process], step=before.step).say(f"改{first.label} {said}")
        assert after.asked == name
        assert after.values[first.name] == {"36.8": 36.8}.get(said, said)
        assert f"{first.label}已改为" in after.text

    def test_in_mid_form_by_two_messages(self, process, name):
        before = up_to(process, name)
        first = PROCESSES[process].fields[0]
        if first.name == name:
            return
        said = {"daily_report": "36.8", "return_declaration": "张伟"}[process]
        after = Talk(PROCESSES[process], step=before.step).say("刚才填错了", first.label, said)
        assert after.asked == name
        assert f"{first.label}已改为" in after.text


def test_two_steps_back_and_nothing_is_lost():
    talked = up_to("daily_report", "contact")
    before = talked.values
    talked.say("上一步", "上一步")
    assert talked.asked == "away_place"
    assert talked.say("北京").asked == "contact"
    assert talked.values == before | {"away_place": talked.values["away_place"]}
    assert talked.values["away_place"]["city"] == "北京市"


@pytest.mark.parametrize(
    "word",
    [
        "改体温 36.8",
        "体温改成36.8",
        "体温改36.8",
        "体温填错了 36.8",
        "把体温改成36.8",
        "我要改体温 36.8",
        "体温应该是36.8",
        "改成36.8",
        "改为 36.8",
    ],
)
def test_ways_of_changing_a_temperature(word):
    talked = talk("daily_report", "打卡", "36.5", word)
    assert talked.values["temperature"] == 36.8
    assert "体温已改为：36.8" in talked.text
    assert talked.asked == "symptoms"


def test_a_new_value_that_cannot_be_read_does_not_leave_the_old_one():
    talked = filled_in("daily_report").say("改体温 385")
    assert "temperature" not in talked.values
    assert talked.asked == "temperature"
    assert "38.5" in talked.text
    assert talked.say("确认提交").end is None
    assert talked.say("38.5").asked == "confirm"


def test_a_place_that_begins_like_a_change():
    assert filled_in("return_declaration").say("改出发地成都").values["from_place"]["city"] == "成都市"
    assert filled_in("return_declaration").say("改出发地成成都").values["from_place"]["city"] == "成都市"


def test_an_answer_that_hung_on_another_value_is_asked_again():
    talked = filled_in("return_declaration")
    assert talked.values["region_risk"] == "low"
    talked.say("改从哪里来 河南郑州")
    assert talked.asked == "region_risk"
    assert "region_risk" not in talked.values


def test_leaving_and_coming_back_within_the_day():
    left = up_to("daily_report", "where")
    step = dialogue.begin(left.process, "打卡", left.draft, {}, world(NOW + timedelta(hours=5)))
    back = Talk(left.process, step=step)
    assert back.asked == "resume"
    assert "36.5" in back.text
    assert back.say("接着填").asked == "where"
    assert back.draft.id == left.draft.id


def test_coming_back_with_a_value():
    left = up_to("daily_report", "where")
    back = Talk(left.process, step=dialogue.begin(left.process, "打卡 在家 绿码", left.draft, {}, world()))
    assert "绿码" in back.text
    assert back.say("接着填").asked == "contact"


def test_coming_back_on_another_day():
    left = up_to("daily_report", "where")
    step = dialogue.begin(left.process, "打卡", left.draft, {}, world(NOW + timedelta(days=1)))
    assert "作废" in step.lines[0].text
    assert not step.draft.trail


def test_midnight_keeps_what_the_roster_knows():
    known = {"name": "王小明", "phone": "13812345678"}
    left = talk("return_declaration", "申报", "返乡", known=known)
    over = Talk(left.process, step=left.step, now=NOW + timedelta(days=1)).say("陕西西安")
    assert over.values["name"] == "王小明"
    assert over.asked == "kind"


def test_midnight_and_a_question():
    left = up_to("daily_report", "where")
    over = Talk(left.process, step=left.step, now=NOW + timedelta(days=1)).ask("黄码可以坐车吗？")
    assert "作废" in over.text
    assert over.asked == "temperature"


def test_midnight_and_cancel():
    left = up_to("daily_report", "where")
    assert Talk(left.process, step=left.step, now=NOW + timedelta(days=1)).say("取消").end == "cancel"


def test_same_as_yesterday_is_one_tap():
    yesterday = {"temperature": 36.4, "symptoms": ["none"], "where": "home", "health_code": "green", "contact": False}
    talked = talk("daily_report", "打卡", previous=yesterday)
    assert "同昨天" in talked.buttons
    assert talked.say("同昨天").end == "submit"
    assert talked.filed == yesterday


def test_same_as_yesterday_in_one_message():
    yesterday = {"temperature": 36.4, "symptoms": ["none"], "where": "home", "health_code": "green", "contact": False}
    talked = talk("daily_report", "打卡 同昨天", previous=yesterday)
    assert talked.end == "submit"
    assert talked.filed == yesterday


def test_same_as_a_feverish_yesterday_asks():
    yesterday = {"temperature": 38.4, "symptoms": ["none"], "where": "home", "health_code": "green", "contact": False}
    talked = talk("daily_report", "打卡", "同昨天", previous=yesterday)
    assert talked.asked == "temperature"
    assert "不能照抄" in talked.text
    assert talked.values == {}


def test_same_as_yesterday_does_not_undo_todays_fever():
    yesterday = {"temperature": 36.4, "symptoms": ["none"], "where": "home", "health_code": "green", "contact": False}
    assert talk("daily_report", "打卡", "38.5", "同昨天", previous=yesterday).values["temperature"] == 38.5


def test_a_loose_start_in_mid_form():
    talked = up_to("daily_report", "where").say("我来打个卡", meaning=Meaning(start=True))
    assert talked.asked == "resume"


@pytest.mark.parametrize("said", ["跳过", "不填"])
def test_no_field_can_be_skipped(said):
    talked = up_to("daily_report", "where").say(said)
    assert talked.asked == "where"
    assert "转人工" in talked.text


@pytest.mark.parametrize("said", ["不对", "有问题", "修改", "不是"])
def test_not_right_at_the_summary(said):
    assert filled_in("daily_report").say(said).asked == "fix"


def test_the_fix_menu_takes_a_value_at_once():
    talked = filled_in("daily_report").say("修改", "体温 36.9")
    assert talked.values["temperature"] == 36.9
    assert talked.asked == "confirm"


def test_the_draft_survives_its_slot():
    before = up_to("daily_report", "where").say("刚才填错了").draft
    assert type(before).from_meta(before.meta(), before.values) == before
