"""The hours in which staff answer, and how long a while lasts when nights do not count."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.office_hours import OfficeHours


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2022-01-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("text", ["08:00-22:00", "00:00-24:00", "09:30-18:05"])
def test_what_is_read_is_shown(text: str) -> None:
    assert str(OfficeHours.read(text)) == text


@pytest.mark.parametrize(
    "text", ["", "8-22", "22:00-08:00", "08:00-08:00", "08:60-22:00", "08:00-24:01", "08:00至22:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"写成|早于"):
        OfficeHours.read(text)


@pytest.mark.parametrize(
    ("hours", "start", "minutes", "until"),
    [
        ("08:00-22:00", "20 09:00", 30, "20 09:30"),
        ("08:00-22:00", "20 21:30", 30, "20 22:00"),
        ("08:00-22:00", "20 21:50", 30, "21 08:20"),
        ("08:00-22:00", "20 23:00", 30, "21 08:30"),
        ("08:00-22:00", "20 03:00", 30, "20 08:30"),
        ("08:00-09:00", "20 08:30", 150, "22 09:00"),
        ("00:00-24:00", "20 23:50", 30, "21 00:20"),
    ],
)
def test_a_while_of_office_time(hours: str, start: str, minutes: int, until: str) -> None:
    assert OfficeHours.read(hours).after(at(start), timedelta(minutes=minutes)) == at(until)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [("20 07:59", "20 08:00"), ("20 08:00", "20 08:00"), ("20 21:59", "20 21:59"), ("20 22:00", "21 08:00")],
)
def test_the_next_opening(moment: str, opening: str) -> None:
    assert OfficeHours.read("08:00-22:00").next_opening(at(moment)) == at(opening)
