"""What every service call needs, built once a process: by bot/app.py when serving, by `current()` for `rasa run actions`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import SettingsError
from bot.knowledge.entries import Entry
from bot.knowledge.library import Library
from bot.processes.circumstances import Circumstances, load_circumstances
from bot.processes.definition import Process, load_processes
from bot.settings import Settings, load_settings
from bot.storage.crypto import Vault, demo_secret_key
from bot.storage.engine import make_engine, translate_errors
from bot.storage.running_note import running_note


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Services:
    """Settings, servers, clock and content of one process. `clock` gives aware UTC moments; tests drive it."""

    settings: Settings
    engine: AsyncEngine
    redis: Redis
    vault: Vault
    processes: Mapping[str, Process]
    library: Library
    circumstances: tuple[Circumstances, ...] = ()
    clock: Callable[[], datetime] = _utc_now

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction; commits when the block ends well.

        Raises:
            Unavailable: the database does not answer.
        """
        async with translate_errors(), self.engine.begin() as connection:
            yield connection

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The entries that answer today: of each entry the newest version that is in force."""
        return self.library.on(self.today())

    def now(self) -> datetime:
        """The moment, UTC."""
        return self.clock()

    def local_now(self) -> datetime:
        """The moment in BOT_TIMEZONE."""
        return self.clock().astimezone(self.settings.timezone)

    def today(self) -> date:
        """The day in BOT_TIMEZONE."""
        return self.local_now().date()


def secret_key(settings: Settings) -> str:
    """The key that seals private fields: the setting, or in demo mode the one kept in the data folder."""
    return settings.secret_key or demo_secret_key(settings.data_dir)


def build_services(
    settings: Settings, database_url: str, redis_url: str, clock: Callable[[], datetime] = _utc_now
) -> Services:
    """Connects lazily: nothing is sent to a server before the first call."""
    processes = load_processes()
    return Services(
        settings=settings,
        engine=make_engine(database_url),
        redis=Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=3),
        vault=Vault(secret_key(settings)),
        processes=processes,
        library=Library.of_files(),
        circumstances=load_circumstances(processes),
        clock=clock,
    )


def running_port(settings: Settings) -> int | None:
    """The port of the service that holds the data folder, None when none does."""
    return running_note(settings.data_dir).get("port")


_current: Services | None = None


def use(services: Services) -> None:
    """Makes these the services of this process."""
    global _current
    _current = services


def current() -> Services:
    """The services of this process; built from the environment where nobody has called `use` (`rasa run actions`).

    Raises:
        SettingsError: no server is set, and no `make run` holds the embedded ones.
    """
    global _current
    if _current is None:
        # `make run` is demo mode unless told otherwise; the plain commands beside it follow its environment
        environment = dict(os.environ)
        urls = running_note(Path(environment.get("BOT_DATA_DIR") or "var"))
        environment.setdefault("BOT_DEMO", "1" if urls.get("demo") else "0")
        settings = load_settings(environment)
        database_url = settings.database_url or urls.get("database_url")
        redis_url = settings.redis_url or urls.get("redis_url")
        if not database_url or not redis_url:
            raise SettingsError("没有可用的数据库和 Redis：请先在另一个终端运行 make run。")
        _current = build_services(settings, database_url, redis_url)
    return _current
