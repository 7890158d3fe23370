"""The four pipelines by name. Each is imported when it is asked for: its libraries must not weigh on another's memory."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from bench.accuracy.pipeline import Pipeline

OURS = "ours"
# name: (module, class)
_WHERE = {
    OURS: ("bench.accuracy.ours", "Ours"),
    "stock": ("bench.accuracy.stock_rasa", "StockRasa"),
    "bm25": ("bench.accuracy.bm25", "Bm25"),
    "chars": ("bench.accuracy.char_regression", "CharRegression"),
}
NAMES = tuple(_WHERE)


def pipeline(name: str) -> Pipeline:
    """The pipeline of a name, its libraries loaded."""
    module, kind = _WHERE[name]
    made: Pipeline = getattr(import_module(module), kind)()
    return made


def code(name: str) -> list[Path]:
    """The files that make a baseline what it is. (What ours is made from, bot.assistant.training knows.)"""
    root = Path(__file__).parent
    own = root / _WHERE[name][0].rpartition(".")[2]
    return sorted(own.glob("*.*")) if own.is_dir() else [own.with_suffix(".py")]
