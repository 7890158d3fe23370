"""Logistic regression over runs of one to three characters; what is out of scope is one class more."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from bench.accuracy.examples import OUT_OF_SCOPE, Example
from bench.accuracy.pipeline import Prediction

_STRENGTH = 10.0
_ROUNDS = 100
_SHOWN = 10


class CharRegression:
    """The textbook's text classifier."""

    title = "logistic regression, character 1–3-grams"

    def settings(self) -> str:
        """Library and parameters."""
        return f"scikit-learn, sublinear tf-idf, C {_STRENGTH:g}, at most {_ROUNDS} rounds, `out_of_scope` as one class more"

    def train(self, training: Sequence[Example], folder: Path) -> None:
        """Fits features and regression."""
        model = make_pipeline(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, dtype=np.float32),
            LogisticRegression(C=_STRENGTH, max_iter=_ROUNDS),
        )
        model.fit([example.text for example in training], [example.label for example in training])
        (folder / "model.pickle").write_bytes(pickle.dumps(model))

    def load(self, folder: Path) -> LoadedCharRegression:
        """What `train` has pickled a moment ago."""
        return LoadedCharRegression(pickle.loads((folder / "model.pickle").read_bytes()))


class LoadedCharRegression:
    """The regression in memory."""

    calibrated = True

    def __init__(self, model: Pipeline) -> None:
        self._model = model
        self._classes = [str(name) for name in model.classes_]
        # in this order scikit-learn need not copy all weights at each question
        model[-1].coef_ = np.asfortranarray(model[-1].coef_)
        self._outside = self._classes.index(OUT_OF_SCOPE)

    def run(self, text: str) -> np.ndarray:
        """The probability of each class."""
        return self._model.predict_proba([text])[0]

    def prediction(self, text: str, made: np.ndarray) -> Prediction:
        """Confidences given that the text is in scope; surety with that condition left out."""
        inside = made.copy()
        inside[self._outside] = 0.0
        best = np.argsort(-inside, kind="stable")[:_SHOWN]
        whole = max(1e-12, float(inside.sum()))
        ranking = tuple((self._classes[i], float(inside[i]) / whole) for i in best)
        first, outside = float(inside[best[0]]), float(made[self._outside])
        return Prediction(
            ranking,
            {
                "not the class out of scope": 1.0 - outside,
                "best class": first,
                "best class against the class out of scope": first / (first + outside),
            },
        )
