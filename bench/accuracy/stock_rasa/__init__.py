"""Stock Rasa: the pipeline of config.yml beside this file, trained on the same examples."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rasa.core.agent import Agent
from rasa.model_training import train_nlu

from bench.accuracy.examples import OUT_OF_SCOPE, Example
from bench.accuracy.pipeline import Prediction
from bot.assistant.quiet import quiet_rasa

CONFIG = Path(__file__).with_name("config.yml")
_FALLBACK = "nlu_fallback"


class StockRasa:
    """What a team gets that follows Rasa's documentation."""

    title = "stock Rasa"

    def settings(self) -> str:
        """The components, with their epochs."""
        pipeline = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["pipeline"]
        return ", ".join(
            part["name"]
            + (f" ({part['epochs']} epochs)" if "epochs" in part else "")
            + (" (char_wb 1–4)" if "analyzer" in part else "")
            + (f" (threshold {part['threshold']})" if "threshold" in part else "")
            for part in pipeline
        )

    def train(self, training: Sequence[Example], folder: Path) -> None:
        """Writes the examples as a Rasa project would hold them, and trains its NLU."""
        (folder / "nlu.yml").write_text(_project(training), encoding="utf-8")
        train_nlu(str(CONFIG), str(folder / "nlu.yml"), str(folder), fixed_model_name="model")

    def load(self, folder: Path) -> LoadedStockRasa:
        """The agent on that model."""
        return LoadedStockRasa(folder / "model.tar.gz")


class LoadedStockRasa:
    """Rasa's agent with the stock model."""

    calibrated = True

    def __init__(self, archive: Path) -> None:
        quiet_rasa()  # its debug lines cost time at each message
        self._agent = Agent.load(str(archive))
        self._loop = asyncio.new_event_loop()

    def run(self, text: str) -> dict[str, Any]:
        """The whole of Rasa's NLU graph."""
        return self._loop.run_until_complete(self._agent.parse_message(text))

    def prediction(self, text: str, made: dict[str, Any]) -> Prediction:
        """An entry's confidence is that of the intent `ask` times that of the response selector."""
        intents = {r["name"]: r["confidence"] for r in made["intent_ranking"] if r["name"] != _FALLBACK}
        responses = [(r["intent_response_key"], r["confidence"]) for r in made["response_selector"]["ask"]["ranking"]]
        asked, outside = intents.get("ask", 0.0), intents.get(OUT_OF_SCOPE, 0.0)
        whole = max(1e-12, 1.0 - outside)
        found = [(name, p) for name, p in intents.items() if name not in ("ask", OUT_OF_SCOPE)]
        found += [(name, asked * p) for name, p in responses]
        found.sort(key=lambda pair: -pair[1])
        refused = made["intent"]["name"] in (_FALLBACK, OUT_OF_SCOPE)
        told = responses[0][0] if made["intent"]["name"] == "ask" else made["intent"]["name"]
        return Prediction(
            tuple((name, p / whole) for name, p in found[:10]),
            {
                "not the intent out_of_scope": 1.0 - outside,
                "best intent in scope": max([asked, *(p for name, p in intents.items() if name != OUT_OF_SCOPE)]),
                "best intent times best response": found[0][1],
            },
            "none" if refused else "answer",
            () if refused else (told,),
        )


def _project(training: Sequence[Example]) -> str:
    by_label: dict[str, list[str]] = {}
    for example in training:
        by_label.setdefault(example.label, []).append(example.text)
    nlu = [{"intent": label, "examples": "".join(f"- {text}\n" for text in texts)} for label, texts in by_label.items()]
    responses = {f"utter_{label}": [{"text": texts[0]}] for label, texts in by_label.items() if "/" in label}
    return yaml.safe_dump({"version": "3.1", "nlu": nlu, "responses": responses}, allow_unicode=True, sort_keys=False)
