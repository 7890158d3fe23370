"""How many customer-service messages a fan's last action allows, and until when (protocol section 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.platforms.errors import ApiError

Action = Literal["message", "menu", "follow", "scan", "payment"]
Reading = Literal["last", "sum"]
"""Whether only the fan's last action counts, or what several actions allow adds up. The documentation does not say."""

_HOURS_48 = 48 * 3600.0
_ALLOWED: dict[Action, tuple[int, float]] = {
    "message": (5, _HOURS_48),
    "menu": (3, 60.0),
    "follow": (3, 60.0),
    "scan": (3, 60.0),
    "payment": (0, _HOURS_48),
}


@dataclass
class _Grant:
    ends_at: float
    left: int | None


class Window:
    """The grants of one fan. `payments`: messages after a payment, None for any number. Times are Unix seconds."""

    def __init__(self, reading: Reading, payments: int | None) -> None:
        self._reading = reading
        self._payments = payments
        self._grants: dict[Action, _Grant] = {}

    def open(self, action: Action, now: float) -> None:
        """The fan has done something."""
        count, seconds = _ALLOWED[action]
        if self._reading == "last":
            self._grants.clear()
        self._grants[action] = _Grant(now + seconds, self._payments if action == "payment" else count)

    def close(self) -> None:
        """The fan has unfollowed."""
        self._grants.clear()

    def take(self, now: float) -> None:
        """Uses one message; raises ApiError 45015 when no time is left, 45047 when no message is left."""
        within = [grant for grant in self._grants.values() if now < grant.ends_at]
        if not within:
            raise ApiError(45015)
        usable = [grant for grant in within if grant.left is None or grant.left > 0]
        if not usable:
            raise ApiError(45047)
        first = min(usable, key=lambda grant: grant.ends_at)
        if first.left is not None:
            first.left -= 1
