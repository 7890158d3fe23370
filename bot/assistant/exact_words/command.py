"""A message that is one exact command. Each topic has its own file of them; bot/assistant/commands.py reads them all."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A whole message that matches `pattern` has the intent `intent`; named groups become entities.

    The pattern is read against the normalised text. Groups: `verb`, `code`, and `words`, free text which is kept as it was typed.
    """

    intent: str
    pattern: re.Pattern[str]


NUMBER = r"[#＃]?\s*(?P<code>[0-9]{1,9})"
WORDS = r"[\s:：,，]+(?P<words>.+)"
