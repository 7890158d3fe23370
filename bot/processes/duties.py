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
from bot.processes.mistakes import keys, one_of, texts, whole

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


def read_check(raw: Any) -> Check:
    """One entry of `checks`."""
    keys(raw, {"id", "title", "words", "roles", "opens", "closes"}, ("id", "title", "roles", "opens", "closes"))
    opens, closes = _time(raw, "opens"), _time(raw, "closes")
    if opens >= closes:
        raise ContentError("opens（开始）要早于 closes（截止）", ("closes",))
    return Check(str(raw["id"]), str(raw["title"]), texts(raw, "words"), texts(raw, "roles"), opens, closes)


def read_reminder(raw: Any) -> Reminder:
    """One entry of `reminders`."""
    keys(raw, {"check", "at", "to"}, ("check", "at", "to"))
    to: To = one_of(raw, "to", _TO)  # type: ignore[assignment]
    return Reminder(str(raw["check"]), _time(raw, "at"), to)


def read_summary(raw: Any) -> SummaryTime:
    """One entry of `summaries`."""
    names = ("id", "title", "at", "roles", "source")
    keys(raw, names, names)
    source = str(raw["source"]).strip()
    return SummaryTime(str(raw["id"]), str(raw["title"]), _time(raw, "at"), texts(raw, "roles"), source)


def read_cluster(raw: Any) -> Cluster:
    """One entry of `clusters`."""
    needed = ("id", "title", "same", "days", "people", "rules")
    keys(raw, {*needed, "kinds", "alike", "source"}, needed)
    same: Literal["place", "household"] = one_of(raw, "same", _SAME)  # type: ignore[assignment]
    if (same == "place") != bool(raw.get("kinds")):
        raise ContentError("same: place 时要写 kinds（哪种地点），别的时候不写", ("same",))
    return Cluster(
        str(raw["id"]),
        str(raw["title"]),
        same,
        texts(raw, "kinds"),
        whole(raw, "days", 1),
        whole(raw, "people", 1),
        texts(raw, "rules"),
        str(raw.get("alike", "")),
        str(raw.get("source", "")).strip(),
    )


def read_follow_up(raw: Any) -> FollowUp:
    """The `followup` of a measure."""
    keys(raw, {"kind", "days", "tests", "since"}, ("kind", "days"))
    return FollowUp(str(raw["kind"]), whole(raw, "days", 1), whole(raw, "tests"), str(raw.get("since", "")))


def _time(raw: Mapping[str, Any], key: str) -> time:
    try:
        return time.fromisoformat(str(raw[key]))
    except ValueError as error:
        raise ContentError(f"{raw[key]!r} 不是时间，要加引号，例如 '09:00'", (key,)) from error
