"""Summaries as staff ask for them and as they are pushed; the same figures in words, in the file and in the records."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.services.asked_part import Place
from bot.services.context import Services
from bot.services.figures import Figures, figures
from bot.services.files import open_file
from bot.services.summaries import push_at, summary_times
from bot.storage.tables import closings, records
from tests.chasing.neighbours import place_id, settle
from tests.chasing.test_chasing import rows_of
from tests.conftest import Clock
from tests.office import Office

REPORT = ("打卡 36.5 没症状 在家 绿码 没接触", "确认提交")
FEVER = ("打卡 38.2 咳嗽 在家 绿码 没接触", "确认提交")


async def of_place(services: Services, code: str, depth: int) -> Figures:
    """The figures of a place of the demo now."""
    place = Place(await place_id(services, code), code, depth)
    async with services.transaction() as connection:
        return await figures(services, connection, services.processes["daily_report"], services.today(), place)


async def test_the_figures_agree_with_the_records_everywhere(office: Office, services: Services, clock: Clock) -> None:
    grid = office.person("demo-grid")
    await office.person("demo-worker").says(*REPORT)
    clock.set_local("2022-01-20 12:30")
    await office.person("demo-resident").says(*FEVER)
    await office.person("demo-worker").says("打卡 36.6 没症状 在家 绿码 没接触", "确认提交")
    async with services.transaction() as connection:
        stored = (await connection.execute(sa.select(records).where(records.c.current))).all()
    text = await grid.says("今日汇总")
    count = (await of_place(services, "demo/grid-3", 1)).checks["day"]
    assert count.reported == len({row.person_id for row in stored}) == 2
    assert count.late == sum(row.late for row in stored) == 2
    assert count.corrected == sum(row.replaces is not None for row in stored) == 1
    assert (count.expected, count.missing) == (4, 2)
    assert "打卡：应报4，已报2，未报2（迟报2，更正1）" in text
    assert "异常：1人（体温1、有症状1）" in text
    assert "预警：未关闭1条，当天关闭0条" in text
    assert "・第四片区（加油站以南居民区）：应报4，未报2，异常1" in text
    assert "未报：刘*（3号楼）、王*（3号楼）" in text
    await grid.presses("表格")
    url = grid.custom["file"]["url"]
    rows = await rows_of(services, url, "汇总")
    assert ("合计", "打卡", 4, 2, 2, 0, 2, 1) in rows
    assert any(row[:2] == ("异常人数", 1) for row in rows)
    assert len(await rows_of(services, url, "未报名单")) == 1 + count.missing
    [_, abnormal] = await rows_of(services, url, "异常")
    [alert] = await office.alerts()
    assert abnormal == ("3号楼", "王小芳", "打卡", "体温、有症状", alert.code, "待处理")


async def test_who_holds_two_roles_is_counted_once_above_and_once_in_each_unit(
    office: Office, services: Services
) -> None:
    async with services.transaction() as connection:
        await connection.execute(
            sa.text("UPDATE places SET parent_id = c.id, path = ARRAY[c.id, places.id] FROM places c"
                    " WHERE c.code = 'demo/community' AND places.code = 'demo/factory'")
        )  # fmt: skip
        await connection.execute(
            sa.text("UPDATE places SET path = f.path || places.id FROM places f"
                    " WHERE f.code = 'demo/factory' AND places.code = 'demo/workshop-1'")
        )  # fmt: skip
    await office.person("demo-worker").says(*FEVER)
    whole = await of_place(services, "demo/community", 0)
    assert (whole.checks["day"].expected, whole.checks["day"].reported) == (4, 1)
    assert whole.abnormal == {"fever": 1, "symptoms": 1}
    assert {unit.name: (unit.checks["day"].expected, unit.checks["day"].reported, unit.abnormal) for unit in whole.units} == {
        "第三网格": (4, 1, 1),
        "演示机械厂": (1, 1, 1),
    }  # fmt: skip
    assert Figures.from_json(whole.as_json()) == whole


async def test_returnees_are_counted_by_measure(office: Office) -> None:
    guest = office.person("somebody")
    await guest.says(
        "申报", "陈大明", "13800000099", "返乡", "陕西西安雁塔区", "没有", "昨天", "自驾", "绿码", "行程卡绿色"
    )
    await guest.says("阴性", "昨天上午9点", "不在", "没有", "三网格", "幸福小区3号楼501", "确认提交")
    text = await office.person("demo-grid").says("今日汇总")
    assert "返回申报1人：来自国内中高风险地区1" in text


async def test_a_summary_is_for_the_speakers_part_alone(office: Office) -> None:
    grid, resident = office.person("demo-grid"), office.person("demo-resident")
    assert "没有找到“一网格”" in await grid.says("昨天一网格汇总")
    assert "没有找到“演示小学”" in await grid.says("演示小学今日汇总")
    assert "第四片区（加油站以南居民区）】1月19日" in await grid.says("昨天第四片区汇总")
    for said in ("今日汇总", "本周趋势", "汇总表格"):
        assert "工作人员用的" in await resident.says(said)
        assert resident.custom == {}


async def test_a_school_sees_its_checks_as_they_begin(office: Office, clock: Clock) -> None:
    teacher = office.person("demo-teacher")
    told = await teacher.says("今日汇总")
    assert "晨检：应报1，已报0，未报1" in told
    assert "午检" not in told
    clock.set_local("2022-01-20 12:00")
    assert "午检：应报1" in await teacher.says("今日汇总")
    assert "晨检" not in await teacher.says("午检汇总")


async def test_the_week_is_a_picture_with_its_words(office: Office, services: Services, clock: Clock) -> None:
    grid = office.person("demo-grid", "web")
    grid.sender = "demo-grid"
    await office.person("demo-worker").says(*REPORT)
    clock.advance(days=1)
    told = await grid.says("本周趋势")
    assert "1/20　已报25%　未报3　异常0" in told
    assert "1/21　已报0%　未报4　异常0" in told
    image = grid.custom["image"]
    assert "1/20　已报25%" in image["alt"]
    assert "http" not in told  # the page itself shows the picture
    file = await open_file(services, image["url"].split("/")[2])
    assert file is not None
    assert (file.mime, file.data[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")


# The deadlines


def test_the_times_are_those_of_the_plans(services: Services) -> None:
    assert [f"{time:%H:%M}" for time in sorted(summary_times(services))] == ["09:10", "15:00", "16:00", "17:00"]


async def test_at_the_deadline_each_gets_their_figures_and_the_day_stays_as_sent(
    office: Office, services: Services, clock: Clock
) -> None:
    grid = office.person("demo-grid")
    await office.person("demo-worker").says(*REPORT)
    clock.set_local("2022-01-20 15:00")
    assert await push_at(services, services.now()) > 0
    assert await push_at(services, services.now()) == 0
    [push] = await grid.pushed()
    assert "【网格汇总 第三网格】1月20日（周四）" in push.text
    assert "打卡：应报4，已报1，未报3" in push.text
    assert "未报：王*（3号楼）、刘*（3号楼）、王*（3号楼）" in push.text
    assert [b.title for b in push.buttons] == ["表格", "催一下", "电话名单"]
    await grid.says(push.buttons[1].payload)
    assert "已提醒3人" in grid.text

    assert "（15:00已上报的数字，截止后没有变化）" in await grid.says("今日汇总")
    clock.set_local("2022-01-20 15:30")
    await office.person("demo-resident").says(*FEVER)
    later = await grid.says("今日汇总")
    assert "打卡：应报4，已报1，未报3" in later
    assert "现在还没报：刘*（3号楼）、王*（3号楼）" in later
    assert "截止后变化：已报+1，未报-1，异常+1，未关闭预警+1" in later
    clock.advance(days=2)
    assert "截止后变化：已报+1，未报-1，异常+1" in await grid.says("1月20日汇总")
    assert "1/20　已报25%" in await grid.says("本周趋势")
    assert await push_at(services, datetime.fromisoformat("2022-01-20T15:00+08:00")) == 0


async def test_who_inspects_reads_figures_and_no_names(office: Office, services: Services, clock: Clock) -> None:
    await settle(services, "查工", "inspector", "demo/workshop-1", sender="inspector")
    clock.set_local("2022-01-20 16:00")
    await push_at(services, services.now())
    [push] = await office.person("inspector").pushed()
    assert "【督查汇总 一车间】" in push.text
    assert "打卡：应报1，已报0，未报1" in push.text
    assert "张" not in push.text
    assert push.buttons == ()


async def test_several_places_make_one_message(office: Office, services: Services, clock: Clock) -> None:
    both = await settle(services, "两头跑", "area_head", "demo/area-4", sender="both")
    workshop = await place_id(services, "demo/workshop-1")
    async with services.transaction() as connection:
        await connection.execute(
            sa.text(f"INSERT INTO roles (person_id, role, place_id) VALUES ({both}, 'health_officer', {workshop})")
        )
        await connection.execute(
            sa.text(f"INSERT INTO roles (person_id, role, place_id) VALUES ({both}, 'area_head', {workshop})")
        )
    clock.set_local("2022-01-20 15:00")
    await push_at(services, services.now())
    [push] = await office.person("both").pushed()
    assert push.text.startswith("【网格汇总】2处，截至15:00\n")
    assert push.text.count("・一车间 打卡：应报1，已报0，未报1，异常0") == 1
    assert "・第四片区（加油站以南居民区） 打卡：应报4" in push.text
    async with services.transaction() as connection:
        kept = (await connection.execute(sa.select(closings.c.summary).where(closings.c.place_id == workshop))).all()
    assert {row.summary for row in kept} == {"grid", "unit"}
