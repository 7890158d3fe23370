"""What a process owes the day: which checks, when people are reminded, when who gets the figures, what many alike mean.

Read from the keys `checks`, `reminders`, `summaries` and `clusters` of a process file, and `followup` of a measure.
All times of day are local (BOT_TIMEZONE).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, Literal

from bot.errors import ContentError

To = Literal["person", "head", "staff"]
_TO = ("person", "head", "staff")
_SAME = ("place", "household")


@dataclass(frozen=True)
class Check:
    """One report that is owed a day: by people with one of `roles`, between `opens` and `closes`; later it counts as late.

    `id` is kept with the record (`records.check_id`). A person owes every check of every role that they hold, each once.
    """

    id: str
    title: str
    words: tuple[str, ...]
    roles: tuple[str, ...]
    opens: time
    closes: time


@dataclass(frozen=True)
class Reminder:
    """At `at`, each day, about the check `check`: the people themselves, or one digest to each head (who sees to a class, a
    team, an area), or one phone list to each staff member in charge above. Only about those who have not reported.
    """

    check: str
    at: time
    to: To


@dataclass(frozen=True)
class SummaryTime:
    """At `at`, each day, everyone with one of `roles` gets the figures of each of their places. `source`: plan and item."""

    id: str
    title: str
    at: time
    roles: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Cluster:
    """`people` different persons with a record that raised one of `rules` within `days` days raise one event.

    `same` says what they have in common: a place of one of `kinds` (class, dormitory, workshop), or a household. With
    `alike` (a field of several choices) at least one choice must be common to all of them. `source`: plan and item.
    """

    id: str
    title: str
    same: Literal["place", "household"]
    kinds: tuple[str, ...]
    days: int
    people: int
    rules: tuple[str, ...]
    alike: str
    source: str


@dataclass(frozen=True)
class FollowUp:
    """Whom a measure applies to is contacted daily for `days` days from `since` (a date field; empty: the day of filing)
    and tested `tests` times. `kind` is told to staff: 集中隔离, 居家隔离, 居家健康监测.
    """

    kind: str
    days: int
    tests: int
    since: str


def read_check(raw: Mapping[str, Any]) -> Check:
    """One entry of `checks`."""
    _keys(raw, "a check", {"id", "title", "words", "roles", "opens", "closes"}, {"words"})
    check = Check(
        str(raw["id"]),
        str(raw["title"]),
        tuple(map(str, raw.get("words", ()))),
        tuple(map(str, raw["roles"])),
        _time(raw["opens"]),
        _time(raw["closes"]),
    )
    if check.opens >= check.closes:
        raise ContentError(f"check {check.id}: opens before it closes")
    return check


def read_reminder(raw: Mapping[str, Any]) -> Reminder:
    """One entry of `reminders`."""
    _keys(raw, "a reminder", {"check", "at", "to"})
    if raw["to"] not in _TO:
        raise ContentError(f"a reminder goes to {', '.join(_TO)}, not to {raw['to']!r}")
    return Reminder(str(raw["check"]), _time(raw["at"]), raw["to"])


def read_summary(raw: Mapping[str, Any]) -> SummaryTime:
    """One entry of `summaries`."""
    _keys(raw, "a summary", {"id", "title", "at", "roles", "source"})
    return SummaryTime(
        str(raw["id"]), str(raw["title"]), _time(raw["at"]), tuple(map(str, raw["roles"])), str(raw["source"]).strip()
    )


def read_cluster(raw: Mapping[str, Any]) -> Cluster:
    """One entry of `clusters`."""
    names = {"id", "title", "same", "kinds", "days", "people", "rules", "alike", "source"}
    _keys(raw, "a cluster", names, {"kinds", "alike", "source"})
    if raw["same"] not in _SAME:
        raise ContentError(f"cluster {raw['id']}: same is {' or '.join(_SAME)}")
    if (raw["same"] == "place") != bool(raw.get("kinds")):
        raise ContentError(f"cluster {raw['id']}: kinds belong to `same: place`, and only there")
    return Cluster(
        str(raw["id"]),
        str(raw["title"]),
        raw["same"],
        tuple(map(str, raw.get("kinds", ()))),
        int(raw["days"]),
        int(raw["people"]),
        tuple(map(str, raw["rules"])),
        str(raw.get("alike", "")),
        str(raw.get("source", "")).strip(),
    )


def read_follow_up(raw: Mapping[str, Any]) -> FollowUp:
    """The `followup` of a measure."""
    _keys(raw, "a followup", {"kind", "days", "tests", "since"}, {"tests", "since"})
    return FollowUp(str(raw["kind"]), int(raw["days"]), int(raw.get("tests", 0)), str(raw.get("since", "")))


def _keys(raw: Any, where: str, allowed: set[str], free: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    if not isinstance(raw, Mapping):
        raise ContentError(f"{where}: not a mapping of names to values")
    if missing := sorted(key for key in allowed - set(free) if raw.get(key) in (None, "", [])):
        raise ContentError(f"{where}: {', '.join(missing)} is missing")
    if unknown := sorted(str(key) for key in set(raw) - allowed):
        raise ContentError(f"{where}: {', '.join(unknown)} is not known")


def _time(raw: Any) -> time:
    try:
        return time.fromisoformat(str(raw))
    except ValueError as error:
        raise ContentError(f"{raw!r} is no time of day; write it in quotes, as '09:00'") from error
