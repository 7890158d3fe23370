"""The clock of the service: every process tries to lead, one does, and runs all jobs side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot.clock.jobs import JOBS, Daily, Job
from bot.clock.leader import Lead, lead
from bot.clock.tick import do_what_is_due
from bot.errors import BotError, where
from bot.services.context import Services

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0  # how long a process that does not lead waits before it tries again, and how exact daily times are
_AFTER_OUTAGE_SECONDS = 3.0
_AFTER_FAILURE_SECONDS = 15.0  # of one job
_AT_ONCE = 4  # so that what time starts leaves connections for the turns


async def clock_for_ever(services: Services, more: Sequence[Job] = ()) -> None:
    """Runs all jobs, and `more`, until cancelled; outages of the servers are waited out."""
    while True:
        try:
            async with lead(services) as leading:
                if leading is not None:
                    await _all_jobs(services, leading, [*JOBS, *more])
            await asyncio.sleep(_LOOK_SECONDS)
        except BotError as error:
            logger.error("the clock waits: %s", type(error).__name__)
            await asyncio.sleep(_AFTER_OUTAGE_SECONDS)
        except Exception as error:
            logger.error("the clock failed: %s", where(error))
            await asyncio.sleep(_AFTER_OUTAGE_SECONDS)


async def _all_jobs(services: Services, leading: Lead, jobs: Sequence[Job]) -> None:
    """Side by side, so that none waits for a slow one; ends, with an error, when the lead is lost."""
    at_once = asyncio.Semaphore(_AT_ONCE)
    tasks = [asyncio.create_task(_keep_doing(services, job, leading, at_once)) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_doing(services: Services, job: Job, leading: Lead, at_once: asyncio.Semaphore) -> None:
    every = _LOOK_SECONDS if isinstance(job, Daily) else job.every
    while True:
        async with at_once:
            await leading.check()
            well = await do_what_is_due(services, job)
        await asyncio.sleep(every if well else max(every, _AFTER_FAILURE_SECONDS))
