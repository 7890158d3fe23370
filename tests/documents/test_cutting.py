"""A document is cut by its own headings."""

from __future__ import annotations

import pytest

from bot.knowledge.headings import Line, unwrap
from bot.knowledge.passages import Passage, cut, sections
from tests.documents.texts import CARE_HOMES, LIBRARY, MARKETS


def passages(text: str, title: str = "") -> list[Passage]:
    return cut([Line(line) for line in text.splitlines() if line.strip()], title)


def section_of(text: str, phrase: str) -> str:
    [found] = [one.section for one in passages(text) if phrase in one.text]
    return found


@pytest.mark.parametrize(
    ("text", "phrase", "section"),
    [
        (CARE_HOMES, "提前3天电话预约", "一、人员进出管理 › （一）探视"),
        (CARE_HOMES, "每周做1次核酸检测", "二、工作人员管理"),
        (CARE_HOMES, "煮沸消毒15分钟", "三、物资与环境"),
        (MARKETS, "健康证有效期为一年", "第二章 摊位管理 › 第三条"),
        (MARKETS, "导盲犬除外", "第三章 顾客管理 › 第七条"),
        (LIBRARY, "周一闭馆", "市图书馆恢复开放公告 › 开放时间"),
        (LIBRARY, "20 个家庭", "市图书馆恢复开放公告 › 入馆须知 › 未成年人"),
        ("总则\n附件2：表格说明\n填表时用黑色笔。", "黑色笔", "附件2：表格说明"),
        (
            "第一部分 概述\n一、背景\n背景说明。\n第二部分 措施\n1. 消毒。每天两次。",
            "每天两次",
            "第二部分 措施 › 1. 消毒",
        ),
        ("一、要求\n(1) 报备：提前两天\n① 网上填表\n二、其他\n没有了。", "没有了", "二、其他"),
    ],
)
def test_a_passage_stands_under_its_headings(text: str, phrase: str, section: str) -> None:
    assert section_of(text, phrase) == section


def test_numbered_points_without_headings_stay_together() -> None:
    [storing] = [one for one in passages(CARE_HOMES) if "由专人保管" in one.text]
    assert "1. 口罩、消毒液" in storing.text
    assert "3. 公共区域" in storing.text


def test_items_of_a_list_are_no_headings() -> None:
    assert [one.section for one in passages("一、要带的东西\n1. 身份证\n2. 户口本\n3. 两张照片")] == ["一、要带的东西"]


def test_dates_and_decimals_begin_no_part() -> None:
    assert passages("2022.1.20起执行。\n37.3℃以上不得进入。") == [Passage("", "2022.1.20起执行。\n37.3℃以上不得进入。")]


def test_a_heading_of_the_file_itself_counts_whatever_it_says() -> None:
    lines = [Line("食堂", 1), Line("错峰就餐。"), Line("宿舍", 1), Line("开学前", 2), Line("通风三天。")]
    assert cut(lines) == [Passage("食堂", "食堂\n错峰就餐。"), Passage("宿舍 › 开学前", "开学前\n通风三天。")]


def test_the_title_is_no_passage() -> None:
    assert all("关于做好" not in one.text for one in passages(CARE_HOMES, CARE_HOMES.splitlines()[0]))
    assert passages("只有这一行", "只有这一行") == [Passage("", "只有这一行")]


def test_nothing_of_a_long_part_is_lost_and_every_piece_can_be_quoted() -> None:
    sentences = [f"第{n}户应当在当天{n % 24}时前报告本户人数和体温情况。" for n in range(200)]
    found = passages("一、报告\n" + "".join(sentences))
    assert "".join(one.text for one in found).removeprefix("一、报告\n").replace("\n", "") == "".join(sentences)
    assert max(len(one.text) for one in found) <= 500
    assert {one.section for one in found} == {"一、报告"}
    assert len(passages("字" * 3000)) > 5  # not one sentence end to divide at


def test_sections_are_counted_once() -> None:
    assert sections(passages(MARKETS)) == 10


def test_lines_broken_amid_a_sentence_are_joined() -> None:
    broken = [
        "一、探视",
        "家属探视老人实行预约制，须提前三天电话预约，每次不",
        "超过两人。",
        "（一）时间",
        "每天上午。",
    ]
    assert unwrap(broken) == [
        "一、探视",
        "家属探视老人实行预约制，须提前三天电话预约，每次不超过两人。",
        "（一）时间",
        "每天上午。",
    ]
    titled = ["关于做好养老机构冬春季疫情防控工作的通知", "各养老机构："]
    assert unwrap(titled) == titled
