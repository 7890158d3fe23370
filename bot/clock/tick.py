"""One look at the clock: what is due is done."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from redis.exceptions import RedisError

from bot.clock.jobs import JOBS, Daily, Job
from bot.clock.schedule import moments_between
from bot.errors import BotError, where
from bot.services import clock_runs
from bot.services.context import Services

logger = logging.getLogger(__name__)


async def tick(services: Services, jobs: Iterable[Job] = JOBS) -> None:
    """Does everything that is due at the moment; a job that fails is logged, and is due again at the next tick."""
    for job in jobs:
        await do_what_is_due(services, job)


async def do_what_is_due(services: Services, job: Job) -> bool:
    """Runs a job, one with times for each of its due moments; False when it failed."""
    try:
        if isinstance(job, Daily):
            await _catch_up(services, job)
        else:
            await job.run(services)
    except (BotError, RedisError, OSError) as error:
        logger.error("the clock's %s waits: %s", job.id, type(error).__name__)
        return False
    except Exception as error:
        logger.error("the clock's %s failed: %s", job.id, where(error))
        return False
    return True


async def _catch_up(services: Services, job: Daily) -> None:
    now = services.now()
    last = await clock_runs.done_until(services, job.id)
    missed = moments_between(job.times(services), last, now, services.settings.timezone)
    today = [moment for moment in missed if moment.date() == services.today()]
    kept = today if job.each else today[-1:]
    left_out = [moment for moment in missed if moment not in kept]
    for moment in kept:
        await job.run(services, moment)
        # after the work: who dies in between does it again, and it tells nobody twice
        await clock_runs.keep_done(services, job.id, [moment])
    if left_out:
        await clock_runs.keep_done(services, job.id, left_out)
