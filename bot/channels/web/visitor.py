"""Who sits at the browser: a demo person named in the address, or whoever holds the cookie."""

from __future__ import annotations

import hashlib
import re
import secrets
from urllib.parse import urlsplit

from aiohttp import web

GUEST = "guest"
"""What stands for "as myself" in `?as=` in demo mode."""

_TOKEN_BYTES = 16
_TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{22}")
_DAYS_REMEMBERED = 180


class VisitorCookie:
    """An anonymous browser's secret. The sender id is its hash, so that the secret itself is never stored or logged."""

    def __init__(self, secure: bool) -> None:
        self._secure = secure
        # Browsers take the __Host- prefix only with Secure, and then let no subdomain plant a cookie of that name.
        self._name = "__Host-chat" if secure else "chat"

    def sender(self, request: web.Request) -> str | None:
        """The sender id of this browser; None when it has shown no well-formed cookie."""
        token = request.cookies.get(self._name, "")
        if not _TOKEN_FORM.fullmatch(token):
            return None
        return _sender(token)

    def keep(self, request: web.Request, response: web.Response) -> None:
        """Gives a browser without a cookie a new one, and makes an old one last longer.

        A browser that follows a link from another site holds back a SameSite=Strict cookie. A new one would then
        overwrite it and lose the person's binding, so it is left alone: the page's script asks again from our own site.
        """
        if self.sender(request):
            token = request.cookies[self._name]
        elif _comes_from_another_site(request):
            return
        else:
            token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._set(response, token)

    def renew(self, response: web.Response) -> str:
        """Gives the browser a new cookie whatever it had, and returns the sender id that it stands for."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._set(response, token)
        return _sender(token)

    def _set(self, response: web.Response, token: str) -> None:
        response.set_cookie(
            self._name,
            token,
            max_age=_DAYS_REMEMBERED * 24 * 3600,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Strict",
        )


def _sender(token: str) -> str:
    return "visitor-" + hashlib.sha256(b"grid-assistant web chat:" + token.encode()).hexdigest()[:40]


def _comes_from_another_site(request: web.Request) -> bool:
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in ("cross-site", "same-site")
    referer = request.headers.get("Referer")
    return bool(referer) and urlsplit(referer or "").netloc != request.headers.get("Host")
