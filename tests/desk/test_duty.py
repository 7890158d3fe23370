"""The duty roster: imported, and told to each as their place in the tree allows."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import Refused
from bot.phones import Phones
from bot.services.duty_import import import_duty, list_duty
from bot.settings import Settings
from bot.storage import tables
from tests.office import Office

ROSTER = """2022年1月值班表,,,,
日期,地点,组,姓名,手机号
2022-01-20,第三网格,,赵网格,13800000005
2022/1/21,茶坊社区 第三网格,,陈主任,138 0000 0006
1月22日,第三网格,,赵网格,13800000005
2022-01-20,茶坊社区,,陈主任,13800000006
2022-01-20,演示机械厂,,孙安全,13800000007
2022-01-20,,物资组,赵网格,13800000005
2022-01-20,第九网格,,赵网格,13800000005
2022-02-30,第三网格,,赵网格,13800000005
2022-01-20,第三网格,,李四,13800000005
2022-01-20,第三网格,,赵网格,
"""


@pytest.fixture
async def imported(office: Office, tmp_path: Path) -> Office:
    """The office with its roster."""
    file = tmp_path / "roster.csv"
    file.write_text(ROSTER, encoding="gbk")
    async with office.services.transaction() as connection:
        place = await connection.scalar(sa.select(tables.places.c.id).where(tables.places.c.code == "demo/community"))
        await connection.execute(tables.work_groups.insert().values(place_id=place, name="物资组"))
    done = await import_duty(office.services, file)
    assert (done.days, done.people) == (6, 6)
    assert [line.partition("：")[2] for line in done.bad] == [
        "地点“第九网格”没有",
        "没有这一天：2022-02-30",
        "名册里没有叫李*、手机尾号0005的人",
        "赵*没有写手机号，同名的人分不开",
    ]
    assert done.bad[0].startswith("第9行")
    return office


async def test_a_corrected_file_replaces_the_days_that_it_names(imported: Office, tmp_path: Path) -> None:
    file = tmp_path / "corrected.csv"
    file.write_text("日期,地点,姓名,手机号\n2022-01-20,第三网格,陈主任,13800000006\n", encoding="utf-8")
    for _ in range(2):
        await import_duty(imported.services, file)
    today = imported.services.today()
    listed = [(one.where, one.who) for one in await list_duty(imported.services, today, today.replace(day=22))]
    assert ("茶坊社区 第三网格", "陈*") in listed
    assert len(listed) == 6
    file.write_text("日期,地点,姓名,手机号\n,第三网格,陈主任,13800000006\n", encoding="utf-8")
    with pytest.raises(Refused, match="一行也没有读成"):
        await import_duty(imported.services, file)


async def test_staff_read_names_and_phones_of_their_part_and_leave_a_trace(imported: Office) -> None:
    grid = imported.person("demo-grid")
    said = await grid.says("谁值班")
    assert "1月20日（周四）值班" in said
    assert "茶坊社区 第三网格：网格员　赵网格　13800000005" in said
    assert "茶坊社区：社区　陈*\n" in said + "\n"  # above their part: no phone
    assert "演示机械厂" not in said
    async with imported.services.transaction() as connection:
        shown = await connection.scalar(
            sa.select(sa.func.count()).where(tables.audit.c.action == "duty_phone_shown").select_from(tables.audit)
        )
    assert shown == 1
    assert "13800000006" in await grid.says("明天谁值班")
    assert "1月22日（周六）　茶坊社区 第三网格" in await grid.says("本周谁值班")
    assert "没有登记值班安排" in await grid.says("谁值班 下周")


async def test_residents_read_title_and_office_phone(imported: Office, settings: Settings) -> None:
    resident = imported.person("demo-resident")
    said = await resident.says("谁值班？")
    assert "茶坊社区 第三网格：网格员" in said
    assert "赵" not in said
    assert "138" not in said
    assert "转人工" in resident.buttons


async def test_wrong_use_says_how(office: Office) -> None:
    assert "没有认出“abc”是哪一天" in await office.person("demo-grid").says("谁值班 abc")


async def test_a_stranger_gets_an_answer(office: Office) -> None:
    assert "没有登记值班安排" in await office.person("guest").says("值班表")


class TestPhonesOfTheOffice:
    @pytest.fixture
    def settings(self, data_dir: Path) -> Settings:
        phones = Phones.read("第三网格:0745-8125266;指挥部:8125000")
        return Settings(demo=True, data_dir=data_dir, rate_limit=100_000, phones=phones)

    async def test_the_own_grids_phone_comes_first(self, imported: Office) -> None:
        said = await imported.person("demo-resident").says("谁值班")
        assert "办公电话：第三网格0745-8125266" in said

    async def test_without_a_roster_all_are_told(self, office: Office) -> None:
        said = await office.person("demo-resident").says("谁值班")
        assert "办公电话：第三网格0745-8125266、指挥部8125000" in said


class TestGroups:
    @pytest.fixture
    async def groups(self, office: Office) -> Office:
        """物资组 of the community with a head, 摸排组 without anybody."""
        async with office.services.transaction() as connection:
            place = await connection.scalar(
                sa.select(tables.places.c.id).where(tables.places.c.code == "demo/community")
            )
            head = await connection.scalar(
                sa.select(tables.roles.c.person_id).where(tables.roles.c.role == "community")
            )
            for name, duties in (("物资组", "口罩、消毒液和防护用品"), ("摸排组", "")):
                group = await connection.scalar(
                    tables.work_groups.insert()
                    .values(place_id=place, name=name, duties=duties)
                    .returning(tables.work_groups.c.id)
                )
                if name == "物资组":
                    await connection.execute(
                        tables.group_members.insert().values(group_id=group, person_id=head, is_head=True, duty="采购")
                    )
        return office

    @pytest.mark.parametrize("said", ["找物资组", "物资组", "物资组电话", "联系物资组的人", "物资组有谁？"])
    async def test_staff_find_the_head_with_phone(self, groups: Office, said: str) -> None:
        text = await groups.person("demo-grid").says(said)
        assert "物资组（茶坊社区）\n职责：口罩、消毒液和防护用品\n・组长　陈主任　采购　13800000006" in text

    async def test_residents_read_no_names(self, groups: Office) -> None:
        text = await groups.person("demo-resident").says("找物资组")
        assert "口罩" in text
        assert "陈" not in text
        assert "138" not in text

    async def test_one_that_does_not_exist_offers_those_that_do(self, groups: Office) -> None:
        grid = groups.person("demo-grid")
        assert "没有找到“宣传组”" in await grid.says("找宣传组")
        assert grid.buttons == ["物资组", "摸排组"]
        assert "陈主任" in await grid.presses("物资组")
        await grid.says("工作组")
        assert grid.buttons == ["物资组", "摸排组"]

    async def test_without_groups_the_way_on_is_told(self, office: Office) -> None:
        assert "转人工" in await office.person("demo-resident").says("找物资组")
        assert "还没有登记工作组" in await office.person("demo-grid").says("工作组")
