"""The web chat's addresses: the pages at `/`, their static files, and the WebSocket at `/ws`."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from aiohttp import WSCloseCode, web

from bot.channels.base import Greeter, Mailbox, Receive, refuse_foreign
from bot.channels.web.talk import MAX_FRAME_BYTES, Desk, Talk
from bot.channels.web.visitor import GUEST, VisitorCookie

_STATIC = Path(__file__).with_name("static")
_CONTENT_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PAGES = ("index.html", "door.html", "two.html")
_HEARTBEAT_SECONDS = 25
_SECONDS_TO_FINISH = 10
_NO_COOKIE = 4401
"""WebSocket close code that tells the page to fetch a cookie first; a failed handshake would tell it nothing."""


@dataclass(frozen=True)
class _File:
    body: bytes
    content_type: str
    etag: str


class WebChannel:
    """A chat page for anyone with a browser. In demo mode it is also a door to the demo people."""

    name = "web"

    def __init__(
        self,
        receive: Receive,
        mailbox: Mailbox,
        greeter: Greeter,
        *,
        demo: bool,
        allowed_hosts: tuple[str, ...],
        secure_cookies: bool,
        clock: Callable[[], datetime],
        timezone: tzinfo,
    ) -> None:
        self._greeter = greeter
        self._demo = demo
        self._allowed_hosts = allowed_hosts
        self._cookie = VisitorCookie(secure_cookies)
        self._desk = Desk(self.name, receive, mailbox, greeter, demo, clock, timezone)
        self._sockets: set[web.WebSocketResponse] = set()
        self._files = {path.name: _load(path) for path in _STATIC.iterdir() if path.suffix in _CONTENT_TYPES}
        self._pages = {name: (_STATIC / name).read_text("utf-8") for name in _PAGES}

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The page, its files and the WebSocket; in demo mode also the list of people that the door shows."""
        routes = [
            web.get("/", self._page),
            web.get("/static/{name}", self._file),
            web.get("/ws", self._socket, allow_head=False),
        ]
        if self._demo:
            routes.append(web.get("/demo/people", self._demo_people))
        return routes

    async def stop(self) -> None:
        """Closes all WebSockets so that the server can go down, and lets begun turns end; the pages reconnect."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)
        if self._desk.unfinished:
            await asyncio.wait(self._desk.unfinished, timeout=_SECONDS_TO_FINISH)

    async def _page(self, request: web.Request) -> web.Response:
        if refusal := refuse_foreign(request, self._allowed_hosts):
            return _refused(*refusal)
        page = self._page_name(request.query)
        if page is None:
            raise web.HTTPFound("/")
        response = web.Response(text=self._pages[page], content_type="text/html")
        response.headers.update(_page_headers(request))
        if page == "index.html" and not self._demo_sender(request.query):
            self._cookie.keep(request, response)
        return response

    def _page_name(self, query: Mapping[str, str]) -> str | None:
        """None: the address asks for a demo person who is not there."""
        if not self._demo:
            return "index.html"
        if query.get("view") == "two":
            return "two.html"
        if "as" not in query:
            return "door.html"
        return "index.html" if query["as"] == GUEST or self._demo_sender(query) else None

    def _demo_sender(self, query: Mapping[str, str]) -> str | None:
        wanted = query.get("as", "")
        return wanted if self._demo and wanted in self._greeter.demo_faces() else None

    async def _file(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["name"])
        if file is None:
            return _refused(404, "没有这个文件。")
        headers = {"Cache-Control": "no-cache", "ETag": f'"{file.etag}"', "X-Content-Type-Options": "nosniff"}
        if any(tag.value in (file.etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, content_type=file.content_type, charset="utf-8", headers=headers)

    async def _demo_people(self, request: web.Request) -> web.Response:
        if refusal := refuse_foreign(request, self._allowed_hosts):
            return _refused(*refusal)
        people = [
            {"sender": sender, "name": face.name, "role": face.role}
            for sender, face in self._greeter.demo_faces().items()
        ]
        return web.json_response(
            people,
            dumps=lambda body: json.dumps(body, ensure_ascii=False),
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if refusal := refuse_foreign(request, self._allowed_hosts):
            return _refused(*refusal)
        sender = self._demo_sender(request.query)
        if sender is None and self._demo and request.query.get("as", GUEST) != GUEST:
            return _refused(404, "没有这位演示人员。")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_SECONDS, max_msg_size=4 * MAX_FRAME_BYTES, compress=False)
        if not socket.can_prepare(request):
            return _refused(400, "这里只接受 WebSocket 连接。")
        await socket.prepare(request)
        sender = sender or self._cookie.sender(request)
        if sender is None:
            await socket.close(code=_NO_COOKIE)
            return socket
        self._sockets.add(socket)
        try:
            await Talk(self._desk, sender, socket).run()
        finally:
            self._sockets.discard(socket)
        return socket


def _load(path: Path) -> _File:
    body = path.read_bytes()
    return _File(body, _CONTENT_TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:24])


def _refused(status: int, reason: str) -> web.Response:
    return web.Response(status=status, text=reason, headers={"X-Content-Type-Options": "nosniff"})


def _page_headers(request: web.Request) -> dict[str, str]:
    # Older Safari does not take 'self' to cover WebSockets, so they are named; `refuse_foreign` has checked the Host.
    host = request.headers["Host"]
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src 'self'; "
        f"connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
