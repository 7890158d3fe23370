"""Rounds of kill -9: two processes at the same work, both killed again and again, and then counted by SQL what came of it."""

from __future__ import annotations

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from bot.services.audiences import Audience
from bot.services.broadcasts import Draft, write
from bot.services.context import Services
from bot.services.demo import load_demo
from tests.soak.victim import Victim

_SETTLED = """
WITH born AS (
  INSERT INTO people (name_sealed, created_at, updated_at)
  SELECT :name, now(), now() FROM generate_series(1, :count) RETURNING id
),
lives AS (
  INSERT INTO roles (person_id, role, place_id)
  SELECT born.id, 'resident', places.id FROM born, places WHERE places.code = 'demo/grid-1'
)
INSERT INTO accounts (channel, external_id, person_id, bound_at) SELECT 'web', 'settled-' || id, id, now() FROM born
"""
# what a job has still to do, as a count
_LEFT = {
    "broadcast": "(SELECT count(*) FROM broadcasts WHERE state IN ('scheduled', 'sending'))",
    "report": "0",
    "escalate": "(SELECT count(*) FROM alerts WHERE state = 'open' AND rung_due_at <= :now)",
    "deliver": "0",
}
_UNDELIVERED = "(SELECT count(*) FROM outbox WHERE state = 'due' AND next_try_at <= :now)"
_TICKS = 30
_FEVER = {"temperature": 38.5, "symptoms": ["cough"], "where": "home", "health_code": "green", "contact": False}
_WELL = {"temperature": 36.5, "symptoms": ["none"], "where": "home", "health_code": "green", "contact": False}
_RUNGS, _MINUTES = 2, 31  # looks at the clock, and how far it has gone by then: no rung waits longer


class Moving(Protocol):
    """The clock of the services, as a test drives it."""

    def __call__(self) -> datetime: ...

    def advance(self, **delta: float) -> None: ...


