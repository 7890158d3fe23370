"""What the clock has done: kept, so that a due moment is handled once, whichever process comes to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.services.context import Services
from bot.storage.tables import clock_runs

_LEEWAY = timedelta(minutes=1)
_KEPT = timedelta(days=30)


async def done_until(services: Services, job: str) -> datetime:
    """The newest moment that a job has done. One that was never asked about begins a minute ago: nothing was missed."""
    async with services.transaction() as connection:
        newest = await connection.scalar(sa.select(sa.func.max(clock_runs.c.due)).where(clock_runs.c.job == job))
    if newest is not None:
        return newest  # type: ignore[no-any-return]
    begins = services.now() - _LEEWAY
    await keep_done(services, job, [begins])
    return begins


async def keep_done(services: Services, job: str, moments: Iterable[datetime]) -> None:
    """Keeps that a job has done these moments, or was to leave them out."""
    rows = [{"job": job, "due": moment, "ran_at": services.now()} for moment in moments]
    async with services.transaction() as connection:
        await connection.execute(insert(clock_runs).on_conflict_do_nothing(), rows)


async def forget_old_runs(services: Services) -> None:
    """Deletes what was done long ago; the newest moment of each job stays."""
    later = clock_runs.alias()
    async with services.transaction() as connection:
        await connection.execute(
            clock_runs.delete().where(
                clock_runs.c.due < services.now() - _KEPT,
                sa.exists(sa.select(1).where(later.c.job == clock_runs.c.job, later.c.due > clock_runs.c.due)),
            )
        )
