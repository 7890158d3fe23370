"""One leader among many processes on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.clock import for_ever, leader
from bot.clock.for_ever import clock_for_ever
from bot.clock.jobs import Often
from bot.clock.leader import lead
from bot.errors import Unavailable
from bot.services.context import Services, build_services
from bot.settings import Settings
from tests.conftest import Clock

_END_THE_LEADERS_CONNECTION = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest_asyncio.fixture
async def other(
    services: Services, settings: Settings, database_url: str, redis_url: str, clock: Clock
) -> AsyncIterator[Services]:
    """The services of a second process."""
    made = build_services(settings, database_url, redis_url, clock)
    yield made
    await made.engine.dispose()
    await made.redis.close()


async def _break_the_leaders_connection(services: Services) -> None:
    async with services.transaction() as connection:
        await connection.execute(sa.text(_END_THE_LEADERS_CONNECTION))


async def test_one_leads_and_another_takes_over_when_it_ends(services: Services, other: Services) -> None:
    async with lead(services) as first:
        assert first is not None
        await first.check()
        async with lead(other) as second:
            assert second is None
    async with lead(other) as second:
        assert second is not None


async def test_who_has_lost_the_connection_leads_no_more_and_notices(services: Services, other: Services) -> None:
    async with lead(services) as first:
        assert first is not None
        await _break_the_leaders_connection(other)
        async with lead(other) as second:
            assert second is not None
            for _ in range(2):  # it does not come back by itself
                with pytest.raises(Unavailable):
                    await first.check()
            await second.check()


async def test_who_stands_still_for_long_has_lost_the_lead_when_it_wakes(
    services: Services, other: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "_SILENCE", "50ms")

    async def another_leads() -> None:
        while True:
            async with lead(other) as second:
                if second is not None:
                    return

    async with lead(services) as first:
        assert first is not None
        await asyncio.wait_for(another_leads(), 20)
        with pytest.raises(Unavailable):
            await first.check()


async def test_the_clock_goes_on_in_another_process_when_the_leader_is_cut_off(
    services: Services, other: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Services] = []

    async def run(by: Services) -> None:
        runs.append(by)

    monkeypatch.setattr(for_ever, "JOBS", (Often("run", run, 0.01),))
    monkeypatch.setattr(for_ever, "_LOOK_SECONDS", 0.01)

    async def leads(who: Services) -> None:
        while not runs or runs[-1] is not who:
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(clock_for_ever(services))]
    try:
        await asyncio.wait_for(leads(services), 20)
        tasks.append(asyncio.create_task(clock_for_ever(other)))
        await _break_the_leaders_connection(other)
        await asyncio.wait_for(leads(other), 20)
        runs.clear()
        tasks[1].cancel()  # a worker that is drained
        await asyncio.wait_for(leads(services), 20)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
