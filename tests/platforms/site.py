"""A platform's server on a port of this machine: what both platforms have in common."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web

from tests.platforms.api_desk import ApiDesk, Guard
from tests.platforms.callback_rules import CallbackRules
from tests.platforms.deliverer import Answer, Deliverer, Post
from tests.platforms.driven_wait import Clock, Wait
from tests.platforms.faults import Faults
from tests.platforms.journal import Journal

_LARGEST_UPLOAD = 32 << 20


@dataclass(frozen=True)
class UrlCheck:
    """How the console's URL verification went: whether the platform accepts the address, and what the bot answered."""

    accepted: bool
    answer: Answer


class Site:
    """Use as an async context manager. `calls` and `errors` count the API's calls by path, and by path and error code."""

    def __init__(
        self, clock: Clock, wait: Wait, rules: CallbackRules, check_caller: Guard, check_token: Guard, port: int
    ) -> None:
        self.clock = clock
        self.journal = Journal(clock)
        self.base_url = ""
        self._port = port
        self._desk = ApiDesk(wait, check_caller, check_token)
        self._deliverer = Deliverer(rules, clock, wait)
        self._runner: web.AppRunner | None = None

    @property
    def calls(self) -> Counter[str]:
        """The API's calls by path."""
        return self._desk.calls

    @property
    def errors(self) -> Counter[tuple[str, int]]:
        """The API's refusals by path and error code (those that `faults` made are not counted)."""
        return self._desk.errors

    @property
    def faults(self) -> Faults:
        """What goes wrong on demand."""
        return self._desk.faults

    def now(self) -> float:
        """Unix seconds of the driven clock."""
        return self.clock().timestamp()

    def more_routes(self) -> list[web.RouteDef]:
        """What is served beside the API."""
        return []

    async def start(self) -> None:
        """Serves from now on."""
        app = web.Application(client_max_size=_LARGEST_UPLOAD)
        app.add_routes([*self._desk.routes, *self.more_routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        address = self._runner.addresses[0]
        self.base_url = f"http://{address[0]}:{address[1]}"
        await self._deliverer.open()

    async def stop(self) -> None:
        """Serves no longer."""
        await self._deliverer.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Any:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def send_post(self, url: str, post: Post, method: str = "POST") -> Answer:
        """One request to the bot as it stands; status 0 where the connection was closed without an answer."""
        try:
            return await self._deliverer.send(url, post, method)
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
            return Answer(0, type(error).__name__.encode(), 0.0)
