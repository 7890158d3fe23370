"""Staff's changes are trained beside the service, checked, served without a pause, and gone back from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.service.rest_chat import CHECK_IN, RestChat
from tests.service.running_service import RunningService, command, eventually
from tests.service.small_content import MUST_ANSWER, make_small_content
from tests.service.web_chat import visitor

_LANES = 2
_BUILD_SECONDS = 180.0
_NEW_WAY = "码黄了轮渡坐得坐不得"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    folder = tmp_path_factory.mktemp("swap")
    content = make_small_content(folder / "content")
    service = RunningService(folder, BOT_CONTENT_DIR=str(content), BOT_WORKERS="2", BOT_TRAIN_DELAY="0.5")
    try:
        service.start()
        yield service
    finally:
        service.clear_away()


class Residents:
    """Several people at once who check in over connections that they keep open, one after the other, until told to stop."""

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self._stop = asyncio.Event()
        self._tasks = [asyncio.create_task(self._lane(lane)) for lane in range(_LANES)]
        self.done: list[str] = []

    async def stop(self) -> None:
        """Returns when all have finished their check-in; fails when a message was refused, lost or answered wrongly."""
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def _lane(self, lane: int) -> None:
        async with aiohttp.ClientSession(self._service.url) as http:
            number = 0
            while not self._stop.is_set():
                sender = f"resident-{lane}-{number}"
                for step, text in enumerate((*CHECK_IN, "确认提交")):
                    said = await self._say(http, sender, text.format(temperature="36.6"), f"{sender}-{step}")
                assert "打卡成功" in said
                self.done.append(sender)
                number += 1

    async def _say(self, http: aiohttp.ClientSession, sender: str, text: str, message_id: str) -> str:
        body = {"sender": sender, "message": text, "message_id": message_id}
        async with http.post("/webhooks/rest/webhook", json=body) as response:
            assert response.status == 200, await response.text()
            parts = await response.json()
        assert parts
        return "\n".join(part["text"] for part in parts)


async def _serves(service: RunningService, model: str | None, other_than: str = "") -> str:
    """Waits until nobody but the generation of this model (any but `other_than`) is left; returns the model."""

    async def settled() -> str | None:
        served = await asyncio.to_thread(service.model)
        right = served == model if model else served not in ("", other_than)
        return served if right and len(service.children("generation")) == 1 else None

    return await eventually(settled, _BUILD_SECONDS)


async def test_a_change_is_served_and_gone_back_from_without_a_lost_message(service: RunningService) -> None:
    before = service.model()
    slow = RestChat(service.url, "slow-resident")
    await slow.says("打卡", "36.5")
    residents = Residents(service)
    async with visitor(service) as guest:
        await guest.says("帮助")
        closed = asyncio.create_task(_close_code(guest.socket))
        await _keep(service, f"加问法 T7 {_NEW_WAY}")
        after = await _serves(service, None, other_than=before)
        assert await asyncio.wait_for(closed, 15) == aiohttp.WSCloseCode.GOING_AWAY
    async with visitor(service) as guest:  # as the page does
        assert await guest.says("帮助")
    await slow.says("没有症状")
    assert slow.custom == {"process": "daily_report", "field": "where"}
    listed = command("model", "list", environment=service.environment).stdout
    assert f"在用\t{after}" in listed
    assert f"保留\t{before}" in listed

    back = await asyncio.to_thread(command, "model", "back", environment=service.environment)
    assert (back.returncode, back.stderr) == (0, "")
    assert before in back.stdout
    assert await _serves(service, before) == before
    await residents.stop()
    filed = await service.sql(
        "SELECT external_id FROM records JOIN accounts USING (person_id) WHERE external_id LIKE 'resident-%'"
    )
    assert sorted(sender for (sender,) in filed) == sorted(residents.done)
    assert len(filed) > _LANES
    assert "36.5" in await slow.says("在家", "绿码", "没有")
    assert "打卡成功" in await slow.says("确认提交")


async def _close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Listens, and answers pings as a browser does, until the other side closes."""
    async for _ in socket:
        pass
    return socket.close_code


async def _keep(service: RunningService, words: str) -> None:
    editor = RestChat(service.url, "demo-grid")
    await editor.says(words)
    assert "确认修改" in editor.buttons.values(), editor.text
    await editor.says("确认修改")


async def test_a_model_that_fails_the_gate_is_not_served_and_the_editor_is_told(service: RunningService) -> None:
    before = service.model()
    [must] = MUST_ANSWER.values()
    await _keep(service, f"加问法 T1 {must}")
    editor = RestChat(service.url, "demo-grid")

    async def told() -> str | None:
        texts = [message["text"] for message in (await editor.pushed())["messages"]]
        return next((text for text in texts if "没有通过检查" in text), None)

    assert must in await eventually(told, _BUILD_SECONDS)
    assert service.model() == before
    listed = command("model", "list", environment=service.environment).stdout
    assert any(line.startswith("未通过") and must in line for line in listed.splitlines())


async def test_a_model_that_is_not_there_is_refused(service: RunningService) -> None:
    refused = command("model", "use", "0123456789abcdef", environment=service.environment)
    assert refused.returncode == 1
    assert refused.stderr.startswith("错误：没有找到")


async def test_a_restart_serves_what_was_served(service: RunningService, tmp_path: Path) -> None:
    """Also the choice to go back: what staff want was handled already."""
    before = service.model()
    assert service.send(15) == 0
    service.start()
    assert service.model() == before
    assert service.children("model") == []
