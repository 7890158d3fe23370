"""`python -m bot knowledge …`: what staff can do in chat, from the command line, on a real database and a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.knowledge.entries import load_entries
from bot.services import context, feedback, knowledge, questions
from bot.services.context import Services, build_services
from bot.settings import Settings, load_settings

SECRET = "s" * 32
ASKED = "核酸采样亭几点开门"
Run = Callable[..., str]


@pytest.fixture
def office_settings(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An office outside of the demo, its servers named by the environment."""
    for name, value in {
        "BOT_DEMO": "0",
        "BOT_SECRET_KEY": SECRET,
        "BOT_DATABASE_URL": database_url,
        "BOT_REDIS_URL": redis_url,
        "BOT_DATA_DIR": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.fixture
def run(office_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command as its own process would, and returns what it printed; its status is checked."""

    def call(*arguments: str, status: int = 0) -> str:
        monkeypatch.setattr(context, "_current", None)
        assert main(["knowledge", *arguments]) == status
        monkeypatch.setattr(context, "_current", None)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return call


def _with_services(settings: Settings, work: Callable[[Services], object]) -> None:
    async def all_of_it() -> None:
        services = build_services(settings, settings.database_url, settings.redis_url)
        await work(services)  # type: ignore[misc]
        await services.engine.dispose()
        await services.redis.close()

    asyncio.run(all_of_it())


def test_an_entry_is_edited_dated_given_ways_and_restored(run: Run, tmp_path: Path) -> None:
    answer = tmp_path / "answer.txt"
    answer.write_text("黄码先别走。\n依据：社区通知\n", encoding="utf-8")
    assert "新答案：黄码先别走。" in run("edit", "t7", "--answer-file", str(answer))
    assert "出处：社区通知" in run("show", "T7")
    assert "2022-01-01 到 2022-03-15" in run("expire", "T7", "--to", "2022-03-15")
    run("ways", "T7", "--add", "码色不对劲乘不乘得了大巴", "码不绿是不是就歇菜了")
    assert "・码不绿是不是就歇菜了" in run("show", "T7")
    listed = run("versions", "T7").splitlines()
    assert [line.split("\t")[0] for line in listed] == ["第1版", "第2版", "第3版", "第4版"]
    assert "命令行" in listed[1]
    run("restore", "T7", "1")
    assert "黄码先别走" not in run("show", "T7")
    assert "T7\t" in run("list")
    assert run("conflicts").strip() == "没有冲突。"
    run("keep", "T7", "--file")


def test_errors_are_a_sentence_and_a_status(run: Run, tmp_path: Path) -> None:
    assert "没有编号为 T999" in run("show", "T999", status=1)
    assert "读不了文件" in run("edit", "T7", "--answer-file", str(tmp_path / "none"), status=1)
    assert "没有编号为 5" in run("answer", "5", "--text", "好。", status=1)
    assert "不是空的" in run("export", str(Path(__file__).parent), status=1)


def test_a_waiting_question_is_answered_and_comes_out_as_yaml(
    run: Run, office_settings: Settings, tmp_path: Path
) -> None:
    async def ask(services: Services) -> None:
        await questions.note_unanswered(services, "rest:x", ASKED)
        await questions.collect_questions(services)
        await feedback.count_vote(services, "T7", useful=False)

    _with_services(office_settings, ask)
    assert f"1\t1次\t无答案\t\t{ASKED}" in run("list", "--open")
    run("answer", "1", "--text", "每天9点到18点。")
    assert "待答的问题0组" in run("list", "--open")
    out = tmp_path / "knowledge"
    assert "其中1条" in run("export", str(out))
    entry = load_entries(out)["N1"]
    assert (entry.answer, entry.ask) == ("每天9点到18点。", (ASKED,))
    assert {**load_entries(), "N1": entry} == load_entries(out)
    assert "T7\t有用0\t没用1" in run("stats")


def test_a_change_reaches_a_running_process(run: Run, office_settings: Settings) -> None:
    """The command tells the service by the edition that every turn reads."""

    async def look(services: Services) -> None:
        before = await knowledge.refresh(services)
        assert "码不绿是不是就歇菜了" not in services.entries["T7"].ask
        await asyncio.to_thread(run, "ways", "T7", "--add", "码不绿是不是就歇菜了")
        assert await knowledge.refresh(services) != before
        assert services.library.fresh_match("码不绿是不是就歇菜了").id == "T7"  # type: ignore[union-attr]

    _with_services(office_settings, look)
