"""What changes or reveals leaves a row, with ids and no values."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from bot.clock.tick import tick
from bot.services import risks
from bot.services.audit_chain import check_chain
from bot.services.invitations import invite
from bot.storage import tables
from tests.conftest import Clock
from tests.office import Office

FEVER = "打卡 38.5 咳嗽 在家 绿码 没接触"


async def _rows(office: Office) -> list[sa.engine.Row]:
    async with office.services.transaction() as connection:
        return list((await connection.execute(sa.select(tables.audit).order_by(tables.audit.c.id))).all())


async def _actions(office: Office) -> list[str]:
    return [row.action for row in await _rows(office)]


async def test_an_alert_from_taking_to_closing(office: Office) -> None:
    worker, grid = office.person("demo-worker"), office.person("demo-grid")
    await worker.says(FEVER, "确认提交")
    [alert] = await office.alerts()
    await grid.says(f"收到 {alert.code}", f"查看 {alert.code}", f"已处理 {alert.code} 已就医")
    assert {"alert_acknowledged", "alert_revealed", "alert_closed"} <= set(await _actions(office))


async def test_a_ticket_from_opening_to_closing(office: Office) -> None:
    resident, grid = office.person("demo-resident"), office.person("demo-grid")
    await resident.says("转人工")
    await grid.says("接单", "回复 1 您好", "查看工单 1", "结束 1")
    await resident.says("转人工", "退出人工")
    actions = await _actions(office)
    assert [one for one in actions if one.startswith("ticket")] == [
        "ticket_opened", "ticket_taken", "ticket_answered", "ticket_revealed", "ticket_closed",
        "ticket_opened", "ticket_closed",
    ]  # fmt: skip


async def test_a_ticket_that_time_closes(office: Office, clock: Clock) -> None:
    await office.person("demo-resident").says("转人工")
    clock.advance(hours=2)
    await tick(office.services)
    assert (await _rows(office))[-1].action == "ticket_closed"
    assert (await _rows(office))[-1].actor_id is None


async def test_consent(office: Office) -> None:
    resident = office.person("demo-resident")
    await resident.says("撤回同意", "打卡")
    await resident.presses("同意")
    assert [one for one in await _actions(office) if one.startswith("consent")] == [
        "consent_withdrawn",
        "consent_given",
    ]


async def test_knowledge_and_risk_list(office: Office) -> None:
    await office.person("demo-grid").says("加问法 T7 码色不对劲乘不乘得了大巴", "确认修改")
    await risks.add_region(office.services, None, "2201", "吉林省长春市", "high", date(2022, 1, 20), None, "通告")
    actions = await _actions(office)
    assert any(one.startswith("knowledge_") for one in actions)
    assert "risk_region_added" in actions


async def test_the_chain_stays_sound_when_a_guest_turns_out_to_be_somebody(office: Office) -> None:
    """Ids alone stand in it: who is bound later, or removed, changes none of its rows."""
    services = office.services
    async with services.transaction() as connection:
        place = await connection.scalar(sa.select(tables.places.c.id).where(tables.places.c.code == "demo/grid-3"))
    guest = office.person("somebody")
    await guest.says("转人工", "退出人工")
    await tick(services)
    before = await check_chain(services)
    assert before.links > 0
    await guest.says(f"绑定 {await invite(services, 'resident', place)}")
    await tick(services)
    assert (await check_chain(services, head=before.head, count=before.links)).faults == ()


async def test_no_name_or_number_stands_in_it(office: Office) -> None:
    await test_an_alert_from_taking_to_closing(office)
    text = "\n".join(str(tuple(row)) for row in await _rows(office))
    for private in ("张建国", "13800000003", "38.5", "咳嗽"):
        assert private not in text
