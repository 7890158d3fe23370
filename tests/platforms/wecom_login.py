"""Login on pages opened in 企业微信 (protocol section 3.9)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from tests.platforms.api_desk import OK, ApiDesk, json_body
from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.wechat_login import LoginRefused
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_tree import WeComTree

CODE_SECONDS = 300.0
TICKET_SECONDS = 1_800.0
_STATE = re.compile(r"[A-Za-z0-9]{0,128}")


@dataclass
class _Granted:
    person: str
    private: bool
    ends_at: float
    used: bool = False


class WeComLogin:
    """Codes of the login. A person who is no member gets an openid."""

    def __init__(self, corp: WeComCorp, tree: WeComTree, clock: Clock, desk: ApiDesk) -> None:
        self._corp = corp
        self._tree = tree
        self._clock = clock
        self._codes: dict[str, _Granted] = {}
        self._tickets: dict[str, _Granted] = {}
        desk.add("GET", "/cgi-bin/auth/getuserinfo", self._userinfo)
        desk.add("GET", "/cgi-bin/user/getuserinfo", self._old_userinfo)
        desk.add("POST", "/cgi-bin/auth/getuserdetail", self._detail)

    def visit(self, person: str, authorize_url: str) -> str:
        """Where the browser of a person is led to; raises LoginRefused where the platform shows an error page."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        back, scope = query.get("redirect_uri", ""), query.get("scope", "")
        if query.get("appid") != self._corp.corpid:
            raise LoginRefused("appid 参数错误")
        if query.get("response_type") != "code" or scope not in ("snsapi_base", "snsapi_privateinfo"):
            raise LoginRefused("scope 参数错误")
        agentids = [str(app.agentid) for app in self._corp.apps]
        if query.get("agentid", agentids[0] if scope == "snsapi_base" else "") not in agentids:
            raise LoginRefused("agentid 参数错误")
        host = urlsplit(back).netloc
        if not host or (self._corp.login_domain and host != self._corp.login_domain):
            raise LoginRefused("50001 redirect_uri 需使用应用可信域名")
        if not _STATE.fullmatch(query.get("state", "")):
            raise LoginRefused("state 参数错误")
        if urlsplit(authorize_url).fragment != "wechat_redirect":
            raise LoginRefused("请在企业微信客户端打开链接")
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Granted(person, scope == "snsapi_privateinfo", self._now() + CODE_SECONDS)
        return (
            f"{back}{'&' if urlsplit(back).query else '?'}{urlencode({'code': code, 'state': query.get('state', '')})}"
        )

    def _use(self, request: web.Request) -> _Granted:
        granted = self._codes.get(request.query.get("code", ""))
        if granted is None or self._now() >= granted.ends_at:
            raise ApiError(40029)
        if granted.used:
            raise ApiError(42022)
        granted.used = True
        return granted

    async def _userinfo(self, request: web.Request) -> dict[str, Any]:
        granted = self._use(request)
        if self._tree.find(granted.person) is None:
            return {**OK, "openid": granted.person}
        if not granted.private:
            return {**OK, "userid": granted.person}
        ticket = secrets.token_urlsafe(48)
        self._tickets[ticket] = _Granted(granted.person, True, self._now() + TICKET_SECONDS)
        return {**OK, "userid": granted.person, "user_ticket": ticket}

    async def _old_userinfo(self, request: web.Request) -> dict[str, Any]:
        granted = self._use(request)
        name = "OpenId" if self._tree.find(granted.person) is None else "UserId"
        return {**OK, name: granted.person, "DeviceId": "simulated"}

    async def _detail(self, request: web.Request) -> dict[str, Any]:
        granted = self._tickets.get(str((await json_body(request)).get("user_ticket")))
        if granted is None or self._now() >= granted.ends_at:
            raise ApiError(40029)
        empty = dict.fromkeys(("avatar", "qr_code", "mobile", "email", "biz_mail", "address"), "")
        return {**OK, "userid": granted.person, "gender": "0", **empty}

    def _now(self) -> float:
        return self._clock().timestamp()
