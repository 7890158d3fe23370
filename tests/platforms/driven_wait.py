"""Waiting by a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
Wait = Callable[[float], Awaitable[None]]


class DrivenWait:
    """`await wait(seconds)` ends when the clock has been moved that far and `wake` is called."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiters: list[_Waiter] = []
        self._changed = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        if seconds <= 0:
            return
        due = self._clock() + timedelta(seconds=seconds)
        waiter = _Waiter(seconds, due, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._changed.set()
        try:
            await waiter.gate
        finally:
            self._waiters.remove(waiter)
            self._changed.set()

    async def until_waiting(self, count: int = 1, seconds: float | None = None) -> None:
        """Returns when exactly `count` wait, or so many who began to wait for so many seconds."""
        while len([waiter for waiter in self._waiters if seconds in (None, waiter.seconds)]) != count:
            self._changed.clear()
            await self._changed.wait()

    async def wake(self) -> None:
        """Lets those go whose time has come, in the order of their times, and returns when they have gone."""
        for waiter in sorted(self._waiters, key=lambda waiter: waiter.due):
            if waiter.due <= self._clock() and not waiter.gate.done():
                waiter.gate.set_result(None)
                while waiter in self._waiters:
                    self._changed.clear()
                    await self._changed.wait()


@dataclass(eq=False)
class _Waiter:
    seconds: float
    due: datetime
    gate: asyncio.Future[None]
