"""Daily local times as moments: over midnight, month end, leap day, changed clocks."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock.schedule import moments_between

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NINE = time(9)


def _moments(times: list[time], last: str, now: str, zone: ZoneInfo = SHANGHAI) -> list[str]:
    start, end = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (last, now))
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in moments_between(times, start, end, zone)]


@pytest.mark.parametrize(
    ("times", "last", "now", "found"),
    [
        ([NINE], "2022-01-20 08:59", "2022-01-20 09:00", ["2022-01-20 09:00"]),
        ([NINE], "2022-01-20 09:00", "2022-01-20 23:59", []),
        ([time(0)], "2022-01-20 23:59", "2022-01-21 00:00", ["2022-01-21 00:00"]),
        ([time(23, 59), time(0, 1)], "2022-01-31 23:58", "2022-02-01 00:01", ["2022-01-31 23:59", "2022-02-01 00:01"]),
        ([NINE], "2024-02-28 10:00", "2024-03-01 10:00", ["2024-02-29 09:00", "2024-03-01 09:00"]),
        ([NINE], "2023-02-28 10:00", "2023-03-01 10:00", ["2023-03-01 09:00"]),
        ([time(15), NINE, NINE], "2022-01-20 08:00", "2022-01-20 16:00", ["2022-01-20 09:00", "2022-01-20 15:00"]),
        ([NINE], "2022-01-20 10:00", "2022-01-20 08:00", []),  # the clock was put back
        ([], "2022-01-20 08:00", "2022-01-21 08:00", []),
    ],
)
def test_the_moments_that_have_come(times: list[time], last: str, now: str, found: list[str]) -> None:
    assert _moments(times, last, now) == found


def test_an_hour_that_is_left_out_comes_later_and_one_that_is_repeated_comes_once() -> None:
    half_past_two = [time(2, 30)]
    midnight = datetime(2022, 3, 27, 0, 0, tzinfo=BERLIN)
    [spring] = moments_between(half_past_two, midnight, midnight + timedelta(hours=12), BERLIN)
    assert spring.astimezone(timezone.utc) == datetime(2022, 3, 27, 1, 30, tzinfo=timezone.utc)  # 03:30 there
    midnight = datetime(2022, 10, 30, 0, 0, tzinfo=BERLIN)
    [autumn] = moments_between(half_past_two, midnight, midnight + timedelta(hours=12), BERLIN)
    assert autumn.astimezone(timezone.utc) == datetime(2022, 10, 30, 0, 30, tzinfo=timezone.utc)


@given(
    start=st.datetimes(datetime(2022, 1, 1), datetime(2022, 12, 31)),
    cuts=st.lists(st.integers(0, 60 * 24 * 4), max_size=6),
    times=st.lists(st.times(), max_size=4),
    zone=st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]),
)
def test_however_often_one_looks_each_moment_comes_once(
    start: datetime, cuts: list[int], times: list[time], zone: ZoneInfo
) -> None:
    first = start.replace(tzinfo=timezone.utc)
    looks = [first + timedelta(minutes=minutes) for minutes in [0, *sorted(cuts), 60 * 24 * 4]]
    piece_by_piece = [moment for last, now in pairwise(looks) for moment in moments_between(times, last, now, zone)]
    assert piece_by_piece == moments_between(times, looks[0], looks[-1], zone)
