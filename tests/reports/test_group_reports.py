"""A class or a team in one line: read, shown, confirmed, corrected."""

from __future__ import annotations

import time

import pytest

from bot.errors import NotEntitled, NotFound
from bot.services import group_reports, people
from bot.services.context import Services
from tests.office import Office, Talker
from tests.reports.school import add, add_place, fill_class, place_id, reports_of, values_of

NORMAL = {"symptoms": ["none"], "where": "local", "health_code": "green", "contact": False}


@pytest.fixture
async def teacher(office: Office, services: Services) -> Talker:
    """The class teacher of 三班 with 43 pupils."""
    await fill_class(services, 43)
    return office.person("demo-teacher")


async def test_all_is_well_in_two_messages(teacher: Talker, services: Services) -> None:
    text = await teacher.says("全班正常")
    assert "三班" in text
    assert "晨检" in text
    assert "名单43人，到43人，缺0人" in text
    assert await reports_of(services, "morning") == {}  # nothing before it is confirmed
    assert "记录43人" in await teacher.presses("确认上报")
    filed = await reports_of(services, "morning")
    assert len(filed) == 43
    assert {row.filed_as for row in filed.values()} == {"group"}
    assert values_of(services, filed["赵一诺"]) == NORMAL
    assert "没有等着" in await teacher.says("确认上报")


@pytest.mark.parametrize(
    "line",
    [
        "三班 到42 缺1 王小明发热38.2",
        "三班到42缺1王小明发热38.2",
        "晨检 三班，应到43，实到42，缺1：王小明 发烧38.2度。",
        "3班实到四十二人，缺一人，王小明体温38.2发热，其余正常",
        "到42缺1 王小明发热38.2",
    ],
)
async def test_a_feverish_pupil_is_away_and_alerted(teacher: Talker, office: Office, services: Services, line) -> None:
    text = await teacher.says(line)
    assert "名单43人，到42人，缺1人" in text, text
    assert "王小明：" in text
    assert "38.2" in text
    assert "1人有异常" in await teacher.presses("确认上报")
    filed = await reports_of(services, "morning")
    assert len(filed) == 43
    assert filed["王小明"].rules == ["fever", "symptoms"]
    assert filed["王小明"].outcome == "absent"
    assert values_of(services, filed["王小明"])["temperature"] == 38.2
    [alert] = await office.alerts()
    assert alert.rules == ["fever", "symptoms"]


async def test_several_exceptions_without_any_punctuation(teacher: Talker, services: Services) -> None:
    text = await teacher.says("三班到41缺2赵一诺请假钱浩然病假孙梓涵咳嗽周子墨迟到")
    assert "到41人，缺2人" in text, text
    assert "赵一诺：未到（请假）" in text
    assert "钱浩然：未到（病假）" in text
    assert "孙梓涵：症状干咳（会报给相关人员）" in text
    assert "周子墨：正常" in text
    await teacher.presses("确认上报")
    filed = await reports_of(services, "morning")
    assert values_of(services, filed["赵一诺"]) == {"absent": "请假"}
    assert filed["赵一诺"].outcome == filed["钱浩然"].outcome == "absent"
    assert filed["赵一诺"].rules == []
    assert filed["孙梓涵"].rules == ["symptoms"]
    assert filed["孙梓涵"].outcome is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("三班 到45 缺1 王小明请假", "46人，名单上是43人"),
        ("三班 应到45 实到42 缺1 王小明请假", "应到说的是45人"),
        ("三班 到41 缺2 王小明请假", "还差1个没到的人没有说名字"),
        ("三班 到42 缺1", "还差1个没到的人没有说名字"),
        ("三班 到43 缺0 王小明请假", "说了1个没到的人"),
        ("三班 到42 缺1 王小明唱歌", "没看懂王小明"),
    ],
)
async def test_what_does_not_add_up_is_said_and_nobody_is_accused(
    teacher: Talker, services: Services, line, said
) -> None:
    text = await teacher.says(line)
    assert said in text, text
    assert "确认上报" not in teacher.buttons
    assert not [name for name in ("赵一诺", "钱浩然") if name in text]
    assert "没有等着" in await teacher.says("确认上报")
    assert await reports_of(services, "morning") == {}


async def test_a_name_that_is_not_on_the_roster_is_asked_back(teacher: Talker, services: Services) -> None:
    text = await teacher.says("三班 到42 缺1 王晓明发热38.2")
    assert "没有“王晓明”" in text
    assert teacher.buttons == ["是王小明"]
    assert "王小明：" in await teacher.presses("是王小明")
    await teacher.presses("确认上报")
    assert (await reports_of(services, "morning"))["王小明"].rules == ["fever", "symptoms"]


async def test_who_has_reported_for_themselves_is_left_alone(
    teacher: Talker, office: Office, services: Services
) -> None:
    mother = office.person("demo-resident")
    await mother.says("帮儿子打卡 36.4 没有症状 在学校 绿码 没接触过", "确认提交")
    assert "其余42人记为正常。1人自己报过" in await teacher.says("全班正常")
    await teacher.presses("确认上报")
    filed = await reports_of(services, "morning")
    assert filed["王小明"].filed_as == "kin"
    assert values_of(services, filed["王小明"])["temperature"] == 36.4


