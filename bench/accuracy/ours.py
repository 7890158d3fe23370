"""The served pipeline: trained by the service's own command, asked through Rasa's agent, decided as the service decides."""

from __future__ import annotations

import asyncio
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent

from bench.accuracy.examples import OUT_OF_SCOPE, Example
from bench.accuracy.pipeline import Prediction
from bot.assistant.question_model import Model
from bot.assistant.quiet import quiet_rasa
from bot.assistant.training import train
from bot.knowledge.answering import Candidate, Clause, asked_at_once, judge
from bot.knowledge.entries import load_entries


class Ours:
    """config.yml, and the decision of bot/knowledge/answering.py over what it says.

    What staff's own entries, imported documents and the day's risk list add in the service is not part of it.
    """

    title = "ours"

    def settings(self) -> str:
        """Names the file that says it all."""
        return "`config.yml` and `bot/knowledge/answering.py`, as served"

    def train(self, training: Sequence[Example], folder: Path) -> None:
        """`python -m bot train`: its importer gives the same examples."""
        train(folder / "model.tar.gz")

    def load(self, folder: Path) -> LoadedOurs:
        """The agent that the service loads too."""
        return LoadedOurs(folder / "model.tar.gz")


class LoadedOurs:
    """Rasa's agent with the served model."""

    calibrated = True

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        quiet_rasa()
        self._agent = Agent.load(str(archive))
        self._loop = asyncio.new_event_loop()
        self._entries = load_entries()
        self._model: Model | None = None

    def run(self, text: str) -> dict[str, Any]:
        """The whole of Rasa's NLU graph."""
        return self._loop.run_until_complete(self._agent.parse_message(text))

    def prediction(self, text: str, made: dict[str, Any]) -> Prediction:
        """Entries from the selector's ranking, all else from the ranking of intents."""
        intent = made["intent"]["name"]
        selector = (made.get("response_selector") or {}).get("ask") or {}
        entries = [(r["intent_response_key"], r["confidence"]) for r in selector.get("ranking", [])]
        if "intent_ranking" not in made or not entries:  # an exact command, read before the classifier
            return Prediction(((intent, 1.0),), {"surety": 100.0}, "answer", (intent,))
        others = [
            (r["name"], r["confidence"]) for r in made["intent_ranking"] if r["name"] not in (OUT_OF_SCOPE, "ask")
        ]
        ranking = tuple(sorted([*entries, *others], key=lambda pair: -pair[1]))
        surety = {"surety": self._surety(text)}
        clauses = [Clause(c["text"], self._candidates(c["ranking"])) for c in selector["clauses"] if c["in_scope"]]
        if several := asked_at_once(clauses):
            return Prediction(ranking, surety, "answer", tuple(f"ask/{entry.id}" for entry, _ in several))
        verdict = judge(self._candidates(selector["ranking"]))
        shown = tuple(f"ask/{candidate.entry.id}" for candidate in verdict.candidates)
        if intent == OUT_OF_SCOPE:
            return Prediction(ranking, surety, "none", shown)
        if intent != "ask":
            return Prediction(ranking, surety, "answer", (intent,))
        return Prediction(ranking, surety, verdict.kind, shown)

    def _candidates(self, ranking: Sequence[dict[str, Any]]) -> list[Candidate]:
        return [Candidate(self._entries[r["intent_response_key"].partition("/")[2]], r["confidence"]) for r in ranking]

    def _surety(self, text: str) -> float:
        # Rasa's output says only whether a text is out of scope, not by how far: the component's own model knows. It is
        # loaded a second time, after memory was measured.
        if self._model is None:
            folder = self._archive.parent / "component"
            with tarfile.open(self._archive) as archive:
                members = [m for m in archive.getmembers() if "QuestionClassifier" in m.name and m.isfile()]
                for member in members:
                    member.name = Path(member.name).name
                archive.extractall(folder, members)
            self._model = Model.load(folder)
        return self._model.judge(text)[1]
