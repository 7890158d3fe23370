"""What is held of a person is theirs to see, correct and delete; what is old goes by itself."""

from __future__ import annotations

import orjson
import pytest
import sqlalchemy as sa

from bot.errors import NotEntitled
from bot.services import alerts, erasing, files, my_data, people, retention
from bot.services.context import Services
from bot.services.merging import references
from bot.storage.tables import audit, followups, inbox, outbox, receipts, records
from bot.storage.tables import people as people_table
from tests.office import Office

SENTENCE = "打卡 36.5 没症状 在家 绿码 没接触"
FEVER = "打卡 38.2 没有症状 在家 绿码 没接触过"


async def id_of(services: Services, sender: str) -> int:
    return (await people.identify(services, f"rest:{sender}")).person_id or 0


async def left_of(services: Services, person: int) -> dict[str, int]:
    """How many rows tell of a person, a table each; the audit and those who only name who did something are left out."""
    found: dict[str, int] = {}
    async with services.transaction() as connection:
        for column in erasing.DELETED - {people_table.c.merged_into}:
            count = await connection.scalar(sa.select(sa.func.count()).where(column == person))
            if count:
                found[column.table.name] = found.get(column.table.name, 0) + count
    return found


async def test_what_is_held_is_shown(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says(SENTENCE, "确认提交")
    text = await resident.says("我的数据")
    assert "打卡和申报记录：1条" in text
    assert "登记的家人：2条" in text
    assert "网格员" in text
    assert "365天" in text
    assert resident.buttons == ["导出", "更正", "删除", "撤回同意"]
    assert "还没有绑定" in await office.person("somebody").says("我的数据")


async def test_everything_is_exported_with_a_receipt(office: Office, services: Services) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says(FEVER, "确认提交")
    [alert] = await grid.pushed()
    await grid.says(alert.buttons[0].payload)
    await resident.pushed()
    text = await resident.says("导出我的数据")
    assert "回执：R-" in text
    stored = await files.open_file(services, resident.custom["file"]["url"].split("/")[2])
    assert stored is not None
    held = orjson.loads(stored.data)
    assert held["个人信息"]["姓名"] == "王小芳"
    assert held["个人信息"]["手机号"] == "13800000001"
    [record] = held["打卡和申报记录"]
    assert record["填报"]["体温"] == "38.2 ℃"
    assert len(held["预警"][0]["经过"]) == 2
    assert held["收到的消息"]
    assert held["聊天记录"][0]["您说"] == FEVER
    async with services.transaction() as connection:
        row = (await connection.execute(sa.select(receipts))).one()
        noted = set(await connection.scalars(sa.select(audit.c.action)))
    assert row.code in text
    assert row.kind == "export"
    assert "data_exported" in noted


async def test_an_export_holds_nothing_of_others(office: Office, services: Services) -> None:
    await office.person("demo-worker").says(FEVER, "确认提交")
    data, _ = await my_data.export(services, await people.identify(services, "rest:demo-resident"))
    assert "张建国".encode() not in data
    assert b"38.2" not in data


async def test_a_phone_is_corrected_at_once(office: Office, services: Services) -> None:
    resident = office.person("demo-resident")
    assert "139****0002" in await resident.says("更正我的手机号 13900000002")
    known = await people.known_values(services, await people.identify(services, "rest:demo-resident"))
    assert known["phone"] == "13900000002"
    assert "手机" in await resident.says("更正我的手机号 139")
    assert "例如" in await resident.says("更正我的手机号")
    assert "例如" in await resident.says("更正我的数据")


async def test_a_name_is_corrected_by_staff(office: Office) -> None:
    await office.person("demo-resident").says("更正我的姓名 王晓芳")
    told = await office.person("demo-grid").pushed()
    assert any("王晓芳" in one.text for one in told)


async def test_consent_withdrawn_closes_the_form(office: Office, services: Services) -> None:
    resident = office.person("demo-resident")
    await resident.says("打卡 36.9")
    text = await resident.says("撤回同意")
    assert "已撤回" in text
    assert "回执：R-" in text
    assert resident.buttons == ["删除我的数据", "看看存了什么"]
    await resident.says("没症状")
    assert resident.custom.get("field") is None
    await resident.says("打卡")
    assert resident.custom["field"] == "consent"
    assert "36.9" not in await resident.says("同意")
    assert await office.records() == []


class TestDeletion:
    async def test_all_goes_but_ids(self, office: Office, services: Services) -> None:
        resident = office.person("demo-resident")
        person = await id_of(services, "demo-resident")
        await resident.says(SENTENCE, "确认提交", "全家正常", "确认上报", "转人工", "我姓王", "退出人工", "打卡 36.9")
        await resident.pushed()
        text = await resident.says("删除我的数据")
        assert "打卡和申报记录：1条" in text
        assert "没有等着" not in text
        told = await resident.says("确认删除")
        assert "回执：R-" in told
        left = await left_of(services, person)
        assert left == {"consents": 1}  # when it was given and withdrawn
        async with services.transaction() as connection:
            row = (await connection.execute(sa.select(people_table).where(people_table.c.id == person))).one()
            noted = list(await connection.scalars(sa.select(audit.c.actor_id).where(audit.c.action == "data_deleted")))
            others = await connection.scalar(sa.select(sa.func.count()).select_from(records))
        assert services.vault.open(row.name_sealed, "people.name") == ""
        assert (row.phone_sealed, row.phone_print, row.name_print, row.code) == (None, None, None, None)
        assert noted == [person]
        assert others == 3  # of the family: 王小明 morning and day, 刘桂兰
        turns = await services.redis.lrange("history:rest:demo-resident", 0, -1)
        assert len(turns) == 1  # 确认删除 itself
        # afterwards they are somebody new
        assert "还没有绑定" in await resident.says("我的数据")

    async def test_nothing_goes_unconfirmed(self, office: Office, services: Services) -> None:
        resident = office.person("demo-resident")
        await resident.says(SENTENCE, "确认提交")
        assert "没有等着" in await resident.says("确认删除")
        await resident.says("删除我的数据")
        assert "没有删" in await resident.says("不删了")
        assert "没有等着" in await resident.says("确认删除")
        assert len(await office.records()) == 1

    async def test_what_an_open_alert_needs_goes_when_it_is_closed(
        self, office: Office, services: Services, clock
    ) -> None:
        resident, grid = office.person("demo-resident"), office.person("demo-grid")
        person = await id_of(services, "demo-resident")
        await resident.says(SENTENCE, "确认提交")
        clock.advance(days=1)
        await resident.says(FEVER, "确认提交")
        [alert] = await office.alerts()
        assert f"预警 {alert.code} 还没处理完" in await resident.says("删除我的数据")
        assert "自动删除" in await resident.says("确认删除")
        [record] = await office.records()
        assert record["temperature"] == 38.2
        await retention.delete_old(services)
        assert "王小芳" in await grid.says(f"查看 {alert.code}")  # still somebody to look after
        await alerts.close(services, await people.identify(services, "rest:demo-grid"), alert.code)
        await retention.delete_old(services)
        assert await left_of(services, person) == {"consents": 1}
        assert await office.records() == []
        assert await retention.delete_old(services) == 0

    async def test_what_a_standing_measure_needs_waits(self, office: Office, services: Services, clock) -> None:
        person = await id_of(services, "demo-resident")
        async with services.transaction() as connection:
            await connection.execute(
                followups.insert().values(person_id=person, kind="居家隔离", first_day=services.today())
            )
        resident = office.person("demo-resident")
        assert "居家隔离还没结束" in await resident.says("删除我的数据", "确认删除")
        assert "followups" in await left_of(services, person)
        async with services.transaction() as connection:
            await connection.execute(followups.update().values(state="ended", ended_at=services.now()))
        await erasing.finish_deletions(services)
        assert await left_of(services, person) == {"consents": 1}

    async def test_staff_leave_their_office_first(self, office: Office, services: Services) -> None:
        assert "管理员" in await office.person("demo-grid").says("删除我的数据")
        with pytest.raises(NotEntitled):
            await erasing.delete_my_data(services, await people.identify(services, "rest:demo-grid"))

    def test_no_column_that_tells_whose_a_row_is_is_forgotten(self) -> None:
        """Every reference to people is either deleted with them or names who did something."""
        did = {
            "records.reporter_id", "alerts.handled_by", "alert_steps.by_person", "broadcasts.by_person",
            "risk_regions.changed_by", "knowledge_versions.made_by", "question_groups.handled_by",
            "documents.imported_by", "tickets.taken_by", "ticket_lines.by_person", "followups.ended_by",
            "followup_contacts.by_person", "tests.by_person", "zero_reports.by_person", "invitations.made_by",
        }  # fmt: skip
        told = {str(column) for column in erasing.DELETED}
        assert {str(column) for column in references()} == told | did


async def test_what_is_old_is_deleted(office: Office, services: Services, clock) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says(SENTENCE, "确认提交")
    await resident.says("打卡 36.6 没症状 在家 绿码 没接触", "确认提交")
    await office.person("demo-worker").says(FEVER, "确认提交")
    await grid.pushed()
    clock.advance(days=61)
    await resident.says(SENTENCE, "确认提交")
    await retention.delete_old(services)
    assert len(await office.records(current=False)) == 4
    assert await counted(services, inbox) == 0
    assert await counted(services, outbox) == 0
    clock.advance(days=305)
    await retention.delete_old(services)
    # the new one, and the fever whose alert nobody has closed
    assert [record.get("temperature") for record in await office.records(current=False)] == [38.2, 36.5]
    [alert] = await office.alerts()
    await alerts.close(services, await people.identify(services, "rest:demo-grid"), alert.code)
    clock.advance(days=366)
    await retention.delete_old(services)
    assert await office.records() == []
    assert await office.alerts() == []


async def counted(services: Services, table: sa.Table) -> int:
    async with services.transaction() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(table)))
