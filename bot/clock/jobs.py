"""All that time starts. A job is one line here; what it does is a function of a service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, time

from bot.services import (
    alerts,
    audit_chain,
    broadcast_sending,
    clock_runs,
    followups,
    knowledge,
    questions,
    reminders,
    retention,
    summaries,
    tickets,
)
from bot.services.context import Services

Work = Callable[[Services], Awaitable[object]]


@dataclass(frozen=True)
class Often:
    """Done every `every` seconds by whoever leads. Safe in many processes at once: a leader may be one no more without knowing."""

    id: str
    run: Work
    every: float


@dataclass(frozen=True)
class Daily:
    """Done for each due moment: `times` are local times of day. Called twice with the same moment, `run` does it once.

    After a stop the newest moment that was missed today is caught up, the others are left out; with `each` all of today's
    are caught up, because each of them is for other people. Nothing of another day is.
    """

    id: str
    run: Callable[[Services, datetime], Awaitable[object]]
    times: Callable[[Services], Collection[time]]
    each: bool = False


Job = Often | Daily


def _at(*times: str) -> Callable[[Services], Collection[time]]:
    fixed = tuple(time.fromisoformat(text) for text in times)
    return lambda services: fixed


def _any_moment(work: Work) -> Callable[[Services, datetime], Awaitable[object]]:
    """For work to which it is all one when it was due."""
    return lambda services, due: work(services)


async def _collect_questions(services: Services) -> None:
    while await questions.collect_questions(services):
        pass


JOBS: tuple[Job, ...] = (
    Often("link_audit", audit_chain.link_new, 1),
    Often("escalate_alerts", alerts.escalate_due, 5),
    Often("send_broadcasts", broadcast_sending.send_due, 1),
    Often("end_follow_ups", followups.follow_up_due, 60),
    Often("collect_questions", _collect_questions, 5),
    Often("close_idle_tickets", tickets.close_idle, 30),
    Often("announce_missed_change", knowledge.announce_missed_change, 60),
    Daily("remind", reminders.remind_at, reminders.reminder_times),
    Daily("push_summaries", summaries.push_at, summaries.summary_times, each=True),
    Daily("remind_of_follow_ups", followups.remind_at, _at("09:00", "18:00")),
    Daily("link_audit_left_behind", _any_moment(audit_chain.link_left_behind), _at("03:30")),
    Daily("forget_old_tickets", _any_moment(tickets.forget_old), _at("03:30")),
    Daily("delete_old_questions", _any_moment(questions.delete_old_questions), _at("03:30")),
    Daily("delete_old", _any_moment(retention.delete_old), _at("03:30")),
    Daily("forget_old_runs", _any_moment(clock_runs.forget_old_runs), _at("03:30")),
)
