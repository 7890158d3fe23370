"""Every service refuses every role at every place that it should: all roles at places around one resident's, all that may be done."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from bot.errors import NotEntitled, NotFound
from bot.services import (
    alerts,
    broadcast_desk,
    broadcasts,
    chasing,
    duplicates,
    followup_desk,
    group_reports,
    high_risk_posts,
    invitations,
    people_desk,
    records,
    summaries,
    summary_file,
    ticket_desk,
    zero_reports,
)
from bot.services.asked_part import read_asked
from bot.services.audiences import Audience
from bot.services.broadcast_sending import send_due
from bot.services.context import Services
from bot.services.messages import deliver_due
from bot.services.people import Speaker
from bot.services.roles import IN_CHARGE, TITLES
from bot.storage.tables import alerts as alerts_table
from bot.storage.tables import audit, followups, people, tickets
from bot.storage.tables import records as records_table
from tests.alerts.reporting import NORMAL, add, place_id, reports, speaker
from tests.office import Office

HOME = "demo/building-3"
ABOVE_HOME = ("demo/building-3", "demo/area-4", "demo/grid-3", "demo/community")
BESIDE = ("demo/area-1", "demo/grid-2", "demo/school", "demo/class-3", "demo/factory", "demo/site")


@dataclass(frozen=True)
class Case:
    """What there is of one resident of the building, for staff to handle. `waiting`: a broadcast for tomorrow."""

    person: int
    double: int
    code: str
    follow_up: int
    ticket: int
    broadcast: int
    waiting: int
    building: int


@pytest.fixture
async def case(services: Services, office: Office) -> Case:
    """A feverish returnee with a follow-up, a ticket and a broadcast, registered twice."""
    person = await add(services, "returned", "孙返乡", ("resident", HOME))
    double = await add(services, "twice", "孙返乡", ("resident", HOME))
    async with services.transaction() as connection:
        print_ = await connection.scalar(sa.select(people.c.name_print).where(people.c.id == person))
        await connection.execute(
            people.update().where(people.c.id.in_([person, double])).values(name_print=print_, id_number_print="same")
        )
    await reports(
        services, "returned", "return_declaration",
        kind="home", from_place={"text": "湖北武汉", "code": "420100"}, region_risk="high", arrival_date="2022-01-20",
    )  # fmt: skip
    await reports(services, "returned", temperature=38.2)
    await office.person("returned").says("转人工", "我想问一下核酸")
    building = await place_id(services, HOME)
    grid_worker = await speaker(services, "demo-grid")
    number = await broadcasts.write(
        services, grid_worker, broadcasts.Draft("今晚核酸", Audience(building), urgent=True)
    )
    tomorrow = services.now() + timedelta(days=1)
    waiting = await broadcasts.write(services, grid_worker, broadcasts.Draft("明天核酸", Audience(building), tomorrow))
    await send_due(services)
    while await deliver_due(services):
        pass
    async with services.transaction() as connection:
        code = await connection.scalar(
            sa.select(alerts_table.c.code)
            .where(alerts_table.c.person_id == person)
            .order_by(alerts_table.c.id)
            .limit(1)
        )
        follow_up = await connection.scalar(sa.select(followups.c.id).where(followups.c.person_id == person))
        ticket = await connection.scalar(sa.select(tickets.c.id).where(tickets.c.person_id == person))
    assert None not in (code, follow_up, ticket)
    return Case(person, double, code, follow_up, ticket, number, waiting, building)


Act = Callable[[Services, Speaker, Case], Awaitable[object]]
DAY = date(2022, 1, 20)

# What looks, first: each entitled role may do it, one after another.
LOOKS: dict[str, Act] = {
    "alert: history": lambda s, by, c: alerts.history(s, by, c.code),
    "alert: reveal": lambda s, by, c: alerts.reveal(s, by, c.code),
    "follow-up: look": lambda s, by, c: followup_desk.look(s, by, c.follow_up),
    "ticket: reveal": lambda s, by, c: ticket_desk.reveal(s, by, c.ticket),
    "person: find": lambda s, by, c: people_desk.find_people(s, by, "孙返乡"),
    "person: reveal": lambda s, by, c: people_desk.reveal_person(s, by, c.person),
    "person: preview of merging": lambda s, by, c: duplicates.preview_merge(s, by, c.person, c.double),
    "broadcast: preview": lambda s, by, c: broadcasts.preview(s, by, broadcasts.Draft("甲", Audience(c.building))),
    "broadcast: progress": lambda s, by, c: broadcast_desk.progress(s, by, c.broadcast),
    "broadcast: unread": lambda s, by, c: broadcast_desk.unread(s, by, c.broadcast, 20),
    "missing: list": lambda s, by, c: _asked(s, by, c, lambda asked: chasing.who_is_missing(s, asked)),
    "missing: phones": lambda s, by, c: _asked(s, by, c, lambda asked: chasing.all_missing(s, by, asked, True)),
    "summary": lambda s, by, c: _asked(s, by, c, lambda asked: summaries.summaries(s, by, asked)),
    "summary: file": lambda s, by, c: _asked(s, by, c, lambda asked: summary_file.keep_summary(s, by, asked)),
}
CHANGES: dict[str, Act] = {
    "alert: take": lambda s, by, c: alerts.take(s, by, c.code),
    "alert: work on": lambda s, by, c: alerts.work_on(s, by, c.code, "正在上门"),
    "alert: note": lambda s, by, c: alerts.note(s, by, c.code, "已联系"),
    "alert: report up": lambda s, by, c: alerts.report_up(s, by, c.code),
    "alert: pass on": lambda s, by, c: alerts.pass_on(s, by, c.code, "赵网格"),
    "alert: close": lambda s, by, c: alerts.close(s, by, c.code, "已就医"),
    "alert: outcome": lambda s, by, c: alerts.set_outcome(s, by, c.code, "居家观察"),
    "alert: reopen": lambda s, by, c: alerts.reopen(s, by, c.code),
    "follow-up: contact": lambda s, by, c: followup_desk.contact(s, by, c.follow_up, "正常", 36.5),
    "follow-up: test": lambda s, by, c: followup_desk.test(s, by, c.follow_up, "阴性", DAY),
    "follow-up: lengthen": lambda s, by, c: followup_desk.lengthen(s, by, c.follow_up, 3),
    "follow-up: release": lambda s, by, c: followup_desk.release(s, by, c.follow_up, "已排除"),
    "high-risk post: test": lambda s, by, c: high_risk_posts.test(s, by, "刘桂兰", "阴性", DAY),
    "ticket: take": lambda s, by, c: ticket_desk.take(s, by, c.ticket),
    "ticket: reply": lambda s, by, c: ticket_desk.reply(s, by, c.ticket, "您好"),
    "ticket: close": lambda s, by, c: ticket_desk.close(s, by, c.ticket),
    "person: invite": lambda s, by, c: invitations.invite_person(s, by, c.person),
    "broadcast: write": lambda s, by, c: broadcasts.write(s, by, broadcasts.Draft("乙", Audience(c.building))),
    "broadcast: chase": lambda s, by, c: broadcast_desk.chase(s, by, c.broadcast),
    "broadcast: recall": lambda s, by, c: broadcasts.recall(s, by, c.waiting),
    "missing: chase": lambda s, by, c: _asked(s, by, c, lambda asked: chasing.chase(s, by, asked)),
    "zero report": lambda s, by, c: _asked(s, by, c, lambda asked: zero_reports.report_zero(s, by, asked)),
    "zero report: withdraw": lambda s, by, c: _asked(s, by, c, lambda asked: zero_reports.withdraw_zero(s, by, asked)),
    "group: plan": lambda s, by, c: group_reports.plan_group(s, by, "3号楼 全部正常"),
    "person: merge": lambda s, by, c: duplicates.merge(s, by, c.person, c.double),
}
FOR_KIN: dict[str, Act] = {
    "report about": lambda s, by, c: records.submit(
        s, by, s.processes["daily_report"], str(uuid.uuid4()), NORMAL, about=c.person
    ),
}


async def _asked(services: Services, by: Speaker, case: Case, then: Callable[..., Awaitable[object]]) -> object:
    return await then(await read_asked(services, by, f"地点{case.building}"))


async def _state(services: Services) -> list[object]:
    """Everything that the acts would change or leave in the audit."""
    async with services.transaction() as connection:
        rows = [
            await connection.execute(sa.text(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"))
            for name in (
                "alerts", "alert_steps", "followups", "followup_contacts", "tests", "tickets", "ticket_lines", "records",
                "people", "roles", "invitations", "broadcasts", "outbox", "zero_reports", "audit",
            )
        ]  # fmt: skip
    return [row.scalar_one() for row in rows]


@pytest.mark.parametrize("place", [*ABOVE_HOME, *BESIDE])
async def test_who_is_not_in_charge_is_refused_and_changes_nothing(services: Services, case: Case, place: str) -> None:
    entitled = set(IN_CHARGE) if place in ABOVE_HOME else set()
    refused = {role: f"{role}-there" for role in TITLES if role not in entitled}
    for role, sender in refused.items():
        await add(services, sender, "路人", (role, place))
    speakers = {role: await speaker(services, sender) for role, sender in refused.items()}
    before = await _state(services)
    let_through = []
    for role, by in speakers.items():
        for name, act in {**LOOKS, **CHANGES, **FOR_KIN}.items():
            try:
                await act(services, by, case)
            except (NotEntitled, NotFound):
                continue
            let_through.append(f"{role} at {place}: {name}")
    assert let_through == []
    assert await _state(services) == before


@pytest.mark.parametrize("place", ABOVE_HOME)
async def test_who_is_in_charge_may_look(services: Services, case: Case, place: str) -> None:
    for role in IN_CHARGE:
        await add(services, f"{role}-there", "上级", (role, place))
        by = await speaker(services, f"{role}-there")
        for act in LOOKS.values():
            await act(services, by, case)


async def test_who_is_in_charge_may_do_each_of_these(services: Services, case: Case) -> None:
    await add(services, "head", "何社区", ("community", "demo/community"))
    by = await speaker(services, "head")
    for name, act in CHANGES.items():
        before = await _state(services)
        await act(services, by, case)
        if name not in (
            "zero report",
            "group: plan",
            "zero report: withdraw",
        ):  # one of them is feverish; nothing is filed
            assert await _state(services) != before, name


async def test_a_list_holds_nothing_of_another_part(services: Services, case: Case) -> None:
    for role in IN_CHARGE:
        await add(services, f"{role}-there", "旁人", (role, "demo/grid-2"))
        by = await speaker(services, f"{role}-there")
        assert await alerts.standing(services, by) == []
        assert await followup_desk.open_ones(services, by) == []
        assert await ticket_desk.standing(services, by) == []
        assert [line.number for line in await broadcast_desk.mine(services, by)] == []


async def test_the_last_step_of_a_group_report_asks_for_the_right_again(services: Services, case: Case) -> None:
    """A plan that was read while the speaker was in charge files nothing when they are so no more."""
    await add(services, "head", "何楼长", ("building_head", HOME))
    plan = await group_reports.plan_group(services, await speaker(services, "head"), "3号楼 全部正常")
    assert isinstance(plan, group_reports.GroupPlan)
    stranger = await add(services, "stranger", "路人", ("building_head", "demo/grid-2"))
    async with services.transaction() as connection:
        before = await connection.scalar(sa.select(sa.func.count()).select_from(records_table))
    by = await speaker(services, "stranger")
    assert by.person_id == stranger
    with pytest.raises(NotFound):
        await group_reports.file_group(services, by, plan.waiting())
    async with services.transaction() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(records_table)) == before
        assert (
            await connection.scalar(sa.select(sa.func.count()).select_from(audit).where(audit.c.actor_id == stranger))
            == 0
        )
