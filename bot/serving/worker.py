"""A worker: one process that serves people, forked by its generation."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from bot.app import make_app
from bot.assistant.host import Assistant
from bot.services.context import build_services
from bot.settings import Settings

logger = logging.getLogger(__name__)

STOP, DRAIN = signal.SIGTERM, signal.SIGUSR1
"""Both finish the requests at hand; DRAIN first lets those who keep their connection open move over to other workers."""

_FINISH_SECONDS = 7.5
_LEAVE_SECONDS = 2.0


@dataclass(frozen=True)
class Work:
    """What a worker needs for its life. `told`: where it writes a byte once it takes connections."""

    settings: Settings
    database_url: str
    redis_url: str
    assistant: Assistant
    listener: socket.socket
    told: int

    def run(self, until_gone: int) -> int:
        """Serves until told to end, or until nobody holds the other end of the pipe `until_gone`; returns the exit status."""
        try:
            asyncio.run(self._serve(until_gone))
        except Exception:
            logger.exception("worker failed")
            return 1
        return 0

    async def _serve(self, until_gone: int) -> None:
        stop, drain = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(STOP, stop.set)
        loop.add_signal_handler(DRAIN, drain.set)
        # A generation that was killed cannot tell: its orphans must not keep the port from the next one.
        loop.add_reader(until_gone, stop.set)
        # connections are made after the fork: two processes on one socket would read each other's answers
        services = build_services(self.settings, self.database_url, self.redis_url)
        app = make_app(services, self.assistant)

        async def close_when_draining(_: web.Request, response: web.StreamResponse) -> None:
            # Else a client would send its next message on a connection that is just being closed, and lose it.
            if drain.is_set() and not isinstance(response, web.WebSocketResponse):
                response.force_close()
                response.headers["Connection"] = "close"

        app.on_response_prepare.append(close_when_draining)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_FINISH_SECONDS)
        await runner.setup()
        site = web.SockSite(runner, self.listener)
        await site.start()
        os.write(self.told, b".")
        ended = [asyncio.create_task(event.wait()) for event in (stop, drain)]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        loop.remove_reader(until_gone)
        if drain.is_set():
            await site.stop()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(stop.wait(), _LEAVE_SECONDS)
        await runner.cleanup()
