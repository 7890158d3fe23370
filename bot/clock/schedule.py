"""Which moments of a daily schedule have come. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo


def moments_between(times: Iterable[time], last: datetime, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The moments with one of these local times of day in (last, now], the oldest first, as local datetimes of the zone.

    Each local time comes once a day, also on the days on which clocks are changed: one that the change leaves out comes as
    much later as the clocks are put forward, of one that it repeats the first counts. Compare the moments in UTC: Python
    compares two moments of one zone by what their clocks show.
    """
    wanted = sorted(set(times))
    day, end = last.astimezone(zone).date(), now.astimezone(zone).date()
    found = []
    while day <= end:
        found += [datetime.combine(day, at, zone) for at in wanted]
        day += timedelta(days=1)
    since, until = last.astimezone(timezone.utc), now.astimezone(timezone.utc)
    return sorted(
        (moment for moment in found if since < moment.astimezone(timezone.utc) <= until),
        key=lambda moment: moment.astimezone(timezone.utc),
    )
