"""Which models there are, which one is served, and how that is changed: all of it stands in files.

    models/ of the checkout     <content>.tar.gz             trained on the content files alone
    models/ of the data folder  <content>-<snapshot>.tar.gz  ... and on a snapshot of staff's changes
                                <snapshot>.built             how its build ended: accepted or refused, and why
                                <snapshot>.json              the same, once it is served or given up; staff are told then
                                serving.json                 what is served; the supervisor alone writes it
                                order.json                   what the command line wants of the supervisor
    knowledge/wanted.json       the snapshot that staff want trained; written by a worker

A model's name is its file's without `.tar.gz`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import orjson

from bot.content import ROOT

SUFFIX = ".tar.gz"
_KEPT_MODELS = 3
_KEPT_RESULTS = 30
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Serving:
    """What is served.

    `earlier`: what was served before, the oldest first. `handled`: the model that staff's changes asked for last, whatever
    became of it; so one that was refused or gone back from is not taken up again. `order`: the last order carried out.
    `failure`: why that order was not.
    """

    model: str
    earlier: tuple[str, ...] = ()
    handled: str = ""
    pinned: bool = False
    since: str = ""
    order: str = ""
    failure: str = ""

    def followed_by(self, model: str, *, pinned: bool) -> Serving:
        """As it is once `model` is served, which then has this one before it."""
        earlier = tuple(m for m in dict.fromkeys((*self.earlier, self.model)) if m != model)
        return replace(self, model=model, earlier=earlier, pinned=pinned, since=_now(), failure="")

    def gone_back(self, model: str) -> Serving:
        """As it is once `model`, one of those before, is served again; nothing newer comes up by itself."""
        earlier = self.earlier[: self.earlier.index(model)]
        return replace(self, model=model, earlier=earlier, pinned=True, since=_now(), failure="")


@dataclass(frozen=True)
class Order:
    """`model` None: the one before."""

    id: str
    model: str | None = None


@dataclass(frozen=True)
class Result:
    """How a build ended. `digest`: of the snapshot; `figures`: of the gate; `seconds`: training and gate together."""

    digest: str
    content: str
    model: str
    accepted: bool
    reasons: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    at: str = ""


class ModelShelf:
    """The files above, of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "models"
        self.wanted = data_dir / "knowledge" / "wanted.json"

    def file(self, model: str) -> Path:
        """Where a model lies, or would lie."""
        return (self.folder if "-" in model else ROOT / "models") / f"{model}{SUFFIX}"

    def snapshot_file(self, model: str) -> Path:
        """The snapshot that a model was trained on: `wanted` may say something else by now."""
        return self.folder / f"{model}.snapshot.json"

    def kept(self) -> list[Path]:
        """The models of the data folder, the newest first."""
        return _newest_first(path for path in self.folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))

    def start_afresh(self, content: str) -> None:
        """Serves the model of the content files alone; what was served before was of another content, or is lost."""
        self.write_serving(Serving(content, handled=content, since=_now()))

    def serving(self) -> Serving | None:
        """None: nothing was ever served from this data folder."""
        return _made(Serving, self.folder / "serving.json")

    def write_serving(self, serving: Serving) -> None:
        """Keeps what is served over a restart, and tells the command line."""
        _write(self.folder / "serving.json", asdict(serving))

    def order(self) -> Order | None:
        """What the command line wants and was not done yet."""
        return _made(Order, self.folder / "order.json")

    def give_order(self, order: Order) -> None:
        """Asks the supervisor, which looks several times a second; a later order takes the place of an earlier one."""
        _write(self.folder / "order.json", asdict(order))

    def order_done(self, order: Order) -> None:
        """Takes the order away, unless another has come meanwhile."""
        if self.order() == order:
            (self.folder / "order.json").unlink(missing_ok=True)

    def built(self, digest: str) -> Result | None:
        """How the build of this snapshot ended; None when it was not built yet."""
        return _made(Result, self.folder / f"{digest}.built") or _made(Result, self.folder / f"{digest}.json")

    def write_built(self, result: Result) -> None:
        """Keeps how a build ended."""
        _write(self.folder / f"{result.digest}.built", asdict(result))

    def results(self) -> list[Result]:
        """What became of all builds, the newest first."""
        paths = [path for path in _newest_first(self.folder.glob("*.json")) if _is_digest(path.stem)]
        return [result for path in paths if (result := _made(Result, path))]

    def publish(self, result: Result) -> None:
        """Tells all who look what became of a build."""
        _write(self.folder / f"{result.digest}.json", asdict(result))
        (self.folder / f"{result.digest}.built").unlink(missing_ok=True)

    def clear(self, needed: set[str]) -> None:
        """Deletes all but the newest models and results; `needed` models stay, whatever their age."""
        for path in self.kept()[_KEPT_MODELS:]:
            model = path.name.removesuffix(SUFFIX)
            if model not in needed:
                path.unlink(missing_ok=True)
                self.snapshot_file(model).unlink(missing_ok=True)
        for left in self.folder.glob(".*-*"):  # of builds that were ended half way; none is at work now
            left.unlink(missing_ok=True)
        for result in self.results()[_KEPT_RESULTS:]:
            (self.folder / f"{result.digest}.json").unlink(missing_ok=True)


def model_of(content: str, digest: str | None) -> str:
    """The name of the model of this content and snapshot, `None` for the content alone."""
    return f"{content}-{digest}" if digest else content


def content_of(model: str) -> str:
    """The digest of the content that a model was trained on."""
    return model.partition("-")[0]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _is_digest(name: str) -> bool:
    return len(name) == 16 and set(name) <= set("0123456789abcdef")


def _newest_first(paths: Any) -> list[Path]:
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def _made(kind: type[_Kind], path: Path) -> _Kind | None:
    """What a file holds; None when it is missing, cut off by a crash of the machine, or of another version."""
    with suppress(FileNotFoundError, orjson.JSONDecodeError, TypeError, AttributeError):
        said = orjson.loads(path.read_bytes())
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in said.items()})
    return None


def _write(path: Path, content: dict[str, Any]) -> None:
    """Readers see the old file or the new one, never a part."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    new.replace(path)
