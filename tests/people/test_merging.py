"""Two rows that are one person become one: nothing is lost, whatever tables there are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import NotEntitled, NotFound, Refused
from bot.services import merging, people
from bot.services.context import Services
from bot.services.duplicates import find_doubles, merge, preview_merge
from bot.storage import tables
from bot.storage.tables import accounts, metadata
from bot.storage.tables import people as people_table
from tests.people.rosters import person

DAY = date(2022, 1, 20)


class Twins:
    """Two people with the same name and phone, and one row each in whatever table is asked for."""

    def __init__(self, services: Services, kept: int, gone: int) -> None:
        self.services, self.kept, self.gone = services, kept, gone

    async def put(self, table: sa.Table, **values: Any) -> Any:
        async with self.services.transaction() as connection:
            return (await connection.execute(table.insert().values(**values).returning(*table.columns))).one()

    async def rows(self, table: sa.Table) -> list[Any]:
        key = list(table.primary_key.columns)
        async with self.services.transaction() as connection:
            return (await connection.execute(sa.select(table).order_by(*key))).all()

    async def record(self, of: int, check: str = "", hours: int = 0, **more: Any) -> uuid.UUID:
        id = uuid.uuid4()
        await self.put(
            tables.records, id=id, process="daily_report", process_version="1", person_id=of, reporter_id=of, day=DAY,
            at=self.services.now() + timedelta(hours=hours), values_sealed=b"", check_id=check, **more,
        )  # fmt: skip
        return id

    async def alert(self, of: int, code: str, **more: Any) -> Any:
        now = self.services.now()
        return await self.put(
            tables.alerts,
            **{"code": code, "record_id": await self.record(of), "person_id": of, "process": "daily_report", "rules": ["fever"],
               "level": "watch", "opened_at": now, "changed_at": now, "handled_by": of, **more},
        )  # fmt: skip

    async def followup(self, of: int, **more: Any) -> Any:
        return await self.put(
            tables.followups, **{"person_id": of, "kind": "居家隔离", "first_day": DAY, "last_day": DAY, **more}
        )

    async def merge(self) -> None:
        await merge(self.services, None, self.kept, self.gone)


@pytest.fixture
async def twins(services: Services) -> Twins:
    async with services.transaction() as connection:
        kept, gone = [await people.add_person(services, connection, "钱一", "13900000001") for _ in range(2)]
    return Twins(services, kept, gone)


async def _a_row_everywhere(twins: Twins, of: int) -> None:
    """A row about this person in every table that can hold one, in every column that refers to people."""
    services, now = twins.services, twins.services.now()
    other = (await person(services, "陈主任"))["id"]
    place = (await twins.rows(tables.places))[0].id
    await twins.put(
        tables.broadcasts, by_person=of, place_id=place, audience={}, body_sealed=b"", send_at=now, created_at=now
    )
    alert = await twins.alert(of, f"T{of:03d}"[-4:])
    followup = await twins.followup(of, ended_by=of, state="ended", ended_at=now)
    group = await twins.put(
        tables.question_groups, text_sealed=b"", kind="chosen", handled_by=of, first_at=now, last_at=now
    )
    ticket = await twins.put(
        tables.tickets, person_id=of, account=f"rest:{of}", taken_by=of, opened_at=now, last_at=now
    )
    work_group = await twins.put(tables.work_groups, place_id=place, name=f"组{of}")
    sent = await twins.put(
        tables.outbox,
        person_id=of,
        purpose="reply",
        body_sealed=b"",
        once_key=f"k{of}",
        due_at=now,
        next_try_at=now,
        created_at=now,
    )
    by_table: Mapping[str, list[dict[str, Any]]] = {
        "people": [{"name_sealed": services.vault.seal("旧", "people.name"), "merged_into": of, "created_at": now, "updated_at": now}],
        "roles": [{"person_id": of, "role": "resident", "place_id": place}],
        "kin": [{"person_id": of, "ward_id": other, "kind": "家属"}, {"person_id": other, "ward_id": of, "kind": "家属"}],
        "accounts": [{"channel": "rest", "external_id": f"chat{of}", "person_id": of, "bound_at": now}],
        "invitations": [{"code_print": f"p{of}", "person_id": of, "made_by": of, "expires_at": now}],
        "consents": [{"person_id": of, "version": "1", "given_at": now}],
        "records": [],
        "alerts": [],
        "alert_members": [{"alert_id": alert.id, "person_id": of, "record_id": alert.record_id}],
        "alert_steps": [{"alert_id": alert.id, "step": "open", "by_person": of, "at": now}],
        "broadcasts": [],
        "outbox": [],
        "inbox": [{"person_id": of, "cursor": 1, "outbox_id": sent.id, "body_sealed": b"", "at": now}],
        "inbox_heads": [{"person_id": of, "cursor": 1}],
        "risk_regions": [{"name": "某地", "level": "high", "since": DAY, "source": "x", "changed_by": of, "changed_at": now}],
        "knowledge_versions": [{"entry_id": "T1", "body": {}, "made_by": of, "made_at": now}],
        "question_groups": [],
        "questions": [{"id": uuid.uuid4(), "group_id": group.id, "text_sealed": b"", "person_id": of, "at": now}],
        "documents": [{"title": "x", "issuer": "x", "digest": f"d{of}", "imported_by": of, "imported_at": now}],
        "tickets": [],
        "ticket_lines": [{"ticket_id": ticket.id, "side": "staff", "by_person": of, "text_sealed": b"", "at": now}],
        "followups": [],
        "followup_contacts": [{"followup_id": followup.id, "day": DAY, "by_person": of, "at": now}],
        "tests": [{"person_id": of, "followup_id": followup.id, "day": DAY, "result_sealed": b"", "by_person": of, "at": now}],
        "duty_days": [{"person_id": of, "place_id": place, "day": DAY}],
        "deputies": [
            {"person_id": of, "deputy_id": other, "since": DAY, "until": DAY},
            {"person_id": other, "deputy_id": of, "since": DAY, "until": DAY},
        ],
        "group_members": [{"group_id": work_group.id, "person_id": of}],
        "zero_reports": [{"place_id": place, "process": f"p{of}", "day": DAY, "by_person": of, "at": now}],
        "receipts": [{"code": f"R{of}", "person_id": of, "kind": "export", "at": now}],
    }  # fmt: skip
    assert {column.table.name for column in merging.references()} == by_table.keys(), (
        "a row for the new table is missing"
    )
    for name, rows in by_table.items():
        for row in rows:
            await twins.put(metadata.tables[name], **row)


async def _referring_to(services: Services, id: int) -> dict[str, int]:
    async with services.transaction() as connection:
        found = {
            str(column): await connection.scalar(
                sa.select(sa.func.count()).select_from(column.table).where(column == id)
            )
            for column in merging.references()
        }
    return {name: count for name, count in found.items() if count}


async def test_every_column_that_refers_to_a_person_moves(services: Services, twins: Twins) -> None:
    await _a_row_everywhere(twins, twins.gone)
    before = await _referring_to(services, twins.gone)
    assert before.keys() == {str(column) for column in merging.references()}
    await twins.merge()
    assert await _referring_to(services, twins.gone) == {}
    after = await _referring_to(services, twins.kept)
    assert {**after, "people.merged_into": 1} == before
    assert after["people.merged_into"] == 2  # who was merged into the one before, and the one itself


async def test_where_both_have_everything_no_key_stands_in_the_way(services: Services, twins: Twins) -> None:
    for one in (twins.kept, twins.gone):
        await _a_row_everywhere(twins, one)
    await twins.merge()
    assert await _referring_to(services, twins.gone) == {}


async def test_every_table_with_a_partial_key_on_people_has_a_rule() -> None:
    """The rule without a name removes doubles under whole keys; what may stand once only under a condition needs words."""
    moving = merging.references()
    partial = {
        index.table.name
        for column in moving
        for index in column.table.indexes
        if index.unique and index.dialect_options["postgresql"]["where"] is not None and column.name in index.columns
    }
    assert partial == {"records", "alerts", "consents", "followups"}


async def test_of_two_reports_of_one_check_the_later_counts(twins: Twins) -> None:
    early = await twins.record(twins.kept, "day")
    late = await twins.record(twins.gone, "day", hours=1)
    await twins.merge()
    found = {row.id: row for row in await twins.rows(tables.records)}
    assert (found[early].current, found[late].current, found[late].replaces) == (False, True, early)


async def test_of_two_alerts_one_goes_on_with_the_findings_of_both(twins: Twins) -> None:
    await twins.alert(twins.kept, "KKKK")
    await twins.alert(twins.gone, "GGGG", rules=["symptoms"], level="urgent")
    await twins.merge()
    found = {row.code: row for row in await twins.rows(tables.alerts)}
    assert (found["KKKK"].rules, found["KKKK"].level, found["KKKK"].state) == (["fever", "symptoms"], "urgent", "open")
    assert found["GGGG"].state == "closed"
    assert [row.step for row in await twins.rows(tables.alert_steps)] == ["joined", "closed"]


async def test_of_two_followups_the_longer_goes_on_with_all_contacts(twins: Twins, services: Services) -> None:
    short = await twins.followup(twins.kept, first_day=DAY - timedelta(days=3))
    await twins.put(tables.followup_contacts, followup_id=short.id, day=DAY, at=services.now())
    long = await twins.followup(twins.gone, last_day=DAY + timedelta(days=14))
    await twins.merge()
    found = {row.id: row for row in await twins.rows(tables.followups)}
    assert (found[short.id].state, found[long.id].state) == ("ended", "open")
    assert found[long.id].first_day == DAY - timedelta(days=3)
    assert [row.followup_id for row in await twins.rows(tables.followup_contacts)] == [long.id]


@pytest.mark.parametrize(("given", "stands"), [(2, True), (0, False)])
async def test_consent_that_either_has_withdrawn_later_stands_no_more(
    twins: Twins, services: Services, given: int, stands: bool
) -> None:
    now = services.now()
    await twins.put(
        tables.consents, person_id=twins.kept, version="1", given_at=now, withdrawn_at=now + timedelta(hours=1)
    )
    await twins.put(tables.consents, person_id=twins.gone, version="1", given_at=now + timedelta(hours=given))
    await twins.merge()
    rows = [row for row in await twins.rows(tables.consents) if row.version == "1"]
    assert len(rows) == 2
    assert any(row.withdrawn_at is None for row in rows) is stands


async def test_values_that_are_missing_are_taken_over_and_the_old_code_still_finds_the_person(
    twins: Twins, services: Services
) -> None:
    async with services.transaction() as connection:
        change = people_table.update()
        await connection.execute(change.where(people_table.c.id == twins.gone).values(code="E2"))
        await connection.execute(
            change.where(people_table.c.id == twins.kept).values(phone_sealed=None, phone_print=None)
        )
    await twins.merge()
    found = await person(services, "钱一")
    assert (found["id"], found["phone"], found["code"]) == (twins.kept, "13900000001", "E2")


async def test_chats_speak_for_the_kept_person_at_once(twins: Twins, services: Services) -> None:
    now = services.now()
    await twins.put(accounts, channel="rest", external_id="old", person_id=twins.gone, bound_at=now)
    assert (await people.identify(services, "rest:old")).person_id == twins.gone
    await twins.merge()
    assert (await people.identify(services, "rest:old")).person_id == twins.kept


async def test_doubles_are_found(twins: Twins, services: Services) -> None:
    [(why, sides)] = await find_doubles(services)
    assert why == "同名同手机号"
    assert [side.id for side in sides] == [twins.kept, twins.gone]
    assert (sides[0].who, sides[0].phone) == ("钱*", "139****0001")
    await twins.merge()
    assert await find_doubles(services) == []
    with pytest.raises(NotFound):
        await twins.merge()


class TestRights:
    """Merging hands over accounts and roles: nobody comes by rights that are not theirs to give."""

    async def _both_in(self, services: Services, twins: Twins, *held: tuple[str, str]) -> None:
        async with services.transaction() as connection:
            for one in (twins.kept, twins.gone):
                for role, code in held:
                    place = await connection.scalar(sa.select(tables.places.c.id).where(tables.places.c.code == code))
                    await people.add_role(connection, one, role, place)

    async def test_a_grid_worker_merges_people_of_the_grid(self, services: Services, twins: Twins) -> None:
        await self._both_in(services, twins, ("resident", "demo/building-3"))
        by = await people.identify(services, "rest:demo-grid")
        assert (await preview_merge(services, by, twins.kept, twins.gone)).differing == ()
        await merge(services, by, twins.kept, twins.gone)

    @pytest.mark.parametrize("sender", ["demo-teacher", "demo-resident", "nobody"])
    async def test_others_do_not(self, services: Services, twins: Twins, sender: str) -> None:
        await self._both_in(services, twins, ("resident", "demo/building-3"))
        by = await people.identify(services, f"rest:{sender}")
        for act in (preview_merge, merge):
            with pytest.raises((NotFound, NotEntitled)):
                await act(services, by, twins.kept, twins.gone)

    async def test_nobody_with_rights_above(self, services: Services, twins: Twins) -> None:
        await self._both_in(services, twins, ("resident", "demo/building-3"), ("community", "demo/community"))
        by = await people.identify(services, "rest:demo-grid")
        with pytest.raises(NotEntitled, match="上级"):
            await merge(services, by, twins.kept, twins.gone)

    async def test_people_with_nothing_in_common_are_not_merged_in_chat(self, services: Services) -> None:
        by = await people.identify(services, "rest:demo-grid")
        one, other = (await person(services, "王小芳"))["id"], (await person(services, "刘桂兰"))["id"]
        with pytest.raises(Refused, match="没有一样相同"):
            await merge(services, by, one, other)
        with pytest.raises(Refused, match="同一个人"):
            await merge(services, by, one, one)
