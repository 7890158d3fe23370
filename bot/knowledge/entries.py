"""Knowledge entries: one question that people ask, its answer and its source, read from `nlu_data/knowledge/**/*.yml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bot.content import content_dir
from bot.errors import ContentError

_KEYS = {
    "id",
    "title",
    "source",
    "also",
    "answer",
    "leads",
    "table",
    "related",
    "starts",
    "effective",
    "expires",
    "ask",
    "check",
    "covers",
}


@dataclass(frozen=True)
class Lead:
    """A fact that is told first when the question holds one of `words`; the whole answer follows."""

    words: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Row:
    """A row of a table: told alone when the question holds one of `names`."""

    names: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Entry:
    """One answerable question. `answer` carries every number, condition and exception of its source."""

    id: str
    title: str
    source: str
    answer: str
    ask: tuple[str, ...]
    leads: tuple[Lead, ...] = ()
    rows: tuple[Row, ...] = ()
    related: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    effective: date | None = None
    expires: date | None = None
    # Sources of other plans whose rules the answer tells too: who asks decides which one holds.
    also: tuple[str, ...] = ()
    # Entries on a wider subject whose facts this answer holds as well: whoever meant one of them misses nothing.
    covers: tuple[str, ...] = ()
    # Questions held back from training, by which a new model is checked.
    check: tuple[str, ...] = ()

    @property
    def point(self) -> str:
        """The id that a reply reports: of the wider entry where this answer holds all of it, else the entry's own.

        Whoever reads `custom` knows the points of the plans, not how finely their answers are cut.
        """
        return self.covers[0] if self.covers else self.id

    @property
    def whole_text(self) -> str:
        """All that the entry says and is asked by."""
        told = (*(lead.text for lead in self.leads), *(row.text for row in self.rows))
        return "\n".join((self.title, self.answer, *told, *self.ask))

    @property
    def source_line(self) -> str:
        """The line that ends every answer from the knowledge, and no other reply."""
        return f"依据：{'；'.join((self.source, *self.also))}"


def load_entries(folder: Path | None = None) -> dict[str, Entry]:
    """All entries of a folder (by default those of the content) by id.

    Raises:
        ContentError: a file has a wrong form, an id or a way of asking stands twice, or `related` names no entry.
    """
    entries: dict[str, Entry] = {}
    asked: dict[str, str] = {}
    for path in sorted((folder or content_dir() / "knowledge").rglob("*.yml")):
        entry = read_entry(path)
        if path.stem != entry.id:
            raise ContentError(f"{path.name}: id {entry.id} belongs in a file of its own name, {entry.id}.yml")
        if entry.id in entries:
            raise ContentError(f"{path.name}: id {entry.id} stands in two files")
        for way in (entry.title, *entry.ask):
            owner = asked.setdefault(way, entry.id)
            if owner != entry.id:
                raise ContentError(f"{path.name}: “{way}” is a way of asking {owner} already")
        entries[entry.id] = entry
    for entry in entries.values():
        unknown = [other for other in (*entry.related, *entry.covers) if other not in entries]
        if unknown:
            raise ContentError(f"{entry.id}.yml: related or covers names no entry: {', '.join(unknown)}")
    return entries


def read_entry(path: Path) -> Entry:
    """One entry from its file."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ContentError(f"{path.name}: {error}") from error
    if not isinstance(raw, Mapping):
        raise ContentError(f"{path.name}: not a mapping")
    return entry_of(raw, path.name)


def entry_of(raw: Mapping[str, Any], name: str) -> Entry:
    """An entry from what its file, or a stored version of it, holds; `name` says which one in an error.

    Raises:
        ContentError: a key is unknown or missing, or a value has a wrong form.
    """
    unknown = set(raw) - _KEYS
    missing = {"id", "title", "source", "answer", "ask"} - set(raw)
    if unknown or missing:
        raise ContentError(f"{name}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")
    source = raw["source"]
    try:
        return Entry(
            id=str(raw["id"]),
            title=str(raw["title"]).strip(),
            source="，".join(str(source[part]).strip() for part in ("plan", "section", "item") if source.get(part)),
            answer=str(raw["answer"]).strip(),
            ask=_texts(raw["ask"]),
            leads=tuple(Lead(_texts(lead["words"]), str(lead["text"]).strip()) for lead in raw.get("leads") or ()),
            rows=tuple(
                Row(_texts(row["names"]), str(row["text"]).strip()) for row in (raw.get("table") or {}).get("rows", ())
            ),
            related=_texts(raw.get("related") or ()),
            starts=_texts(raw.get("starts") or ()),
            effective=_day(raw.get("effective")),
            expires=_day(raw.get("expires")),
            also=_texts(raw.get("also") or ()),
            covers=_texts(raw.get("covers") or ()),
            check=_texts(raw.get("check") or ()),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ContentError(f"{name}: {error!r}") from error


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    # dict.fromkeys: a way of asking written twice counts once, in its first place
    return tuple(dict.fromkeys(str(value).strip() for value in values))


def _day(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value))
