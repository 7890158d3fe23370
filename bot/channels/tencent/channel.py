"""What the callback addresses of both platforms have in common."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from bot.channels.tencent.door import Door, Turned
from bot.channels.tencent.outage import CatchUp
from bot.channels.tencent.talk import Talk

logger = logging.getLogger(__name__)


class CallbackChannel:
    """One address that the platform verifies by GET and calls by POST; subclasses read what the platform writes."""

    name = ""

    def __init__(self, door: Door, talk: Talk) -> None:
        self._door = door
        self._talk = talk

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The callback address."""
        address = f"/{self.name}"
        return [web.get(address, self._verify, allow_head=False), web.post(address, self._take)]

    def catch_up(self, ready: Callable[[], Awaitable[bool]]) -> CatchUp:
        """What replays the messages that came while a server was away; `ready` says whether it is back."""
        return self._talk.catch_up(ready)

    async def stop(self) -> None:
        """Returns when all messages that were taken are answered."""
        await self._talk.stop()

    async def _verify(self, request: web.Request) -> web.Response:
        """The console's check of the address."""
        try:
            [echo] = request.query.getall("echostr", [""])
            return web.Response(body=self._echoed(request, echo), content_type="text/plain")
        except (Turned, ValueError):
            return web.Response(status=403)

    async def _take(self, request: web.Request) -> web.Response:
        try:
            return await self._answered(request)
        except Turned as refusal:
            logger.warning("a callback of %s was refused: %s", self.name, refusal)
            return web.Response(status=refusal.status)

    def _echoed(self, request: web.Request, echo: str) -> bytes:
        """What the console wants back. Raises Turned."""
        raise NotImplementedError

    async def _answered(self, request: web.Request) -> web.Response:
        """One callback. Raises Turned."""
        raise NotImplementedError
