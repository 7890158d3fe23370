"""How an alert ends: `nlu_data/office/outcomes.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import yaml

from bot.content import content_dir
from bot.errors import ContentError


@dataclass(frozen=True)
class Outcome:
    """One way for an alert to end; `words` are what staff also call it."""

    id: str
    title: str
    words: tuple[str, ...] = ()


@cache
def load_outcomes() -> tuple[Outcome, ...]:
    """All outcomes of the office; the first stands for a closing without words.

    Raises:
        ContentError: the file is wrong.
    """
    path = content_dir() / "office" / "outcomes.yml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return tuple(Outcome(str(o["id"]), str(o["title"]), tuple(o.get("words", ()))) for o in raw["outcomes"])
    except (KeyError, TypeError) as error:
        raise ContentError(f"{path.name}: {error!r}") from error


def read_outcome(words: str) -> Outcome:
    """The outcome that these words name; 其他 for words that name none, the first for no words at all."""
    found = load_outcomes()
    if not words.strip():
        return found[0]
    for outcome in found:
        if any(word in words for word in (outcome.title, *outcome.words)):
            return outcome
    return found[-1]


def outcome_title(outcome_id: str | None) -> str:
    """An outcome's Chinese title, '' for none."""
    return next((outcome.title for outcome in load_outcomes() if outcome.id == outcome_id), "")
