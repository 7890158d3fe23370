from __future__ import annotations

import asyncio

from bot.channels.base import end_tasks


async def test_a_task_that_loses_a_cancel_is_ended_all_the_same() -> None:
    begun = asyncio.Event()

    async def loses_one() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    async def fails() -> None:
        raise ValueError

    tasks = [asyncio.create_task(loses_one()), asyncio.create_task(fails())]
    await begun.wait()
    await asyncio.wait_for(end_tasks(tasks), timeout=5)
    assert all(task.done() for task in tasks)
