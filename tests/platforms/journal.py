"""What each person got: the record that tests count."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tests.platforms.driven_wait import Clock

Way = Literal["passive", "custom", "template", "subscribe", "mass", "message", "card_update", "notice"]


@dataclass(frozen=True)
class Entry:
    """One thing that appeared on a person's phone.

    `text` is what can be read there, `content` the body as the platform took it, `id` the platform's id where it has one,
    `agent` the 企业微信 app (0 elsewhere). `number` counts over all people, in the order of acceptance.
    """

    number: int
    person: str
    at: datetime
    way: Way
    kind: str
    text: str
    content: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    agent: int = 0


@dataclass(frozen=True)
class Dropped:
    """Something accepted that was shown to nobody, and why."""

    person: str
    text: str
    why: Literal["member_rate", "duplicate", "unfollowed"]


class Journal:
    """All that was accepted, by person and in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        self._ways: Counter[str] = Counter()
        self._news = asyncio.Event()
        self.dropped: list[Dropped] = []

    def add(
        self,
        person: str,
        way: Way,
        kind: str,
        text: str,
        content: Mapping[str, Any] | None = None,
        id: str = "",
        agent: int = 0,
    ) -> Entry:
        """Puts something on a person's phone."""
        entry = Entry(next(self._numbers), person, self._clock(), way, kind, text, content or {}, id, agent)
        self._entries[person].append(entry)
        self._ways[way] += 1
        self._news.set()
        return entry

    def of(self, person: str) -> list[Entry]:
        """What a person got, oldest first."""
        return list(self._entries.get(person, ()))

    def texts(self, person: str) -> list[str]:
        """What a person could read, oldest first."""
        return [entry.text for entry in self._entries.get(person, ())]

    def everything(self) -> list[Entry]:
        """What anybody got, in the order of acceptance."""
        return sorted(itertools.chain.from_iterable(self._entries.values()), key=lambda entry: entry.number)

    def count(self, way: Way | None = None) -> int:
        """How many entries there are, of one way or of all."""
        return self._ways.total() if way is None else self._ways[way]

    async def until(self, person: str, count: int, seconds: float = 10) -> list[Entry]:
        """A person's entries as soon as there are `count`; raises TimeoutError after so many real seconds."""

        async def watch() -> None:
            while len(self._entries.get(person, ())) < count:
                self._news.clear()
                await self._news.wait()

        try:
            await asyncio.wait_for(watch(), seconds)
        except asyncio.TimeoutError:
            raise TimeoutError(f"{person} has got {self.texts(person)}, not {count} entries") from None
        return self.of(person)
