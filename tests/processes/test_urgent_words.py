"""Words of danger, despair and fever, and those that only look like them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from bot.processes.urgent_words import read_urgency

NOW = datetime(2022, 1, 20, tzinfo=timezone.utc)

URGENT = [
    ("我发烧了", "fever"),
    ("孩子有点低烧", "fever"),
    ("发热三天了", "fever"),
    ("孩子烧到39了", "fever"),
    ("还没退烧，38.9", "fever"),
    ("37.3", "fever"),
    ("38。5", "fever"),
    ("38度5", "fever"),
    ("三十八度五", "fever"),
    ("我38.2还能上班吗", "fever"),
    ("发烧，喘不上气", "danger"),
    ("胸口疼得厉害", "danger"),
    ("老人晕倒叫不醒", "danger"),
    ("打120了", "danger"),
    ("煤气中毒了救命", "danger"),
    ("不想活了", "despair"),
    ("有人要跳楼，救命", "despair"),
]
CALM = [
    "没发烧", "没有发烧", "不发烧了", "没有发热也没有咳嗽", "没有胸痛", "37.2", "36.8", "38", "我38岁", "我住38号楼", "发热门诊在哪",
    "今天天气38度", "我家120平米", "120块钱", "1201室", "13812038512", "3月8号", "想死你了", "收到", "",
]  # fmt: skip


@pytest.mark.parametrize(("text", "urgency"), URGENT)
def test_what_must_not_wait(text: str, urgency: str) -> None:
    assert read_urgency(text, NOW, 37.3) == urgency


@pytest.mark.parametrize("text", CALM)
def test_what_can_wait(text: str) -> None:
    assert read_urgency(text, NOW, 37.3) is None


def test_the_threshold_is_the_settings() -> None:
    assert read_urgency("37.3", NOW, 37.5) is None
