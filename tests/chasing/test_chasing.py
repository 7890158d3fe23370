"""谁还没报, 催一下, 电话名单, 全部名单, as staff use them and as others do."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from bot.services.context import Services
from bot.services.files import open_file
from bot.storage.tables import audit, outbox
from tests.chasing.neighbours import settle
from tests.conftest import Clock
from tests.office import Office, Talker

REPORT = ("打卡 36.5 没症状 在家 绿码 没接触", "确认提交")


async def rows_of(services: Services, path: str, sheet: str) -> list[tuple[object, ...]]:
    """The rows of a kept Excel file."""
    file = await open_file(services, path.split("/")[2])
    assert file is not None
    return list(load_workbook(io.BytesIO(file.data))[sheet].iter_rows(values_only=True))


@pytest.fixture
def grid(office: Office) -> Talker:
    return office.person("demo-grid")


async def test_the_list_goes_by_unit_with_masked_names_and_shrinks_with_each_report(
    office: Office, grid: Talker
) -> None:
    told = await grid.says("谁还没报")
    assert "第三网格 打卡：应报4人，未报4人" in told
    assert "3号楼 4人：王*、刘*、张*、王*" in told
    assert "王小芳" not in told
    await office.person("demo-worker").says(*REPORT)
    told = await grid.says("三网格还有谁没报？")
    assert "应报4人，未报3人" in told
    assert "张*" not in told
    assert grid.buttons == ["催一下", "电话名单"]


async def test_a_list_of_yesterday_offers_no_chasing(office: Office, grid: Talker, clock: Clock) -> None:
    await office.person("demo-worker").says(*REPORT)
    clock.advance(days=1)
    assert "应报4人，未报4人" in await grid.says("谁没报")
    assert "应报4人，未报3人" in await grid.says("昨天谁没报")
    assert "1月20日" in grid.text
    assert grid.buttons == ["电话名单"]
    await grid.presses("电话名单")
    assert "未报3人" in grid.text
    assert "只能催今天的" in await grid.says("昨天催一下")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("谁还没报 abc", "没有找到“abc”"),
        ("一车间谁还没报", "没有找到“一车间”"),  # outside of the grid, as if it were not there
        ("2月30日谁没报", "没有这一天"),
        ("1月30日谁没报", "还没到"),
    ],
)
async def test_wrong_use_gets_words_that_help(grid: Talker, said: str, answer: str) -> None:
    assert answer in await grid.says(said)


async def test_a_check_that_has_not_begun_is_missing_with_nobody(office: Office, clock: Clock) -> None:
    teacher = office.person("demo-teacher")
    assert "三班 晨检：应报1人，未报1人\n王*" in await teacher.says("谁还没报")
    assert "午检" not in teacher.text
    clock.set_local("2022-01-20 12:00")
    assert "三班 午检：应报1人，未报1人" in await teacher.says("谁还没报")
    assert "晨检" not in await teacher.says("午检谁还没报")
    clock.set_local("2022-01-21 05:00")
    assert "还没到开始上报的时间" in await teacher.says("谁还没报")


@pytest.mark.parametrize("said", ["谁还没报", "催一下", "电话名单", "零报告", "三网格谁还没报"])
async def test_a_resident_reads_what_residents_may_do(office: Office, services: Services, said: str) -> None:
    resident = office.person("demo-resident")
    told = await resident.says(said)
    assert "工作人员用的" in told
    assert "打卡" in told
    async with services.transaction() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(outbox)) == 0


async def test_chasing_reaches_a_family_in_one_message_and_not_twice_within_half_an_hour(
    office: Office, services: Services, grid: Talker, clock: Clock
) -> None:
    await settle(services, "钱大妈", "resident", "demo/building-3", "13800000077")
    told = await grid.says("催一下")
    assert "已提醒4人（其中2人由家人代收）" in told
    assert "1人没有可送达的账号" in told
    resident, worker = office.person("demo-resident"), office.person("demo-worker")
    [message] = await resident.pushed()
    assert "您和刘桂兰、王小明今天还没打卡" in message.text
    assert [b.title for b in message.buttons] == [
        "一切正常",
        "同昨天",
        "打卡",
        "帮刘桂兰打卡",
        "帮王小明打卡",
        "全家正常",
    ]
    assert len(await worker.pushed()) == 1
    again = await grid.says("催一下")
    assert "已提醒0人" in again
    assert "4人30分钟内刚提醒过" in again
    assert await resident.pushed() == []
    await worker.says(*REPORT)
    clock.advance(minutes=31)
    assert "已提醒3人" in await grid.says("再催一下")
    assert await worker.pushed() == []
    assert len(await resident.pushed()) == 1


async def test_one_tap_on_a_reminder_reports(office: Office, grid: Talker) -> None:
    await grid.says("催一下")
    worker = office.person("demo-worker")
    [message] = await worker.pushed()
    await worker.says(message.buttons[0].payload)
    if "确认提交" in worker.buttons:
        await worker.presses("确认提交")
    assert "未报3人" in await grid.says("谁还没报")


async def test_when_all_have_reported_there_is_nothing_to_chase(office: Office) -> None:
    await office.person("demo-worker").says(*REPORT)
    health = office.person("health")
    await settle(office.services, "孙工", "health_officer", "demo/workshop-1", sender="health")
    assert "一车间 打卡：1人都报了" in await health.says("谁还没报")
    assert health.buttons == ["零报告"]
    assert "都报了，不用催" in await health.says("催一下")


async def test_the_phone_list_reveals_and_is_audited(office: Office, services: Services, grid: Talker) -> None:
    told = await grid.says("电话名单")
    assert "王小芳 13800000001" in told
    assert "刘桂兰 13800000002" in told
    async with services.transaction() as connection:
        actions = (await connection.scalars(sa.select(audit.c.action))).all()
    assert "missing_phones_revealed" in actions


async def test_a_long_list_is_cut_and_the_rest_is_a_file(office: Office, services: Services, grid: Talker) -> None:
    for number in range(25):
        await settle(services, f"=居民{number}", "resident", "demo/building-3", f"138000001{number:02}")
    told = await grid.says("谁还没报")
    assert "未报29人" in told
    assert "=居民" not in told
    assert "第四片区（加油站以南居民区） 29人" in told
    assert grid.buttons == ["催一下", "电话名单", "全部名单"]
    await grid.presses("全部名单")
    file = grid.custom["file"]
    assert file["name"] == "第三网格打卡未报名单2022-01-20.xlsx"
    assert f"http://127.0.0.1:8080{file['url']}" in grid.text
    rows = await rows_of(services, file["url"], "未报名单")
    assert len(rows) == 30
    assert ("打卡", "第四片区（加油站以南居民区） 3号楼", "王小芳", "138****0001") in rows
    assert any(str(row[2]).startswith("'=居民") for row in rows)  # no spreadsheet takes a name for a formula
    phones = await grid.says("电话名单")
    assert phones.count("138") == 20
    assert "共29人，全部见表格" in phones
    rows = await rows_of(services, grid.custom["file"]["url"], "未报名单")
    assert ("打卡", "第四片区（加油站以南居民区） 3号楼", "王小芳", "13800000001") in rows
