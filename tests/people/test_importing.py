"""Importing a roster: places, roles, guardians; twice is once; who is the same person and who is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.services import identity, people
from bot.services.context import Services
from bot.services.places import add_place, whole_tree
from bot.services.roster import import_roster
from bot.services.roster_export import export_roster
from bot.services.roster_file import write_list
from bot.storage.tables import audit, kin
from bot.storage.tables import people as people_table
from tests.people.rosters import GRID, HEAD, SOUND_ID, counts, csv_file, everybody, excel_file, imported, person

SCHOOL = [
    "学校",
    "年级",
    "班级",
    "宿舍",
    "姓名",
    "手机号",
    "学号",
    "角色",
    "监护人姓名",
    "监护人手机号",
    "关系",
    "住宿",
]
PUPIL = ["演示小学", "四年级", "一班", "305", "周小鱼", "", "S1", "", "周妈妈", "13900000007", "母亲", "是"]


async def _stored(services: Services) -> list[Any]:
    """Everything that an import could write."""
    async with services.transaction() as connection:
        return [
            (await connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1, 2"))).all()
            for table in ("places", "people", "roles", "kin")
        ]


async def test_places_are_found_and_made(services: Services, tmp_path: Path) -> None:
    rows = [
        HEAD,
        ["茶坊社区", "第三网格", "", "甲", "13900000001", "", "", ""],
        ["茶坊社区", "第五网格", "9号楼", "乙", "13900000002", "", "", "居民、楼栋长"],
        ["", "第二网格", "", "丙", "13900000003", "", "", "网格员"],
    ]
    done = await imported(services, csv_file(tmp_path, rows))
    assert counts(done) == (3, 0, 0, 0)
    assert done.places == ["茶坊社区 › 第五网格", "茶坊社区 › 第五网格 › 9号楼"]
    assert (await person(services, "甲"))["held"] == ["茶坊社区 第三网格 居民"]
    assert (await person(services, "乙"))["held"] == ["第五网格 9号楼 居民、楼栋长"]
    assert (await person(services, "丙"))["held"] == ["茶坊社区 第二网格 网格员"]  # the only place of that name
    assert counts(await imported(services, csv_file(tmp_path, rows))) == (0, 0, 3, 0)


async def test_a_place_whose_name_there_are_several_of_is_asked_back(services: Services, tmp_path: Path) -> None:
    rows = [
        ["学校", "班级", "姓名", "手机号"],
        ["甲校", "一班", "甲", "13900000001"],
        ["乙校", "一班", "乙", "13900000002"],
    ]
    await imported(services, csv_file(tmp_path, rows))
    [(_, told)] = (
        await imported(services, csv_file(tmp_path, [["班级", "姓名", "手机号"], ["一班", "丙", "13900000003"]]))
    ).bad
    assert "有2个，请把它的上一级也写上" in told


async def test_what_is_imported_hangs_under_the_headquarters(services: Services, tmp_path: Path) -> None:
    """`admin invite` makes it first; its administrator must be in charge of all that comes later."""
    async with services.transaction() as connection:
        await add_place(connection, "headquarters", "指挥部", None, None)
    rows = [["街道", "社区", "姓名", "手机号"], ["城关街道", "东社区", "甲", "13900000001"]]
    assert (await imported(services, csv_file(tmp_path, rows))).places[0] == "指挥部 › 城关街道"
    assert counts(await imported(services, csv_file(tmp_path, rows))) == (0, 0, 1, 0)


async def test_a_renamed_place_is_found_by_the_name_that_it_had(services: Services, tmp_path: Path) -> None:
    rows = [["街道", "姓名", "手机号"], ["城关街道", "甲", "13900000001"]]
    await imported(services, csv_file(tmp_path, rows))
    async with services.transaction() as connection:
        await connection.execute(sa.text("UPDATE places SET name = '城关镇' WHERE name = '城关街道'"))
    done = await imported(services, csv_file(tmp_path, rows))
    assert (counts(done), done.places) == ((0, 0, 1, 0), [])


async def test_pupils_with_guardians_and_a_dormitory(services: Services, tmp_path: Path) -> None:
    other = ["演示小学", "四年级", "二班", "305", "吴小鹿", "", "S2", "", "周妈妈", "13900000007", "", "否"]
    done = await imported(services, excel_file(tmp_path, [SCHOOL, PUPIL, other]))
    assert (counts(done), done.guardians) == ((2, 0, 0, 0), 1)
    assert (await person(services, "周小鱼"))["held"] == ["四年级 一班 学生、住宿生", "演示小学 305 学生"]
    assert (await person(services, "吴小鹿"))["held"] == ["四年级 二班 学生", "演示小学 305 学生"]
    async with services.transaction() as connection:
        guardian = (await person(services, "周妈妈"))["id"]
        rows = await connection.execute(
            sa.select(kin.c.kind).where(kin.c.person_id == guardian).order_by(kin.c.ward_id)
        )
        assert [row.kind for row in rows] == ["母亲", "孩子"]
    assert counts(await imported(services, excel_file(tmp_path, [SCHOOL, PUPIL, other]))) == (0, 0, 2, 0)
    await imported(services, excel_file(tmp_path, [SCHOOL, [*PUPIL[:9], "13900000008", *PUPIL[10:]]]))
    assert (await person(services, "周妈妈"))["phone"] == "13900000008"  # the pupil's guardian of that name


async def test_bad_guardians(services: Services, tmp_path: Path) -> None:
    before = await _stored(services)
    for changed, reason in (
        ({"监护人手机号": ""}, "监护人没有写手机号"),
        ({"监护人姓名": ""}, "监护人没有写姓名"),
        ({"监护人姓名": "周小鱼", "手机号": "13900000007"}, "同一个人"),
        ({"住宿": "也许"}, "住宿“也*”要写“是”或“否”"),
    ):
        row = [changed.get(title, value) for title, value in zip(SCHOOL, PUPIL)]
        [(_, told)] = (await imported(services, csv_file(tmp_path, [SCHOOL, row]))).bad
        assert reason in told
    assert await _stored(services) == before  # of a bad row nothing is kept, not even its places


async def test_somebody_in_two_rows_has_both_roles(services: Services, tmp_path: Path) -> None:
    head = ["企业", "车间", "社区", "网格", "姓名", "手机号"]
    rows = [
        head,
        ["演示机械厂", "一车间", "", "", "甲", "13900000001"],
        ["", "", "茶坊社区", "第一网格", "甲", "13900000001"],
    ]
    done = await imported(services, csv_file(tmp_path, rows))
    assert counts(done) == (1, 0, 0, 0)
    assert (await person(services, "甲"))["held"] == ["演示机械厂 一车间 员工", "茶坊社区 第一网格 居民"]


async def test_a_second_import_writes_nothing_and_a_third_what_has_changed(services: Services, tmp_path: Path) -> None:
    rows = [[*GRID, f"钱{chr(0x4E00 + n)}", f"1390000{n:04d}", "", f"R{n}", ""] for n in range(2000)]
    file = csv_file(tmp_path, [HEAD, *rows])
    assert counts(await imported(services, file)) == (2000, 0, 0, 0)
    before = await _stored(services)
    assert counts(await imported(services, file)) == (0, 0, 2000, 0)
    assert await _stored(services) == before
    rows[7][4], rows[8][3] = "13911111111", "钱改名"
    assert counts(await imported(services, csv_file(tmp_path, [HEAD, *rows]))) == (0, 2, 1998, 0)
    found = {one["code"]: one for one in await everybody(services)}
    assert (found["R7"]["phone"], found["R8"]["name"]) == ("13911111111", "钱改名")
    assert found["R7"]["id"] == found["R6"]["id"] + 1


async def test_an_import_that_is_broken_off_leaves_nothing_behind(services: Services, tmp_path: Path) -> None:
    def break_off(stage: str, done: int, of: int) -> None:
        if stage == "写入角色":
            raise KeyboardInterrupt

    before = await _stored(services)
    file = csv_file(tmp_path, [HEAD, [*GRID, "钱多多", "13900000001", "", "", ""], [*GRID, "", "", "", "", ""]])
    with pytest.raises(KeyboardInterrupt):
        await import_roster(services, file, tmp_path / "failed.csv", progress=break_off)
    assert await _stored(services) == before
    assert not (tmp_path / "failed.csv").exists()


async def test_a_preview_writes_nothing_and_hides_names(services: Services, tmp_path: Path) -> None:
    before = await _stored(services)
    file = csv_file(tmp_path, [HEAD, *([*GRID[:2], f"{n}号楼", f"钱多{n}", "", "", f"R{n}", ""] for n in range(30))])
    done = await imported(services, file, dry_run=True)
    assert counts(done) == (30, 0, 0, 0)
    assert len(done.shown) == 20
    assert done.shown[0] == "第2行　新增　钱*　居民　茶坊社区 › 第三网格 › 0号楼"
    assert len(done.places) == 30
    assert await _stored(services) == before
    async with services.transaction() as connection:
        assert not await connection.scalar(sa.select(sa.func.count()).select_from(audit))


class TestWhoIsTheSame:
    """王小芳 (13800000001), mother of pupil 王小明 who has the same phone, is in the demo's roster without code or ID number."""

    async def test_name_and_phone_find_her_and_fill_in_what_was_missing(
        self, services: Services, tmp_path: Path
    ) -> None:
        before = await person(services, "王小芳")
        done = await imported(
            services, csv_file(tmp_path, [HEAD, [*GRID, "王小芳", "13800000001", SOUND_ID, "E1", ""]])
        )
        assert counts(done) == (0, 1, 0, 0)
        after = await person(services, "王小芳")
        assert (after["id"], after["id_number"], after["code"]) == (before["id"], SOUND_ID, "E1")

    async def test_another_phone_is_another_person_unless_the_code_says_who_it_is(
        self, services: Services, tmp_path: Path
    ) -> None:
        await imported(services, csv_file(tmp_path, [HEAD, [*GRID, "王小芳", "13800000001", "", "E1", ""]]))
        her = await person(services, "王小芳")
        done = await imported(services, csv_file(tmp_path, [HEAD, [*GRID, "王小芳", "13911112222", "", "E1", ""]]))
        assert counts(done) == (0, 1, 0, 0)
        assert (await person(services, "王小芳"))["id"] == her["id"]
        place = ["茶坊社区", "第一网格", ""]
        assert counts(
            await imported(services, csv_file(tmp_path, [HEAD, [*place, "王小芳", "13900000009", "", "", ""]]))
        ) == (1, 0, 0, 0)

    async def test_doubles_are_told_and_not_merged(self, services: Services, tmp_path: Path) -> None:
        rows = [
            HEAD,
            [*GRID, "钱一", "13900000001", "", "E1", ""],
            [*GRID, "钱一", "13900000001", "", "E2", ""],
            [*GRID, "钱一", "13900000002", "", "", ""],
        ]
        done = await imported(services, csv_file(tmp_path, rows))
        assert counts(done) == (3, 0, 0, 0)
        assert "第3行与第2行（钱*）同名同手机号，编号不同" in done.doubles
        assert any("第4行" in line and "同名，在同一地点，手机号不同" in line for line in done.doubles)
        again = await imported(services, csv_file(tmp_path, rows))
        assert counts(again) == (0, 0, 3, 0)

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ([*GRID, "钱二", "13900000002", SOUND_ID, "", ""], "证件号与“钱*”第2行的相同，姓名不同"),
            ([*GRID, "孙三", "13900000003", "", "E1", ""], "编号E1在系统里是“钱*”"),
            ([*GRID, "钱一", "13900000009", "", "E1", ""], "与第2行是同一个人，手机号却不同"),
        ],
    )
    async def test_contradictions_are_bad_rows(
        self, services: Services, tmp_path: Path, row: list[str], reason: str
    ) -> None:
        first = [*GRID, "钱一", "13900000001", SOUND_ID, "E1", ""]
        done = await imported(services, csv_file(tmp_path, [HEAD, first, row]))
        assert counts(done) == (1, 0, 0, 1)
        assert reason in done.bad[0][1]

    async def test_namesakes_of_one_class_without_anything_else_are_asked_back(
        self, services: Services, tmp_path: Path
    ) -> None:
        head = ["学校", "班级", "姓名", "学号"]
        rows = [head, ["演示小学", "三班", "张伟", ""], ["演示小学", "三班", "张伟", ""]]
        done = await imported(services, csv_file(tmp_path, rows))
        assert counts(done) == (1, 0, 0, 1)
        assert "同名" in done.bad[0][1]
        rows = [head, ["演示小学", "三班", "张伟", "S1"], ["演示小学", "三班", "张伟", "S2"]]
        assert counts(await imported(services, csv_file(tmp_path, rows))) == (1, 1, 0, 0)
        assert counts(await imported(services, csv_file(tmp_path, rows))) == (0, 0, 2, 0)


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
@pytest.mark.parametrize("private", [True, False])
async def test_an_export_imported_changes_nothing(
    services: Services, tmp_path: Path, suffix: str, private: bool
) -> None:
    second_parent = [*PUPIL[:8], "周爸爸", "13900000006", "父亲", ""]
    place = ["演示小学", "四年级", "-1层=", "", "郑负", "", "", "", "", "", "", ""]
    await imported(services, excel_file(tmp_path, [SCHOOL, PUPIL, second_parent, place]))
    await imported(
        services, csv_file(tmp_path, [HEAD, [*GRID, "Jane Doe", "029-88888888", SOUND_ID, "00012", "居民、网格员"]])
    )
    before = await _stored(services)
    done = await export_roster(services, None, private)
    assert done.people == 13
    assert any(("13800000001" in row) for row in done.rows) is private
    file = tmp_path / f"out{suffix}"
    write_list(file, done.headings, done.rows)
    again = await imported(services, file)
    assert again.bad == []
    assert (again.new, again.changed, again.unchanged) == (0, 0, 13)
    assert await _stored(services) == before
    async with services.transaction() as connection:
        noted = await connection.scalars(sa.select(audit.c.action).where(audit.c.object == "roster"))
        assert ("exported_private" if private else "exported") in noted.all()


