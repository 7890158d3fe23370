"""Wrong content stops the training with its file's name; the plain Rasa commands work on the same project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.assistant.training import trained_model
from bot.content import ROOT


def _run(*command: str, content: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"BOT_CONTENT_DIR": str(content)} if content else {})}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "nlu_data", tmp_path / "content"))


@pytest.mark.parametrize(
    ("name", "text"),
    [("processes/daily_report.yml", "process: x\ntitle: y\n"), ("knowledge/travel/T7.yml", "id: T7\n")],
)
def test_a_broken_content_file_stops_the_training_and_is_named(content: Path, name: str, text: str) -> None:
    (content / name).write_text(text, encoding="utf-8")
    done = _run("bot", "train", content=content)
    assert done.returncode == 1
    assert Path(name).name in done.stderr
    assert "Traceback" not in done.stderr


def test_an_importer_that_cannot_be_imported_stops_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rasa only warns about it and would train on nothing."""
    from bot.assistant import training
    from bot.errors import ContentError

    for name in ("config.yml", "domain.yml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace("importer.ContentImporter", "importer.NoSuchImporter"), encoding="utf-8"
        )
    monkeypatch.setattr(training, "ROOT", tmp_path)
    with pytest.raises(ContentError, match="NoSuchImporter"):
        training.train()


def test_the_plain_rasa_commands_work(assistant: object, tmp_path: Path) -> None:
    """`rasa test nlu` reads config, importer-made model and held-out questions as it would in any Rasa project."""
    done = _run(
        "rasa", "test", "nlu", "--nlu", "tests/nlu/travel.yml", "--model", str(trained_model()), "--out", str(tmp_path),
        "--no-plot",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads((tmp_path / "response_selection_report.json").read_text())
    assert report["accuracy"] > 0.8
