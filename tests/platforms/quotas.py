"""Daily and minute quotas of the 公众号's API (protocol section 2.2). A day begins at midnight in Beijing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError

DAY_QUOTAS = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/menu/create": 1_000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1_000,
    "/cgi-bin/media/upload": 100_000,
    "/cgi-bin/media/get": 200_000,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/message/mass/sendall": 100,
    "/cgi-bin/message/mass/send": 100,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/user/get": 500,
    "/cgi-bin/user/info": 5_000_000,
}
MINUTE_QUOTAS = {
    "/cgi-bin/stable_token": 10_000,
    "/cgi-bin/message/mass/sendall": 60,
    "/cgi-bin/message/mass/send": 60,
    "/sns/oauth2/access_token": 50_000,
}
CLEARS_A_MONTH = 10

_BEIJING = ZoneInfo("Asia/Shanghai")


class Quotas:
    """Counts the calls of an account."""

    def __init__(self, clock: Clock, day_quotas: Mapping[str, int], minute_quotas: Mapping[str, int]) -> None:
        self._clock = clock
        self._of_day = day_quotas
        self._of_minute = minute_quotas
        self._day = self._minute = self._month = ""
        self._day_used: Counter[str] = Counter()
        self._minute_used: Counter[str] = Counter()
        self._clears = 0

    def count(self, path: str) -> None:
        """Takes one call; raises ApiError 45009 or 45011 when there is none left."""
        self._turn()
        if path in self._of_day and self._day_used[path] >= self._of_day[path]:
            raise ApiError(45009)
        if path in self._of_minute and self._minute_used[path] >= self._of_minute[path]:
            raise ApiError(45011)
        self._day_used[path] += 1
        self._minute_used[path] += 1

    def used(self, path: str) -> int:
        """The calls of this day."""
        self._turn()
        return self._day_used[path]

    def of_day(self, path: str) -> dict[str, int]:
        """The answer of quota/get; raises ApiError 40035 for a path without a quota."""
        if path not in self._of_day:
            raise ApiError(40035, "cgi_path")
        limit, used = self._of_day[path], self.used(path)
        return {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}

    def clear(self) -> None:
        """Gives the day's quotas back; raises ApiError 48006 at the eleventh time of a month."""
        self._turn()
        if self._clears >= CLEARS_A_MONTH:
            raise ApiError(48006)
        self._clears += 1
        self._day_used.clear()

    def _turn(self) -> None:
        moment = self._clock()
        minute = moment.strftime("%Y%m%d%H%M")
        if minute == self._minute:
            return
        self._minute = minute
        self._minute_used.clear()
        local = moment.astimezone(_BEIJING)
        if (day := local.strftime("%Y%m%d")) != self._day:
            self._day = day
            self._day_used.clear()
        if (month := local.strftime("%Y%m")) != self._month:
            self._month = month
            self._clears = 0


def beijing(moment: datetime) -> datetime:
    """The moment as the platforms date it."""
    return moment.astimezone(_BEIJING)
