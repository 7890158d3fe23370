"""How the service starts, bears the loss of its parts, and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from tests.service.rest_chat import RestChat
from tests.service.running_service import RunningService, command, eventually, free_port
from tests.service.web_chat import visitor

_FEW = 5
_PROMPT_SECONDS = 5.0


@pytest.fixture(scope="module")
def kept(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """One data folder for all tests here: a start takes long."""
    service = RunningService(tmp_path_factory.mktemp("life"), BOT_WORKERS="2")
    yield service
    service.clear_away()


@pytest.fixture
def service(kept: RunningService) -> RunningService:
    """The service, started when it does not run."""
    if not kept.running:
        kept.start()
    return kept


async def test_a_killed_worker_is_replaced_and_the_chat_goes_on(service: RunningService) -> None:
    chat = RestChat(service.url, "outlives-workers")
    await chat.says("打卡", "36.5")
    before = service.workers()
    assert len(before) == 2
    for worker in before:
        await _worker_lost(service, worker)
        await chat.says("上一步", "36.6")
        assert chat.custom == {"process": "daily_report", "field": "symptoms"}
    await _worker_lost(service, max(service.workers()))  # one that was just born
    assert "36.6" in await chat.says("没有症状", "在家", "绿码", "没有")
    await chat.says("确认提交")
    assert await service.records_of("outlives-workers") == [("daily_report", True)]


async def _worker_lost(service: RunningService, worker: int) -> None:
    os.kill(worker, signal.SIGKILL)

    async def replaced() -> set[int] | None:
        now = service.workers()
        return now if worker not in now and len(now) == 2 else None

    await eventually(replaced)


async def test_a_killed_redis_is_started_again_and_the_form_goes_on(service: RunningService) -> None:
    chat = RestChat(service.url, "outlives-redis")
    await chat.says("打卡", "36.5")
    killed = service.server("redis-server")
    os.kill(killed, signal.SIGKILL)
    for text, field in (("没有症状", "where"), ("在家", "health_code"), ("绿码", "contact"), ("没有", "confirm")):
        for _ in range(_FEW):
            await chat.says(text)
            if chat.custom.get("field") == field:
                break
            assert "请稍后再发" in chat.text or "再发一次" in chat.text
            service.wait_for(service.is_ready)
        assert chat.custom == {"process": "daily_report", "field": field}
    assert "36.5" in chat.text
    assert "打卡成功" in await chat.says("确认提交")
    assert await service.records_of("outlives-redis") == [("daily_report", True)]
    assert service.server("redis-server") != killed


async def test_a_redis_that_does_not_answer_is_told(service: RunningService) -> None:
    chat = RestChat(service.url, "waits")
    await chat.says("打卡", "36.5")
    stopped = psutil.Process(service.server("redis-server"))
    stopped.suspend()
    try:
        (status, ready), said = await asyncio.gather(_readiness(service), chat.says("没有症状"))
    finally:
        stopped.resume()
    assert status == 503
    assert ready["ready"] is False
    assert ready["reason"]
    assert "请稍后再发" in said
    service.wait_for(service.is_ready)
    await chat.says("没有症状")
    assert chat.custom == {"process": "daily_report", "field": "where"}


async def _readiness(service: RunningService) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession(service.url) as http, http.get("/readyz") as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("name", "words"), [("BOT_PORT", "BOT_DATA_DIR"), ("BOT_DATA_DIR", "BOT_PORT")], ids=["data folder", "port"]
)
async def test_a_second_service_does_not_get_in_the_way(
    service: RunningService, tmp_path: Path, name: str, words: str
) -> None:
    """Each with its own port and the same data folder, and the other way round."""
    own = {"BOT_PORT": str(free_port()), "BOT_DATA_DIR": str(tmp_path / "other")}
    note = service.note()
    refused = command("serve", environment={**service.environment, name: own[name]})
    assert refused.returncode == 1
    assert refused.stdout == ""
    [line] = refused.stderr.splitlines()
    assert line.startswith("错误：")
    assert words in line  # what to set to something else
    assert service.note() == note
    assert service.is_ready()
    chat = RestChat(service.url, "undisturbed")
    await chat.says("打卡")
    assert chat.custom["process"] == "daily_report"


async def test_a_killed_service_finds_form_and_records_again(service: RunningService) -> None:
    earlier, chat, grid = (RestChat(service.url, sender) for sender in ("earlier", "mid-form", "demo-grid"))
    await earlier.reports("38.7")

    async def alert() -> dict[str, Any] | None:
        return next((message for message in (await grid.pushed())["messages"] if "38.7" in message["text"]), None)

    raised = await eventually(alert)
    await chat.says("打卡", "36.5")
    asked = chat.custom["field"]
    assert service.send(signal.SIGKILL) == -signal.SIGKILL
    service.start()  # at once, on the same folder and port

    await chat.says("没有症状")
    assert chat.custom == {"process": "daily_report", "field": "where"}
    assert asked == "symptoms"
    assert "36.5" in await chat.says("在家", "绿码", "没有")
    await chat.says("确认提交", message_id="once")
    assert "打卡成功" in chat.text
    await chat.says("确认提交", message_id="once")
    assert await service.records_of("mid-form") == [("daily_report", True)]
    assert await service.records_of("earlier") == [("daily_report", True)]
    assert "今天已经打卡过了" in await earlier.says("打卡")
    assert await alert() == raised


def test_a_terminal_closed_while_it_starts_leaves_nothing_behind(model: Path, tmp_path: Path) -> None:
    """Redis is up by then, and Rasa, which takes most of the start, is being imported."""
    service = RunningService(tmp_path)
    try:
        service.launch()
        service.wait_for(lambda: "载入模型" in service.output())
        assert service.send(signal.SIGHUP) == 0
        _nothing_is_left(service)
    finally:
        service.clear_away()


async def test_sigterm_ends_all_of_it(service: RunningService) -> None:
    """At once, also when people have just left the chat in the middle of something."""
    for _ in range(12):
        async with visitor(service) as guest:
            await guest.says("帮助")
    parts = {_name(process) for process in service.processes()}
    assert {"redis-server", "postgres"} < parts
    assert len(service.workers()) == 2
    began = time.monotonic()
    assert service.send(signal.SIGTERM) == 0
    assert time.monotonic() - began < _PROMPT_SECONDS
    _nothing_is_left(service)


def _nothing_is_left(service: RunningService) -> None:
    assert [_name(process) for process in service.processes()] == []
    assert not (service.data_dir / "running.json").exists()
    assert "Traceback" not in service.output()


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return "gone"
