"""Which models the gate lets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.assistant.training import train
from bot.knowledge.entries import load_entries
from bot.serving.gate import answered_wrong, compare
from tests.service.small_content import make_small_content


@pytest.fixture(scope="module")
def poor_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows a tenth of the entries."""
    folder = tmp_path_factory.mktemp("poor")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOT_CONTENT_DIR", str(make_small_content(folder / "content")))
        return train(folder / "poor.tar.gz")


def test_the_present_model_answers_what_must_be_answered(model: Path) -> None:
    assert answered_wrong(model, load_entries()) == []


def test_a_model_as_good_as_the_old_one_passes(model: Path) -> None:
    verdict = compare(model, model, load_entries(), {"T7": ["黄码能出门吗"]})
    assert verdict.reasons == []
    assert verdict.figures["before"] == verdict.figures["after"] > 80
    assert verdict.figures["questions"] > 400
    assert verdict.figures["must_answer"] > 40
    assert verdict.figures["checks"] == 1


def test_a_worse_model_is_refused_with_the_reasons(model: Path, poor_model: Path) -> None:
    verdict = compare(model, poor_model, load_entries(), {"C3": ["家里办红白事有什么限制"]})
    points, must, own = verdict.reasons
    assert points.startswith(f"验证题答对率由{verdict.figures['before']:.1f}%降到{verdict.figures['after']:.1f}%")
    assert must.startswith("原来必须答对的问题答不对了")
    assert own.startswith("新内容自己的检查问题答不对：“家里办红白事有什么限制”（应为 C3")


def test_a_model_that_was_no_better_before_is_not_blamed(poor_model: Path, model: Path) -> None:
    assert compare(poor_model, model, load_entries(), {}).reasons == []
