"""The served understanding: one pass over one message, as a Rasa graph component.

Words (jieba) and runs of one to three characters are weighed by tf-idf; a logistic regression, trained by scikit-learn,
gives each class its probability. The classes are the intents, where `ask` is split into its entries (`ask/T7`): one
model ranks entries, process starts and small talk against each other. A second regression over the same features says
whether the text can be answered at all.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.assistant.words import Words, load_words
from bot.content import content_dir
from bot.processes.normal import normalise

ASK = "ask"
OUT_OF_SCOPE = "out_of_scope"
# Where the bounds of what can be answered lie: at this value some 4 % of the validation split's answerable questions are
# refused, and 92 % of those out of scope.
BOUND = 0.0
_NOISE = re.compile(r"[\s,.!?;:，。！？；：、~～…“”\"'‘’（）()【】\[\]《》<>]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def bare(text: str) -> str:
    """A text without what people leave out or put in at will: blanks, punctuation, letter case. Keys exact matches."""
    return _NOISE.sub("", normalise(text)).lower()


def features(text: str, words: Words) -> list[str]:
    """The features of a text: words, pairs of neighbouring words, runs of one to three characters."""
    plain = _NOISE.sub(" ", normalise(text)).lower().strip()
    found = []
    cut = words.cut(plain)
    found += [f"w:{word}" for word in cut]
    found += [f"v:{first} {second}" for first, second in pairwise(cut)]
    joined = f"^{plain.replace(' ', '')}$"
    for size in (1, 2, 3):
        found += [f"c:{joined[i : i + size]}" for i in range(len(joined) - size + 1)]
    # a number's size seldom tells the question, that there is one often does
    found += ["n:number"] * bool(_NUMBER.search(plain))
    return found


class Weights:
    """A linear model over tf-idf features: which features it knows, their idf, and the weights of its outputs."""

    def __init__(self, size: int, idf: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> None:
        self.size = size
        self.idf = idf
        self.weights = weights
        self.bias = bias

    def scores(self, indices: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The score of each output for a text's feature counts; features with an index of `size` or more are not known."""
        known = indices < self.size
        indices, values = indices[known], counts[known]
        if not len(indices):
            return self.bias.copy()
        values = (1.0 + np.log(values)) * self.idf[indices]
        values /= np.sqrt(np.dot(values, values))
        return self.bias + values @ self.weights[indices]


