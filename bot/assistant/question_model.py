"""What the understanding learns: which question a text asks, and whether it is one that can be answered.

Words, characters and syllables are weighed by tf-idf, each family on its own scale. Networks with one hidden layer, trained
by scikit-learn and averaged, give each class its probability; out of scope is one of their classes. How unlikely that one is,
how likely the best of the others, and how much of the text is new to the content together say how surely the text is in
scope. How this was chosen: docs/understanding.md.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
import orjson

from bot.assistant.features import CHARACTERS, bare, features
from bot.knowledge.words import load_words

OUT_OF_SCOPE = "out_of_scope"
# Where the bounds of what can be answered lie: at this value some 3 % of the validation split's answerable questions are
# refused, and 90 % of those out of scope.
BOUND = 6.6
_BY_HEART = 10.0  # the surety of a text that stands in the content
_PENALTY = 0.1  # L2 on the networks' weights: strong, so that 25 rounds do not learn single texts by heart
# What counts for the surety beside the logarithm of the best class's probability, chosen on held-out training texts:
_OUTSIDE = 2.0  # minus the logarithm of the probability of out of scope
_FAMILIAR = 8.0  # the share of the text that questions in scope hold too
_SHARPNESS = 2.0  # the networks' probabilities are raised to this power; measured, so that confidence is frequency


@dataclass(frozen=True)
class Scales:
    """tf-idf: the index of each feature, its idf, its family, and whether questions in scope hold it."""

    vocabulary: dict[str, int]
    idf: np.ndarray
    family: np.ndarray
    familiar: np.ndarray

    def weigh(self, found: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """The indices and weights of a text's known features; each family has length 1."""
        counts = Counter(i for one in found for feature in one if (i := self.vocabulary.get(feature)) is not None)
        indices = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        values = (1.0 + np.log(values)) * self.idf[indices]
        family = self.family[indices]
        lengths = np.sqrt(np.bincount(family, values * values, minlength=len(found)))
        return indices, values / lengths[family].astype(np.float32)

    def familiarity(self, pairs: Sequence[str]) -> float:
        """How much of a text is known from questions in scope (0 to 1): its pairs of characters, weighed by their idf."""
        most = float(self.familiar.max())
        known = [float(self.familiar[self.vocabulary[pair]]) if pair in self.vocabulary else 0.0 for pair in pairs]
        total = sum(weight or most for weight in known)
        return sum(known) / total if total else 0.0


