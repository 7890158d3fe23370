"""查 张三, 查人 12, 邀请码 张三, 合并 in chat: who gets what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import NotEntitled, NotFound
from bot.services import people, people_desk
from bot.services.context import Services
from bot.services.invitations import invite_person
from bot.storage.tables import audit, roles
from tests.office import Office
from tests.people.rosters import HEAD, csv_file, imported, person

FEVER = "打卡 38.2 没有症状 在家 绿码 没接触过"
WORDS = ("查 王小芳", "查人 1", "查人", "邀请码 王小芳", "邀请码 1", "合并 1 2", "合并 a b")


async def _audited(services: Services) -> list[str]:
    async with services.transaction() as connection:
        return (await connection.scalars(sa.select(audit.c.action).order_by(audit.c.id))).all()


async def test_a_grid_worker_looks_somebody_up(office: Office, services: Services) -> None:
    grid, her = office.person("demo-grid"), (await person(services, "王小芳"))["id"]
    text = await grid.says("查 王小芳")
    assert "王*" in text
    assert "王小芳" not in text
    assert "138" not in text
    assert f"编号 {her}" in text
    assert "居民" in text
    assert "未报" in text
    await office.person("demo-resident").says(FEVER, "确认提交")
    [alert] = await office.alerts()
    text = await grid.says("查 王小芳")
    assert "已报 08:00" in text
    assert alert.code in text
    text = await grid.presses(f"看电话 {her}")
    assert "王小芳" in text
    assert "13800000001" in text
    assert "审计" in text
    assert [one for one in await _audited(services) if one in ("looked_up", "revealed")] == ["looked_up"] * 2 + [
        "revealed"
    ]


async def test_what_is_not_there_and_what_is_elsewhere_sound_alike(office: Office, services: Services) -> None:
    teacher, her = office.person("demo-teacher"), (await person(services, "王小芳"))["id"]
    elsewhere, nowhere = await teacher.says("查 王小芳"), await teacher.says("查 王无名")
    assert elsewhere == nowhere
    assert (await teacher.says(f"查人 {her}")).replace(str(her), "N") == (await teacher.says("查人 99999")).replace(
        "99999", "N"
    )
    assert "编号" in await teacher.says("查 王小明")


async def test_a_resident_gets_a_friendly_sentence(office: Office) -> None:
    for text in WORDS:
        told = await office.person("demo-resident").says(text)
        assert "工作人员用的" in told
        assert "编号" not in told


async def test_wrong_use_is_explained(office: Office) -> None:
    grid = office.person("demo-grid")
    assert "请写全名" in await grid.says("查")
    assert "查人 12" in await grid.says("查人")
    assert "两个编号" in await grid.says("合并")
    assert "两个编号" in await grid.says("合并 张三 李四")
    assert "没有叫这个名字" in await grid.says("查 小芳")
    assert "没有编号为 99999" in await grid.says("查人 99999")
    assert "依据：" not in await grid.says("查 张三")


async def test_namesakes_are_listed_and_too_many_are_asked_for_the_place(
    office: Office, services: Services, tmp_path: Path
) -> None:
    rows = [["茶坊社区", "第三网格", f"{n}号楼", "钱多多", f"1390000000{n}", "", "", ""] for n in range(6)]
    await imported(services, csv_file(tmp_path, [HEAD, *rows[:2]]))
    grid = office.person("demo-grid")
    assert "找到2人" in await grid.says("查 钱多多")
    assert "1号楼" in await grid.says("查 钱多多 1号楼")
    assert "找到" not in grid.text
    await imported(services, csv_file(tmp_path, [HEAD, *rows]))
    text = await grid.says("查 钱多多")
    assert "6人" in text
    assert "加上地点" in text


async def test_everybody_sees_only_their_part(services: Services) -> None:
    """Each of the demo's staff against each of the demo's people: the service says whom they may look up."""
    seen = {
        "demo-grid": {"王小芳", "刘桂兰", "张建国", "王小明"},
        "demo-teacher": {"王小明"},
        "demo-resident": set(),
        "demo-worker": set(),
        "nobody": set(),
    }
    names = ("王小芳", "刘桂兰", "张建国", "王小明", "李老师", "赵网格", "陈主任", "孙安全", "周校长", "吴工")
    for sender, expected in seen.items():
        by = await people.identify(services, f"rest:{sender}")
        found = set()
        for name in names:
            try:
                [view] = await people_desk.find_people(services, by, name)
            except (NotFound, NotEntitled):
                for act in (people_desk.reveal_person, invite_person):
                    with pytest.raises((NotFound, NotEntitled)):
                        await act(services, by, (await person(services, name))["id"])
            else:
                found.add(view.who)
                assert (await people_desk.reveal_person(services, by, view.id)).name == name
        assert found == {people.mask_name(name) for name in expected}


async def test_a_code_for_a_resident_binds_to_that_person(office: Office, services: Services) -> None:
    grid = office.person("demo-grid")
    first = re.search(r"绑定 (\S+)", await grid.says("邀请码 刘桂兰"))[1]
    second = re.search(r"绑定 (\S+)", await grid.says(f"邀请码 {(await person(services, '刘桂兰'))['id']}"))[1]
    mother = office.person("mothers-phone", "web")
    assert "过期" in await mother.says(f"绑定 {first}")  # the later code is the one that counts
    assert "绑定成功" in await mother.says(f"绑定 {second}")
    assert (await people.identify(services, "web:mothers-phone")).name == "刘桂兰"


async def test_a_code_for_somebody_with_rights_above_is_refused(office: Office, services: Services) -> None:
    """Else a grid worker could bind a chat of their own to the community's officer who lives in the grid."""
    officer = (await person(services, "陈主任"))["id"]
    grid = office.person("demo-grid")
    async with services.transaction() as connection:
        home = await connection.scalar(sa.select(roles.c.place_id).where(roles.c.role == "resident").limit(1))
        await people.add_role(connection, officer, "resident", home)
    assert "上级" in await grid.says("邀请码 陈主任")


async def test_namesakes_for_a_code_are_asked_back(office: Office, services: Services, tmp_path: Path) -> None:
    rows = [["茶坊社区", "第三网格", f"{n}号楼", "钱多多", f"1390000000{n}", "", "", ""] for n in range(2)]
    await imported(services, csv_file(tmp_path, [HEAD, *rows]))
    grid = office.person("demo-grid")
    assert "请点是哪一位" in await grid.says("邀请码 钱多多")
    assert "绑定 " in await grid.presses(grid.buttons[1])


async def test_doubles_are_merged_in_chat(office: Office, services: Services, tmp_path: Path) -> None:
    place = ["茶坊社区", "第三网格", ""]
    rows = [[*place, "钱多多", "13900000001", "", code, ""] for code in ("E1", "E2")]
    await imported(services, csv_file(tmp_path, [HEAD, *rows]))
    grid = office.person("demo-grid")
    text = await grid.says("查 钱多多")
    assert "登记了两次" in text
    [button] = [title for title in grid.buttons if title.startswith("合并")]
    text = await grid.presses(button)
    assert "编号不同" in text
    assert "139****0001" in text
    assert "没有合并" in await grid.presses("不合并")
    assert "没有等您确认" in await grid.says("确认合并")
    await grid.says(button)
    assert "已合并" in await grid.presses("确认合并")
    assert "找到" not in await grid.says("查 钱多多")
    assert (await _audited(services)).count("merged") == 2


async def test_a_question_that_begins_like_a_command_is_a_question(office: Office) -> None:
    assert "工作人员用的" not in await office.person("demo-resident").says("查 核酸结果要多久")
