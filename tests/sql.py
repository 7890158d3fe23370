"""One statement on a database, for tests of what is below the engine."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


def run_sql(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Runs `statement` outside of a transaction (so CREATE DATABASE too) and returns its rows. Not inside a loop."""

    async def run() -> list[tuple[Any, ...]]:
        engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            result = await connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    return asyncio.run(run())


def beside(url: str, **changed: str) -> str:
    """The same server with another `database` or `username`."""
    changed_url: str = make_url(url).set(**changed).render_as_string(hide_password=False)
    return changed_url
