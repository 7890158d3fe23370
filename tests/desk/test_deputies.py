"""Who stands in for whom: rights for the days and no longer, told to both, ended by either."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.services.duty import deputies_of
from bot.services.people import identify
from bot.services.roles import IN_CHARGE
from bot.storage import tables
from tests.conftest import Clock
from tests.office import Office, Talker


@pytest.fixture
async def community(office: Office) -> Talker:
    """陈主任 of the community, who has an account."""
    async with office.services.transaction() as connection:
        head = await connection.scalar(sa.select(tables.roles.c.person_id).where(tables.roles.c.role == "community"))
        await connection.execute(
            tables.accounts.insert().values(
                channel="rest", external_id="chen", person_id=head, bound_at=office.services.now()
            )
        )
    return office.person("chen")


@pytest.fixture
def grid(office: Office) -> Talker:
    return office.person("demo-grid")


async def _in_charge(office: Office, sender: str) -> list[str]:
    speaker = await identify(office.services, f"rest:{sender}")
    return [held.role for held in speaker.roles if held.role in IN_CHARGE]


async def test_a_deputy_has_the_rights_for_these_days(
    office: Office, clock: Clock, community: Talker, grid: Talker
) -> None:
    said = await community.says("请假 1月21日到1月22日 由赵网格代")
    assert "1月21日（周五）到1月22日（周六）由赵网格（第三网格网格员）代理" in said
    [asked] = await grid.pushed()
    assert "社区陈主任请您在1月21日到1月22日代理茶坊社区的工作" in asked.text
    assert "您已安排赵网格" in (await community.pushed())[0].text
    assert await _in_charge(office, "demo-grid") == ["grid_worker"]
    clock.set_local("2022-01-21 00:00")
    assert await _in_charge(office, "demo-grid") == ["grid_worker", "community"]
    clock.set_local("2022-01-22 23:59")
    assert await _in_charge(office, "demo-grid") == ["grid_worker", "community"]
    clock.set_local("2022-01-23 00:00")
    assert await _in_charge(office, "demo-grid") == ["grid_worker"]


async def test_alert_services_find_the_deputy(office: Office, community: Talker, grid: Talker) -> None:
    await community.says("代理 赵网格 到1月22日")
    head, deputy = [(await identify(office.services, f"rest:{who}")).person_id for who in ("chen", "demo-grid")]
    assert head is not None
    assert deputy is not None
    today = office.services.today()
    async with office.services.transaction() as connection:
        assert await deputies_of(connection, [head, deputy], today) == {head: [deputy]}
        assert await deputies_of(connection, [head], today.replace(day=23)) == {}


@pytest.mark.parametrize("by", ["chen", "demo-grid"])
async def test_both_sides_may_end_it_at_once(office: Office, community: Talker, grid: Talker, by: str) -> None:
    await community.says("请假 今天到1月25日 由赵网格代")
    assert await _in_charge(office, "demo-grid") == ["grid_worker", "community"]
    for one in (community, grid):
        await one.pushed()
    ending, other = (community, grid) if by == "chen" else (grid, community)
    assert "已取消" in await ending.says("取消代理")
    assert await _in_charge(office, "demo-grid") == ["grid_worker"]
    [told] = await other.pushed()
    assert "已取消" in told.text
    assert "您现在没有安排代理" in await ending.says("取消代理")


async def test_rights_are_handed_on_once(office: Office, community: Talker, grid: Talker) -> None:
    school = office.person("zhou")
    async with office.services.transaction() as connection:
        other = await connection.scalar(
            sa.select(tables.roles.c.person_id).where(tables.roles.c.role == "site_manager")
        )
        place = await connection.scalar(sa.select(tables.places.c.id).where(tables.places.c.code == "demo/community"))
        await connection.execute(tables.roles.insert().values(person_id=other, role="street", place_id=place))
        await connection.execute(
            tables.accounts.insert().values(
                channel="rest", external_id="zhou", person_id=other, bound_at=office.services.now()
            )
        )
    await school.says("代理 陈主任 到1月22日")
    await community.says("代理 赵网格 到1月22日")
    assert "street" in await _in_charge(office, "chen")
    assert await _in_charge(office, "demo-grid") == ["grid_worker", "community"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("请假 1月22日", "由谁代"),
        ("请假 由赵网格代", "到哪一天"),
        ("请假 1月25日到1月22日 由赵网格代", "早于第一天"),
        ("请假 1月10日到1月12日 由赵网格代", "已经过去"),
        ("请假 1月22日到3月20日 由赵网格代", "最多代理31天"),
        ("请假 后来到1月22日 由赵网格代", "没有认出“后来”是哪一天"),
        ("请假 明天 由李四代", "没有找到叫“李四”的工作人员"),
        ("请假 明天 由王小芳代", "没有找到叫“王小芳”的工作人员"),  # no staff
        ("请假 明天 由孙安全代", "没有找到叫“孙安全”的工作人员"),  # of another house
        ("请假 明天 由陈主任代", "不能是您自己"),
        ("代理", "没有代理安排"),
    ],
)
async def test_wrong_use_says_how(community: Talker, said: str, answer: str) -> None:
    assert answer in await community.says(said)


@pytest.mark.parametrize(
    ("said", "span"),
    [
        ("请假 明天 由赵网格代", "1月21日（周五）由"),
        ("请假3天 由赵网格代", "1月20日（周四）到1月22日（周六）由"),
        ("请假 22到24号 由赵网格代", "1月22日（周六）到1月24日（周一）由"),
        ("请假 2月3日到5日，由赵网格代理", "2月3日（周四）到2月5日（周六）由"),
        ("代理 赵网格 到1月24日", "1月20日（周四）到1月24日（周一）由"),
        ("代理 赵网格 1月21日至1月22日", "1月21日（周五）到1月22日（周六）由"),
        ("请假 周六到下周一 由赵网格代班", "1月22日（周六）到1月24日（周一）由"),
    ],
)
async def test_days_are_read_as_people_write_them(community: Talker, said: str, span: str) -> None:
    assert span in await community.says(said)


async def test_two_of_the_same_name_are_told_apart(office: Office, community: Talker) -> None:
    services = office.services
    async with services.transaction() as connection:
        place = await connection.scalar(sa.select(tables.places.c.id).where(tables.places.c.code == "demo/grid-1"))
        for role in ("grid_worker", "area_head"):
            person = await connection.scalar(
                tables.people.insert()
                .values(
                    name_sealed=services.vault.seal("李四", "people.name"),
                    created_at=services.now(),
                    updated_at=services.now(),
                )
                .returning(tables.people.c.id)
            )
            await connection.execute(tables.roles.insert().values(person_id=person, role=role, place_id=place))
    assert "有2位“李四”" in await community.says("请假 明天 由李四代")
    assert community.buttons == ["李四 第一网格网格员", "李四 第一网格片长"]
    assert "由李四（第一网格片长）代理" in await community.presses("李四 第一网格片长")
    assert "您已安排李四代理" in await community.says("请假 明天 由赵网格代")
    assert "陈主任由李四代理" in await community.says("代理")


async def test_who_is_no_staff_is_told_kindly(office: Office) -> None:
    resident = office.person("demo-resident")
    for said in ("请假 明天 由李四代", "代理", "取消代理"):
        assert "安排代理是工作人员用的" in await resident.says(said)


async def test_it_is_in_the_audit(office: Office, community: Talker) -> None:
    await community.says("请假 明天 由赵网格代", "取消代理")
    async with office.services.transaction() as connection:
        actions = list(await connection.scalars(sa.select(tables.audit.c.action).order_by(tables.audit.c.id)))
    assert [action for action in actions if action.startswith("deputy")] == ["deputy_appointed", "deputy_ended"]
