"""What a check-in costs, for oneself and for the family; late, corrected and named reports."""

from __future__ import annotations

import pytest

from bot.errors import NotEntitled
from bot.services import people, records
from bot.services.context import Services
from bot.storage.tables import consents, kin
from tests.office import Office
from tests.reports.school import add, place_id, reports_of, values_of

NORMAL = {"symptoms": ["none"], "where": "local", "health_code": "green", "contact": False}
SENTENCE = "36.5 没症状 在家 绿码 没接触"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (["打卡 一切正常"], NORMAL),
        (["打卡", "一切正常"], NORMAL),
        ([SENTENCE, "确认提交"], {**NORMAL, "temperature": 36.5, "where": "home"}),
        (["打卡 36.5 一切正常", "确认提交"], {**NORMAL, "temperature": 36.5}),
    ],
)
async def test_what_a_normal_report_costs(office: Office, services: Services, messages, expected) -> None:
    resident = office.person("demo-resident")
    for message in messages:
        assert await reports_of(services, "day") == {}
        await resident.says(message)
    row = (await reports_of(services, "day"))["王小芳"]
    assert values_of(services, row) == expected
    assert (row.late, row.filed_as, row.rules, row.marks) == (False, "self", [], [])
    assert resident.custom == {"process": "daily_report"}


async def test_what_one_tap_has_filed_is_shown(office: Office) -> None:
    resident = office.person("demo-resident")
    text = await resident.says("打卡 一切正常")
    assert "打卡成功" in text
    assert "绿码" in text
    assert "更正" in text


@pytest.mark.parametrize("messages", [["打卡 同昨天"], ["打卡", "同昨天"]])
async def test_same_as_yesterday_costs_as_little(office: Office, services: Services, clock, messages) -> None:
    resident = office.person("demo-resident")
    await resident.says(SENTENCE, "确认提交")
    clock.advance(days=1)
    await resident.says(*messages)
    first, second = await office.records("daily_report")
    assert {n: v for n, v in second.items() if n[0] != "_"} == {n: v for n, v in first.items() if n[0] != "_"}
    assert second["_day"] > first["_day"]


async def test_an_abnormal_report_is_not_copied(office: Office, clock) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡 38.2 没有症状 在家 绿码 没接触过", "确认提交")
    clock.advance(days=1)
    assert "不能照抄" in await resident.says("打卡 同昨天")
    assert resident.custom["field"] == "temperature"
    assert len(await office.records("daily_report")) == 1


async def test_one_tap_does_not_overwrite_what_was_reported_today(office: Office, services: Services) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡 38.2 没有症状 在家 绿码 没接触过", "确认提交")
    assert "今天已经打卡过了" in await resident.says("打卡 一切正常")
    assert resident.custom["field"] == "confirm"
    await resident.says("取消")
    assert len(await office.records("daily_report", current=False)) == 1
    await resident.says("打卡", "一切正常")
    assert resident.custom["field"] == "confirm"
    assert "已更正" in await resident.says("确认提交")
    row = (await reports_of(services, "day"))["王小芳"]
    assert row.replaces is not None


async def test_a_late_report_is_kept_as_such_and_said_kindly(office: Office, services: Services, clock) -> None:
    clock.set_local("2022-01-20 12:30")
    assert "补报" in await office.person("demo-resident").says("打卡 一切正常")
    assert (await reports_of(services, "day"))["王小芳"].late


async def test_a_check_is_named(office: Office, services: Services, clock) -> None:
    clock.set_local("2022-01-20 13:00")
    school = await place_id(services, "demo/class-3")
    async with services.transaction() as connection:
        await add(services, connection, "钱多多", "student", school, sender="pupil")
    pupil = office.person("pupil")
    assert "补报" in await pupil.says("晨检 36.5 没症状 在学校 绿码 没接触", "确认提交")
    assert list(await reports_of(services, "noon")) == []
    await pupil.says("午检 一切正常")
    assert list(await reports_of(services, "noon")) == ["钱多多"]
    assert "今天的午检已经报过了" in await pupil.says("午检 36.5")
    assert "要不要" not in await pupil.says("取消")


async def test_a_report_serves_every_check_that_is_open(office: Office, services: Services) -> None:
    await office.person("demo-resident").says("帮儿子打卡 36.4 没有症状 在家 绿码 没接触过", "确认提交")
    assert list(await reports_of(services, "morning")) == list(await reports_of(services, "day")) == ["王小明"]
    assert await office.alerts() == []


