"""Trains the Rasa model when the content has changed."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path

from bot.content import ROOT, content_dir
from bot.errors import BotError, ContentError

# What shapes a model beside the content: configuration, components, the code that compiles content, locked packages.
_INPUTS = (
    "config.yml",
    "domain.yml",
    "requirements.lock",
    "bot/assistant",
    "bot/processes/definition.py",
    "bot/processes/normal.py",
    "bot/knowledge/entries.py",
    "bot/knowledge/snapshot.py",
    "bot/knowledge/words.py",
)


# Folders among them that no model is made from: validation judges one, the others are read while serving.
_SHAPE_NOTHING = {"validation", "office", "exact_words"}


def content_hash() -> str:
    """A digest of all that a model is made from: content, configuration, components and locked packages."""
    digest = hashlib.sha256()
    for top in (*(ROOT / name for name in _INPUTS), content_dir()):
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if _SHAPE_NOTHING.intersection(path.relative_to(top).parts):
                continue
            if path.is_file() and path.suffix in (".yml", ".py", ".txt", ".lock"):
                digest.update(str(path.relative_to(top)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def trained_model() -> Path:
    """Where the model of the present content lies, or would lie."""
    return ROOT / "models" / f"{content_hash()}.tar.gz"


def train(target: Path | None = None) -> Path:
    """Trains the model of the present content and returns its file, by default that of `trained_model`.

    It is whole or not there: a training that is ended half way leaves no model behind.

    Raises:
        ContentError: a content file is wrong; nothing was trained.
        BotError: Rasa failed.
    """
    # Rasa takes seconds to import, which a start that only looks for its model need not wait for; and TensorFlow and its
    # kin warn about themselves while they are imported, whatever the filters say.
    with warnings.catch_warnings(record=True):
        import rasa
        from rasa.shared.utils.common import class_from_module_path
        from rasa.shared.utils.io import read_config_file

        from bot.assistant.quiet import quiet_rasa

        quiet_rasa()
        # Rasa only warns about an importer that cannot be imported, and trains on nothing: import it here, where it ends it.
        for importer in read_config_file(ROOT / "config.yml")["importers"]:
            try:
                class_from_module_path(importer["name"])(str(ROOT / "config.yml"), str(ROOT / "domain.yml"))
            except (ImportError, AttributeError) as error:
                raise ContentError(f"config.yml: importer {importer['name']}: {error}") from error
        target = target or trained_model()
        making = target.with_name(f".making-{os.getpid()}.tar.gz")
        # What Rasa would cache for the next training, in plain and up to a gigabyte, a forced training never reads.
        os.environ.setdefault("RASA_MAX_CACHE_SIZE", "0")
        result = rasa.train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=str(content_dir()),
            output=str(making.parent),
            fixed_model_name=making.name.removesuffix(".tar.gz"),
            force_training=True,
        )
    if result.code != 0 or not making.exists():
        raise BotError("模型训练失败，原因见上面的输出。")
    making.replace(target)
    return target
