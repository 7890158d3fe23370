"""The short form of the half hour of hostile callbacks."""

from __future__ import annotations

import random
from pathlib import Path

from bot.assistant.training import train, trained_model
from tests.soak.fuzz import play


async def test_nothing_that_is_posted_brings_a_5xx_or_a_stack_trace(tmp_path: Path) -> None:
    if not trained_model().exists():
        train()
    statuses, early, late, log = await play(tmp_path, 20, random.Random(5))
    assert set(statuses) - {0, 200} <= {400, 403, 413}
    assert statuses[403] > 100
    assert "Traceback" not in log
    assert late < early + 60
