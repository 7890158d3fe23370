"""Who is told of an alert, and who next when nobody takes it: `nlu_data/office/ladders.yml`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.content import content_dir
from bot.errors import ContentError


@dataclass(frozen=True)
class Rung:
    """One level of a ladder. `roles` are looked for at the subject's places and above, or anywhere where `anywhere` is true.

    `after` is how long the rung below may leave the alert unacknowledged; zero: told at once, together with it.
    """

    roles: tuple[str, ...]
    after: timedelta
    anywhere: bool = False


@dataclass(frozen=True)
class Ladder:
    """The levels that an alert climbs, for subjects with one of `roles`, and where `rules` is not empty, for these rules alone.

    `source`: the plan and item that ask for this chain.
    """

    id: str
    roles: tuple[str, ...]
    rules: tuple[str, ...]
    processes: tuple[str, ...]
    rungs: tuple[Rung, ...]
    source: str

    def suits(self, process: str, subject_roles: Collection[str], fired: Collection[str]) -> bool:
        """Whether an alert about somebody with these roles, raised by these rules of this process, climbs this ladder."""
        return (
            (not self.processes or process in self.processes)
            and bool(set(self.roles) & set(subject_roles))
            and (not self.rules or bool(set(self.rules) & set(fired)))
        )


@cache
def load_ladders(path: Path | None = None) -> tuple[Ladder, ...]:
    """All ladders of the office, in the file's order.

    Raises:
        ContentError: the file is wrong.
    """
    path = path or content_dir() / "office" / "ladders.yml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return tuple(_ladder(one) for one in raw["ladders"])
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(f"{path.name}: {error!r}") from error


def _ladder(raw: Mapping[str, Any]) -> Ladder:
    return Ladder(
        str(raw["id"]),
        tuple(raw["roles"]),
        tuple(raw.get("rules", ())),
        tuple(raw.get("processes", ())),
        tuple(
            Rung(tuple(rung["roles"]), timedelta(minutes=float(rung["after"])), bool(rung.get("anywhere", False)))
            for rung in raw["rungs"]
        ),
        str(raw["source"]).strip(),
    )
