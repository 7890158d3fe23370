"""Entries as plain data, as their YAML files hold them: what a version keeps whole, keys unknown to this release included."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from bot.content import content_dir
from bot.errors import Refused
from bot.knowledge.entries import load_entries

Body = dict[str, Any]
_WITHOUT_FILE = "staff"  # the folder of entries that had no file


def file_body(entry_id: str) -> Body | None:
    """The body of an entry's file, dates as ISO text; None for an entry that staff made and that has no file."""
    path = next((content_dir() / "knowledge").rglob(f"{entry_id}.yml"), None)
    if path is None:
        return None
    body: Body = orjson.loads(_file(path, path.stat().st_mtime_ns))
    return body


@lru_cache(maxsize=512)
def _file(path: Path, changed_at: int) -> bytes:
    return orjson.dumps(yaml.safe_load(path.read_text(encoding="utf-8")))


def body_digest(body: Mapping[str, Any] | None) -> str:
    """16 hexadecimal digits that name a body, whatever the order of its keys; empty for none."""
    if body is None:
        return ""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def write_body(body: Mapping[str, Any], folder: Path) -> Path:
    """Writes a body as the YAML file of its entry, readable by `read_entry`."""
    plain = {key: date.fromisoformat(body[key]) if key in ("effective", "expires") else body[key] for key in body}
    path = folder / f"{body['id']}.yml"
    path.write_text(
        yaml.dump(plain, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000), encoding="utf-8"
    )
    return path


def write_all(newest: Mapping[str, Body], folder: Path) -> int:
    """Writes all entries into an empty folder, those of `newest` from there; returns how many differ from their files.

    What does not differ is copied as it is, comments and all.

    Raises:
        Refused: the folder is not empty.
        ContentError: the files would not load together.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"文件夹 {folder} 不是空的，请换一个。")
    shutil.copytree(content_dir() / "knowledge", folder, dirs_exist_ok=True)
    changed = 0
    for entry_id, body in newest.items():
        if body_digest(body) == body_digest(file_body(entry_id)):
            continue
        old = next(folder.rglob(f"{entry_id}.yml"), None)
        place = old.parent if old is not None else folder / _WITHOUT_FILE
        place.mkdir(exist_ok=True)
        write_body(body, place)
        changed += 1
    load_entries(folder)
    return changed


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as such, as in the files written by hand."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """A text, as a block where it has lines."""
        style = "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)
