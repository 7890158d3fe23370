"""Frequency limits of 企业微信 (protocol section 3.6)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass
class _Counted:
    begun_at: float
    count: int = 0
    blocked_until: float = float("-inf")


class Limit:
    """So many in so many seconds for each key. `blocks`: who goes beyond is shut out for that time from then on."""

    def __init__(self, seconds: float, *, blocks: bool) -> None:
        self._seconds = seconds
        self._blocks = blocks
        self._counted: dict[Hashable, _Counted] = {}

    def take(self, key: Hashable, most: int, now: float) -> bool:
        """Counts one; False when it is too many."""
        counted = self._counted.get(key)
        if counted is None or (now - counted.begun_at >= self._seconds and now >= counted.blocked_until):
            counted = self._counted[key] = _Counted(now)
        if now < counted.blocked_until:
            return False
        if counted.count >= most:
            if self._blocks:
                counted.blocked_until = now + self._seconds
            return False
        counted.count += 1
        return True
