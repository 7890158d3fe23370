"""The story of the demo: a question, a check-in with 38.2 °C, the alert on the other side, somebody takes it, reminds and tells."""

from __future__ import annotations

from bot.clock.tick import tick
from tests.office import Office


async def test_a_question_is_answered_with_its_source(office: Office) -> None:
    resident = office.person("demo-resident")
    answer = await resident.says("我健康码变黄了还能坐火车吗")
    assert resident.custom["entry"] == "T7"
    assert "绿码" in answer
    assert "核酸" in answer
    assert answer.splitlines()[-1].startswith("依据：篇五")


async def test_fever_reaches_the_grid_staff_and_comes_back(office: Office) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says("打卡", "38.2", "没有症状", "在家", "绿码")
    summary = await resident.says("没有")
    assert resident.custom == {"process": "daily_report", "field": "confirm"}
    assert "38.2" in summary
    told = await resident.presses("确认提交")
    assert "发热门诊" in told
    assert "依据：" not in told
    [record] = await office.records("daily_report")
    assert record["temperature"] == 38.2
    [alert] = await grid.pushed()
    assert "王*" in alert.text
    assert "3号楼" in alert.text
    assert "38.2" in alert.text
    assert "王小芳" not in alert.text
    assert [b.title for b in alert.buttons] == ["收到", "已处理", "查看"]
    await grid.says(alert.buttons[0].payload)
    [taken] = await resident.pushed()
    assert "赵*" in taken.text
    assert "已收到" in taken.text
    revealed = await grid.says(alert.buttons[2].payload)
    assert "王小芳" in revealed
    assert "13800000001" in revealed
    closed = await grid.says(alert.buttons[1].payload)
    assert "已处理" in closed
    [row] = await office.alerts()
    assert row.state == "closed"


async def test_who_has_not_reported_is_reminded_and_a_notice_is_read(office: Office) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says("打卡 36.5 没症状 在家 绿码 没接触", "确认提交")
    assert "王小芳" not in await grid.says("谁还没报")
    assert "已提醒3人" in await grid.presses("催一下")
    [reminder] = await resident.pushed()
    assert reminder.text == "【打卡提醒】刘桂兰、王小明今天还没打卡，请在12:00前报。"
    assert "全家正常" in [button.title for button in reminder.buttons]
    assert "第三网格" in await grid.says("发通知 三网格 今晚7点核酸检测，请带身份证")
    assert await resident.pushed() == []
    await grid.presses("确认发送")
    await tick(office.services)
    [notice] = await resident.pushed()
    assert "今晚7点核酸检测，请带身份证" in notice.text
    assert "已记录" in await resident.says(notice.buttons[0].payload)
    assert "已阅1" in await grid.says("通知 1")
