"""BOT_QUIET_HOURS: over midnight, within a day, never."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.quiet_hours import QuietHours

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("hours", "at", "end"),
    [
        ("22:00-07:00", "2022-01-31 21:59", None),
        ("22:00-07:00", "2022-01-31 22:00", "2022-02-01 07:00"),
        ("22:00-07:00", "2022-02-01 06:59", "2022-02-01 07:00"),
        ("22:00-07:00", "2022-02-01 07:00", None),
        ("12:30-14:00", "2022-02-01 13:00", "2022-02-01 14:00"),
        ("12:30-14:00", "2022-02-01 14:00", None),
        ("00:00-00:00", "2022-02-01 00:00", None),
    ],
)
def test_the_end_of_the_quiet_hours_that_a_moment_falls_in(hours: str, at: str, end: str | None) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=ZONE)
    expected = datetime.fromisoformat(end).replace(tzinfo=ZONE) if end else None
    assert QuietHours.read(hours).end_after(moment) == expected
