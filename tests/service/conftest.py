"""One running demo service for all tests that do it no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assistant.training import train, trained_model
from tests.service.running_service import RunningService


@pytest.fixture(scope="session")
def model() -> Path:
    """The model of the present content, so that no service under test has to train one."""
    kept = trained_model()
    return kept if kept.exists() else train()


@pytest.fixture(scope="session")
def demo(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A demo service; tests talk to it as people of their own, and leave it running."""
    service = RunningService(tmp_path_factory.mktemp("demo"))
    try:
        service.start()
        yield service
    finally:
        service.clear_away()
