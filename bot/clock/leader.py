"""One leader among all processes on a database: whoever holds an advisory lock of PostgreSQL on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Unavailable
from bot.services.context import Services

_LOCK = 0x636C6F636B  # "clock"
_SILENCE = "15s"  # a leader that stands still for so long has lost the lock when it wakes

_TRY = sa.text("SELECT pg_try_advisory_lock(:lock)")
# PostgreSQL 13 does not know the setting: there a leader that stands still keeps the lead until its connection ends
_SET_SILENCE = sa.text(
    "SELECT set_config('idle_session_timeout', :silence, false)"
    " WHERE current_setting('server_version_num')::int >= 140000"
)


class Lead:
    """The lead of one process. It ends with the connection that holds the lock, whatever ended that."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()

    async def check(self) -> None:
        """Passes while this process leads.

        Raises:
            Unavailable: the lock is lost.
        """
        async with self._one_at_a_time:
            try:
                await self._connection.execute(sa.text("SELECT 1"))
            # asyncpg's own error, which SQLAlchemy passes on bare: the server hung up in the midst of this query
            except (SQLAlchemyError, asyncpg.InternalClientError, OSError, asyncio.TimeoutError) as error:
                raise Unavailable("时钟的锁已失去。") from error


@asynccontextmanager
async def lead(services: Services) -> AsyncIterator[Lead | None]:
    """The lead for as long as the block lasts, None where another process has it.

    Raises:
        Unavailable: the database does not answer.
    """
    try:
        connection = await services.engine.connect()
    except (DBAPIError, OSError, asyncio.TimeoutError) as error:
        raise Unavailable("数据库暂时无法连接，请稍后再试。") from error
    elsewhere = False
    try:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        elsewhere = not await connection.scalar(_TRY, {"lock": _LOCK})
        if not elsewhere:
            await connection.execute(_SET_SILENCE, {"silence": _SILENCE})
        yield None if elsewhere else Lead(connection)
    finally:
        if not elsewhere:
            # ended, not given back to the pool: lock and timeout are the session's
            await connection.invalidate()
        await connection.close()
