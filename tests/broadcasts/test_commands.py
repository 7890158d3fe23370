"""`python -m bot broadcast …` on a real database and a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.__main__ import main
from bot.services import context, people, places
from bot.services.broadcast_sending import send_due
from bot.services.context import Services, build_services
from bot.settings import Settings, load_settings

Run = Callable[..., str]


@pytest.fixture
def office_settings(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An office outside of the demo, its servers named by the environment; nothing is quiet, whatever the hour."""
    for name, value in {
        "BOT_DEMO": "0",
        "BOT_SECRET_KEY": "s" * 32,
        "BOT_DATABASE_URL": database_url,
        "BOT_REDIS_URL": redis_url,
        "BOT_DATA_DIR": str(tmp_path / "data"),
        "BOT_QUIET_HOURS": "00:00-00:00",
    }.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.fixture
def run(office_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command as its own process would, and returns what it printed; its status is checked."""

    def call(*arguments: str, status: int = 0) -> str:
        monkeypatch.setattr(context, "_current", None)
        assert main(["broadcast", *arguments]) == status
        monkeypatch.setattr(context, "_current", None)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return call


@pytest.fixture
def do(office_settings: Settings) -> Callable[[Callable[[Services], Awaitable[Any]]], Any]:
    """Calls something with services of its own, as the running service would."""

    def call(work: Callable[[Services], Awaitable[Any]]) -> Any:
        async def all_of_it() -> Any:
            services = build_services(office_settings, office_settings.database_url, office_settings.redis_url)
            try:
                return await work(services)
            finally:
                await services.engine.dispose()
                await services.redis.close()

        return asyncio.run(all_of_it())

    return call


async def _factory(services: Services) -> int:
    async with services.transaction() as connection:
        place = await places.add_place(connection, "company", "机械厂", None, None)
        for name in ("张一", "张二"):
            person = await people.add_person(services, connection, name, None)
            await people.add_role(connection, person, "worker", place)
        return place


def test_send_shows_what_goes_out_and_the_service_sends_it(run: Run, do: Callable[..., Any]) -> None:
    place = str(do(_factory))
    shown = run("send", "--place", place, "--text", "明天消毒", "--role", "worker", "--dry-run")
    assert "【通知】明天消毒\n—— 机械厂" in shown
    assert "机械厂 员工，2人；发0条消息，2人没有账号" in shown
    assert "还没有发过通知" in run("list")
    assert "通知 1 由正在运行的服务马上发出" in run("send", "--place", place, "--text", "明天消毒")
    assert do(send_due) == 2
    assert "1\t" in run("list")
    assert "已发出\t2人\t机械厂 全体人员" in run("list")
    assert "机械厂 全体人员\t2\t0\t0\t2\t" in run("progress", "1")
    assert "已撤回：2人不会再收到，0人已经收到" in run("recall", "1")
    assert "之前已经撤回" in run("recall", "1")


def test_what_is_wrong_is_said(run: Run, do: Callable[..., Any], tmp_path: Path) -> None:
    place = str(do(_factory))
    assert "没有编号为 999 的地点" in run("send", "--place", "999", "--text", "明天消毒", status=1)
    assert "没有角色 boss" in run("send", "--place", place, "--text", "明天消毒", "--role", "boss", status=1)
    assert "不是每天要报的流程" in run("send", "--place", place, "--text", "x", "--not-reported", "y", status=1)
    assert "写成 2022-01-20 18:00" in run("send", "--place", place, "--text", "x", "--at", "今晚", status=1)
    assert "已经过了" in run("send", "--place", place, "--text", "x", "--at", "2022-01-20 18:00", status=1)
    assert "要一起写" in run("send", "--place", place, "--entry", "T7", status=1)
    assert "还没有写通知的内容" in run("send", "--place", place, status=1)
    assert "没有编号为 7 的通知" in run("progress", "7", status=1)
    run("send", "--place", place, "--text", "明天消毒")
    assert "同样的通知刚发过（通知 1）" in run("send", "--place", place, "--text", "明天消毒", status=1)
    assert "通知 2" in run("send", "--place", place, "--text", "明天消毒", "--again")


def test_an_answer_changes_with_it(run: Run, do: Callable[..., Any], tmp_path: Path) -> None:
    place = str(do(_factory))
    answer = tmp_path / "answer.txt"
    answer.write_text("体温检测改为每天一次。\n依据：县指挥部2022年第3号通告", encoding="utf-8")
    shown = run("send", "--place", place, "--entry", "T7", "--answer-file", str(answer))
    assert "现在：体温检测改为每天一次。" in shown

    async def versions(services: Services) -> list[Any]:
        async with services.transaction() as connection:
            return list(await connection.scalars(sa.text("SELECT body ->> 'answer' FROM knowledge_versions")))

    assert do(versions) == []
    assert do(send_due) == 2
    assert do(versions) == ["体温检测改为每天一次。"]
    assert "knowledge restore T7 1" in run("recall", "1")
