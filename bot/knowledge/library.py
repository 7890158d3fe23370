"""What can be answered: the entries of the files, and the newer versions that staff have made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.knowledge.entries import Entry, load_entries


@dataclass
class Library:
    """The entries of one process. `bot/services/knowledge.py` fills in staff's versions and keeps them fresh.

    `edition` counts the changes that staff have made; -1: the database was not asked yet.
    """

    files: Mapping[str, Entry]
    versions: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    edition: int = -1
    _day: date | None = None
    _entries: Mapping[str, Entry] = field(default_factory=dict)

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
        return self._entries


def _in_force(versions: list[Entry], day: date) -> Entry:
    for version in reversed(versions):
        if version.effective is None or version.effective <= day:
            return version
    return versions[0]
