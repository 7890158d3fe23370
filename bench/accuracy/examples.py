"""An example of a split, and files of them: what a run's processes hand to each other, without Rasa."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Example:
    """A text, what it means (`ask/T7`, `start_daily_report`, `out_of_scope`), and the file or split that it stands in.

    `held_by`: labels of entries whose answer holds all of the meant one's (`covers` in their files): no fact is missing
    from what they tell.
    """

    text: str
    label: str
    file: str
    held_by: tuple[str, ...] = ()


def digest(examples: Iterable[Example]) -> str:
    """A short digest of texts and labels, whatever files they stand in and in whatever order."""
    rows = sorted((example.label, *example.held_by, example.text) for example in examples)
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()[:12]


def write(path: Path, examples: Sequence[Example]) -> None:
    """Keeps examples for another process."""
    path.write_text(json.dumps([asdict(example) for example in examples], ensure_ascii=False), encoding="utf-8")


def read(path: Path) -> list[Example]:
    """What `write` kept."""
    return [Example(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
