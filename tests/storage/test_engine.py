from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import Unavailable
from bot.storage.engine import make_engine, translate_errors

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url)
    yield made
    await made.dispose()


async def test_the_server_ends_what_takes_too_long(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for setting, value in (
            ("statement_timeout", "15s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "1min"),
            ("jit", "off"),
            ("TimeZone", "UTC"),
        ):
            assert (await connection.execute(text(f"SHOW {setting}"))).scalar_one() == value

        await connection.execute(text("SET LOCAL statement_timeout = '10ms'"))
        with pytest.raises(Unavailable):
            async with translate_errors():
                await connection.execute(text("SELECT pg_sleep(10)"))


async def test_a_lock_that_is_not_given_up(engine: AsyncEngine) -> None:
    async with engine.begin() as holder, engine.begin() as waiter:
        await holder.execute(text("LOCK TABLE people"))
        await waiter.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(Unavailable):
            async with translate_errors():
                await waiter.execute(text("SELECT * FROM people"))


async def test_no_server(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        async with translate_errors(), make_engine(f"postgresql+asyncpg://bot@/bot?host={tmp_path}").connect():
            pass


_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


async def test_a_connection_lost_in_a_transaction(engine: AsyncEngine) -> None:
    async with engine.connect() as killer, engine.connect() as victim:
        await victim.execute(text("SELECT 1"))
        await killer.execute(_END_OTHERS)
        with pytest.raises(Unavailable):
            async with translate_errors():
                await victim.execute(text("SELECT 1"))


async def test_a_connection_lost_in_the_pool_costs_nothing(engine: AsyncEngine) -> None:
    async with engine.connect() as killer:
        async with engine.connect() as pooled:
            lost = (await pooled.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        ended = (await killer.execute(_END_OTHERS)).all()
        assert ended == [(True,)]
        async with translate_errors(), engine.connect() as connection:
            assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() != lost


async def test_mistakes_of_ours_stay_what_they_are_and_keep_quiet(engine: AsyncEngine) -> None:
    with pytest.raises(ProgrammingError):
        async with translate_errors(), engine.begin() as connection:
            await connection.execute(text("SELECT no_such_column"))
    with pytest.raises(IntegrityError) as refused:
        async with translate_errors(), engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO kin (person_id, ward_id, kind) VALUES (1, 1, :kind)"), {"kind": "秘密的话"}
            )
    assert "ck_kin_two_people" in str(refused.value)
    assert "[SQL parameters hidden" in str(refused.value)
