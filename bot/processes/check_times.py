"""Which check of the day a report is for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import time

from bot.processes.definition import Process
from bot.processes.duties import Check

ONCE = "day"
"""`records.check_id` of a report that is filed once a day and that no check asks for."""


@dataclass(frozen=True)
class Times:
    """The checks that one report is for: the ids to file it under, the first one leading; `late` when all their windows have
    closed; `check` is the leading one, None where no check asks for the report."""

    ids: tuple[str, ...]
    late: bool = False
    check: Check | None = None


def checks_of(process: Process, roles: Collection[str]) -> tuple[Check, ...]:
    """The checks that somebody with these roles owes each day, in the file's order."""
    return tuple(check for check in process.checks if set(check.roles) & set(roles))


def named_check(process: Process, text: str) -> tuple[Check | None, str]:
    """The check whose word a text begins with (晨检 36.5 正常), and what follows the word."""
    for check in process.checks:
        for word in sorted({check.title, *check.words} - set(process.start_words), key=len, reverse=True):
            if text.startswith(word):
                return check, text[len(word) :].strip(" ,，:：。")
    return None, text


def times_of(
    process: Process, owed: Collection[Check], filed: Collection[str], now: time, named: Check | None = None
) -> Times:
    """What a report that comes at the local time `now` is for. `filed` are the ids of checks with a report today.

    The one that is named, if it is owed. Else all that are open now and have none yet, so that nobody who owes two at the same
    hour (a pupil who lives in a grid) reports twice; when all have one, the report corrects them. Else the last
    that has opened, and the report is late; else the next.
    """
    if not process.once_a_day:
        return Times(("",))
    if not owed:
        return Times((ONCE,))
    if named is not None and named in owed:
        return Times((named.id,), now >= named.closes, named)
    opened = sorted((check for check in owed if check.opens <= now < check.closes), key=lambda check: check.closes)
    chosen = [check for check in opened if check.id not in filed] or opened
    if chosen:
        return Times(tuple(check.id for check in chosen), False, chosen[0])
    begun = [check for check in owed if check.opens <= now]
    last = max(begun, key=lambda check: check.opens) if begun else min(owed, key=lambda check: check.opens)
    return Times((last.id,), bool(begun), last)
