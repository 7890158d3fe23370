"""The short form of minutes without a server: seconds without the database, and without Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.assistant.training import train, trained_model
from tests.soak.outage import Outage, Town, town


@pytest_asyncio.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    if not trained_model().exists():
        train()
    async with town(tmp_path_factory.mktemp("outage"), 200) as made:
        yield made


@pytest.mark.parametrize("server", ["database", "redis"])
async def test_everything_said_meanwhile_is_done_once(running: Town, server: str) -> None:
    outage = Outage()
    before, _ = await running.reports()
    await running.write(outage, getattr(running, server), "shut", 5, 10)
    reports, reporters = await running.reports()
    assert outage.sorry == 0
    assert outage.spooled >= 30
    assert reports - before == 30
    assert reports == reporters
