"""The short form of `make soak`: three rounds."""

from __future__ import annotations

import random

from bot.services.context import Services
from bot.settings import Settings
from tests.conftest import Clock
from tests.soak.rounds import Soak
from tests.soak.victim import victims


async def test_kill_9_loses_nothing_and_doubles_nothing(
    services: Services, clock: Clock, database_url: str, redis_url: str, settings: Settings
) -> None:
    clock.set_local("2022-01-20 10:00")
    soak = Soak(services, clock, random.Random(4), people=5_500, reports=24, kills=2)
    await soak.prepare()
    with victims(2, settings.data_dir, database_url, redis_url) as both:
        for _ in range(3):
            await soak.round(both)
        assert sum(victim.kills for victim in both) > 0
    assert soak.done["broadcasts"] == 3