class TestFamily:
    @pytest.mark.parametrize(
        ("said", "who"),
        [
            ("帮我妈打卡 36.4 没症状 在家 绿码 没接触", "刘*（母亲）"),
            ("给我妈报 36.4 没症状 在家 绿码 没接触", "刘*（母亲）"),
            ("帮刘桂兰打卡 36.4 没症状 在家 绿码 没接触", "刘*（母亲）"),
            ("替我母亲上报，36.4，没症状，在家，绿码，没接触", "刘*（母亲）"),
            ("替孩子打卡 36.4 没症状 在家 绿码 没接触", "王*（儿子）"),
            ("娃今天36.4 没症状 在家 绿码 没接触", "王*（儿子）"),
            ("帮王小明打卡 36.4 没症状 在家 绿码 没接触", "王*（儿子）"),
        ],
    )
    async def test_one_sentence_and_one_tap(self, office: Office, services: Services, said, who) -> None:
        guardian = office.person("demo-resident")
        assert f"为{who}打卡，请核对" in await guardian.says(said)
        assert who in await guardian.says("确认提交")
        name = "刘桂兰" if "刘" in who else "王小明"
        row = (await reports_of(services, "day"))[name]
        assert values_of(services, row)["temperature"] == 36.4
        assert row.filed_as == "kin"
        assert row.reporter_id == (await people.identify(services, "rest:demo-resident")).person_id

    async def test_one_message_and_one_tap(self, office: Office, services: Services) -> None:
        guardian = office.person("demo-resident")
        await guardian.says("帮我妈打卡 一切正常")
        assert guardian.custom["field"] == "confirm"  # who was understood is seen first
        await guardian.says("确认提交")
        assert list(await reports_of(services, "day")) == ["刘桂兰"]
        await guardian.says("帮儿子打卡", "一切正常")
        assert set(await reports_of(services, "day")) == {"刘桂兰", "王小明"}

    async def test_an_alert_is_about_the_ward(self, office: Office) -> None:
        guardian, grid = office.person("demo-resident"), office.person("demo-grid")
        await guardian.says("帮我妈打卡 38.4 没症状 在家 绿码 没接触", "确认提交")
        [alert] = await grid.pushed()
        assert "刘*" in alert.text
        assert "王*" not in alert.text

    async def test_the_form_asks_what_is_missing(self, office: Office, services: Services) -> None:
        guardian = office.person("demo-resident")
        assert "为刘*（母亲）打卡" in await guardian.says("帮我妈打卡 36.4")
        await guardian.says("没症状", "在家", "绿码", "没有", "确认提交")
        assert list(await reports_of(services, "day")) == ["刘桂兰"]

    async def test_several_who_may_be_meant_are_asked_back(self, office: Office, services: Services) -> None:
        guardian = await people.identify(services, "rest:demo-resident")
        async with services.transaction() as connection:
            home = await place_id(services, "demo/building-3")
            girl = await add(services, connection, "王小红", "resident", home)
            await people.add_consent(services, connection, girl)
            await connection.execute(kin.insert().values(person_id=guardian.person_id, ward_id=girl, kind="女儿"))
        talker = office.person("demo-resident")
        await talker.says("替孩子打卡 36.4 一切正常")
        assert talker.buttons == ["王*（儿子）", "王*（女儿）"]
        assert "36.4" in await talker.presses("王*（女儿）")
        await talker.says("确认提交")
        assert list(await reports_of(services, "day")) == ["王小红"]

    async def test_no_such_ward(self, office: Office) -> None:
        guardian = office.person("demo-resident")
        assert "没有“爷爷”" in await guardian.says("帮爷爷打卡 36.4")
        assert guardian.buttons == ["刘*（母亲）", "王*（儿子）"]
        assert "网格员" in await office.person("demo-worker").says("帮我妈打卡 36.4")
        assert await office.records() == []

    async def test_ones_own_open_form_is_not_mixed_up(self, office: Office) -> None:
        guardian = office.person("demo-resident")
        await guardian.says("打卡 36.5 没症状")
        assert "还没填完" in await guardian.says("帮我妈打卡 38.4")
        assert guardian.custom["field"] == "where"
        await guardian.says("在家", "绿码", "没有", "确认提交")
        [record] = await office.records()
        assert record["temperature"] == 36.5

    async def test_a_ward_needs_a_consent(self, office: Office, services: Services) -> None:
        async with services.transaction() as connection:
            await connection.execute(consents.delete())
        await services.redis.flushall()
        guardian = office.person("demo-resident")
        text = await guardian.says("帮我妈打卡 36.4 没症状")
        assert guardian.custom["field"] == "consent"
        assert "刘*（母亲）" in text
        await guardian.says("同意", "一切正常")
        assert list(await reports_of(services, "day")) == ["刘桂兰"]
        await guardian.says("打卡")
        assert guardian.custom["field"] == "consent"  # their own is another

    async def test_who_has_withdrawn_decides_alone(self, office: Office, services: Services) -> None:
        async with services.transaction() as connection:
            await connection.execute(
                kin.insert().values(
                    person_id=(await people.identify(services, "rest:demo-resident")).person_id,
                    ward_id=(await people.identify(services, "rest:demo-worker")).person_id,
                    kind="爱人",
                )
            )
        await office.person("demo-worker").says("撤回同意")
        guardian = office.person("demo-resident")
        assert "本人已经撤回" in await guardian.says("帮我爱人打卡 36.4", "同意")
        assert await office.records() == []

    async def test_the_whole_family_at_once(self, office: Office, services: Services) -> None:
        guardian = office.person("demo-resident")
        await guardian.says("帮我妈打卡 36.4 没症状 在家 绿码 没接触", "确认提交")
        text = await guardian.says("全家正常")
        assert "刘*（母亲）：已报过" in text
        assert "您本人：一切正常" in text
        assert "2人" in await guardian.presses("确认上报")
        filed = await reports_of(services, "day")
        assert {name: row.filed_as for name, row in filed.items()} == {
            "王小芳": "self", "刘桂兰": "kin", "王小明": "kin",
        }  # fmt: skip
        assert values_of(services, filed["刘桂兰"])["temperature"] == 36.4
        assert "都报过了" in await guardian.says("我家都正常")
        assert "没有等着" in await guardian.says("确认上报")

    async def test_nobody_reports_for_a_stranger(self, services: Services) -> None:
        stranger = await people.identify(services, "rest:demo-worker")
        ward = (await people.identify(services, "rest:demo-resident")).person_id
        draft = "00000000-0000-4000-8000-000000000001"
        with pytest.raises(NotEntitled):
            await records.submit(services, stranger, services.processes["daily_report"], draft, NORMAL, ward)


