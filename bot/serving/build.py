"""`python -m bot model build`: trains staff's changes and says whether the model may be served. Serves nothing itself."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from bot.assistant.training import content_hash, train
from bot.errors import BotError
from bot.knowledge.snapshot import SNAPSHOT, entries_to_train, read_snapshot
from bot.serving.model_shelf import ModelShelf, Result, content_of, model_of

_NICE = 10


def build(data_dir: Path) -> Result:
    """Trains the model that staff want, judges it against the served one, and keeps the result where all can read it.

    Raises:
        BotError: nobody wants one, or the wanted snapshot cannot be read.
    """
    os.nice(_NICE)  # those who ask come first
    began = time.monotonic()
    shelf, content = ModelShelf(data_dir), content_hash()
    if not shelf.wanted.exists():
        raise BotError("没有要训练的修改。")
    shelf.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = shelf.folder / f".wanted-{os.getpid()}"
    shutil.copyfile(shelf.wanted, wanted)  # staff may want something else before this is trained
    snapshot = read_snapshot(wanted)
    model = model_of(content, snapshot.digest)
    wanted.replace(shelf.snapshot_file(model))
    os.environ[SNAPSHOT] = str(shelf.snapshot_file(model))
    result = Result(snapshot.digest, content, model, accepted=False)
    try:
        serving = shelf.serving()
        old = shelf.file(serving.model if serving and content_of(serving.model) == content else content)
        if not old.exists():
            raise BotError(f"没有可以对照的模型 {old.name}，请先启动服务。")
        train(shelf.file(model))
        with warnings.catch_warnings(record=True):  # Rasa's, of itself
            from bot.serving.gate import compare

            verdict = compare(old, shelf.file(model), entries_to_train(), snapshot.checks)
        result = replace(result, accepted=not verdict.reasons, reasons=tuple(verdict.reasons), figures=verdict.figures)
    except BotError as error:
        result = replace(result, reasons=(str(error),))
    if not result.accepted:
        shelf.file(model).unlink(missing_ok=True)
        shelf.snapshot_file(model).unlink(missing_ok=True)
    result = replace(
        result,
        seconds=round(time.monotonic() - began, 1),
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    shelf.write_built(result)
    return result
