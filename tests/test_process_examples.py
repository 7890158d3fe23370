"""The three examples of docs/processes.md: each is taken from the page as an office would copy it, checked, and played."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.commands.process import hints, play
from bot.content import ROOT
from bot.processes.definition import Process, load_processes, read_process
from bot.processes.fields import FIELD_TYPES

PAGE = (ROOT / "docs" / "processes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(process: (\w+).*?)```", PAGE, flags=re.DOTALL)
NOW = datetime(2022, 1, 20, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def examples(tmp_path: Path) -> dict[str, Process]:
    """The page's examples, saved and read."""
    found = {}
    for text, name in EXAMPLES:
        path = tmp_path / f"{name}.yml"
        path.write_text(text, encoding="utf-8")
        found[name] = read_process(path)
    return found


def played(process: Process, said: Sequence[str]) -> str:
    shown: list[str] = []
    play(process, said, shown.append, lambda: NOW)
    return "\n".join(shown)


def test_none_of_them_has_a_mistake_or_a_hint(examples: dict[str, Process]) -> None:
    assert len(examples) == 3
    ours = list(load_processes().values())
    for process in examples.values():
        assert hints(process, ours) == []


def test_at_the_gate(examples: dict[str, Process]) -> None:
    said = ["外来登记", "王小明", "13812345678", "3号楼的李大爷", "没有", "38.2", "绿码", "确认提交"]
    told = played(examples["gate_visit"], said)
    assert "车牌：没有车" in told
    assert "登记好了" in told
    assert "会发预警：紧急，fever" in told


def test_the_disinfection(examples: dict[str, Process]) -> None:
    told = played(examples["disinfection_note"], ["消毒记录", "3号楼大厅", "84", "半升", "今天上午9点", "确认提交"])
    assert "用量：0.5升" in told
    assert "1:100兑水" in told


@pytest.mark.parametrize(("tables", "filed"), [("4桌", False), ("5桌", True)])
def test_the_banquet(examples: dict[str, Process], tables: str, filed: bool) -> None:
    told = played(examples["banquet_note"], ["酒席报备", "腊月二十八", tables, "50人", "没有", "确认提交"])
    assert ("居委会" in told) == filed
    assert "没有保存" in told


def test_the_page_names_every_field_type() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("字段类型：") : PAGE.index("条件（`when`）")]))
    assert set(FIELD_TYPES) <= named
