"""An alert is taken, passed on, noted, closed with an outcome, and opened again."""

from __future__ import annotations

import pytest

from bot.services.context import Services
from tests.alerts.reporting import add, all_alerts, reports, steps
from tests.conftest import Clock
from tests.office import Office


@pytest.mark.asyncio
async def test_every_step_stands_with_who_and_when(services: Services, office: Office, clock: Clock) -> None:
    await add(services, "other", "李四", ("grid_worker", "demo/grid-3"))
    grid, other = office.person("demo-grid"), office.person("other")
    await reports(services, "demo-resident", temperature=38.2)
    code = (await all_alerts(services))[0].code
    await other.pushed()
    clock.advance(minutes=3)
    await grid.says(f"收到 {code}", f"处理中 {code} 正在上门")
    clock.advance(minutes=5)
    assert "已转给李*" in await grid.says(f"转给 {code} 李四")
    (passed,) = await other.pushed()
    assert "转给了您" in passed.text
    assert "王*" in passed.text
    await other.says(f"备注 {code} 已联系家属")
    told = await other.says(f"已处理 {code} 已送医")
    assert "结果：已就医" in told
    record = await grid.says(f"预警记录 {code}")
    assert list(record.splitlines()[1:]) == [
        "01月20日 08:00　上报",
        "01月20日 08:03　收到　赵*",
        "01月20日 08:03　处理中　赵*：正在上门",
        "01月20日 08:08　转给他人　赵*：转给李*",
        "01月20日 08:08　备注　李*：已联系家属",
        "01月20日 08:08　处理完毕　李*：已送医",
    ]
    assert (await all_alerts(services))[0].outcome == "clinic"


@pytest.mark.asyncio
async def test_closing_in_one_word_offers_the_outcomes(services: Services, office: Office) -> None:
    grid = office.person("demo-grid")
    await reports(services, "demo-resident", temperature=38.2)
    code = (await all_alerts(services))[0].code
    assert "已处理完毕" in await grid.says("已处理")
    assert "居家观察" in grid.buttons
    assert "误报" in grid.buttons
    assert "结果记为：居家观察" in await grid.presses("居家观察")
    row = (await all_alerts(services))[0]
    assert (row.state, row.outcome) == ("closed", "home")
    assert "之前已处理过" in await grid.says(f"已处理 {code}")


@pytest.mark.asyncio
async def test_a_wrong_closing_is_undone(services: Services, office: Office, clock: Clock) -> None:
    grid = office.person("demo-grid")
    await reports(services, "demo-resident", temperature=38.2)
    code = (await all_alerts(services))[0].code
    await grid.says(f"已处理 {code}")
    assert "由您处理" in await grid.presses("重新打开")
    assert (await all_alerts(services))[0].state == "acknowledged"
    await grid.says(f"已处理 {code}")
    clock.advance(hours=49)
    assert "超过48小时" in await grid.says(f"重新打开 {code}")


@pytest.mark.asyncio
async def test_a_new_finding_joins_and_a_later_one_opens_it_again(
    services: Services, office: Office, clock: Clock
) -> None:
    grid = office.person("demo-grid")
    await reports(services, "demo-resident", temperature=38.2)
    await grid.pushed()
    await reports(services, "demo-resident", temperature=38.9, symptoms=["cough"])
    (joined,) = await grid.pushed()
    assert "同一人的新情况" in joined.text
    (row,) = await all_alerts(services)
    await grid.says(f"已处理 {row.code} 已就医")
    clock.advance(days=1)
    await reports(services, "demo-resident", temperature=38.1)
    (again,) = await grid.pushed()
    assert "重新打开" in again.text
    assert row.code in again.text
    (row,) = await all_alerts(services)
    assert (row.state, row.outcome, row.rung) == ("open", None, 1)
    assert await steps(services) == ["open", "joined", "closed", "reopened"]
    await grid.says(f"已处理 {row.code}")
    clock.advance(days=3)
    await reports(services, "demo-resident", temperature=38.1)
    assert len(await all_alerts(services)) == 2


@pytest.mark.asyncio
async def test_a_correction_to_normal_closes_nothing_and_is_told(services: Services, office: Office) -> None:
    grid = office.person("demo-grid")
    await reports(services, "demo-resident", temperature=38.2)
    await grid.pushed()
    await reports(services, "demo-resident", temperature=36.2)
    (told,) = await grid.pushed()
    assert "更正为正常" in told.text
    assert (await all_alerts(services))[0].state == "open"


@pytest.mark.asyncio
async def test_odd_words_get_help(services: Services, office: Office) -> None:
    grid = office.person("demo-grid")
    assert "没有待处理的预警" in await grid.says("预警")
    assert "例如：转给" in await grid.says("转给")
    await reports(services, "demo-resident", temperature=38.2)
    code = (await all_alerts(services))[0].code
    assert "没有叫“无名氏”" in await grid.says(f"转给 {code} 无名氏")
    assert "还没有处理完" in await grid.says(f"结果 {code} 已就医")
    assert "没有关闭" in await grid.says(f"重新打开 {code}")
    assert code in await grid.says("待处理")
