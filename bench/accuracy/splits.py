"""The three splits: what pipelines are trained on, what their thresholds are chosen on, and what they are judged on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.training_data import TrainingData

from bench.accuracy.examples import Example
from bot.assistant.features import bare
from bot.assistant.importer import ContentImporter
from bot.content import ROOT
from bot.knowledge.entries import load_entries

_FOLDERS = {"validation": ROOT / "nlu_data" / "validation", "test": ROOT / "tests" / "nlu"}
TRAINING, VALIDATION, TEST = NAMES = ("training", *_FOLDERS)


def load_splits() -> dict[str, list[Example]]:
    """All three by name, as they stand. Training is what the importer compiles for the served model."""
    data = ContentImporter(str(ROOT / "config.yml"), str(ROOT / "domain.yml")).get_nlu_data()
    holders: dict[str, tuple[str, ...]] = {}
    for entry in load_entries().values():
        for covered in entry.covers:
            holders[f"ask/{covered}"] = (*holders.get(f"ask/{covered}", ()), f"ask/{entry.id}")
    return {
        TRAINING: list(_examples(data, TRAINING, holders)),
        **{name: _held_out(folder, holders) for name, folder in _FOLDERS.items()},
    }


def without_seen(splits: dict[str, list[Example]]) -> dict[str, list[Example]]:
    """The splits without the held-out lines that stand in an earlier split already, or twice.

    你好, an entry's title or a command stands in every split, as it must; to know it by heart proves nothing.
    """
    seen = {heart(example.text) for example in splits[TRAINING]}
    kept = {TRAINING: splits[TRAINING]}
    for name in _FOLDERS:
        kept[name] = []
        for example in splits[name]:
            if heart(example.text) not in seen:
                seen.add(heart(example.text))
                kept[name].append(example)
    return kept


def heart(text: str) -> str:
    """What makes two texts the same: the text without blanks, punctuation and letter case, unless it is nothing else."""
    return bare(text) or text


def _held_out(folder: Path, holders: Mapping[str, tuple[str, ...]]) -> list[Example]:
    return [
        example
        for path in sorted(folder.glob("*.yml"))
        for example in _examples(load_data(str(path)), path.stem, holders)
    ]


def _examples(data: TrainingData, file: str, holders: Mapping[str, tuple[str, ...]]) -> Iterable[Example]:
    for message in data.intent_examples:
        if message.get(TEXT):
            label = message.get(INTENT_RESPONSE_KEY) or message.get(INTENT)
            yield Example(message.get(TEXT), label, file, holders.get(label, ()))