async def test_an_export_of_one_place_holds_only_its_people(services: Services) -> None:
    school = next(one.id for one in await whole_tree(services) if one.name == "演示小学")
    done = await export_roster(services, school, True)
    assert {row[1] for row in done.rows} == {"李老师", "周校长", "王小明"}


async def test_masked_values_that_are_not_what_is_stored_are_refused(services: Services, tmp_path: Path) -> None:
    done = await export_roster(services, None, False)
    rows = [list(row) for row in done.rows]
    phone, name = done.headings.index("手机号"), done.headings.index("姓名")
    rows[0][phone], rows[1][name] = "139****9999", "钱*"
    write_list(tmp_path / "out.csv", done.headings, rows)
    told = [reason for _, reason in (await imported(services, tmp_path / "out.csv")).bad]
    assert len(told) == 2
    assert all("与系统里的不一致" in one for one in told)
    stranger = csv_file(tmp_path, [HEAD, [*GRID, "钱*", "139****9999", "", "", ""]])
    assert "打了码" in (await imported(services, stranger)).bad[0][1]


async def test_a_number_of_somebody_else_is_refused(services: Services, tmp_path: Path) -> None:
    """A file of another office holds other numbers."""
    her = (await person(services, "王小芳"))["id"]
    rows = [
        ["系统编号", *HEAD],
        [her, *GRID, "钱多多", "13900000001", "", "", ""],
        [10**6, *GRID, "钱多多", "13900000001", "", "", ""],
    ]
    told = [reason for _, reason in (await imported(services, csv_file(tmp_path, rows))).bad]
    assert "不像同一个人" in told[0]
    assert "系统编号1000000没有" in told[1]


async def test_roles_by_import_count_at_the_next_message(services: Services, tmp_path: Path) -> None:
    assert not (await people.identify(services, "rest:demo-resident")).staff
    await imported(services, csv_file(tmp_path, [HEAD, [*GRID, "王小芳", "13800000001", "", "", "楼栋长"]]))
    assert (await people.identify(services, "rest:demo-resident")).staff


async def test_names_stored_before_there_were_prints_get_theirs(services: Services, tmp_path: Path) -> None:
    async with services.transaction() as connection:
        await connection.execute(people_table.update().values(name_print=None))
    assert await identity.fill_prints(services) == 10
    assert await identity.fill_prints(services) == 0
    assert (
        counts(await imported(services, csv_file(tmp_path, [HEAD, [*GRID, "王小芳", "13800000001", "", "", ""]])))[0]
        == 0
    )
