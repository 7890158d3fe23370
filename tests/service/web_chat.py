"""Somebody who talks to the running service by its web chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.service.running_service import RunningService


class Visitor:
    """A browser's chat: a WebSocket with the cookie that the page gave."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.faces: list[dict[str, str]] = []
        self.reply: list[dict[str, Any]] = []
        self.said = 0

    async def frame(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types; faces are noted on the way."""
        while True:
            frame: dict[str, Any] = await self.socket.receive_json(timeout=15)
            if "face" in frame:
                self.faces.append(frame["face"])
            if frame["type"] in types:
                return frame

    async def says(self, text: str) -> str:
        """The reply's text, bubbles joined by blank lines."""
        self.said += 1
        await self.socket.send_json({"type": "say", "id": f"message-{self.said}", "text": text})
        self.reply = (await self.frame("answer"))["parts"]
        return "\n\n".join(part["text"] for part in self.reply)


@asynccontextmanager
async def visitor(service: RunningService) -> AsyncIterator[Visitor]:
    """Opens the page and then the chat, as a new browser does that belongs to no demo person."""
    query = "?as=guest" if service.environment["BOT_DEMO"] == "1" else ""
    async with aiohttp.ClientSession(service.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.get(f"/{query}") as page:
            assert page.status == 200
        async with http.ws_connect(f"/ws{query}") as socket:
            who = Visitor(socket)
            await socket.send_json({"type": "hello", "cursor": None})
            await who.frame("welcome")
            yield who
