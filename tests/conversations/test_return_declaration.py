"""The return declaration as people live it: who comes from where is told what applies, by which plan."""

from __future__ import annotations

import pytest

from tests.office import Office, Talker

ANSWERS = {
    "name": "王小明", "phone": "138 1234 5678", "kind": "返乡", "from_place": "河南洛阳", "region_risk": "不是",
    "passed_places": "没有", "arrival_date": "昨天下午到的", "transport": "高铁 G1234", "health_code": "绿码",
    "travel_card": "行程卡绿色", "test_result": "阴性", "test_time": "昨天上午10点", "port_days_over": "满了",
    "isolated_now": "否", "fever_contact": "没有", "fever_contact_date": "三天前", "contact_cleared": "没有排除",
    "grid": "第三网格", "address": "幸福小区3号楼2单元501",
}  # fmt: skip


async def declare(talker: Talker, **differs: str) -> str:
    """Answers whatever is asked, field by field, and confirms; returns what is told at the end."""
    await talker.says("申报")
    for _ in range(30):
        field = talker.custom["field"]
        if field == "confirm":
            return await talker.says("确认提交")
        await talker.says({**ANSWERS, **differs}[field])
    raise AssertionError(f"the form does not come to an end: {talker.text}")


@pytest.mark.parametrize(
    ("differs", "told", "outcome"),
    [
        ({}, ["没有需要隔离的规定"], "none"),
        ({"from_place": "陕西西安", "region_risk": "不清楚"}, ["重点城市", "7日", "居家健康监测14天"], "key_city"),
        (
            {"from_place": "陕西西安", "region_risk": "不清楚", "test_result": "没做过"},
            ["7日", "先做一次核酸"],
            "key_city_test",
        ),
        ({"from_place": "西安市雁塔区"}, ["集中隔离14天", "2次核酸"], "central"),
        ({"region_risk": "高风险地区"}, ["集中隔离14天", "2次核酸"], "central"),
        ({"passed_places": "西安未央区"}, ["集中隔离14天"], "central"),
        ({"from_place": "缅甸"}, ["居家隔离14天", "2次核酸"], "abroad_home"),
        ({"from_place": "美国", "port_days_over": "还没满"}, ["口岸隔离满14天"], "abroad_wait"),
        ({"kind": "返校", "health_code": "黄码"}, ["返校推迟", "班主任"], "school_postponed"),
        ({"kind": "返岗", "region_risk": "中风险地区"}, ["集中隔离14天", "疫区员工"], "central"),
        ({"fever_contact": "有"}, ["满14天", "排除感染"], "contact_isolation"),
    ],
)
async def test_the_measure_that_applies_is_told_with_its_source(
    office: Office, differs: dict[str, str], told: list[str], outcome: str
) -> None:
    text = await declare(office.person("traveller"), **differs)
    assert [word for word in told if word not in text] == []
    assert "来源：篇" in text
    assert "依据：" not in text
    [record] = await office.records("return_declaration")
    assert record["_outcome"] == outcome
    assert record["name"] == "王小明"
    assert record["phone"] == "13812345678"


async def test_the_grid_of_the_chosen_address_is_alerted(office: Office) -> None:
    await declare(office.person("traveller"), from_place="西安市雁塔区")
    alert, follow_up = await office.person("demo-grid").pushed()
    assert "新增随访" in follow_up.text
    assert "王*" in alert.text
    assert "第三网格" in alert.text
    assert "雁塔" in alert.text
    assert "13812345678" not in alert.text
    assert "幸福小区" not in alert.text


async def test_a_grid_without_staff_is_seen_to_by_the_level_above(office: Office) -> None:
    await declare(office.person("traveller"), from_place="西安市雁塔区", grid="第一网格")
    [alert] = await office.alerts()
    assert alert.state == "open"
    async with office.services.transaction() as connection:
        from bot.services.people import staff_for

        assert len(await staff_for(connection, [alert.place_id])) == 1


async def test_the_roster_knows_name_and_phone_of_a_bound_person(office: Office) -> None:
    worker = office.person("demo-worker")
    await worker.says("返岗申报")  # which says the kind, too
    assert worker.custom["field"] == "from_place"


async def test_odd_input_is_told_why_and_gets_a_way_out(office: Office) -> None:
    traveller = office.person("traveller")
    await traveller.says("申报", "王小明")
    assert "11 位" in await traveller.says("1381234567")
    assert traveller.custom["field"] == "phone"
    await traveller.says("不想说")
    assert "转人工" in traveller.buttons
    await traveller.says("13812345678", "返乡")
    text = await traveller.says("朝阳区")
    assert traveller.custom["field"] == "from_place"
    assert len(traveller.buttons) >= 2, text
    await traveller.presses(next(title for title in traveller.buttons if "北京" in title))
    assert traveller.custom["field"] != "from_place"


async def test_a_declaration_in_one_breath_asks_only_for_the_rest(office: Office) -> None:
    traveller = office.person("traveller")
    await traveller.says("返乡申报 我叫王小明，13812345678，昨天坐高铁G1234从西安雁塔区回来，绿码")
    assert traveller.custom["process"] == "return_declaration"
    asked = []
    for _ in range(20):
        field = traveller.custom["field"]
        if field == "confirm":
            break
        asked.append(field)
        await traveller.says(ANSWERS[field])
    assert not {"name", "phone", "from_place", "health_code"} & set(asked)
    assert "集中隔离14天" in await traveller.says("确认提交")
