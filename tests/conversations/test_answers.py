"""Questions in chat: for the asker's own case, several at once, not sure which, out of date, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import orjson
import pytest

from bot.knowledge.entries import Entry
from bot.services import risks
from bot.services.questions import WAITING_KEY
from tests.conftest import Clock
from tests.office import Office

SOURCE_OF_FOUR = "依据：篇四 社区网格，防控要求，（四）落实疫情防控规定"


def _last_line(text: str) -> str:
    return text.splitlines()[-1]


async def _noted(office: Office) -> list[dict[str, str]]:
    """What was left for staff to look at, oldest first: kind, text, entry."""
    lines = await office.services.redis.lrange(WAITING_KEY, 0, -1)
    opened = [office.services.vault.open_json(line, "questions.line") for line in lines]
    return [{key: one[key] for key in ("kind", "text", "entry")} for one in opened]


@pytest.mark.parametrize(
    ("question", "entry", "first", "source"),
    [
        ("我从西安回来要隔离吗", "C8", ["陕西省西安市", "重点城市", "雁塔区高风险", "未央区中风险", "近7日内核酸", "居家健康监测14天"], "篇四"),
        ("从西安市雁塔区回来要隔离吗", "C7", ["雁塔区", "名单", "高风险", "集中隔离14天", "2次核酸"], "篇四"),
        ("从西安未央区回来要隔离吗", "C7", ["未央区", "中风险", "集中隔离14天"], "篇四"),
        ("去西安出差回来要做核酸吗", "C8", ["西安", "重点城市", "近7日内核酸"], "篇四"),
        ("我妈从西安来看我", "C8", ["西安", "重点城市", "健康码"], "篇四"),
        ("从北京回来要不要做核酸", "C14x", ["北京市今天不在风险名单上", "名单由工作人员维护", "及时报告"], "篇四"),
        ("我从高风险地区回来要隔离吗", "C7", ["集中隔离14天", "2次核酸"], "篇四"),
        ("没去过中高风险地区要隔离吗", "C14x", ["没去过中高风险地区", "没有写要隔离"], "篇四"),
        ("从国外回来要隔离几天", "C6", ["口岸隔离满14天", "居家隔离14天", "2次核酸"], "篇四"),
        ("从香港回来要隔离吗", "C6", ["香港", "口岸隔离14天", "没有单独写港澳台"], "篇四"),
    ],
)  # fmt: skip
async def test_a_place_is_answered_by_the_risk_list_of_today(
    office: Office, question: str, entry: str, first: list[str], source: str
) -> None:
    resident = office.person("demo-resident")
    text = await resident.says(question)
    lead = text.splitlines()[0]
    assert [words for words in first if words not in lead] == []
    assert resident.custom == {"entry": entry, "offers": ["return_declaration"]}
    assert _last_line(text) == SOURCE_OF_FOUR
    assert office.services.entries[entry].answer in text


async def test_a_child_back_from_a_risk_region_is_told_the_rule_of_the_school_too(office: Office) -> None:
    parent = office.person("demo-resident")
    text = await parent.says("孩子从高风险地区回来能开学吗")
    assert "集中隔离14天" in text.splitlines()[0]
    assert "推迟返校" in text.splitlines()[0]
    assert parent.custom["entry"] == "S1"
    assert "篇一" in _last_line(text)
    assert "篇四" in _last_line(text)


async def test_the_offer_under_a_place_begins_the_declaration(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("我从西安回来要隔离吗")
    await resident.presses("返乡返校返岗申报")
    assert resident.custom["process"] == "return_declaration"


async def test_a_place_that_leaves_the_list_is_answered_anew_the_next_day(office: Office, clock: Clock) -> None:
    resident = office.person("demo-resident")
    staff = office.services
    today = await risks.today(staff)
    for region in today.regions:
        await risks.end_region(staff, None, region.id, date(2022, 1, 20))
    clock.advance(days=1)
    text = await resident.says("我从西安回来要隔离吗")
    assert text.startswith("陕西省西安市今天不在风险名单上")
    assert resident.custom["entry"] == "C14x"


async def test_a_name_of_several_places_is_asked_back_and_the_question_goes_on(office: Office) -> None:
    resident = office.person("demo-resident")
    text = await resident.says("从朝阳区回来要隔离吗")
    assert "朝阳区" in text
    assert resident.buttons == ["北京市朝阳区", "吉林省长春市朝阳区"]
    assert "依据：" not in text
    text = await resident.says("2")
    assert text.startswith("吉林省长春市朝阳区今天不在风险名单上")
    assert resident.custom["entry"] == "C14x"


async def test_a_whole_province_gets_the_general_rule_and_is_asked_for_the_city(office: Office) -> None:
    resident = office.person("demo-resident")
    text = await resident.says("从湖北回来要隔离吗")
    assert "“湖北”请写到哪个省哪个市" in text
    assert "集中隔离14天" in text
    assert _last_line(text) == SOURCE_OF_FOUR


@pytest.mark.parametrize(
    ("question", "entry", "first"),
    [
        ("我37.5还能去上班吗", "E5", ["37.5 ℃算发热", "不能去上班", "发热门诊"]),
        ("37.3能上班吗", "E5", ["37.3 ℃算发热", "不能去上班"]),
        ("我36.8还能去上班吗", "E5", ["36.8 ℃不算发热", "没有写不能上班"]),
        ("孩子37.6能去学校吗", "S14", ["37.6 ℃算发热", "不能到校"]),
        ("体温三十八度二还能上学吗", "S14", ["38.2 ℃算发热", "不能到校", "报告学校"]),
        ("38度能坐火车吗", "T6", ["38.0 ℃算发热", "先别走"]),
        ("发烧38度2去哪看", "C2", ["38.2 ℃算发热", "县医院发热门诊", "不坐公共交通"]),
    ],
)
async def test_a_temperature_is_answered_by_the_plan_for_whom_it_holds(
    office: Office, question: str, entry: str, first: list[str]
) -> None:
    worker = office.person("demo-worker")
    text = await worker.says(question)
    lead = text.splitlines()[0]
    assert [words for words in first if words not in lead] == []
    assert worker.custom["entry"] == entry
    assert office.services.entries[entry].source in _last_line(text)


async def test_several_questions_in_one_message_get_both_answers(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("黄码能坐车吗，另外家里聚餐最多几个人")
    assert [bubble.custom["entries"] for bubble in resident.reply] == [["T7", resident.custom["entries"][1]]] * 2
    assert resident.custom["entry"] == "T7"
    assert resident.custom["entries"][1] in ("C3", "T9")
    assert all(_last_line(bubble.text).startswith("依据：") for bubble in resident.reply)
    assert "10人" in resident.reply[1].text
    assert [bubble.buttons != () for bubble in resident.reply] == [False, True]


async def test_a_long_story_with_one_question_gets_one_answer(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says(
        "我儿子在外面打工大半年没回来了，票也买好了，结果昨天健康码突然变黄了，急死人了，你说这黄码还能坐火车吗"
    )
    assert resident.custom["entry"] == "T7"
    assert "entries" not in resident.custom


async def test_near_questions_are_offered_and_the_choice_is_kept(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("汽油多少钱一升")
    assert resident.custom == {"no_answer": True}
    assert resident.buttons[-1] == "转人工"
    assert await _noted(office) == [{"kind": "unanswered", "text": "汽油多少钱一升", "entry": None}]


async def test_which_of_two_is_asked_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    # every question is as near to its second entry as to its first
    monkeypatch.setattr("bot.knowledge.answering.CLEAR", 1.0)
    resident = office.person("demo-resident")
    question = "家里聚餐最多几口人"
    text = await resident.says(question)
    assert text == "您想问的是哪一个？"
    assert resident.buttons[-1] == "都不是"
    title = "红白事、家庭聚餐有啥限制？"
    assert title in resident.buttons
    monkeypatch.undo()
    told = await resident.presses(title)
    assert resident.custom["entry"] == "C3"
    assert await _noted(office) == [{"kind": "chosen", "text": question, "entry": "C3"}]
    assert told.splitlines()[0] != title


async def test_none_of_these_is_noted_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.knowledge.answering.CLEAR", 1.0)
    resident = office.person("demo-resident")
    await resident.says("家里聚餐最多几口人")
    await resident.presses("都不是")
    assert resident.custom == {"no_answer": True}
    assert resident.buttons == ["转人工"]
    await resident.says("都不是")
    assert await _noted(office) == [{"kind": "unanswered", "text": "家里聚餐最多几口人", "entry": None}]


async def test_every_answer_can_be_judged_but_not_within_a_form(office: Office) -> None:
    resident = office.person("demo-worker")
    await resident.says("黄码能坐车吗")
    assert resident.buttons[0] == "每日健康打卡"
    assert resident.buttons[-2:] == ["有用", "没用"]
    assert len(resident.buttons) == 6
    await resident.says("取消", "打卡", "黄码能坐车吗")
    assert "有用" not in resident.buttons
    assert resident.custom["entry"] == "T7"
    assert resident.custom["process"] == "daily_report"


@pytest.mark.parametrize(
    ("question", "said", "rest"),
    [
        ("静安归哪个组", "静安", "闵行"),
        ("加油站南边是哪个片区谁管", "第四片区", "变电站"),
        ("变电站后面是哪个片区", "第三片区", "加油站"),
        ("二手房中介谁负责", "交易所", "售楼部"),
    ],
)
async def test_a_row_of_a_table_is_told_alone_and_the_whole_on_demand(
    office: Office, question: str, said: str, rest: str
) -> None:
    resident = office.person("demo-grid")
    text = await resident.says(question)
    assert said in text
    assert rest not in text
    assert _last_line(text).startswith("依据：")
    whole = await resident.presses("全部")
    assert rest in whole
    assert _last_line(whole).startswith("依据：")


async def test_an_expired_rule_says_so_and_is_no_answer(office: Office, clock: Clock) -> None:
    resident = office.person("demo-resident")
    await resident.says("你好")  # which brings the process up to date with staff's versions
    _expire(office, "T7", until=date(2022, 1, 20))
    await resident.says("黄码能坐车吗")
    assert resident.custom["entry"] == "T7"  # its last day
    clock.advance(days=1)
    text = await resident.says("黄码能坐车吗")
    assert "已于2022年1月20日到期，不再适用" in text
    assert "健康码变成黄码" in text
    assert resident.custom == {"no_answer": True}
    assert resident.buttons == ["转人工"]
    assert "依据：" not in text


async def test_a_rule_does_not_answer_before_its_day(office: Office, clock: Clock) -> None:
    clock.set_local("2021-12-30 10:00")
    resident = office.person("demo-resident")
    text = await resident.says("黄码能坐车吗")
    assert "自2022年1月1日起施行" in text
    assert resident.custom == {"no_answer": True}
    clock.set_local("2022-01-01 00:10")
    await resident.says("黄码能坐车吗")
    assert resident.custom["entry"] == "T7"


def _expire(office: Office, entry_id: str, until: date) -> None:
    """As staff's newest version would."""
    library = office.services.library
    version: Entry = replace(library.files[entry_id], expires=until)
    library.take({entry_id: (version,)}, library.edition)


async def test_what_is_noted_is_sealed(office: Office) -> None:
    await office.person("demo-resident").says("汽油多少钱一升")
    lines = await office.services.redis.lrange(WAITING_KEY, 0, -1)
    assert "汽油".encode() not in b"".join(lines)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(lines[0])
