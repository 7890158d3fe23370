"""What is due is done once, also after a stop; nothing days old; a job that fails holds up no other."""

from __future__ import annotations

from datetime import datetime, time

import pytest
import sqlalchemy as sa

from bot.clock.jobs import JOBS, Daily, Job, Often
from bot.clock.tick import tick
from bot.services import clock_runs, knowledge
from bot.services.context import Services
from bot.storage import tables
from tests.conftest import Clock


class Diary:
    """Jobs that write down when they were run."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.broken = False

    async def often(self, services: Services) -> None:
        self.runs.append("often")

    async def daily(self, services: Services, due: datetime) -> None:
        if self.broken:
            raise ValueError("broken")
        self.runs.append(f"{due:%m-%d %H:%M}")

    def new(self) -> list[str]:
        runs, self.runs = self.runs, []
        return runs


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def job(diary: Diary) -> Daily:
    return Daily("diary", diary.daily, lambda services: [time(9), time(12), time(15)])


async def test_each_moment_is_done_once(services: Services, clock: Clock, diary: Diary, job: Daily) -> None:
    await tick(services, [job])
    assert diary.new() == []  # at 8 nothing of today was missed
    clock.advance(hours=1)
    await tick(services, [job])
    await tick(services, [job])
    clock.advance(minutes=5)
    await tick(services, [job])
    assert diary.new() == ["01-20 09:00"]
    clock.advance(hours=3)
    await tick(services, [job])
    assert diary.new() == ["01-20 12:00"]


async def test_a_job_that_is_new_begins_now(services: Services, clock: Clock, diary: Diary, job: Daily) -> None:
    clock.set_local("2022-01-20 13:00")
    await tick(services, [job])
    assert diary.new() == []
    clock.set_local("2022-01-20 15:00")
    await tick(services, [job])
    assert diary.new() == ["01-20 15:00"]


async def test_after_a_stop_the_newest_of_today_is_done_and_nothing_older(
    services: Services, clock: Clock, diary: Diary, job: Daily
) -> None:
    await tick(services, [job])
    clock.set_local("2022-01-20 13:00")
    await tick(services, [job])
    assert diary.new() == ["01-20 12:00"]
    clock.set_local("2022-01-23 08:00")
    await tick(services, [job])
    assert diary.new() == []
    clock.set_local("2022-01-23 09:30")
    await tick(services, [job])
    await tick(services, [job])
    assert diary.new() == ["01-23 09:00"]


async def test_moments_that_are_for_other_people_each_are_all_caught_up(
    services: Services, clock: Clock, diary: Diary
) -> None:
    each = Daily("diary", diary.daily, lambda services: [time(15), time(16), time(17)], each=True)
    await tick(services, [each])
    clock.set_local("2022-01-21 16:30")
    await tick(services, [each])
    assert diary.new() == ["01-21 15:00", "01-21 16:00"]


@pytest.mark.parametrize(
    ("start", "then", "done"),
    [
        ("2022-01-31 23:00", "2022-02-01 00:10", "02-01 00:05"),
        ("2024-02-28 23:00", "2024-02-29 00:10", "02-29 00:05"),
        ("2024-02-29 23:00", "2024-03-01 00:10", "03-01 00:05"),
        ("2021-12-31 23:00", "2022-01-01 00:10", "01-01 00:05"),
    ],
)
async def test_days_change_at_local_midnight(
    services: Services, clock: Clock, diary: Diary, start: str, then: str, done: str
) -> None:
    job = Daily("diary", diary.daily, lambda services: [time(0, 5), time(23, 30)])
    clock.set_local(start)
    await tick(services, [job])
    clock.set_local(then)
    await tick(services, [job])
    assert diary.new() == [done]


async def test_a_job_that_fails_is_tried_again_and_holds_up_no_other(
    services: Services, clock: Clock, diary: Diary, job: Daily, caplog: pytest.LogCaptureFixture
) -> None:
    jobs: list[Job] = [job, Often("often", diary.often, 1)]
    await tick(services, jobs)
    clock.advance(hours=1)
    diary.broken = True
    await tick(services, jobs)
    assert diary.new() == ["often", "often"]
    assert "diary failed: ValueError" in caplog.text
    diary.broken = False
    await tick(services, jobs)
    assert diary.new() == ["01-20 09:00", "often"]


async def test_old_runs_are_forgotten_but_not_the_newest(
    services: Services, clock: Clock, diary: Diary, job: Daily
) -> None:
    await tick(services, [job])
    clock.set_local("2022-01-20 12:00")
    await tick(services, [job])
    clock.set_local("2022-06-01 08:00")
    await clock_runs.forget_old_runs(services)
    async with services.transaction() as connection:
        kept = list(await connection.scalars(sa.select(tables.clock_runs.c.due)))
    assert [f"{due.astimezone(services.settings.timezone):%m-%d %H:%M}" for due in kept] == ["01-20 12:00"]


async def test_all_jobs_of_the_house_run_through_a_day(
    services: Services, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for hour in range(48):
        clock.set_local(f"2022-01-{20 + hour // 24} {hour % 24:02}:00")
        await tick(services)
    assert caplog.text == ""
    assert len({job.id for job in JOBS}) == len(JOBS)


async def test_a_change_of_knowledge_that_nobody_announced_is_noticed(services: Services) -> None:
    await tick(services)
    edition = await services.redis.get(knowledge.EDITION_KEY)
    await tick(services)
    assert await services.redis.get(knowledge.EDITION_KEY) == edition
    async with services.transaction() as connection:  # as if who saved it had died before the announcement
        await connection.execute(
            tables.knowledge_versions.insert().values(entry_id="T7", body={}, made_at=services.now())
        )
    await tick(services)
    assert await services.redis.get(knowledge.EDITION_KEY) != edition
