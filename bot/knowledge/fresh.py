"""Finds the entry of a question among ways of asking that no model may have been trained on yet.

All ways that staff have added are kept here, also those that a later model has learned: which model a process serves
then makes no difference to what staff have said word for word.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from bot.knowledge.entries import Entry
from bot.knowledge.likeness import Likeness, bare

NEAR = 0.8
"""Stricter than what makes two questions one group: here nobody looks at it before it is told."""


class Known:
    """The ways of asking that stand in the files: by heart, and as the measure of how rare a word is."""

    def __init__(self, files: Mapping[str, Entry]) -> None:
        self._files = files

    @cached_property
    def likeness(self) -> Likeness:
        """How like two questions are. Made at the first need: it takes a third of a second."""
        return Likeness(way for entry in self._files.values() for way in ways_of(entry))

    @cached_property
    def by_heart(self) -> Mapping[str, str]:
        """The entry of each way."""
        return {bare(way): entry.id for entry in self._files.values() for way in ways_of(entry)}

    def prepare(self) -> None:
        """Makes both now and not within a turn."""
        _ = self.likeness, self.by_heart


class FreshWays:
    """The ways of asking that staff have added to entries in force."""

    def __init__(self, files: Mapping[str, Entry], in_force: Mapping[str, Entry], known: Known) -> None:
        self._known = known
        self._ways = [
            (way, entry.id)
            for entry in in_force.values()
            if entry is not files.get(entry.id)
            for way in ways_of(entry)
            if entry.id not in files or way not in ways_of(files[entry.id])
        ]
        self._by_heart = {bare(way): entry_id for way, entry_id in self._ways}

    @cached_property
    def _vectors(self) -> list[tuple[str, Mapping[str, float]]]:
        return [(way, self._known.likeness.vector(way)) for way, _ in self._ways]

    def match(self, question: str) -> str | None:
        """The id of the entry whose added way is this question, word for word or nearly; None when there is none."""
        if not self._ways:
            return None
        plain = bare(question)
        if plain in self._by_heart:
            return self._by_heart[plain]
        if plain in self._known.by_heart:
            return None  # the model knows it word for word
        place = self._known.likeness.nearest(question, self._vectors, NEAR)
        return None if place is None else self._ways[place][1]

    def owner(self, way: str) -> str | None:
        """The id of the entry to which a way of asking belongs word for word, by staff or by the files."""
        return self._by_heart.get(bare(way)) or self._known.by_heart.get(bare(way))


def ways_of(entry: Entry) -> tuple[str, ...]:
    """All ways of asking an entry, its title among them."""
    return (entry.title, *entry.ask)
