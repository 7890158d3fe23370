"""Where the content lies: knowledge entries, processes, examples, the dictionary."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def content_dir() -> Path:
    """The content folder: BOT_CONTENT_DIR, or nlu_data beside the code.

    Read from the environment and not from Settings, since `rasa train` needs it without any of the service's settings.
    """
    return Path(os.environ.get("BOT_CONTENT_DIR") or ROOT / "nlu_data")
