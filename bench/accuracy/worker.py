"""A process of its own for each pipeline and step: what one leaves in memory must not count for another.

`python -m bench.accuracy.worker train NAME FOLDER` and `… measure NAME FOLDER` read FOLDER/SPLIT.json and leave
FOLDER/STEP.jsonl.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.accuracy import examples
from bench.accuracy.examples import Example
from bench.accuracy.pipeline import Loaded, Pipeline
from bench.accuracy.pipelines import pipeline

_WARM_UP = 30
_KEPT = 3  # labels of a ranking that figures need
_MEGABYTE = 2**20


def main(arguments: Sequence[str]) -> None:
    """Runs one step."""
    step, name, folder = arguments
    warnings.filterwarnings("ignore")
    rows = {"train": _train, "measure": _measure}[step](pipeline(name), Path(folder))
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (Path(folder) / f"{step}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _train(chosen: Pipeline, folder: Path) -> list[dict[str, Any]]:
    training = examples.read(folder / "training.json")
    began = time.perf_counter()
    chosen.train(training, folder)
    seconds = time.perf_counter() - began
    return [{"title": chosen.title, "settings": chosen.settings(), "training_seconds": round(seconds, 1)}]


def _measure(chosen: Pipeline, folder: Path) -> list[dict[str, Any]]:
    splits = {name: examples.read(folder / f"{name}.json") for name in ("validation", "test")}
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    before = psutil.Process().memory_info().rss
    loaded = chosen.load(folder)
    for example in splits["validation"][:_WARM_UP]:
        loaded.run(example.text)
    after = psutil.Process().memory_info().rss
    times: list[float] = []
    rows = [_row(split, example, loaded, times) for split, lines in splits.items() for example in lines]
    return [
        {
            "memory_added": round((after - before) / _MEGABYTE),
            "memory_whole": round(after / _MEGABYTE),
            "ms_median": round(float(np.median(times)), 2),
            "ms_p99": round(float(np.quantile(times, 0.99)), 2),
            "calibrated": loaded.calibrated,
        },
        *rows,
    ]


def _row(split: str, example: Example, loaded: Loaded, times: list[float]) -> dict[str, Any]:
    began = time.perf_counter()
    made = loaded.run(example.text)
    times.append((time.perf_counter() - began) * 1000)
    said = loaded.prediction(example.text, made)
    return {
        "split": split,
        **asdict(example),
        "ranking": [label for label, _ in said.ranking[:_KEPT]],
        "confidence": round(said.ranking[0][1], 4),
        "surety": {name: round(value, 5) for name, value in said.surety.items()},
        "told": said.told,
        "shown": list(said.shown),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
