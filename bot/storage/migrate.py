"""Brings a database to the schema of this version. Run at every start, before anything else touches the tables."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.errors import SettingsError
from bot.storage.engine import asyncpg_url, translate_errors

MIGRATION_LOCK = 0x6D696772
"""The PostgreSQL advisory lock that a migrating node holds."""


async def migrate(url: str) -> None:
    """Applies the missing migrations in one transaction; a second node that starts meanwhile waits for it.

    Raises:
        Unavailable: the database does not answer.
        SettingsError: the database was made by a later version.
    """
    # An engine of its own: a migration may take longer than the statement timeout that `make_engine` sets.
    engine = create_async_engine(asyncpg_url(url), future=True, hide_parameters=True, poolclass=NullPool)
    try:
        async with translate_errors(), engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def migration_config(connection: Connection) -> Config:
    """Alembic's configuration for commands that shall run on `connection`, in its transaction."""
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    try:
        command.upgrade(migration_config(connection), "head")
    except CommandError as error:
        raise SettingsError(
            f"数据库的结构不属于本版本（{error}）。"
            "请用更新的版本运行，或让 BOT_DATABASE_URL / BOT_DATA_DIR 指向别的数据库。"
        ) from error
