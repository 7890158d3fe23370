"""`running.json` in the data folder: where the servers are that a running service holds, for the commands beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson

_NAME = "running.json"


def write_running_note(data_dir: Path, **said: Any) -> None:
    """Tells the commands beside this process what they need; `said` is completed by the process id."""
    note = data_dir / _NAME
    note.unlink(missing_ok=True)
    note.touch(mode=0o600)  # before anything stands in it: a URL may hold a password
    note.write_bytes(orjson.dumps({**said, "pid": os.getpid()}))


def remove_running_note(data_dir: Path) -> None:
    """To be called by the process that wrote it."""
    (data_dir / _NAME).unlink(missing_ok=True)


def running_note(data_dir: Path) -> dict[str, Any]:
    """What the service that holds this data folder says of itself; empty when none does."""
    note = data_dir / _NAME
    if not note.exists():
        return {}
    said: dict[str, Any] = orjson.loads(note.read_bytes())
    # a service that was killed could not take its note away
    return said if Path(f"/proc/{said['pid']}").exists() else {}
