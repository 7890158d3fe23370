"""BM25 over jieba's words: the label of the training example that fits best."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import bm25s
import jieba
import numpy as np

from bench.accuracy.examples import OUT_OF_SCOPE, Example
from bench.accuracy.pipeline import Prediction

_SHOWN = 10


class Bm25:
    """A search engine's usual ranking; what is out of scope is told by the best score in relation to the question's own."""

    title = "BM25 over jieba words"

    def settings(self) -> str:
        """Library, variant and the measures of surety that were tried."""
        return "bm25s, its defaults (Lucene's variant, k1 1.5, b 0.75), jieba's own dictionary; best training example of each label"

    def train(self, training: Sequence[Example], folder: Path) -> None:
        """Indexes the examples, those out of scope too."""
        index = bm25s.BM25()
        index.index([_words(example.text) for example in training], show_progress=False)
        index.save(folder / "index")
        (folder / "labels.json").write_text(json.dumps([example.label for example in training]), encoding="utf-8")

    def load(self, folder: Path) -> LoadedBm25:
        """Index and labels."""
        labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        return LoadedBm25(bm25s.BM25.load(folder / "index"), labels)


class LoadedBm25:
    """The index in memory."""

    calibrated = False

    def __init__(self, index: bm25s.BM25, labels: Sequence[str]) -> None:
        self._index = index
        self._classes, self._class_of = np.unique(np.asarray(labels), return_inverse=True)
        self._inside = self._classes != OUT_OF_SCOPE

    def run(self, text: str) -> tuple[np.ndarray, int]:
        """The best score of each label, and how many words the text has."""
        words = _words(text)
        known = [word for word in words if word in self._index.vocab_dict]
        scores = np.zeros(len(self._classes))
        if known:
            np.maximum.at(scores, self._class_of, self._index.get_scores(known))
        return scores, len(words)

    def prediction(self, text: str, made: tuple[np.ndarray, int]) -> Prediction:
        """Scores a word, so that long questions and short ones can be compared."""
        scores, length = made
        inside = np.where(self._inside, scores, -1.0)
        best = np.argsort(-inside, kind="stable")[:_SHOWN]
        ranking = tuple((str(self._classes[i]), float(scores[i]) / max(1, length)) for i in best)
        outside = float(scores[~self._inside].max(initial=0.0))
        first = float(scores[best[0]])
        return Prediction(
            ranking,
            {
                "score a word": first / max(1, length),
                "score": first,
                "lead over the best example out of scope": (first - outside) / max(1.0, first + outside),
            },
        )


def _words(text: str) -> list[str]:
    return [word for word in jieba.lcut(text.lower()) if word.strip()]
