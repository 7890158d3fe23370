"""When staff answer: the same hours each day, in the office's own time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_FORM = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_DAY = 24 * 60


@dataclass(frozen=True)
class OfficeHours:
    """From `opens` to `closes`, in minutes after midnight; 0 and 1440 mean all day.

    All moments that are handed in are local ones, in BOT_TIMEZONE.
    """

    opens: int
    closes: int

    @classmethod
    def read(cls, text: str) -> OfficeHours:
        """Reads `08:00-22:00`; raises ValueError with Chinese words for anything else."""
        match = _FORM.fullmatch(text.replace(" ", ""))
        if not match or int(match[2]) > 59 or int(match[4]) > 59:
            raise ValueError("写成 08:00-22:00 的样子")
        opens, closes = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if not 0 <= opens < closes <= _DAY:
            raise ValueError("开始要早于结束，最晚到 24:00")
        return cls(opens, closes)

    def __str__(self) -> str:
        return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (self.opens, self.closes))

    def is_open(self, at: datetime) -> bool:
        """Whether staff answer at this moment."""
        return self.opens <= at.hour * 60 + at.minute < self.closes

    def next_opening(self, at: datetime) -> datetime:
        """This moment when staff answer now, else the moment from which they will."""
        if self.is_open(at):
            return at
        day = _midnight(at)
        if at.hour * 60 + at.minute >= self.closes:
            day += timedelta(days=1)
        return day + timedelta(minutes=self.opens)

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The moment at which `span` of office time has passed since `start`."""
        at = self.next_opening(start)
        while True:
            closing = _midnight(at) + timedelta(minutes=self.closes)
            if at + span <= closing:
                return at + span
            span -= closing - at
            at = self.next_opening(closing)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
