"""Access tokens of a 公众号: two isolated ways of getting one (protocol section 2.1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.quotas import beijing
from tests.platforms.wechat_account import WeChatAccount

LIFE = 7_200.0
LAST_STRETCH = 300.0
FORCED_A_DAY = 20
FORCED_APART = 30.0
TOKEN_CHARACTERS = 512


@dataclass
class _Issued:
    ends_at: float
    code: int = 42001
    """What a caller is told after the end."""


class WeChatTokens:
    """The tokens that were issued, and which of them still live."""

    def __init__(self, account: WeChatAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._tokens: dict[str, _Issued] = {}
        self._plain = ""
        self._stable = ""
        self._forced_day = ""
        self._forced_times = 0
        self._forced_at = float("-inf")

    @property
    def issued(self) -> int:
        """How many tokens there have been."""
        return len(self._tokens)

    def check(self, token: str | None) -> None:
        """Raises ApiError for a token that may not be used."""
        if not token:
            raise ApiError(41001)
        issued = self._tokens.get(token)
        if issued is None:
            raise ApiError(40014)
        if self._now() >= issued.ends_at:
            raise ApiError(issued.code)

    def plain(self) -> dict[str, object]:
        """The answer of cgi-bin/token: a new token, the one before lives on for five minutes."""
        if self._plain:
            self._end(self._plain, self._account.old_token_seconds)
        self._plain = self._new()
        return {"access_token": self._plain, "expires_in": int(LIFE)}

    def stable(self, *, force: bool) -> dict[str, object]:
        """The answer of cgi-bin/stable_token: the same token until its last five minutes."""
        now = self._now()
        left = self._tokens[self._stable].ends_at - now if self._stable else 0.0
        if force and self._may_force():
            if self._stable:
                self._end(self._stable, 0)
            self._stable = self._new()
        elif left <= LAST_STRETCH:
            if left > 0:
                self._end(self._stable, LAST_STRETCH)
            self._stable = self._new()
        return {"access_token": self._stable, "expires_in": int(self._tokens[self._stable].ends_at - now)}

    def revoke(self, code: int) -> None:
        """All tokens are dead at once, and say so with this code."""
        for issued in self._tokens.values():
            if self._now() < issued.ends_at:
                issued.ends_at, issued.code = self._now(), code

    def _now(self) -> float:
        return self._clock().timestamp()

    def _may_force(self) -> bool:
        day = beijing(self._clock()).strftime("%Y%m%d")
        if day != self._forced_day:
            self._forced_day, self._forced_times = day, 0
        if self._forced_times >= FORCED_A_DAY or self._now() - self._forced_at < FORCED_APART:
            return False
        self._forced_times += 1
        self._forced_at = self._now()
        return True

    def _new(self) -> str:
        token = f"{len(self._tokens) + 1}_" + secrets.token_urlsafe(TOKEN_CHARACTERS)
        token = token[:TOKEN_CHARACTERS]
        self._tokens[token] = _Issued(self._now() + LIFE)
        return token

    def _end(self, token: str, seconds: float) -> None:
        issued = self._tokens[token]
        if issued.ends_at > self._now() + seconds:
            issued.ends_at, issued.code = self._now() + seconds, 40001