@dataclass(frozen=True)
class Network:
    """One hidden layer of rectified units."""

    into: np.ndarray
    hidden: np.ndarray
    out: np.ndarray
    bias: np.ndarray

    def probabilities(self, indices: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The probability of each class."""
        scores = np.maximum(values @ self.into[indices] + self.hidden, 0.0) @ self.out + self.bias
        powers = np.exp(scores - scores.max())
        return powers / powers.sum()


class Model:
    """Classes are the intents, `ask` split into its entries (`ask/T7`); a text that stands word for word in the content is
    known by heart."""

    def __init__(
        self,
        classes: list[str],
        scales: Scales,
        networks: Sequence[Network],
        exact: dict[str, str],
        dictionary: str,
    ) -> None:
        self.classes = classes
        self.scales = scales
        self.networks = networks
        self.exact = exact
        self.words = load_words(dictionary)

    @classmethod
    def fit(
        cls, texts: Sequence[str], labels: Sequence[str], dictionary: str, units: int, rounds: int, networks: int
    ) -> Model:
        """Trains on texts and their classes, some of them out of scope.

        Each of the `networks` has `units` hidden units and sees the texts `rounds` times.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_union
        from threadpoolctl import threadpool_limits

        words = load_words(dictionary)
        cut = [features(text, words) for text in texts]
        inside = np.array([label != OUT_OF_SCOPE for label in labels])
        # a run of signs that stands in two texts is more often chance than a word that does
        families = [
            TfidfVectorizer(analyzer=itemgetter(place), sublinear_tf=True, min_df=least, dtype=np.float32)
            for place, least in enumerate((2, 3, 3))
        ]
        weighed = make_union(*families).fit_transform(cut).tocsr()
        names = [name for one in families for name in one.get_feature_names_out()]
        vocabulary = {name: index for index, name in enumerate(names)}
        scales = Scales(
            vocabulary,
            np.concatenate([one.idf_ for one in families]),
            np.repeat(np.arange(len(families)), [len(one.idf_) for one in families]),
            _familiar(vocabulary, cut, inside),
        )
        classes = sorted(set(labels) - {OUT_OF_SCOPE})
        number = {name: place for place, name in enumerate((*classes, OUT_OF_SCOPE))}
        targets = np.array([number[label] for label in labels])
        trained = []
        # small batches: on several threads the linear algebra spends its time waiting for them, many times as long on a busy machine
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops early on purpose
            for seed in range(networks):
                net = MLPClassifier(
                    (units,),
                    alpha=_PENALTY,
                    batch_size=512,
                    learning_rate_init=3e-3,
                    max_iter=rounds,
                    random_state=seed,
                )
                net.fit(weighed, targets)
                trained.append(Network(net.coefs_[0], net.intercepts_[0], net.coefs_[1], net.intercepts_[1]))
        exact: dict[str, str] = {}
        for text, label in zip(texts, labels):
            exact.setdefault(bare(text), label)
        return cls(classes, scales, trained, exact, dictionary)

    def judge(self, text: str) -> tuple[np.ndarray, float]:
        """The probability of each class, given that the text is in scope; and how surely it is: below 0 it is not."""
        known = self.exact.get(bare(text))
        if known == OUT_OF_SCOPE:
            return np.zeros(len(self.classes), dtype=np.float32), -_BY_HEART
        if known is not None:
            # a button's text, or a question put word for word: certain, whatever its neighbours' weights say
            return (np.asarray(self.classes) == known).astype(np.float32), _BY_HEART
        found = features(text, self.words)
        indices, values = self.scales.weigh(found)
        made = np.mean([network.probabilities(indices, values) for network in self.networks], axis=0)
        powers = made[:-1] ** _SHARPNESS
        probabilities = powers / powers.sum()
        # A text that is near to no class, or of which much is new, is as suspicious as one that resembles what is out of scope.
        surety = float(np.log(probabilities.max())) - _OUTSIDE * float(np.log(made[-1] + 1e-9))
        surety += _FAMILIAR * self.scales.familiarity([pair for pair in found[1] if " " in pair])
        return probabilities, surety - BOUND

    def save(self, folder: Path) -> None:
        """Writes the model into a folder."""
        arrays: dict[str, np.ndarray] = {
            "idf": self.scales.idf.astype(np.float32),
            "family": self.scales.family.astype(np.uint8),
            "familiar": self.scales.familiar.astype(np.float32),
        }
        for place, network in enumerate(self.networks):
            arrays[f"into_{place}"] = network.into.astype(np.float16)
            arrays[f"hidden_{place}"] = network.hidden.astype(np.float32)
            arrays[f"out_{place}"] = network.out.astype(np.float32)
            arrays[f"bias_{place}"] = network.bias.astype(np.float32)
        np.savez(folder / "weights.npz", **arrays)
        stored = {
            "classes": self.classes,
            "vocabulary": self.scales.vocabulary,
            "networks": len(self.networks),
            "exact": self.exact,
            "dictionary": self.words.dictionary,
        }
        (folder / "model.json").write_bytes(orjson.dumps(stored))

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Reads what `save` wrote."""
        stored = orjson.loads((folder / "model.json").read_bytes())
        arrays = np.load(folder / "weights.npz")
        scales = Scales(stored["vocabulary"], arrays["idf"], arrays["family"].astype(np.int64), arrays["familiar"])
        networks = [
            Network(*(arrays[f"{part}_{place}"].astype(np.float32) for part in ("into", "hidden", "out", "bias")))
            for place in range(stored["networks"])
        ]
        return cls(stored["classes"], scales, networks, stored["exact"], stored["dictionary"])


def _familiar(
    vocabulary: dict[str, int], cut: Sequence[tuple[list[str], list[str], list[str]]], inside: np.ndarray
) -> np.ndarray:
    """The idf of each run of characters over the texts in scope; 0 for what fewer than two of them hold."""
    held = Counter(pair for found, is_in in zip(cut, inside) if is_in for pair in set(found[1]))
    idf = np.zeros(len(vocabulary), dtype=np.float32)
    for feature, index in vocabulary.items():
        if feature.startswith(CHARACTERS) and held[feature] > 1:
            idf[index] = 1.0 + np.log((1.0 + float(inside.sum())) / (1.0 + held[feature]))
    return idf
