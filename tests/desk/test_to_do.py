"""待办 and the menu: to each what waits for them."""

from __future__ import annotations

from tests.conftest import Clock
from tests.office import Office

FEVER = "打卡 38.5 咳嗽 在家 绿码 没接触"


async def test_a_staff_member_reads_what_waits_and_how_to_handle_it(office: Office, clock: Clock) -> None:
    worker, grid = office.person("demo-worker"), office.person("demo-grid")
    await worker.says(FEVER, "确认提交")
    await office.person("demo-resident").says("转人工")
    [alert] = await office.alerts()
    said = await grid.says("待办")
    assert said.startswith("待办（第三网格，01月20日 08:00）：")
    assert "预警1条没有处理完" in said
    assert alert.code in said
    assert "居民求助1个在等" in said
    assert "打卡" in said
    assert "张建国" not in said
    assert {"预警", "工单", "谁还没报"} <= set(grid.buttons)
    assert alert.code in await grid.presses("预警")


async def test_only_their_part_is_counted(office: Office) -> None:
    await office.person("demo-resident").says(FEVER, "确认提交")
    teacher = office.person("demo-teacher")
    said = await teacher.says("待办")
    assert "预警" not in said
    assert "1人还没报" in said  # 王小明


async def test_who_has_nothing_to_do_reads_so(office: Office, clock: Clock) -> None:
    assert await office.person("guest").says("待办") == "您今天没有要做的事。有问题可以直接问我。"


async def test_a_resident_reads_what_they_owe_themselves(office: Office) -> None:
    resident = office.person("demo-resident")
    assert "您今天的打卡还没报" in await resident.says("待办")
    assert resident.buttons == ["打卡"]


async def test_the_menu_follows_the_role(office: Office) -> None:
    grid, resident = office.person("demo-grid"), office.person("demo-resident")
    said = await grid.says("菜单")
    assert {"待办", "谁还没报", "今日汇总", "发通知", "预警", "随访", "谁值班"} <= set(grid.buttons)
    assert "待办" in said
    await resident.says("帮助")
    assert not {"待办", "谁还没报", "今日汇总", "发通知", "预警", "随访"} & set(resident.buttons)
    assert "谁值班" in resident.buttons
