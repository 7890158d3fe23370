"""What the served understanding makes of people's words; the trained model is asked as the conversation asks it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.assistant.clauses import questions
from bot.assistant.features import bare
from bot.assistant.host import Assistant


async def _selected(assistant: Assistant, text: str) -> tuple[str, dict[str, Any]]:
    parsed = await assistant.parse(text)
    return parsed["intent"]["name"], parsed["response_selector"].get("ask", {})


def _sure(clause: dict[str, Any]) -> str:
    best = clause["ranking"][0]
    assert clause["in_scope"]
    assert best["confidence"] >= 0.5
    return str(best["intent_response_key"])


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("我的建康吗便成荒色的了还可以坐高贴回家吗", "ask/T7"),
        ("健康碼變黃了還能坐高鐵嗎", "ask/T7"),
        ("厂里每个人一天发几个囗罩呀", "ask/E3"),
        ("楼到一天要削毒几次", "ask/D3"),
    ],
)
async def test_homophones_look_alikes_and_traditional_characters_are_understood(
    assistant: Assistant, text: str, entry: str
) -> None:
    intent, selected = await _selected(assistant, text)
    assert intent == "ask"
    assert selected["ranking"][0]["intent_response_key"] == entry


async def test_a_text_that_stands_in_the_content_is_certain_whatever_its_punctuation(assistant: Assistant) -> None:
    intent, selected = await _selected(assistant, "健康码变成黄码 ，还能出行吗")
    assert intent == "ask"
    assert selected["ranking"][0] == {"intent_response_key": "ask/T7", "confidence": 1.0}


@pytest.mark.parametrize("text", ["鼯鼠筑巢喜欢啥样的枞树", "qzx vbn 7781", "魟鱼鳐鱼傻傻分不清", "😀😀"])
async def test_words_that_no_question_holds_are_out_of_scope(assistant: Assistant, text: str) -> None:
    assert (await _selected(assistant, text))[0] == "out_of_scope"


async def test_the_ranking_names_entries_alone_and_falls(assistant: Assistant) -> None:
    _, selected = await _selected(assistant, "昨天刚回来想问问要在家待几天")
    ranking = selected["ranking"]
    assert all(one["intent_response_key"].startswith("ask/") for one in ranking)
    confidences = [one["confidence"] for one in ranking]
    assert confidences == sorted(confidences, reverse=True)
    assert 0 <= confidences[-1] <= confidences[0] <= 1
    assert selected["response"]["intent_response_key"] == ranking[0]["intent_response_key"]
    assert selected["clauses"] == []


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("黄码能坐车吗，另外家里聚餐最多几个人", ["ask/T7", "ask/C3"]),
        ("84怎么兑水？楼道一天消毒几次？", ["ask/D2", "ask/D3"]),
    ],
)
async def test_each_question_of_a_message_is_judged_apart(assistant: Assistant, text: str, entries: list[str]) -> None:
    _, selected = await _selected(assistant, text)
    assert [_sure(clause) for clause in selected["clauses"]] == entries


@pytest.mark.parametrize(
    "text",
    [
        "我昨天从西安回来，要隔离吗，要做几次核酸",
        "家里聚餐最多几个人，十个人行吗",
        "今早一开手机码黄了，我没发烧也没咳嗽，下午的火车，你说我还能走吗",
    ],
)
async def test_a_story_with_one_question_gives_no_second_entry(assistant: Assistant, text: str) -> None:
    _, selected = await _selected(assistant, text)
    sure = {_sure(c) for c in selected["clauses"] if c["in_scope"] and c["ranking"][0]["confidence"] >= 0.5}
    assert len(sure) <= 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("黄码能坐车吗，另外家里聚餐最多几个人", ["黄码能坐车吗", "家里聚餐最多几个人"]),
        ("我黄码了能坐高铁吗还有家里请客最多几桌", ["我黄码了能坐高铁吗", "家里请客最多几桌"]),
        ("你好 请问一下 我37.5度，能上班吗？谢谢", ["我37.5度，能上班吗?，谢谢"]),
        ("口罩要戴吗，行吗", ["口罩要戴吗，行吗"]),
        ("今天体温正常 没有不舒服", []),
        ("？？？", []),
    ],
)
def test_questions_are_cut_with_what_leads_to_them(text: str, found: list[str]) -> None:
    assert questions(text) == found


def test_what_people_leave_out_does_not_tell_texts_apart() -> None:
    assert bare(" 黃碼，能 走嗎？ ") == bare("黄码能走吗")
    assert bare("自已的囗罩") == bare("自己的口罩")