@dataclass
class Soak:
    """An office under kills. Each round is a day later."""

    services: Services
    clock: Moving
    random: random.Random
    people: int
    reports: int = 60  # every third with fever
    kills: int = 4  # of each of the processes in each piece of work
    done: dict[str, int] = field(default_factory=dict)

    async def prepare(self) -> None:
        """The demo's office, with many residents in its first grid."""
        await load_demo(self.services)
        name = self.services.vault.seal("测试", "people.name")
        async with self.services.transaction() as connection:
            await connection.execute(sa.text(_SETTLED), {"name": name, "count": self.people})

    async def round(self, victims: list[Victim]) -> None:
        """One broadcast, many reports and the escalation of their alerts under kills.

        Raises:
            AssertionError: something was lost or doubled; its words tell what.
        """
        self.clock.advance(days=1)
        await self.broadcast(victims)
        ids = await self.report(victims)
        await self.escalate(victims, ids)

    async def broadcast(self, victims: list[Victim]) -> None:
        """A broadcast to all residents, killed while it is put into the outbox and while it is delivered."""
        place = await self._one("SELECT id FROM places WHERE code = 'demo/grid-1'")
        number = await write(self.services, None, Draft(f"第{self.clock():%j}天的通知", Audience(place), urgent=True))
        await self._work(victims, {"kind": "broadcast"}, 0.1, 1.5)
        rows = await self._all(
            "SELECT count(*), count(DISTINCT o.person_id), count(*) FILTER (WHERE o.state = 'sent'), count(i.outbox_id) "
            "FROM outbox o LEFT JOIN inbox i ON i.outbox_id = o.id WHERE o.broadcast_id = :n",
            n=number,
        )
        assert tuple(rows[0]) == (self.people,) * 4, f"broadcast {number}: rows, people, sent, in inboxes: {rows[0]}"
        kept = await self._all("SELECT state, total FROM broadcasts WHERE id = :n", n=number)
        assert tuple(kept[0]) == ("sent", self.people), f"broadcast {number}: {kept[0]}"
        torn = await self._one(
            "SELECT count(*) FROM inbox_heads h WHERE h.cursor <> (SELECT count(*) FROM inbox i WHERE i.person_id = h.person_id)"
        )
        assert torn == 0, f"{torn} inboxes have a hole or a doubled line"
        self._count("broadcasts", 1)

    async def report(self, victims: list[Victim]) -> list[str]:
        """Reports of new guests, every third with fever; whoever is killed begins with the first again. Returns their ids."""
        reports = [
            (f"soak-{self.clock():%Y%m%d}-{n}", str(uuid.uuid4()), _WELL if n % 3 else _FEVER)
            for n in range(self.reports)
        ]
        ids = [draft for _, draft, _ in reports]
        await self._work(victims, {"kind": "report", "reports": reports}, 0.05, 0.8)
        await self._work(victims, {"kind": "deliver"}, 0.05, 0.2)
        filed = await self._all(
            "SELECT count(*), count(DISTINCT person_id), count(*) FILTER (WHERE current) FROM records "
            "WHERE id = ANY(CAST(:ids AS uuid[]))",
            ids=ids,
        )
        assert tuple(filed[0]) == (self.reports,) * 3, f"reports, people, standing: {filed[0]}"
        guests = await self._one(
            "SELECT count(*) FROM accounts WHERE external_id LIKE :like", like=f"soak-{self.clock():%Y%m%d}-%"
        )
        assert guests == self.reports, f"{guests} guests were made of {self.reports} accounts"
        told = await self._all(
            "SELECT a.id, count(o.id), count(i.outbox_id) FROM alerts a "
            "LEFT JOIN outbox o ON o.once_key LIKE 'alert/' || a.id || '/%' LEFT JOIN inbox i ON i.outbox_id = o.id "
            "WHERE a.record_id = ANY(CAST(:ids AS uuid[])) AND a.kind = 'person' GROUP BY a.id",
            ids=ids,
        )
        assert len(told) == self.reports / 3, f"{len(told)} alerts of {self.reports // 3} people with fever"
        assert len({row[1:] for row in told}) == 1, f"alerts that were told to more or fewer than others: {told}"
        assert told[0][1] == told[0][2] > 0, f"told and in inboxes: {told[0][1:]}"
        self._count("reports", self.reports)
        self._count("alerts", len(told))
        return ids

    async def escalate(self, victims: list[Victim], ids: list[str]) -> None:
        """The alerts of these reports, which nobody takes, climb their ladders."""
        before = await self._climbed(ids)
        for _ in range(_RUNGS):
            self.clock.advance(minutes=_MINUTES)
            await self._work(victims, {"kind": "escalate"}, 0.02, 0.4)
        self.clock.advance(minutes=-_RUNGS * _MINUTES)
        after = await self._climbed(ids)
        assert len({row[1:] for row in after}) == 1, (
            f"alerts that climbed further or were told oftener than others: {after}"
        )
        (_, rung, steps, told, arrived), was = after[0], before[0]
        assert (rung - was[1], steps - was[2]) == (steps, steps), f"rungs and their steps: {was} {after[0]}"
        assert steps > 0, "nothing escalated"
        assert arrived == told > was[3], f"told and in inboxes: {was} {after[0]}"
        self._count("escalations", steps * len(after))

    async def _climbed(self, ids: list[str]) -> list[Any]:
        """Of each alert: its id, rung, steps of escalation, messages, messages in inboxes."""
        return await self._all(
            "SELECT a.id, a.rung, (SELECT count(*) FROM alert_steps s WHERE s.alert_id = a.id AND s.step = 'escalated'), "
            "count(o.id), count(i.outbox_id) FROM alerts a "
            "LEFT JOIN outbox o ON o.once_key LIKE 'alert/' || a.id || '/%' LEFT JOIN inbox i ON i.outbox_id = o.id "
            "WHERE a.record_id = ANY(CAST(:ids AS uuid[])) AND a.kind = 'person' GROUP BY a.id ORDER BY a.id",
            ids=ids,
        )

    async def _work(self, victims: list[Victim], job: dict[str, Any], soonest: float, latest: float) -> None:
        """All victims at the same job at once, each killed several times; then one of them to the end.

        The server notices a kill only when its statement ends, and holds its locks until then: what they keep from the last run
        is left to the next one, as the clock comes again each second.
        """
        whole = {**job, "now": self.clock().isoformat()}
        seeds = [self.random.random() for _ in victims]

        def suffer(victim: Victim, seed: float) -> None:
            when = random.Random(seed)
            for _ in range(self.kills):
                victim.work(whole, kill_after=when.uniform(soonest, latest))

        with ThreadPoolExecutor(len(victims)) as threads:
            list(threads.map(suffer, victims, seeds))
        left = _LEFT[job["kind"]] + ("" if job["kind"] == "report" else f" + {_UNDELIVERED}")
        for _ in range(_TICKS):
            victims[0].work(whole)
            if not await self._one(f"SELECT {left}", **({"now": self.clock()} if ":now" in left else {})):
                return
        raise AssertionError(f"{job['kind']} does not come to its end")

    def _count(self, what: str, number: int) -> None:
        self.done[what] = self.done.get(what, 0) + number

    async def _all(self, statement: str, **values: Any) -> list[Any]:
        async with self.services.transaction() as connection:
            return list(await connection.execute(sa.text(statement), values))

    async def _one(self, statement: str, **values: Any) -> Any:
        return (await self._all(statement, **values))[0][0]
