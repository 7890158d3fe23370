from __future__ import annotations

import ast
import asyncio
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import bot.storage
from bot.errors import SettingsError, Unavailable
from bot.storage.migrate import MIGRATION_LOCK, migrate, migration_config
from bot.storage.tables import metadata
from tests.sql import run_sql

Result = TypeVar("Result")

# Everything that the server knows of the tables: columns, constraints (checks too), indexes with their conditions.
_CATALOG = """
SELECT 'column', table_name, column_name, data_type || udt_name, column_default, is_nullable
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL, NULL
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef, NULL, NULL FROM pg_indexes WHERE schemaname = 'public'
"""


def on_connection(url: str, work: Callable[[Connection], Result]) -> Result:
    async def run() -> Result:
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            result: Result = await connection.run_sync(work)
            return result

    return asyncio.run(run())


def catalog(url: str) -> set[tuple[Any, ...]]:
    return {row for row in run_sql(url, _CATALOG) if row[1] != "alembic_version"}


def test_alembic_sees_no_difference_to_the_metadata(database_url: str) -> None:
    with warnings.catch_warnings():
        # It cannot compare an index on `day DESC`; the next test does.
        warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression-based index")
        found = on_connection(
            database_url, lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
        )
    assert found == []


def test_migrations_make_exactly_what_the_metadata_says(database_url: str, new_database: Callable[[str], str]) -> None:
    by_metadata = new_database("template0")
    on_connection(by_metadata, metadata.create_all)
    made = catalog(database_url)
    assert made == catalog(by_metadata)
    assert {row[1] for row in made} == set(metadata.tables)


def test_down_and_up_again(database_url: str) -> None:
    before = catalog(database_url)
    on_connection(database_url, lambda connection: command.downgrade(migration_config(connection), "base"))
    assert catalog(database_url) == set()
    asyncio.run(migrate(database_url))
    assert catalog(database_url) == before


def test_a_node_waits_while_another_migrates(empty_database_url: str) -> None:
    database = empty_database_url.split("?")[0].rpartition("/")[2]
    run_sql(empty_database_url, f"ALTER DATABASE {database} SET lock_timeout = '50ms'")  # so that the waiting shows

    async def second_node() -> None:
        engine = create_async_engine(empty_database_url, poolclass=NullPool)
        async with engine.begin() as first_node:
            await first_node.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            with pytest.raises(Unavailable):
                await migrate(empty_database_url)

    asyncio.run(second_node())
    assert catalog(empty_database_url) == set()
    asyncio.run(migrate(empty_database_url))
    assert {row[1] for row in catalog(empty_database_url)} == set(metadata.tables)


def test_a_database_of_a_later_version_is_refused(database_url: str) -> None:
    run_sql(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="9999"):
        asyncio.run(migrate(database_url))


def test_no_database_to_migrate(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        asyncio.run(migrate(f"postgresql+asyncpg://bot@/bot?host={tmp_path}"))


def test_migrations_stand_on_their_own() -> None:
    versions = Path(bot.storage.__file__).parent / "migrations" / "versions"
    files = list(versions.glob("*.py"))
    assert files
    for file in files:
        imported = [
            name
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        ]
        assert {name.split(".")[0] for name in imported} <= {"__future__", "alembic", "sqlalchemy"}, file.name


_PERSON = "INSERT INTO people (id, name_sealed, created_at, updated_at) VALUES (1, '', now(), now());"
_RECORD = (
    "INSERT INTO records (id, process, process_version, person_id, reporter_id, day, at, values_sealed)"
    " VALUES ('00000000-0000-0000-0000-000000000001', 'p', '1', 1, 1, '2022-01-28', now(), '');"
)


@pytest.mark.parametrize(
    ("kept_by", "allowed", "refused"),
    [
        (
            "uq_alerts_person_id_process_standing",
            [
                _PERSON,
                _RECORD,
                *(
                    "INSERT INTO alerts (code, record_id, person_id, process, rules, level, opened_at, changed_at,"
                    f" state) SELECT '{code}', id, 1, 'p', '{{r}}', 'high', now(), now(), '{state}' FROM records"
                    for code, state in (("A1", "closed"), ("A2", "closed"), ("A3", "in_hand"))
                ),
            ],
            "INSERT INTO alerts (code, record_id, person_id, process, rules, level, opened_at, changed_at)"
            " SELECT 'A4', id, 1, 'p', '{r}', 'high', now(), now() FROM records",
        ),
        (
            "uq_consents_person_id_version_standing",
            [
                _PERSON,
                "INSERT INTO consents (person_id, version, given_at, withdrawn_at) VALUES (1, '1', now(), now())",
                "INSERT INTO consents (person_id, version, given_at) VALUES (1, '1', now())",
            ],
            "INSERT INTO consents (person_id, version, given_at) VALUES (1, '1', now())",
        ),
        (
            "ck_places_path_ends_here",
            ["INSERT INTO places (id, kind, name, path) VALUES (1, 'street', '东街', '{1}')"],
            "INSERT INTO places (id, kind, name, parent_id, path) VALUES (2, 'grid', '一网格', 1, '{1}')",
        ),
        (
            "ck_outbox_done_when_not_due",
            [_PERSON],
            "INSERT INTO outbox (person_id, purpose, body_sealed, once_key, due_at, state, next_try_at, created_at)"
            " VALUES (1, 'alert', '', 'k', now(), 'sent', now(), now())",
        ),
    ],
)
def test_the_database_itself_keeps(database_url: str, kept_by: str, allowed: list[str], refused: str) -> None:
    for statement in allowed:
        run_sql(database_url, statement.rstrip(";"))
    with pytest.raises(IntegrityError, match=kept_by):
        run_sql(database_url, refused)
