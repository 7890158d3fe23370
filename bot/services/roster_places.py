"""The org tree while a roster is imported: the places of a row are found in it, or made. No input or output."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import Refused
from bot.services.place_levels import RANKS
from bot.services.roster_rows import Path, level_words, path_words


@dataclass(frozen=True)
class Place:
    """`id` is negative until the place is stored."""

    id: int
    kind: str
    name: str
    parent_id: int | None
    code: str | None


class Tree:
    """All places, and those that the import makes (`made`, each after the one above it)."""

    def __init__(self, stored: Iterable[Place]) -> None:
        self._by_id: dict[int, Place] = {}
        self._children: dict[tuple[int | None, str, str], int] = {}
        self._by_code: dict[str, int] = {}
        self._named: dict[tuple[str, str], list[int]] = {}
        self.made: list[Place] = []
        for place in stored:
            self._keep(place)
            self._named.setdefault((place.kind, _key(place.name)), []).append(place.id)
        roots = [place for place in self._by_id.values() if place.parent_id is None]
        tops = [place.id for place in roots if place.kind == "headquarters"]
        # what the first administrator was set over stands over all that is imported after
        self._top = tops[0] if len(tops) == 1 else None

    def find(self, path: Path) -> int | None:
        """The innermost place of the path, None where there is none yet.

        Raises:
            Refused: the outermost could be several places; with words for the row.
        """
        at: int | None = None
        for depth in range(len(path)):
            at = self._step(path, depth, at)
            if at is None:
                return None
        return at

    def make(self, path: Path) -> int:
        """The innermost place of the path, made with all above it where they are not there. Raises as `find`."""
        at: int | None = None
        for depth, (kind, name) in enumerate(path):
            found = self._step(path, depth, at)
            if found is None:
                parent = at if depth else self._top if kind != "headquarters" else None
                place = Place(-len(self.made) - 1, kind, name, parent, self._code(parent, kind, name))
                self._keep(place)
                self.made.append(place)
                found = place.id
            at = found
        assert at is not None
        return at

    def path(self, place_id: int) -> Path:
        """Where a place lies, from the root."""
        steps = []
        at: int | None = place_id
        while at is not None:
            place = self._by_id[at]
            steps.append((place.kind, place.name))
            at = place.parent_id
        return tuple(reversed(steps))

    def words(self, place_id: int) -> str:
        """The same for people."""
        return path_words(self.path(place_id))

    def _step(self, path: Path, depth: int, above: int | None) -> int | None:
        kind, name = path[depth]
        if depth:
            found = self._children.get((above, kind, _key(name)))
            return found if found is not None else self._by_code.get(self._code(above, kind, name))
        for parent in (None, self._top):
            found = self._children.get((parent, kind, _key(name)))
            if found is not None:
                return found
        coded = self._by_code.get(self._code(None if kind == "headquarters" else self._top, kind, name))
        if coded is not None:
            return coded
        # 第三网格 alone means the one that there is; only places from before count, so that importing twice does the same
        named = self._named.get((kind, _key(name)), [])
        if len(named) > 1:
            raise Refused(f"{level_words(kind)}“{name}”有{len(named)}个，请把它的上一级也写上")
        return named[0] if named else None

    def _code(self, parent: int | None, kind: str, name: str) -> str:
        above = self.path(parent) if parent is not None else ()
        return "/".join(f"{one}:{called}" for one, called in (*above, (kind, name)))

    def _keep(self, place: Place) -> None:
        self._by_id[place.id] = place
        self._children.setdefault((place.parent_id, place.kind, _key(place.name)), place.id)
        if place.code is not None:
            self._by_code.setdefault(place.code, place.id)


def in_order(kinds: Iterable[str]) -> list[str]:
    """Kinds of places as a roster's columns have them; those without a column are left out."""
    return sorted({kind for kind in kinds if kind in RANKS}, key=RANKS.__getitem__)


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).replace(" ", "").casefold()
