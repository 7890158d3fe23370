"""Who is in a work group, and who sees that."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.phones import Phones
from bot.services import people
from bot.services.context import Services
from bot.services.group_roster import import_groups
from bot.services.work_groups import GroupView, find_groups
from bot.settings import Settings
from bot.storage.tables import audit, places
from tests.people.rosters import csv_file

ROWS = [
    ["组名", "姓名", "电话", "职务", "职责"],
    ["物资组", "郑物资", "13900000011", "组长", "口罩、消毒液的采购和发放"],
    ["物资组", "刘桂兰", "13800000002", "成员", "登记"],
    ["摸排组", "褚摸排", "13900000013", "组长", "入户摸排"],
]


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """The demo, with the office's phones."""
    phones = Phones.read("指挥部:8125266;物资组:8125267")
    return Settings(demo=True, data_dir=data_dir, rate_limit=100_000, phones=phones)


@pytest.fixture
async def groups(services: Services, tmp_path: Path) -> Services:
    async with services.transaction() as connection:
        community = await connection.scalar(sa.select(places.c.id).where(places.c.code == "demo/community"))
    done = await import_groups(services, csv_file(tmp_path, ROWS), community)
    assert (done.groups, done.members, done.new_people) == (["物资组", "摸排组"], 3, 2)
    return services


async def _found(services: Services, sender: str, words: str = "") -> list[GroupView]:
    return await find_groups(services, await people.identify(services, f"rest:{sender}"), words)


async def test_staff_see_names_and_phones_and_that_is_audited(groups: Services) -> None:
    [group] = await _found(groups, "demo-grid", "物资组")
    assert (group.place, group.duties) == ("茶坊社区", "口罩、消毒液的采购和发放")
    assert [(m.name, m.phone, m.duty, m.is_head) for m in group.members] == [
        ("郑物资", "13900000011", "", True),
        ("刘桂兰", "13800000002", "登记", False),
    ]
    async with groups.transaction() as connection:
        noted = (
            await connection.execute(sa.select(audit.c.action, audit.c.object).order_by(audit.c.id.desc()))
        ).first()
    assert tuple(noted) == ("revealed", "work_group")


async def test_residents_see_the_group_and_the_offices_phone(groups: Services) -> None:
    [group] = await _found(groups, "demo-resident", "物资")
    assert (group.members, group.office_phone) == ((), "8125267")
    [group] = await _found(groups, "demo-resident", "入户摸排")
    assert group.office_phone == "8125266"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("", ["物资组", "摸排组"]),
        ("物资组", ["物资组"]),
        ("口罩", ["物资组"]),
        ("谁管摸排", ["摸排组"]),
        ("宣传组", []),
    ],
)
async def test_words_find_groups_by_name_and_duty(groups: Services, words: str, names: list[str]) -> None:
    assert [group.name for group in await _found(groups, "demo-grid", words)] == names


async def test_another_tree_has_other_groups(groups: Services) -> None:
    assert await _found(groups, "demo-teacher") == []
