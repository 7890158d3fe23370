"""Login on pages opened in WeChat, 网页授权 (protocol section 2.9)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from tests.platforms.api_desk import OK, ApiDesk
from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan

CODE_SECONDS = 300.0
TOKEN_SECONDS = 7_200.0
REFRESH_SECONDS = 30 * 24 * 3600.0
_SCOPES = ("snsapi_base", "snsapi_userinfo")


@dataclass
class _Granted:
    openid: str
    scope: str
    ends_at: float
    used: bool = False


class LoginRefused(Exception):
    """What the login page says instead of leading back."""


class WeChatLogin:
    """Codes and tokens of the login. `snapshot` marks those who look at a page in the snapshot mode (快照页)."""

    def __init__(self, account: WeChatAccount, fans: Mapping[str, Fan], clock: Clock, desk: ApiDesk) -> None:
        self._account = account
        self._fans = fans
        self._clock = clock
        self._codes: dict[str, _Granted] = {}
        self._tokens: dict[str, _Granted] = {}
        self._refreshers: dict[str, _Granted] = {}
        self.snapshot: set[str] = set()
        desk.add("GET", "/sns/oauth2/access_token", self._access_token, token=False)
        desk.add("GET", "/sns/oauth2/refresh_token", self._refresh, token=False)
        desk.add("GET", "/sns/userinfo", self._userinfo, token=False)
        desk.add("GET", "/sns/auth", self._auth, token=False)

    def visit(self, openid: str, authorize_url: str) -> str:
        """Where the browser of a fan is led to; raises LoginRefused where the platform shows an error page."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        back = query.get("redirect_uri", "")
        if query.get("appid") != self._account.appid:
            raise LoginRefused("AppID 参数错误")
        if query.get("response_type") != "code" or query.get("scope") not in _SCOPES:
            raise LoginRefused("Scope 参数错误或没有 Scope 权限")
        host = urlsplit(back).netloc
        if not host or (self._account.oauth_domain and host != self._account.oauth_domain):
            raise LoginRefused("redirect_uri 参数错误")
        if len(query.get("state", "")) > 128:
            raise LoginRefused("state 参数错误")
        if urlsplit(authorize_url).fragment != "wechat_redirect":
            raise LoginRefused("请在微信客户端打开链接")
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Granted(openid, query["scope"], self._now() + CODE_SECONDS)
        return (
            f"{back}{'&' if urlsplit(back).query else '?'}{urlencode({'code': code, 'state': query.get('state', '')})}"
        )

    async def _access_token(self, request: web.Request) -> dict[str, Any]:
        query = request.query
        if query.get("appid") != self._account.appid:
            raise ApiError(40013)
        if query.get("secret") != self._account.secret:
            raise ApiError(40125)
        if query.get("grant_type") != "authorization_code":
            raise ApiError(40002)
        if not query.get("code"):
            raise ApiError(41008)
        granted = self._codes.get(query["code"])
        if granted is None or self._now() >= granted.ends_at:
            raise ApiError(40029)
        if granted.used:
            raise ApiError(40163)
        granted.used = True
        return self._issue(granted.openid, granted.scope)

    def _issue(self, openid: str, scope: str) -> dict[str, Any]:
        token, refresher = secrets.token_urlsafe(80), secrets.token_urlsafe(80)
        self._tokens[token] = _Granted(openid, scope, self._now() + TOKEN_SECONDS)
        self._refreshers[refresher] = _Granted(openid, scope, self._now() + REFRESH_SECONDS)
        answer: dict[str, Any] = {
            "access_token": token,
            "expires_in": int(TOKEN_SECONDS),
            "refresh_token": refresher,
            "openid": openid,
            "scope": scope,
        }
        return {**answer, "is_snapshotuser": 1} if openid in self.snapshot else answer

    async def _refresh(self, request: web.Request) -> dict[str, Any]:
        if request.query.get("appid") != self._account.appid:
            raise ApiError(40013)
        if request.query.get("grant_type") != "refresh_token":
            raise ApiError(40002)
        granted = self._refreshers.get(request.query.get("refresh_token", ""))
        if granted is None:
            raise ApiError(40030)
        if self._now() >= granted.ends_at:
            raise ApiError(42002)
        return self._issue(granted.openid, granted.scope)

    async def _userinfo(self, request: web.Request) -> dict[str, Any]:
        granted = self._granted(request)
        if granted.scope != "snsapi_userinfo":
            raise ApiError(48001)
        fan = self._fans[granted.openid]
        return {"openid": fan.openid, "nickname": fan.name, "sex": 0, "headimgurl": "", "privilege": []}

    async def _auth(self, request: web.Request) -> dict[str, Any]:
        self._granted(request)
        return OK

    def _granted(self, request: web.Request) -> _Granted:
        granted = self._tokens.get(request.query.get("access_token", ""))
        if granted is None:
            raise ApiError(40014)
        if self._now() >= granted.ends_at:
            raise ApiError(42001)
        if granted.openid != request.query.get("openid"):
            raise ApiError(40003)
        return granted

    def _now(self) -> float:
        return self._clock().timestamp()
