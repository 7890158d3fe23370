"""One real PostgreSQL and one real Redis for the whole run; a database of its own for each test that asks for one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis
import pytest
import pytest_asyncio
import redis

from bot.assistant.host import Assistant
from bot.assistant.training import train, trained_model
from bot.services.context import Services, build_services, use
from bot.services.demo import load_demo
from bot.settings import Settings
from bot.storage.embedded_postgres import EmbeddedPostgres, start_postgres
from bot.storage.embedded_redis import EmbeddedRedis, start_redis
from bot.storage.migrate import migrate
from tests.office import Office
from tests.sql import beside, run_sql

_numbers = itertools.count(1)

# The same generated inputs in each run: a test that fails now and then tells nobody what they have broken.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis.settings.load_profile("fixed")


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def postgres(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    server = start_postgres(data_dir)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(data_dir: Path) -> Iterator[EmbeddedRedis]:
    server = start_redis(data_dir)
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: EmbeddedRedis) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def new_database(postgres: EmbeddedPostgres) -> Callable[[str], str]:
    """Makes a database as a copy of the template named, and returns its URL."""

    def make(template: str) -> str:
        name = f"test_{next(_numbers)}"
        run_sql(
            beside(postgres.url, username="postgres", database="postgres"),
            f"CREATE DATABASE {name} OWNER bot TEMPLATE {template}",
        )
        return beside(postgres.url, database=name)

    return make


@pytest.fixture(scope="session")
def migrated_template(new_database: Callable[[str], str]) -> str:
    url = new_database("template0")
    asyncio.run(migrate(url))
    return url.split("?")[0].rpartition("/")[2]


@pytest.fixture
def empty_database_url(new_database: Callable[[str], str]) -> str:
    """The URL of a database without tables."""
    return new_database("template0")


@pytest.fixture
def database_url(new_database: Callable[[str], str], migrated_template: str) -> str:
    """The URL of a database with all tables, and no rows."""
    return new_database(migrated_template)


class Clock:
    """The time as the bot sees it; tests move it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **delta: float) -> None:
        self.moment += timedelta(**delta)

    def set_local(self, text: str) -> None:
        """Sets the local time of the test office, for example 2022-01-20 08:00."""
        self.moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(timezone.utc)


@pytest.fixture
def clock() -> Clock:
    """Thursday 20 January 2022, 8 in the morning in Shanghai: twelve days before the Spring Festival."""
    return Clock(datetime(2022, 1, 20, 0, 0, tzinfo=timezone.utc))


@pytest.fixture(scope="session")
def assistant() -> Assistant:
    """The assistant on the model of the present content, trained first when there is none."""
    model = trained_model()
    return Assistant(model if model.exists() else train())


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """Demo settings with a rate limit that no test meets by chance."""
    return Settings(demo=True, data_dir=data_dir, rate_limit=100_000)


@pytest_asyncio.fixture
async def services(settings: Settings, database_url: str, redis_url: str, clock: Clock) -> AsyncIterator[Services]:
    """Services on a real database and a real Redis of their own, with the demo's places and people."""
    made = build_services(settings, database_url, redis_url, clock)
    use(made)
    if settings.demo:
        await load_demo(made)
    yield made
    await made.engine.dispose()
    await made.redis.close()


@pytest.fixture
def office(services: Services, assistant: Assistant) -> Office:
    """The office that people of a test talk to."""
    return Office(services, assistant)
