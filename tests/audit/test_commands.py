"""`python -m bot audit …` and `python -m bot duty …`: what an operator sees."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.__main__ import main
from bot.services import audit, context
from bot.services.audit_chain import link_new
from bot.services.context import Services, build_services
from bot.services.demo import load_demo
from bot.settings import Settings, load_settings
from bot.storage import tables

Run = Callable[..., str]
Doing = Callable[[Callable[[Services], Awaitable[None]]], None]


@pytest.fixture
def office_settings(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An office outside of the demo, its servers named by the environment."""
    for name, value in {
        "BOT_DEMO": "0",
        "BOT_SECRET_KEY": "s" * 32,
        "BOT_DATABASE_URL": database_url,
        "BOT_REDIS_URL": redis_url,
        "BOT_DATA_DIR": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.fixture
def doing(office_settings: Settings) -> Doing:
    """Does something with the services of that office."""

    def call(work: Callable[[Services], Awaitable[None]]) -> None:
        async def all_of_it() -> None:
            services = build_services(office_settings, office_settings.database_url, office_settings.redis_url)
            await work(services)
            await services.engine.dispose()
            await services.redis.close()

        asyncio.run(all_of_it())

    return call


@pytest.fixture
def run(office_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command as its own process would, and returns what it printed; its status is checked."""

    def call(*arguments: str, status: int = 0) -> str:
        monkeypatch.setattr(context, "_current", None)
        assert main(arguments) == status
        monkeypatch.setattr(context, "_current", None)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return call


async def _three_rows(services: Services) -> None:
    await load_demo(services)
    async with services.transaction() as connection:
        for number in (11, 12, 12):
            await audit.note(services, connection, None, "alert_revealed", "alert", number)
    await link_new(services)


async def _change_one(services: Services) -> None:
    async with services.transaction() as connection:
        await connection.execute(tables.audit.update().where(tables.audit.c.id == 2).values(action="looked"))


async def _cut_the_tail(services: Services) -> None:
    async with services.transaction() as connection:
        for table, column in ((tables.audit, tables.audit.c.id), (tables.audit_links, tables.audit_links.c.audit_id)):
            await connection.execute(sa.delete(table).where(column == 3))


def test_a_sound_chain_is_told_with_what_to_note(run: Run, doing: Doing) -> None:
    doing(_three_rows)
    said = run("audit", "verify")
    assert "审计链完好：共3环" in said
    count, head = re.search(r"--count (\d+) --head ([0-9a-f]{64})", said).groups()  # type: ignore[union-attr]
    assert "完好" in run("audit", "verify", "--count", count, "--head", head)
    assert "要一起写" in run("audit", "verify", "--count", count, status=1)
    doing(_cut_the_tail)
    assert "完好" in run("audit", "verify")
    assert "链被截短" in run("audit", "verify", "--count", count, "--head", head, status=1)


def test_a_changed_row_ends_with_status_one(run: Run, doing: Doing) -> None:
    doing(_three_rows)
    doing(_change_one)
    assert "第2环对应的审计行2被改过" in run("audit", "verify", status=1)


def test_rows_are_listed_by_what_they_are_about(run: Run, doing: Doing) -> None:
    assert "没有符合的审计记录" in run("audit", "list")
    doing(_three_rows)
    assert run("audit", "list").count("alert_revealed") == 3
    assert run("audit", "list", "--object", "alert/12").count("alert/12\t第") == 2
    assert "没有符合" in run("audit", "list", "--day", "2020-01-01")
    assert "没有符合" in run("audit", "list", "--person", "1")
    assert "alert/12" in run("audit", "list", "--object", "alert", status=1)


def test_a_duty_roster_is_imported_and_listed(run: Run, doing: Doing, tmp_path: Path) -> None:
    doing(_three_rows)
    file = tmp_path / "duty.csv"
    file.write_text("日期,地点,姓名,手机号\n2030-01-20,第三网格,赵网格,13800000005\n2030-01-20,第九网格,赵网格,1\n")
    said = run("duty", "import", str(file))
    assert "已导入：1份" in said
    assert "第3行：地点“第九网格”没有" in said
    assert "茶坊社区 第三网格\t赵*" in run("duty", "list", "--day", "2030-01-20", "--days", "1")
    assert "没有排班" in run("duty", "list", "--day", "2031-01-20")
    assert "文件读不了" in run("duty", "import", str(tmp_path / "none.csv"), status=1)
