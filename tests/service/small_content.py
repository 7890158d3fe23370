"""A content folder of a few entries: its model trains in seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from bot.content import ROOT

KEPT = ("T1", "T2", "T4", "T7", "C1", "C2", "S1", "S3", "E8", "E9", "D1", "D2")
MUST_ANSWER = {"T7": "请问一下黄码可以坐火车吗"}


def make_small_content(folder: Path) -> Path:
    """The processes, rules and small talk of the project's content, and the entries `KEPT` of its knowledge."""
    source = ROOT / "nlu_data"
    folder.mkdir(exist_ok=True)
    for name in ("nlu", "processes", "rules"):
        shutil.copytree(source / name, folder / name)
    shutil.copy(source / "words.txt", folder)
    for name in ("knowledge", "validation/gate"):
        (folder / name).mkdir(parents=True)
    for path in source.glob("knowledge/*/*.yml"):
        if path.stem in KEPT:
            entry = yaml.safe_load(path.read_text(encoding="utf-8"))
            for key in ("related", "covers"):
                entry[key] = [other for other in entry.get(key) or () if other in KEPT]
            (folder / "knowledge" / path.name).write_text(yaml.safe_dump(entry, allow_unicode=True), encoding="utf-8")
    (folder / "validation" / "gate" / "must_answer.yml").write_text(
        'version: "3.1"\nnlu:\n'
        + "".join(f"- intent: ask/{entry}\n  examples: |\n    - {text}\n" for entry, text in MUST_ANSWER.items()),
        encoding="utf-8",
    )
    return folder