class Model:
    """What is learned: the weights of the classes, of the bounds of what can be answered, and the texts known by heart.

    The bounds are learned apart: as one more class, questions out of scope (many, of all kinds) would crowd out the
    entries that they resemble.
    """

    def __init__(
        self,
        classes: list[str],
        vocabulary: dict[str, int],
        entries: Weights,
        bounds: Weights,
        exact: dict[str, str],
        dictionary: str,
    ) -> None:
        self.classes = classes
        self.vocabulary = vocabulary
        self.entries = entries
        self.bounds = bounds
        self.exact = exact
        self.words = load_words(dictionary)

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[str], dictionary: str, strength: float, rounds: int) -> Model:
        """Trains on texts and their classes. `strength` is the inverse of the L2 penalty.

        The regression stops after `rounds` steps on purpose: further ones cost minutes and gain nothing on unseen texts.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        words = load_words(dictionary)
        cut = [features(text, words) for text in texts]
        inside = [label != OUT_OF_SCOPE for label in labels]
        classes = [label for label in labels if label != OUT_OF_SCOPE]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            of_entries = TfidfVectorizer(analyzer=list, sublinear_tf=True, min_df=2, dtype=np.float32)
            regression = LogisticRegression(C=strength, max_iter=rounds)
            regression.fit(of_entries.fit_transform([c for c, is_in in zip(cut, inside) if is_in]), classes)
            # features that only questions out of scope have come after those of the entries
            vocabulary = {feature: int(index) for feature, index in of_entries.vocabulary_.items()}
            of_all = TfidfVectorizer(analyzer=list, sublinear_tf=True, min_df=2, dtype=np.float32).fit(cut)
            for feature in sorted(of_all.vocabulary_):
                vocabulary.setdefault(feature, len(vocabulary))
            of_all = TfidfVectorizer(analyzer=list, sublinear_tf=True, dtype=np.float32, vocabulary=vocabulary)
            bounds = LogisticRegression(C=30.0, max_iter=200, class_weight="balanced")
            bounds.fit(of_all.fit_transform(cut), inside)
        exact: dict[str, str] = {}
        for text, label in zip(texts, labels):
            exact.setdefault(bare(text), label)
        return cls(
            list(regression.classes_),
            vocabulary,
            Weights(len(of_entries.vocabulary_), of_entries.idf_, regression.coef_.T, regression.intercept_),
            Weights(len(vocabulary), of_all.idf_, bounds.coef_.T, bounds.intercept_),
            exact,
            dictionary,
        )

    def judge(self, text: str) -> tuple[np.ndarray, float]:
        """The probability of each class, given that the text is in scope; and how surely it is: below 0 it is not."""
        known = self.exact.get(bare(text))
        if known == OUT_OF_SCOPE:
            return np.zeros(len(self.classes)), -1.0
        if known is not None:
            # a button's text, or a question put word for word: certain, whatever its neighbours' weights say
            return (np.asarray(self.classes) == known).astype(np.float32), 1.0
        counts = Counter(
            index for feature in features(text, self.words) if (index := self.vocabulary.get(feature)) is not None
        )
        indices = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        scores = self.entries.scores(indices, values)
        powers = np.exp(scores - scores.max())
        probabilities = powers / powers.sum()
        # A text that is near to no class is as suspicious as one that resembles what is out of scope.
        surety = float(self.bounds.scores(indices, values)[0]) + float(np.log(probabilities.max())) - BOUND
        return probabilities, surety

    def save(self, folder: Path) -> None:
        """Writes the model into a folder."""
        arrays = {}
        for name, part in (("entries", self.entries), ("bounds", self.bounds)):
            arrays[f"{name}_idf"] = part.idf.astype(np.float32)
            arrays[f"{name}_weights"] = part.weights.astype(np.float16)
            arrays[f"{name}_bias"] = part.bias.astype(np.float32)
        np.savez(folder / "weights.npz", **arrays)
        (folder / "model.json").write_bytes(
            orjson.dumps(
                {
                    "classes": self.classes,
                    "vocabulary": self.vocabulary,
                    "exact": self.exact,
                    "dictionary": self.words.dictionary,
                }
            )
        )

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Reads what `save` wrote."""
        stored = orjson.loads((folder / "model.json").read_bytes())
        arrays = np.load(folder / "weights.npz")
        entries, bounds = (
            Weights(
                len(arrays[f"{name}_idf"]),
                arrays[f"{name}_idf"],
                arrays[f"{name}_weights"].astype(np.float32),
                arrays[f"{name}_bias"],
            )
            for name in ("entries", "bounds")
        )
        return cls(stored["classes"], stored["vocabulary"], entries, bounds, stored["exact"], stored["dictionary"])


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class QuestionClassifier(GraphComponent, IntentClassifier):
    """Sets `intent`, `intent_ranking` and, for `ask`, the ranking of entries where Rasa's ResponseSelector puts its own."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`strength`: inverse L2 penalty of the regression; `rounds`: its steps; `ranking`: how many entries are kept in the output."""
        return {"strength": 40.0, "rounds": 25, "ranking": 6}

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, model: Model | None = None
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> QuestionClassifier:
        """A new, untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fits the regression to all examples that carry an intent."""
        examples = [m for m in training_data.intent_examples if m.get(TEXT)]
        texts = [m.get(TEXT) for m in examples]
        labels = [m.get(INTENT_RESPONSE_KEY) or m.get(INTENT) for m in examples]
        dictionary = (content_dir() / "words.txt").read_text(encoding="utf-8")
        self._model = Model.fit(texts, labels, dictionary, self._config["strength"], self._config["rounds"])
        with self._model_storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> QuestionClassifier:
        """Loads the trained component. A model without this resource is a broken model: the error is let through."""
        with model_storage.read_from(resource) as folder:
            model = Model.load(folder)
        return cls(config, model_storage, resource, model)

    def process(self, messages: list[Message]) -> list[Message]:
        """Classifies the messages that no earlier component has classified."""
        for message in messages:
            text = message.get(TEXT)
            if text and not message.get(INTENT):
                self._classify(message, text)
        return messages

    def _classify(self, message: Message, text: str) -> None:
        if self._model is None:
            raise RuntimeError("QuestionClassifier is asked before it was trained")
        model = self._model
        probabilities, surety = model.judge(text)
        intents: dict[str, float] = {}
        entries: list[tuple[float, str]] = []
        for name, probability in zip(model.classes, probabilities.tolist()):
            intent = name.split("/", 1)[0]
            intents[intent] = intents.get(intent, 0.0) + probability
            if intent == ASK:
                entries.append((probability, name))
        ranking = sorted(intents.items(), key=lambda pair: -pair[1])[:5]
        if surety < 0:
            ranking = [(OUT_OF_SCOPE, 1.0 / (1.0 + float(np.exp(surety)))), *ranking]
        message.set(INTENT, {"name": ranking[0][0], "confidence": ranking[0][1]}, add_to_output=True)
        message.set("intent_ranking", [{"name": name, "confidence": p} for name, p in ranking], add_to_output=True)
        entries.sort(reverse=True)
        message.set("response_selector", _selector(entries[: self._config["ranking"]]), add_to_output=True)


def _selector(entries: Iterable[tuple[float, str]]) -> dict[str, Any]:
    ranking = [{"intent_response_key": name, "confidence": probability} for probability, name in entries]
    if not ranking:
        return {}
    best = {**ranking[0], "responses": [], "utter_action": f"utter_{ASK}"}
    return {"all_retrieval_intents": [ASK], ASK: {"response": best, "ranking": ranking}}
