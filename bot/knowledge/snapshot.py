"""Staff's changes of the knowledge as a file, for the training: it reads this beside the content files, never the database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from bot.errors import ContentError
from bot.knowledge.entries import Entry, entry_of, load_entries

SNAPSHOT = "BOT_KNOWLEDGE_SNAPSHOT"
"""The environment variable that names the snapshot's file for a training; without it the files alone are trained."""


@dataclass(frozen=True)
class Snapshot:
    """`entries`: of each entry that staff made or changed, the newest version. `checks`: questions, by entry id, that the
    trained model has to answer with that entry. `digest`: 16 hexadecimal digits that name the whole."""

    digest: str
    entries: Mapping[str, Entry]
    checks: Mapping[str, tuple[str, ...]]


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in a file of the form `{"digest": …, "entries": [body, …], "checks": {id: [question, …]}}`, where a
    body is what the entry's content file would hold.

    Raises:
        ContentError: the file is missing or has another form.
    """
    try:
        raw = orjson.loads(path.read_bytes())
        digest = str(raw["digest"])
        if len(digest) != 16 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"digest {digest!r}")
        entries = [entry_of(body, f"{path.name}: {body.get('id')}") for body in raw["entries"]]
        checks = {str(entry): tuple(map(str, questions)) for entry, questions in raw["checks"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContentError(f"{path.name}: {error!r}") from error
    return Snapshot(digest, {entry.id: entry for entry in entries}, checks)


def merged(entries: Mapping[str, Entry], snapshot: Snapshot) -> dict[str, Entry]:
    """The entries with staff's changes.

    A way of asking that staff gave to one entry is taken from all others: the same words cannot mean two things.
    """
    given = {way: entry.id for entry in snapshot.entries.values() for way in entry.ask}
    together = {**entries, **snapshot.entries}
    return {
        entry.id: entry
        if entry.id in snapshot.entries
        else replace(entry, ask=tuple(way for way in entry.ask if way not in given))
        for entry in together.values()
    }


def entries_to_train() -> dict[str, Entry]:
    """The entries of the content files, with the snapshot that the environment names.

    Raises:
        ContentError: a file is wrong.
    """
    named = os.environ.get(SNAPSHOT)
    return merged(load_entries(), read_snapshot(Path(named))) if named else load_entries()
