"""When nobody is disturbed by what can wait: the same hours each night, in the office's own time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_FORM = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])-([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class QuietHours:
    """From `begin` until `end`, both local times of day, over midnight where `end` is the earlier. Equal: never quiet."""

    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> QuietHours:
        """Reads `22:00-07:00`; raises ValueError with Chinese words for anything else."""
        match = _FORM.fullmatch(text.replace(" ", ""))
        if not match:
            raise ValueError("写成 22:00-07:00 的样子；不要免打扰时段就写 00:00-00:00")
        return cls(time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4])))

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def end_after(self, at: datetime) -> datetime | None:
        """The end of the quiet hours that a local moment falls in, None when it falls in none."""
        clock = at.time()
        if self.begin <= self.end:
            quiet, days = self.begin <= clock < self.end, 0
        else:
            quiet, days = clock >= self.begin or clock < self.end, int(clock >= self.begin)
        return datetime.combine(at.date() + timedelta(days=days), self.end, at.tzinfo) if quiet else None
