"""The pool of database connections, and database errors as errors of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import Unavailable

_SERVER_SETTINGS = {
    "application_name": "bot",
    "timezone": "UTC",
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # costs more than it saves on short statements, and most on asyncpg's look-up of types
}

# SQLSTATE classes and codes after which the same call may succeed: https://www.postgresql.org/docs/current/errcodes-appendix.html
_PASSING = (
    "08",  # connection lost
    "53",  # too many connections, out of memory or disk
    "57P",  # shutting down, crashed, still starting
    "57014",  # statement timeout
    "25P03",  # idle in a transaction for too long
    "40",  # deadlock, serialization
    "55P03",  # lock timeout
)


def asyncpg_url(url: str) -> str:
    """The URL as SQLAlchemy needs it for asyncpg; operators write postgresql://…?sslmode=require."""
    scheme, found, rest = url.partition("://")
    if found and scheme in ("postgresql", "postgres"):
        url = f"postgresql+asyncpg://{rest}"
    return url.replace("?sslmode=", "?ssl=").replace("&sslmode=", "&ssl=")


def make_engine(url: str, pool_size: int = 10) -> AsyncEngine:
    """An engine for `postgresql+asyncpg://…`; connects at first use.

    `pool_size` connections stay open, five more come in a rush. Parameters never stand in its errors: they may
    be private.
    """
    engine = create_async_engine(
        asyncpg_url(url),
        future=True,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=10,
        pool_use_lifo=True,
        # `command_timeout` is for a server that does not even keep its own statement_timeout.
        connect_args={"timeout": 10, "command_timeout": 20, "server_settings": _SERVER_SETTINGS},
    )
    event.listen(engine.sync_engine, "checkout", _ping)
    return engine


def _ping(connection: Any, _record: object, _holder: object) -> None:
    """Sees that a pooled connection still lives before it is handed out, so that a restart of the server costs no turn.

    SQLAlchemy's own `pool_pre_ping` lets asyncpg's InternalClientError pass, which comes when the server's goodbye
    arrives in the midst of the question.

    Raises:
        InvalidatePoolError: SQLAlchemy then connects anew.
    """
    cursor = connection.cursor()
    try:
        cursor.execute("SELECT 1")
    except Exception as error:
        raise InvalidatePoolError from error
    finally:
        cursor.close()


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    """Turns what a struggling PostgreSQL raises within the block into `Unavailable`; all other errors pass as they are.

    A connection that is lost during the commit may have committed: repeat only what its key keeps from happening twice.
    """
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated or _is_passing(getattr(error.orig, "sqlstate", None)):
            raise Unavailable("数据库暂时无法使用，请稍后再试。") from error
        raise
    except (
        asyncpg.InternalClientError
    ) as error:  # the server hung up in the midst of a query; SQLAlchemy passes it on bare
        raise Unavailable("数据库暂时无法使用，请稍后再试。") from error
    except asyncpg.PostgresError as error:  # while connecting, where SQLAlchemy does not wrap them
        if _is_passing(error.sqlstate):
            raise Unavailable("数据库暂时无法使用，请稍后再试。") from error
        raise
    except (OSError, asyncio.TimeoutError, PoolTimeoutError) as error:
        raise Unavailable("数据库暂时无法连接，请稍后再试。") from error


def _is_passing(sqlstate: str | None) -> bool:
    return sqlstate is not None and sqlstate.startswith(_PASSING)
