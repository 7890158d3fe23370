"""A notice that is tied to an entry: the answer changes at the moment at which the notice goes out."""

from __future__ import annotations

from bot.services.broadcast_sending import send_due
from tests.broadcasts.people import hired, row, said_to_send
from tests.conftest import Clock
from tests.office import Office

NEW = "绿码可以出行。黄码不再限制出行。\n依据：县指挥部2022年第3号通告"
ASKED = "黄码可以出行吗"


async def entry_of(office: Office) -> str:
    """The entry that answers ASKED."""
    resident = office.person("demo-resident")
    await resident.says(ASKED)
    return str(resident.custom["entry"]).split("#")[0].split("/")[0]


async def test_the_answer_changes_with_the_first_message_and_says_what_changed(office: Office, clock: Clock) -> None:
    grid, resident = office.person("demo-grid"), office.person("demo-resident")
    entry = await entry_of(office)
    before = await resident.says(ASKED)
    shown = await grid.says(f"发通知 三网格 请转告家人 同时改答 {entry} {NEW}")
    assert "【政策更新】" in shown
    assert "（适用：茶坊社区 第三网格 全体人员）" in shown
    assert "原来：" in shown
    assert "现在：绿码可以出行。黄码不再限制出行。" in shown
    assert f"{entry} 的答案换成新的" in shown
    await grid.says("定时 今晚7点", "确认发送")
    assert await resident.says(ASKED) == before
    clock.set_local("2022-01-20 19:00")
    assert await send_due(office.services) == 2
    [push] = await resident.pushed()
    assert "现在：绿码可以出行。" in push.text
    assert "请转告家人" in push.text
    after = await resident.says(ASKED)
    assert "黄码不再限制出行" in after
    assert "依据：县指挥部2022年第3号通告" in after


async def test_a_recall_leaves_the_new_answer_and_offers_the_old_one(office: Office) -> None:
    grid, resident = office.person("demo-grid"), office.person("demo-resident")
    entry = await entry_of(office)
    before = await resident.says(ASKED)
    await said_to_send(grid, f"发通知 三网格 请转告家人 同时改答 {entry} {NEW}")
    await send_due(office.services)
    told = await grid.says("撤回通知 1")
    assert f"{entry} 的答案已经换成新的" in told
    await grid.presses(f"恢复 {entry}")
    await grid.says("确认修改")
    assert await resident.says(ASKED) == before


async def test_an_entry_that_was_changed_meanwhile_stops_the_notice(office: Office, clock: Clock) -> None:
    grid, resident = office.person("demo-grid"), office.person("demo-resident")
    entry = await entry_of(office)
    await said_to_send(grid, f"发通知 三网格 请转告家人 同时改答 {entry} {NEW}", "定时 今晚7点")
    await grid.says(f"改答 {entry} 黄码要先核酸。\n依据：另一份通告", "确认修改")
    clock.set_local("2022-01-20 19:00")
    assert await send_due(office.services) == 0
    assert await resident.pushed() == []
    assert "刚刚被改过" in (await row(office, 1)).reason
    assert "黄码要先核酸" in await resident.says(ASKED)
    [told] = [push for push in await grid.pushed() if "没有发送" in push.text]
    assert "刚刚被改过" in told.text


async def test_only_those_who_keep_the_answers_may_tie_one(office: Office) -> None:
    head = await hired(office, "head", "area_head", "demo/area-4")
    entry = await entry_of(office)
    assert "政策维护人员" in await head.says(f"发通知 请转告家人 同时改答 {entry} {NEW}")
    assert "没有编号为 ZZ9 的条目" in await office.person("demo-grid").says(f"发通知 请转告 同时改答 ZZ9 {NEW}")