async def test_a_second_line_corrects_the_first(teacher: Talker, office: Office, services: Services) -> None:
    await teacher.says("三班 到41 缺2 王小明发热38.2 赵一诺请假", "确认上报")
    # the ill pupil was another, and 赵一诺 has come
    await teacher.says("三班 到42 缺1 钱浩然发热38.2 王小明正常", "确认上报")
    filed, earlier = await reports_of(services, "morning"), await reports_of(services, "morning", current=False)
    assert set(earlier) == {"王小明", "赵一诺", "钱浩然"}
    assert filed["王小明"].rules == []
    assert filed["王小明"].replaces == earlier["王小明"].id
    assert filed["赵一诺"].outcome is None
    assert filed["钱浩然"].rules == ["fever", "symptoms"]
    # a fever is not over because the next line does not name it
    await teacher.says("全班正常", "确认上报")
    assert (await reports_of(services, "morning"))["钱浩然"].rules == ["fever", "symptoms"]


async def test_the_noon_check_and_a_late_one(teacher: Talker, services: Services, clock) -> None:
    assert "午检11:30开始" in await teacher.says("午检全班正常")
    clock.set_local("2022-01-20 13:00")
    assert "午检" in await teacher.says("全班正常")
    await teacher.presses("确认上报")
    assert len(await reports_of(services, "noon")) == 43
    await teacher.says("晨检全班正常")
    assert "补报" in await teacher.presses("确认上报")
    assert all(row.late for row in (await reports_of(services, "morning")).values())


async def test_a_workshop_by_its_leader(office: Office, services: Services) -> None:
    workshop = await place_id(services, "demo/workshop-1")
    async with services.transaction() as connection:
        for name in ("张三丰", "李四光", "王五"):
            await add(services, connection, name, "worker", workshop)
        await add(services, connection, "马组长", "team_leader", workshop, sender="leader")
    leader = office.person("leader")
    text = await leader.says("一车间 到2 缺2 张三丰请假 李四光咳嗽")
    assert "到2人，缺2人" in text, text
    await leader.presses("确认上报")
    filed = await reports_of(services, "day")
    assert {name: row.outcome for name, row in filed.items()} == {
        "张三丰": "absent", "李四光": "absent", "王五": None, "张建国": None,
    }  # fmt: skip
    await leader.says("全车间正常")
    assert "其余" in leader.text


async def test_several_units_are_asked_back(office: Office, services: Services) -> None:
    school = await place_id(services, "demo/school")
    grade = await add_place(services, "grade", "三年级", school)
    two = await add_place(services, "class", "二班", grade)
    async with services.transaction() as connection:
        await add(services, connection, "何小二", "student", two)
        await add(services, connection, "周副校长", "school", school, sender="head")
    head = office.person("head")
    assert "名单1人" in await head.says("三年级二班 全班正常")
    assert "名单1人" in await head.says("三年级（2）班全班正常")
    assert "没有找到“五班”" in await head.says("五班全班正常")
    other = await add_place(services, "class", "二班", school)
    async with services.transaction() as connection:
        await add(services, connection, "何小三", "student", other)
    await head.says("二班 全班正常")
    assert head.buttons == ["三年级二班", "演示小学二班"]
    assert "名单1人" in await head.presses("三年级二班")


async def test_a_resident_is_told_what_they_can_do(office: Office) -> None:
    assert "全家正常" in await office.person("demo-resident").says("全班正常")


async def test_the_service_refuses_who_is_not_in_charge(teacher: Talker, services: Services) -> None:
    own = await people.identify(services, "rest:demo-teacher")
    plan = await group_reports.plan_group(services, own, "全班正常")
    assert isinstance(plan, group_reports.GroupPlan)
    for sender, refusal in (("demo-resident", NotEntitled), ("demo-grid", NotFound), ("nobody", NotEntitled)):
        speaker = await people.identify(services, f"rest:{sender}")
        with pytest.raises(refusal):
            await group_reports.plan_group(services, speaker, "三班 全班正常")
        with pytest.raises(NotFound):
            await group_reports.file_group(services, speaker, plan.waiting())
    assert await reports_of(services, "morning") == {}


async def test_confirmed_twice_it_is_filed_once(teacher: Talker, services: Services) -> None:
    own = await people.identify(services, "rest:demo-teacher")
    plan = await group_reports.plan_group(services, own, "三班 到42 缺1 王小明发热38.2")
    assert isinstance(plan, group_reports.GroupPlan)
    first = await group_reports.file_group(services, own, plan.waiting())
    again = await group_reports.file_group(services, own, plan.waiting())
    assert (first.records, again.records) == (43, 0)
    assert await reports_of(services, "morning", current=False) == {}


async def test_a_class_of_fifty_is_fast(services: Services) -> None:
    await fill_class(services, 46)
    own = await people.identify(services, "rest:demo-teacher")
    plan = await group_reports.plan_group(services, own, "全班正常")
    assert isinstance(plan, group_reports.GroupPlan)
    began = time.perf_counter()
    filed = await group_reports.file_group(services, own, plan.waiting())
    assert filed.records == 46
    assert time.perf_counter() - began < 1.5  # 0.1 s on a machine that does nothing else
