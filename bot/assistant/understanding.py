"""The served understanding: one pass over one message, as a Rasa graph component.

The classes are the intents, where `ask` is split into its entries (`ask/T7`): one model (bot/assistant/question_model.py)
ranks entries, process starts and small talk against each other. A message of several questions is also judged clause by
clause, so that each gets its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.assistant.clauses import questions
from bot.assistant.question_model import OUT_OF_SCOPE, Model
from bot.content import content_dir

ASK = "ask"
# The whole message tells what a clause is about (口罩要戴吗, after a word of school): a clause's entries are weighed by their
# probability in the whole, and this.
_AFRESH = 0.01
# A clause's entry must be at least this likely for the whole message: one torn from its story is else sure of some entry that
# nobody asked for.
_SEEN_IN_WHOLE = 0.02


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class QuestionClassifier(GraphComponent, IntentClassifier):
    """Sets `intent`, `intent_ranking` and, for `ask`, the ranking of entries where Rasa's ResponseSelector puts its own."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`networks`: how many are averaged; `units`: their hidden units; `rounds`: how often each sees the texts; `ranking`:
        how many entries are kept in the output."""
        return {"networks": 2, "units": 128, "rounds": 25, "ranking": 6}

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
        """Fits the model to all examples that carry an intent."""
        examples = [m for m in training_data.intent_examples if m.get(TEXT)]
        texts = [m.get(TEXT) for m in examples]
        labels = [m.get(INTENT_RESPONSE_KEY) or m.get(INTENT) for m in examples]
        dictionary = (content_dir() / "words.txt").read_text(encoding="utf-8")
        sizes = {name: self._config[name] for name in ("units", "rounds", "networks")}
        self._model = Model.fit(texts, labels, dictionary, **sizes)
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
        for name, probability in zip(model.classes, probabilities.tolist()):
            intent = name.split("/", 1)[0]
            intents[intent] = intents.get(intent, 0.0) + probability
        ranking = sorted(intents.items(), key=lambda pair: -pair[1])[:5]
        if surety < 0:
            ranking = [(OUT_OF_SCOPE, 1.0 / (1.0 + float(np.exp(surety)))), *ranking]
        message.set(INTENT, {"name": ranking[0][0], "confidence": ranking[0][1]}, add_to_output=True)
        message.set("intent_ranking", [{"name": name, "confidence": p} for name, p in ranking], add_to_output=True)
        entries = self._entries(model, probabilities)
        message.set(
            "response_selector", _selector(entries, self._clauses(model, text, probabilities)), add_to_output=True
        )

    def _entries(self, model: Model, probabilities: np.ndarray) -> list[dict[str, Any]]:
        """The likeliest entries, the likeliest first."""
        entries = [
            (probability, name)
            for name, probability in zip(model.classes, probabilities.tolist())
            if name.startswith(f"{ASK}/")
        ]
        entries.sort(reverse=True)
        return [
            {"intent_response_key": name, "confidence": probability}
            for probability, name in entries[: self._config["ranking"]]
        ]

    def _clauses(self, model: Model, text: str, whole: np.ndarray) -> list[dict[str, Any]]:
        """The questions of a message that asks more than one, each judged alone."""
        clauses = questions(text)
        if len(clauses) < 2:
            return []
        likely = dict(zip(model.classes, whole.tolist()))
        found = []
        for clause in clauses:
            probabilities, surety = model.judge(clause)
            weighed = probabilities * (whole + _AFRESH)
            ranking = self._entries(model, weighed / max(float(weighed.sum()), 1e-9))
            seen = bool(ranking) and likely[ranking[0]["intent_response_key"]] >= _SEEN_IN_WHOLE
            found.append({"text": clause, "ranking": ranking, "in_scope": surety >= 0 and seen})
        return found


def _selector(ranking: Sequence[dict[str, Any]], clauses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not ranking:
        return {}
    best = {**ranking[0], "responses": [], "utter_action": f"utter_{ASK}"}
    of_ask = {"response": best, "ranking": ranking, "clauses": clauses}
    return {"all_retrieval_intents": [ASK], ASK: of_ask}
