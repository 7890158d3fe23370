"""零报告: one tap by who is in charge, refused while something stands against it."""

from __future__ import annotations

from bot.services.context import Services
from tests.chasing.neighbours import settle
from tests.conftest import Clock
from tests.office import Office

REPORT = ("打卡 36.5 没症状 在家 绿码 没接触", "确认提交")
FEVER = ("打卡 38.2 没症状 在家 绿码 没接触", "确认提交")


async def test_one_tap_reports_nothing_abnormal_and_can_be_taken_back(office: Office, services: Services) -> None:
    grid = office.person("demo-grid")
    told = await grid.says("零报告")
    assert "第三网格：今天零报告已记下。还有4人次没报" in told
    assert "撤销零报告" in grid.buttons
    assert "08:00已经由赵*报过" in await grid.says("零报告")
    assert "零报告：1处" in await grid.says("今日汇总")
    assert "零报告已撤销" in await grid.says("撤销零报告")
    assert "零报告：1处" not in await grid.says("今日汇总")
    assert "今天没有零报告" in await grid.says("取消零报告")


async def test_it_is_refused_while_somebody_is_abnormal_or_an_alert_stands(office: Office, clock: Clock) -> None:
    grid, worker = office.person("demo-grid"), office.person("demo-worker")
    await worker.says(*FEVER)
    refused = await grid.says("零报告")
    assert "没有记零报告，今天有1人上报异常，有1条预警没有关闭" in refused
    assert grid.buttons == ["待处理预警"]
    clock.advance(days=1)
    assert "有1条预警没有关闭" in await grid.says("零报告")


async def test_only_the_places_in_charge_are_reported(office: Office, services: Services) -> None:
    await settle(services, "何片长", "area_head", "demo/area-4", sender="area")
    area = office.person("area")
    assert "第四片区（加油站以南居民区）：今天零报告已记下" in await area.says("零报告")
    assert "没有找到“三网格”" in await area.says("三网格零报告")
    assert "零报告：1处" in await office.person("demo-grid").says("今日汇总")
    assert "只能报今天的" in await area.says("昨天零报告")
