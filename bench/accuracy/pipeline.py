"""What `make eval` asks of a pipeline: train into a folder, load from it, and say what it makes of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from bench.accuracy.examples import Example


@dataclass(frozen=True)
class Prediction:
    """What a pipeline makes of one text.

    `ranking`: labels of what can be answered (never `out_of_scope`), the likeliest first; a confidence is given that the
    text is in scope. `surety`: one or more measures, by name, of how surely the text can be answered; the greater, the
    surer. `told`: what the person would get with the pipeline as it is configured, None where it has no such setting;
    `shown`: the labels told, or offered on buttons.
    """

    ranking: tuple[tuple[str, float], ...]
    surety: dict[str, float]
    told: Literal["answer", "which", "none"] | None = None
    shown: tuple[str, ...] = ()


class Loaded(Protocol):
    """A trained pipeline in memory."""

    calibrated: bool  # whether confidences are meant as probabilities

    def run(self, text: str) -> Any:
        """The work that a message costs when it is served; this is what is timed."""

    def prediction(self, text: str, made: Any) -> Prediction:
        """What `run` made of a text, put into the common form."""


class Pipeline(Protocol):
    """One way to understand a message."""

    title: str

    def settings(self) -> str:
        """What it is made of, for the report."""

    def train(self, training: Sequence[Example], folder: Path) -> None:
        """Trains on the examples and leaves the model in the folder."""

    def load(self, folder: Path) -> Loaded:
        """Loads what `train` left."""
