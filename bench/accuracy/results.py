"""Runs a pipeline and keeps what came out, under a key of all that shaped it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.accuracy import examples
from bench.accuracy.examples import Example
from bench.accuracy.pipelines import OURS, code
from bench.accuracy.splits import load_splits, without_seen
from bot.assistant.training import content_hash
from bot.content import ROOT

RESULTS = Path(__file__).parent / "results"
_LIBRARIES = ("rasa", "tensorflow", "scikit-learn", "jieba", "bm25s")
_COMMON = ("pipeline.py", "worker.py")  # what shapes a stored row beside the pipeline's own code
_ONE_CORE = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_INTRA_OP_PARALLELISM_THREADS",
    "TF_INTER_OP_PARALLELISM_THREADS",
)
_HEARTBEAT = 30.0


@dataclass(frozen=True)
class Result:
    """What one pipeline came to: facts about the run, and a row for each line of validation and test split."""

    about: dict[str, Any]
    rows: list[dict[str, Any]]

    def split(self, name: str) -> list[dict[str, Any]]:
        """The rows of `validation` or `test`."""
        return [row for row in self.rows if row["split"] == name]


@cache
def _all_lines() -> dict[str, list[Example]]:
    # as they stood when they were first asked for: a run judges all pipelines on the same
    return load_splits()


def data() -> dict[str, dict[str, Any]]:
    """How many lines each split has, how many of them are left out because they stand in an earlier one, and its digest."""
    return {
        name: {
            "lines": len(lines),
            "left_out": len(_all_lines()[name]) - len(lines),
            "digest": examples.digest(lines),
        }
        for name, lines in without_seen(_all_lines()).items()
    }


def key(name: str) -> str:
    """A digest of all that a result of this pipeline depends on: the three splits, code, configuration, libraries."""
    parts: list[Any] = [data(), {library: version(library) for library in _LIBRARIES}, platform.python_version()]
    files = [*code(name), *(Path(__file__).parent / common for common in _COMMON)]
    if name == OURS:
        parts.append(content_hash())
        files.append(ROOT / "bot" / "knowledge" / "answering.py")
    parts += [path.read_text(encoding="utf-8") for path in files]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def kept(name: str) -> Result | None:
    """The result that is kept for the present data and code, None if there is none."""
    path = RESULTS / f"{name}-{key(name)}.jsonl"
    return read(path) if path.exists() else None


def read(path: Path) -> Result:
    """A result from its file."""
    about, *rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return Result(about, rows)


def make(name: str) -> Result:
    """Trains and measures a pipeline in processes of their own, and keeps the result in place of an older one.

    Raises:
        RuntimeError: a step failed, or the content was changed while it ran.
    """
    before = key(name)
    with tempfile.TemporaryDirectory(prefix="bot-eval-") as temporary:
        folder = Path(temporary)
        for split, lines in without_seen(_all_lines()).items():
            examples.write(folder / f"{split}.json", lines)
        _step("train", name, folder)
        _step("measure", name, folder)
        trained = json.loads((folder / "train.jsonl").read_text(encoding="utf-8"))
        measured = read(folder / "measure.jsonl")
    if key(name) != before:  # ours is trained on the content's files themselves, not on the lines handed over
        raise RuntimeError(f"{name}: content or code was changed while it ran; run it again")
    about = {
        "pipeline": name,
        "key": before,
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "libraries": {library: version(library) for library in _LIBRARIES},
        "data": data(),
        **trained,
        **measured.about,
    }
    RESULTS.mkdir(exist_ok=True)
    for old in RESULTS.glob(f"{name}-*.jsonl"):
        old.unlink()
    written = [json.dumps(row, ensure_ascii=False) for row in (about, *measured.rows)]
    (RESULTS / f"{name}-{before}.jsonl").write_text("\n".join(written) + "\n", encoding="utf-8")
    return Result(about, measured.rows)


def say(text: str) -> None:
    """A line of progress, with the time, on standard error: standard output is the report's."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def _step(step: str, name: str, folder: Path) -> None:
    began = time.monotonic()
    environment = {variable: value for variable, value in os.environ.items() if not variable.startswith("BOT_")}
    # a data folder of its own: what staff of this machine's service have written must not come into the figures
    environment |= {
        "BOT_DATA_DIR": str(folder / "data"),
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if step == "measure":
        environment |= dict.fromkeys(_ONE_CORE, "1")
    log = folder / f"{step}.log"
    say(f"{name}: {step} …")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.accuracy.worker", step, name, str(folder)],
            cwd=ROOT, env=environment, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            while True:
                try:
                    status = process.wait(_HEARTBEAT)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{name}: {step}, {time.monotonic() - began:.0f} s; {_last_line(log)}")
        finally:
            if process.poll() is None:
                process.terminate()
    if status != 0:
        raise RuntimeError(f"{name}: {step} failed\n" + log.read_text(encoding="utf-8", errors="replace")[-3000:])
    say(f"{name}: {step} done in {time.monotonic() - began:.0f} s")


def _last_line(log: Path) -> str:
    lines = re.split(r"[\r\n]+", log.read_text(encoding="utf-8", errors="replace")[-2000:].strip())
    return lines[-1][:150]
