"""The demo's places, people and risk list: one community, one school, one factory, one building site."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Face
from bot.services import people, places
from bot.services.context import Services
from bot.storage.tables import accounts, kin, risk_regions
from bot.storage.tables import people as people_table

DEMO_FACES = {
    "demo-resident": Face("王*", "居民 · 第三网格"),
    "demo-worker": Face("张*", "员工 · 一车间"),
    "demo-teacher": Face("李*", "班主任 · 三班"),
    "demo-grid": Face("赵*", "网格员 · 第三网格"),
}

# code, kind, name, code of the place above
_PLACES = (
    ("demo/community", "community", "茶坊社区", None),
    *((f"demo/grid-{n}", "grid", f"第{name}网格", "demo/community") for n, name in enumerate("一二三四", 1)),
    ("demo/area-1", "area", "第一片区（长安汽车对面居民区）", "demo/grid-3"),
    ("demo/area-2", "area", "第二片区（公路两边门面房）", "demo/grid-3"),
    ("demo/area-3", "area", "第三片区（变电站后居民区）", "demo/grid-3"),
    ("demo/area-4", "area", "第四片区（加油站以南居民区）", "demo/grid-3"),
    ("demo/building-3", "building", "3号楼", "demo/area-4"),
    ("demo/school", "school", "演示小学", None),
    ("demo/class-3", "class", "三班", "demo/school"),
    ("demo/factory", "company", "演示机械厂", None),
    ("demo/workshop-1", "workshop", "一车间", "demo/factory"),
    ("demo/site", "site", "演示工地", None),
)

# key, name, phone, roles (role, place); those whose key is a face are given accounts
_PEOPLE: tuple[tuple[str, str, str, tuple[tuple[str, str], ...]], ...] = (
    ("demo-resident", "王小芳", "13800000001", (("resident", "demo/building-3"),)),
    ("mother", "刘桂兰", "13800000002", (("resident", "demo/building-3"),)),
    ("demo-worker", "张建国", "13800000003", (("worker", "demo/workshop-1"), ("resident", "demo/building-3"))),
    ("demo-teacher", "李老师", "13800000004", (("class_teacher", "demo/class-3"),)),
    ("pupil", "王小明", "13800000001", (("student", "demo/class-3"), ("resident", "demo/building-3"))),
    (
        "demo-grid",
        "赵网格",
        "13800000005",
        tuple((role, "demo/grid-3") for role in ("grid_worker", "gate_guard", "inspector", "policy_editor")),
    ),
    ("community", "陈主任", "13800000006", (("community", "demo/community"),)),
    ("health-officer", "孙安全", "13800000007", (("health_officer", "demo/factory"),)),
    ("school", "周校长", "13800000008", (("school", "demo/school"),)),
    ("site", "吴工", "13800000009", (("site_manager", "demo/site"),)),
)

# 西安 is a city with high-risk districts: the districts stand on the list, the city as 重点城市.
_RISKS = (
    ("6101", "陕西省西安市", "key_city"),
    ("610113", "陕西省西安市雁塔区", "high"),
    ("610112", "陕西省西安市未央区", "medium"),
)


async def load_demo(services: Services) -> bool:
    """Loads the demo data; does nothing when it is there. Returns whether anything was written."""
    async with services.transaction() as connection:
        if await connection.scalar(
            sa.select(sa.func.count()).select_from(people_table).where(~people_table.c.is_guest)
        ):
            return False
        ids: dict[str, int] = {}
        for code, kind, name, above in _PLACES:
            ids[code] = await places.add_place(connection, kind, name, ids[above] if above else None, code)
        persons: dict[str, int] = {}
        for key, name, phone, held in _PEOPLE:
            persons[key] = await people.add_person(services, connection, name, phone)
            for role, place in held:
                await people.add_role(connection, persons[key], role, ids[place])
            await people.add_consent(services, connection, persons[key])
        await connection.execute(
            kin.insert(),
            [
                {"person_id": persons["demo-resident"], "ward_id": persons["mother"], "kind": "母亲"},
                {"person_id": persons["demo-resident"], "ward_id": persons["pupil"], "kind": "儿子"},
            ],
        )
        for face in DEMO_FACES:
            await _accounts(services, connection, face, persons[face])
        for code, name, level in _RISKS:
            await connection.execute(
                risk_regions.insert().values(
                    code=code,
                    name=name,
                    level=level,
                    since=date(2020, 1, 1),
                    source="演示数据",
                    changed_at=services.now(),
                )
            )
    return True


async def _accounts(services: Services, connection: AsyncConnection, sender: str, person_id: int) -> None:
    for channel in ("web", "rest"):
        await connection.execute(
            insert(accounts).values(channel=channel, external_id=sender, person_id=person_id, bound_at=services.now())
        )
