"""A bot that answers callbacks as a test tells it, for the tests of the simulator itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

from aiohttp import web

from tests.platforms.deliverer import Post
from tests.platforms.xml_form import Fields, write

Script = Callable[[Post], Awaitable[web.Response]]


class ScriptedBot:
    """`heard` are the requests in order; `script` makes the answers, which are empty without one."""

    def __init__(self) -> None:
        self.heard: list[Post] = []
        self._news = asyncio.Event()
        self.script: Script | None = None
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> ScriptedBot:
        app = web.Application(client_max_size=32 << 20)
        app.add_routes([web.route("*", "/callback", self._take)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/callback"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def says(self, body: str | bytes, status: int = 200) -> None:
        """All answers from now on."""
        data = body if isinstance(body, bytes) else body.encode()

        async def script(post: Post) -> web.Response:
            return web.Response(body=data, status=status)

        self.script = script

    async def until_heard(self, count: int) -> None:
        """Returns when so many requests have come."""
        while len(self.heard) < count:
            self._news.clear()
            await self._news.wait()

    async def _take(self, request: web.Request) -> web.Response:
        post = Post(list(request.query.items()), await request.read())
        self.heard.append(post)
        self._news.set()
        return web.Response() if self.script is None else await self.script(post)


def text_reply(to: str, by: str, text: str, **other: object) -> str:
    """A passive text reply; `other` replaces or adds fields."""
    fields: Fields = {"ToUserName": to, "FromUserName": by, "CreateTime": 1, "MsgType": "text", "Content": text}
    return write({**fields, **other})
