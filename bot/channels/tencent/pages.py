"""Pages opened in WeChat or 企业微信 that know the person (网页授权): the platform says who holds the phone, and the browser becomes theirs.

Somebody else's login must not become mine, nor mine theirs: the state that goes out has to come back to the browser that it was given to,
and the browser gets a new secret each time.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from urllib.parse import urlencode

from aiohttp import web

from bot.channels.base import Away
from bot.channels.tencent.api import ApiError, NoAnswer
from bot.channels.web.visitor import VisitorCookie

_STATE_SECONDS = 300  # as long as the platform's code lives
_FAILED = "没有登录成功，请回到微信里重新打开这个页面。"


class Browsers(Protocol):
    """Who keeps to whom a browser belongs."""

    async def let_in(self, channel: str, sender: str, browser: str) -> None:
        """This visitor of the chat page is whoever has this account; raises `Away`."""


class Pages:
    """`/<channel>/page` leads through the platform's login to the chat page. `who` asks the platform whose `code` it is ('' for nobody);
    `authorize` is the login's address and `query` what it needs of the account; `own` is our address as seen from outside.
    """

    def __init__(
        self,
        channel: str,
        who: Callable[[str], Awaitable[str]],
        browsers: Browsers,
        cookie: VisitorCookie,
        authorize: str,
        query: Sequence[tuple[str, str]],
        own: str,
    ) -> None:
        self._channel = channel
        self._who = who
        self._browsers = browsers
        self._cookie = cookie
        self._authorize = authorize
        self._query = query
        self._own = own.rstrip("/")
        self._state = f"{channel}-login"

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The page that a menu or a message names, and where the platform leads back to."""
        return [
            web.get(f"/{self._channel}/page", self._begin, allow_head=False),
            web.get(f"/{self._channel}/back", self._back, allow_head=False),
        ]

    async def _begin(self, request: web.Request) -> web.Response:
        state = secrets.token_hex(16)
        first, *rest = self._query
        # the platform wants the parameters in this order
        query = urlencode(
            [
                first, ("redirect_uri", f"{self._own}/{self._channel}/back"), ("response_type", "code"),
                ("scope", "snsapi_base"), ("state", state), *rest,
            ]
        )  # fmt: skip
        response = web.Response(status=302, headers={"Location": f"{self._authorize}?{query}#wechat_redirect"})
        response.set_cookie(
            self._state,
            state,
            max_age=_STATE_SECONDS,
            path=f"/{self._channel}",
            secure=self._own.startswith("https:"),
            httponly=True,
            samesite="Lax",  # the way back comes from the platform's site
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _back(self, request: web.Request) -> web.Response:
        given, kept = request.query.get("state", ""), request.cookies.get(self._state, "")
        code = request.query.get("code", "")
        if not (kept and code and len(code) <= 512 and hmac.compare_digest(given.encode(), kept.encode())):
            return _refused()
        response = web.Response(status=302, headers={"Location": "/", "Cache-Control": "no-store"})
        response.del_cookie(self._state, path=f"/{self._channel}")
        try:
            sender = await self._who(code)
            if not sender:
                return _refused()
            await self._browsers.let_in(self._channel, sender, self._cookie.renew(response))
        except (ApiError, NoAnswer, Away):
            return _refused()
        return response


def _refused() -> web.Response:
    return web.Response(status=403, text=_FAILED, headers={"Cache-Control": "no-store"})
