"""How the service starts, bears the loss of its parts, and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from tests.service.rest_chat import RestChat
from tests.service.running_service import START_SECONDS, RunningService, command, eventually, free_port
from tests.service.small_content import make_small_content
from tests.service.web_chat import visitor

_FEW = 5
_PROMPT_SECONDS = 5.0
_LOADING_SECONDS = 120.0
_STOPPING_SECONDS = 15.0  # initdb is let finish; Rasa's import, which takes longer on a busy machine, is not


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


async def test_a_killed_generation_is_replaced_and_the_form_goes_on(service: RunningService) -> None:
    chat = RestChat(service.url, "outlives-generations")
    await chat.says("打卡", "36.5")
    [generation] = service.children("generation")
    generation.kill()

    async def replaced() -> bool | None:
        return True if service.children("generation") and len(service.workers()) == 2 else None

    await eventually(replaced, _LOADING_SECONDS)
    await chat.says("没有症状")
    assert chat.custom == {"process": "daily_report", "field": "where"}
    assert [child.pid for child in service.children("generation")] != [generation.pid]


def _importing(service: RunningService, command: str) -> bool:
    """Whether a process has got as far as TensorFlow, which is the middle of importing Rasa."""
    try:
        return any("tensorflow" in part.path for child in service.children(command) for part in child.memory_maps())
    except psutil.Error:
        return False


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGTERM, lambda service: "启动内嵌 PostgreSQL" in service.output()),
        (signal.SIGINT, lambda service: "检查数据库结构" in service.output()),
        (signal.SIGHUP, lambda service: _importing(service, "generation")),
    ],
    ids=["while a server starts", "while the database is prepared", "while Rasa is imported"],
)
def test_a_stop_while_it_starts_leaves_nothing_behind(
    model: Path, tmp_path: Path, number: signal.Signals, moment: Callable[[RunningService], bool]
) -> None:
    service = RunningService(tmp_path)
    _stopped_at(service, number, moment)


def test_a_stop_while_a_model_is_trained_leaves_nothing_behind(tmp_path: Path) -> None:
    content = make_small_content(tmp_path / "content")
    (content / "words.txt").open("a").write("如意码 5 n\n")  # no model of this content is kept
    service = RunningService(tmp_path, BOT_CONTENT_DIR=str(content))
    _stopped_at(service, signal.SIGHUP, lambda service: _importing(service, "train"))


def _stopped_at(service: RunningService, number: signal.Signals, moment: Callable[[RunningService], bool]) -> None:
    try:
        service.launch()
        service.wait_for(lambda: moment(service))
        began = time.monotonic()
        assert service.send(number) == 0
        assert time.monotonic() - began < _STOPPING_SECONDS
        _nothing_is_left(service)
    finally:
        service.clear_away()


def test_generations_that_end_at_once_again_and_again_end_the_service(model: Path, tmp_path: Path) -> None:
    service = RunningService(tmp_path)
    try:
        service.launch()
        deadline = time.monotonic() + START_SECONDS
        while service.running and time.monotonic() < deadline:
            with suppress(psutil.Error):
                for generation in service.children("generation"):
                    generation.kill()
            time.sleep(0.05)
        assert not service.running
        assert "模型进程一启动就退出" in service.output()
        assert [_name(process) for process in service.processes()] == []
    finally:
        service.clear_away()


def test_the_supervisor_stays_small(service: RunningService) -> None:
    """It has none of the libraries that could keep it from hearing a signal."""
    maps = {part.path for part in psutil.Process(service.pid).memory_maps()}
    assert not [path for path in maps if "tensorflow" in path or "numpy" in path]


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
