"""What holds for every turn: repeats, digits, limits, odd input, questions in the midst of a form."""

from __future__ import annotations

import asyncio

import pytest

from bot.assistant.host import Assistant
from bot.conversation import conversation as words
from bot.services.context import Services
from tests.office import Office


async def test_the_same_message_id_gets_the_same_reply_and_is_done_once(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡 36.5 没有症状 在家 绿码 没接触过")
    assert resident.custom["field"] == "confirm"
    first = await resident.says("确认提交", message_id="same")
    again = await resident.says("确认提交", message_id="same")
    assert first == again
    assert len(await office.records("daily_report", current=False)) == 1


async def test_a_second_confirm_files_nothing_more(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡 38.5 没有症状 在家 绿码 没接触过", "确认提交", "确认提交")
    assert len(await office.records("daily_report", current=False)) == 1
    assert len(await office.alerts()) == 1


async def test_a_confirm_whose_reply_was_lost_files_once(
    office: Office, services: Services, assistant: Assistant
) -> None:
    """The process dies between commit and reply: the platform sends the message again, to a form that is still open."""
    resident = office.person("demo-resident")
    await resident.says("打卡 38.5 没有症状 在家 绿码 没接触过")
    before = {key: await services.redis.dump(key) for key in [k async for k in services.redis.scan_iter("dialogue:*")]}
    await resident.says("确认提交", message_id="c1")
    for key, dump in before.items():
        await services.redis.restore(key, 0, dump, replace=True)
    await services.redis.delete("seen:rest:demo-resident:c1")
    reborn = Office(services, assistant).person("demo-resident")
    told = await reborn.says("确认提交", message_id="c1")
    assert "不会重复记录" in told
    assert "发热门诊" in told
    assert len(await office.records("daily_report", current=False)) == 1
    assert len(await office.alerts()) == 1


async def test_a_digit_or_a_typed_title_presses_a_button_of_the_last_list(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡", "36.5", "没有症状")
    at_work = resident.buttons.index("在单位") + 1
    await resident.says(str(at_work))
    assert resident.custom["field"] == "health_code"
    await resident.says("绿码", "没有", "确认提交")
    [record] = await office.records("daily_report")
    assert record["where"] == "work"


async def test_a_question_in_mid_form_is_answered_and_the_form_goes_on(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡", "36.5")
    asked = resident.custom["field"]
    text = await resident.says("黄码能坐火车吗")
    assert "依据：" in text
    assert resident.custom["entry"] == "T7"
    assert resident.custom["field"] == asked
    await resident.says("没有症状")
    assert resident.custom["field"] == "where"


async def test_a_question_that_names_a_temperature_reports_none(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡", "我37.5还能去上班吗")
    assert resident.custom["field"] == "temperature"


async def test_staff_take_an_alert_while_their_own_form_is_open(office: Office) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says("打卡 38.2 没有症状 在家 绿码 没接触过", "确认提交")
    [alert] = await grid.pushed()
    await grid.says("打卡", "36.4")
    field = grid.custom["field"]
    text = await grid.says(alert.buttons[0].payload)
    assert "已记为您收到" in text
    assert grid.custom["field"] == field


async def test_another_process_is_opened_and_the_first_is_found_again(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡", "36.5", "返乡申报")
    assert resident.custom["process"] == "return_declaration"
    await resident.says("取消")
    text = await resident.says("打卡")
    assert "36.5" in text
    await resident.says("接着填")
    assert resident.custom == {"process": "daily_report", "field": "symptoms"}


async def test_the_form_outlives_its_process(office: Office, services: Services, assistant: Assistant) -> None:
    await office.person("demo-resident").says("打卡", "36.5")
    later = Office(services, assistant).person("demo-resident")
    await later.says("没有症状")
    assert later.custom["field"] == "where"


async def test_a_form_lapses_with_its_day(office: Office, clock) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡", "36.5")
    clock.advance(hours=24)
    text = await resident.says("没有症状")
    assert "作废" in text
    assert resident.custom["field"] == "temperature"


async def test_messages_of_one_person_at_once_keep_their_order(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡")
    talkers = [office.person("demo-resident") for _ in range(5)]
    await asyncio.gather(*(t.says(m) for t, m in zip(talkers, ["36.5", "没有症状", "在家", "绿码", "没有"])))
    await resident.says("确认提交")
    [record] = await office.records("daily_report")
    assert (record["temperature"], record["where"], record["health_code"]) == (36.5, "home", "green")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\u200b",
        "。。。",
        "😀",
        "/restart",
        "/session_start",
        "{}",
        "<xml>",
        "a" * 1000,
        "１２３",
        "null",
        "\x00",
    ],
)
async def test_any_input_gets_words(office: Office, text: str) -> None:
    stranger = office.person("stranger")
    reply = await stranger.says(text)
    assert reply.strip()
    assert reply != words.BROKEN


async def test_a_message_that_is_too_long_is_refused_with_words(office: Office) -> None:
    assert await office.person("stranger").says("长" * 1001) == words.TOO_LONG


async def test_the_rate_limit_tells_and_the_next_minute_is_free(
    services: Services, assistant: Assistant, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(services.settings, "rate_limit", 3)
    person = Office(services, assistant).person("hasty")
    for _ in range(3):
        assert await person.says("你好") != words.TOO_FAST
    assert await person.says("你好") == words.TOO_FAST
    clock.advance(minutes=1)
    assert await person.says("你好") != words.TOO_FAST


async def test_what_the_plans_do_not_hold_is_said_plainly(office: Office) -> None:
    stranger = office.person("stranger")
    text = await stranger.says("明天股票会涨吗")
    assert stranger.custom.get("no_answer") is True
    assert "没有答案" in text
    assert "依据：" not in text
    assert "转人工" in stranger.buttons


async def test_greeting_thanks_and_help_offer_what_there_is(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("你好")
    assert set(resident.custom["offers"]) == {"daily_report", "return_declaration"}
    await resident.says("帮助")
    assert {"每日健康打卡", "返乡返校返岗申报", "转人工"} <= set(resident.buttons)
    assert "不客气" in await resident.says("谢谢")


async def test_a_form_word_with_no_form_open_says_so(office: Office) -> None:
    assert "没有正在填的表" in await office.person("demo-resident").says("上一步")
