"""Staff's changes as the training reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.errors import ContentError
from bot.knowledge.entries import load_entries
from bot.knowledge.snapshot import SNAPSHOT, entries_to_train, read_snapshot


def _body(entry_id: str, *ways: str, **more: Any) -> dict[str, Any]:
    return {
        "id": entry_id,
        "title": f"题{entry_id}",
        "answer": "答。",
        "source": {"plan": "工作人员答复"},
        "ask": ways,
        **more,
    }


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "wanted.json"
    path.write_bytes(
        orjson.dumps(
            {
                "digest": "0123456789abcdef",
                "entries": [_body("N1", "轮渡开不开", "黄码能走吗"), _body("T7", "黄码问一下")],
                "checks": {"N1": ["今天有船吗"]},
            }
        )
    )
    return path


def test_changed_and_new_entries_are_trained(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = load_entries()
    assert entries_to_train() == files
    monkeypatch.setenv(SNAPSHOT, str(written))
    trained = entries_to_train()
    assert set(trained) == {*files, "N1"}
    assert trained["T7"].ask == ("黄码问一下",)
    assert trained["T6"] == files["T6"]
    assert read_snapshot(written).checks == {"N1": ("今天有船吗",)}


def test_a_way_that_staff_gave_away_is_taken_from_its_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    way = load_entries()["T6"].ask[0]
    path = tmp_path / "wanted.json"
    path.write_bytes(orjson.dumps({"digest": "0" * 16, "entries": [_body("N1", way)], "checks": {}}))
    monkeypatch.setenv(SNAPSHOT, str(path))
    trained = entries_to_train()
    assert way in trained["N1"].ask
    assert way not in trained["T6"].ask


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"digest": "0123456789abcdef"}',
        orjson.dumps({"digest": "../../etc/passwd", "entries": [], "checks": {}}),
        orjson.dumps({"digest": "0" * 16, "entries": [{"id": "N1"}], "checks": {}}),
        orjson.dumps({"digest": "0" * 16, "entries": ["N1"], "checks": {}}),
    ],
)
def test_a_snapshot_of_another_form_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wanted.json"
    path.write_bytes(content)
    with pytest.raises(ContentError, match=r"wanted\.json"):
        read_snapshot(path)