class TestMarks:
    async def test_the_same_to_the_tenth_for_five_days(self, office: Office, services: Services, clock) -> None:
        resident = office.person("demo-resident")
        for day in range(5):
            assert "copied" not in await resident.says(SENTENCE, "确认提交")
            marks = (await reports_of(services, "day"))["王小芳"].marks
            assert marks == (["copied"] if day == 4 else [])
            clock.advance(days=1, seconds=7)

    async def test_another_temperature_is_no_copy(self, office: Office, services: Services, clock) -> None:
        resident = office.person("demo-resident")
        for day in range(5):
            await resident.says(f"打卡 36.{day} 没症状 在家 绿码 没接触", "确认提交")
            clock.advance(days=1, minutes=day)
        assert (await reports_of(services, "day"))["王小芳"].marks == []

    async def test_one_tap_a_day_is_no_copy(self, office: Office, services: Services, clock) -> None:
        resident = office.person("demo-resident")
        for _ in range(6):
            await resident.says("打卡 一切正常")
            clock.advance(days=1, seconds=11)
        assert (await reports_of(services, "day"))["王小芳"].marks == []

    async def test_the_same_second_of_each_day(self, office: Office, services: Services, clock) -> None:
        resident = office.person("demo-resident")
        for _ in range(5):
            await resident.says("打卡 一切正常")
            clock.advance(days=1)
        assert (await reports_of(services, "day"))["王小芳"].marks == ["scripted"]

    async def test_three_people_within_three_seconds(self, office: Office, services: Services, clock) -> None:
        speaker = await people.identify(services, "rest:demo-resident")
        wards = [None, *(ward for ward in await _wards(services))]
        for at, ward in enumerate(wards):
            draft = f"00000000-0000-4000-8000-00000000000{at}"
            await records.submit(services, speaker, services.processes["daily_report"], draft, NORMAL, ward)
            clock.advance(seconds=1)
        marked = [name for name, row in (await reports_of(services, "day")).items() if row.marks]
        assert len(marked) == 1


async def _wards(services: Services) -> list[int]:
    from bot.services.family import wards_of

    speaker = await people.identify(services, "rest:demo-resident")
    return [ward.person_id for ward in await wards_of(services, speaker)]
