"""The servers that the service needs: starts the embedded ones, starts one again that died, ends them in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.serving.progress import say
from bot.settings import Settings
from bot.storage.embedded_postgres import EmbeddedPostgres
from bot.storage.embedded_redis import EmbeddedRedis
from bot.storage.embedded_server import EmbeddedServer

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_RECOVERY_SECONDS = 600.0  # a PostgreSQL that crashed may read its log for long


class Servers:
    """PostgreSQL and Redis, embedded or given. The calls of an embedded server block, so each runs in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedded: list[EmbeddedServer] = []
        self._call: asyncio.Future[None] | None = None

    async def start(self) -> tuple[str, str]:
        """Starts what is not given; returns the URLs of PostgreSQL and Redis.

        Raises:
            EmbeddedServerError: one does not come up.
        """
        settings = self._settings
        database_url, redis_url = settings.database_url, settings.redis_url
        if settings.embedded_database:
            say("启动内嵌 PostgreSQL")
            postgres = EmbeddedPostgres(settings.data_dir)
            await self._start(postgres)
            database_url = postgres.url
        if settings.embedded_redis:
            say("启动内嵌 Redis")
            redis = EmbeddedRedis(settings.data_dir)
            await self._start(redis)
            redis_url = redis.url
        return database_url, redis_url

    async def keep(self) -> None:
        """Starts again whichever has died, until cancelled."""
        while True:
            for server in self._embedded:
                if not server.is_alive():
                    logger.error("the embedded %s died and is started again", server.name)
                    await self._in_thread(server.restart)
            await asyncio.sleep(_LOOK_SECONDS)

    async def end(self) -> None:
        """Stops what was started; what is still starting gives up."""
        for server in self._embedded:
            server.give_up()
        if self._call is not None:
            await asyncio.gather(self._call, return_exceptions=True)
        for server in reversed(self._embedded):
            server.stop()

    async def _start(self, server: EmbeddedServer) -> None:
        self._embedded.append(server)
        await self._in_thread(lambda: server.start(_RECOVERY_SECONDS))

    async def _in_thread(self, call: Callable[[], None]) -> None:
        # Cancelling ends the wait and not the call, for which `end` waits.
        self._call = asyncio.get_running_loop().run_in_executor(None, call)
        await asyncio.shield(self._call)
