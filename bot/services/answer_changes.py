"""What is different between an old answer and a new one, for people who knew the old one."""

from __future__ import annotations

import re

from bot.knowledge.changes import shortened

_SENTENCE = re.compile(r"[^。；;！!？?\n]+[。；;！!？?]?")
_OLD, _NEW = 100, 160  # characters; the whole answer is one tap away


def changed_lines(old: str, new: str) -> list[str]:
    """原来：… and 现在：… with the sentences that only one of the answers has; what stayed is left out."""
    before, after = _sentences(old), _sentences(new)
    gone = "".join(one for one in before if one not in after)
    come = "".join(one for one in after if one not in before)
    lines = [f"原来：{shortened(gone, _OLD)}"] if gone else []
    return [*lines, f"现在：{shortened(come, _NEW)}"] if come else [*lines, "现在：不再有这项要求。"]


def _sentences(text: str) -> list[str]:
    return [one.strip() for one in _SENTENCE.findall(text) if one.strip()]
