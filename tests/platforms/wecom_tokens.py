"""Access tokens of 企业微信: one for each app's secret, the same as long as it lives (protocol section 3.1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.platforms.api_desk import OK
from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.wecom_corp import WeComApp, WeComCorp

LIFE = 7_200.0
TOKEN_CHARACTERS = 512


@dataclass
class _Issued:
    agentid: int
    ends_at: float
    code: int = 42001
    """What a caller is told after the end."""


class WeComTokens:
    """The tokens that were issued, and which of them still live."""

    def __init__(self, corp: WeComCorp, clock: Clock) -> None:
        self._corp = corp
        self._clock = clock
        self._tokens: dict[str, _Issued] = {}
        self._current: dict[int, str] = {}

    @property
    def issued(self) -> int:
        """How many tokens there have been."""
        return len(self._tokens)

    async def gettoken(self, request: web.Request) -> dict[str, Any]:
        """The answer of gettoken."""
        if not request.query.get("corpid"):
            raise ApiError(41002)
        if not request.query.get("corpsecret"):
            raise ApiError(41004)
        if request.query["corpid"] != self._corp.corpid:
            raise ApiError(40013)
        app = next((app for app in self._corp.apps if app.secret == request.query["corpsecret"]), None)
        if app is None:
            raise ApiError(40001)
        token = self.current(app)
        return {**OK, "access_token": token, "expires_in": int(self._tokens[token].ends_at - self._now())}

    def current(self, app: WeComApp) -> str:
        """An app's token, a new one where the last has ended."""
        token = self._current.get(app.agentid)
        if token is None or self._now() >= self._tokens[token].ends_at:
            token = (f"{len(self._tokens) + 1}_" + secrets.token_urlsafe(TOKEN_CHARACTERS))[:TOKEN_CHARACTERS]
            self._tokens[token] = _Issued(app.agentid, self._now() + LIFE)
            self._current[app.agentid] = token
        return token

    def app_of(self, token: str | None) -> WeComApp:
        """The app that a token belongs to; raises ApiError for a token that may not be used."""
        if not token:
            raise ApiError(41001)
        issued = self._tokens.get(token)
        if issued is None:
            raise ApiError(40014)
        if self._now() >= issued.ends_at:
            raise ApiError(issued.code)
        app = next((app for app in self._corp.apps if app.agentid == issued.agentid), None)
        if app is None:
            raise ApiError(40014)
        return app

    def revoke(self, code: int) -> None:
        """All tokens are dead at once, and say so with this code."""
        for issued in self._tokens.values():
            if self._now() < issued.ends_at:
                issued.ends_at, issued.code = self._now(), code

    def _now(self) -> float:
        return self._clock().timestamp()
