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
    """One level of a ladder. `roles` are looked for at the subject's places and above; with `anywhere`, where nobody is found
    there, at the places that stand above all others.

    `after` is how long the rung below may leave the alert unacknowledged; zero: told together with it.
    """

    roles: tuple[str, ...]
    after: timedelta
    anywhere: bool = False
    # Parts of the names of work groups whose members are told too.
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ladder:
    """The levels that an alert climbs, for subjects with one of `roles` (none: whom no other ladder suits), and where
    `processes` and `rules` are not empty, for these alone.

    `source`: the plan and item that ask for this chain.
    """

    id: str
    roles: tuple[str, ...]
    rules: tuple[str, ...]
    processes: tuple[str, ...]
    rungs: tuple[Rung, ...]
    source: str
    # Only for somebody who has returned from elsewhere in so many days (filed `return_declaration`); 0: for everybody.
    returned_days: int = 0

    def suits(
        self, process: str, subject_roles: Collection[str], fired: Collection[str], days_back: int | None
    ) -> bool:
        """Whether an alert about somebody with these roles, raised by these rules of this process, climbs this ladder.

        `days_back`: how many days ago they filed a return declaration, None for never.
        """
        return (
            (not self.processes or process in self.processes)
            and (not self.returned_days or (days_back is not None and days_back <= self.returned_days))
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


def ladders_for(
    process: str, subject_roles: Collection[str], fired: Collection[str], days_back: int | None
) -> tuple[Ladder, ...]:
    """The ladders that suit (see `Ladder.suits`); where none does, those for everybody else."""
    suited = tuple(one for one in load_ladders() if one.suits(process, subject_roles, fired, days_back))
    return suited or tuple(one for one in load_ladders() if not one.roles)


def _ladder(raw: Mapping[str, Any]) -> Ladder:
    return Ladder(
        str(raw["id"]),
        tuple(raw["roles"]),
        tuple(raw.get("rules", ())),
        tuple(raw.get("processes", ())),
        tuple(
            Rung(
                tuple(rung["roles"]),
                timedelta(minutes=float(rung["after"])),
                bool(rung.get("anywhere", False)),
                tuple(rung.get("groups", ())),
            )
            for rung in raw["rungs"]
        ),
        str(raw["source"]).strip(),
        int(raw.get("returned_days", 0)),
    )
