"""What can be answered: the entries of the files, and the newer versions that staff have made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from bot.knowledge.entries import Entry, load_entries
from bot.knowledge.fresh import FreshWays, Known
from bot.knowledge.passage_search import PassageIndex


@dataclass
class Library:
    """The entries of one process. `bot/services/knowledge.py` fills in staff's versions and keeps them fresh.

    `edition` counts the changes that staff have made; -1: the database was not asked yet. `passages` are those of the
    imported documents; `bot/services/document_index.py` makes them anew while it holds `indexing`.
    """

    files: Mapping[str, Entry]
    versions: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    edition: int = -1
    passages: PassageIndex = field(default_factory=PassageIndex)
    indexing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _day: date | None = None
    _entries: Mapping[str, Entry] = field(default_factory=dict)
    _fresh: FreshWays | None = None

    @cached_property
    def known(self) -> Known:
        """The ways of asking of the files."""
        return Known(self.files)

    @classmethod
    def of_files(cls) -> Library:
        """The library before staff's versions are known."""
        return cls(load_entries())

    def take(self, versions: Mapping[str, Iterable[Entry]], edition: int) -> None:
        """Takes staff's versions of all entries, each the oldest first."""
        self.versions = {entry_id: tuple(of_one) for entry_id, of_one in versions.items()}
        self.edition = edition
        self._day = None

    def on(self, day: date) -> Mapping[str, Entry]:
        """Of each entry the newest version that is in force on a day.

        A version with a later `effective` waits for its day while the one before it goes on answering. An entry that has
        expired stays in: whoever tells it says that it has expired.
        """
        if self._day != day:
            self._entries = {
                entry_id: _in_force(
                    [*([self.files[entry_id]] if entry_id in self.files else []), *self.versions.get(entry_id, ())], day
                )
                for entry_id in (*self.files, *(v for v in self.versions if v not in self.files))
            }
            self._day = day
            self._fresh = FreshWays(self.files, self._entries, self.known)
        return self._entries

    def fresh_match(self, question: str) -> Entry | None:
        """The entry to which staff have added this way of asking, or one so near that it asks the same.

        It answers before any model has learned it. `keep_fresh` has chosen the day.
        """
        entry_id = self._fresh.match(question) if self._fresh else None
        return self._entries[entry_id] if entry_id else None

    def owner(self, way: str) -> str | None:
        """The id of the entry to which a way of asking belongs word for word."""
        return self._fresh.owner(way) if self._fresh else None


def _in_force(versions: list[Entry], day: date) -> Entry:
    for version in reversed(versions):
        if version.effective is None or version.effective <= day:
            return version
    return versions[0]
