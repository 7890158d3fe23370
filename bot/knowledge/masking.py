"""Takes the numbers by which a person is known out of a text that others will read."""

from __future__ import annotations

import re

# Digits as they are typed or spoken into a phone; between two of them a blank or a hyphen may stand.
_DIGIT = "[0-9零〇一二三四五六七八九幺]"
_RUN = re.compile(rf"\+?{_DIGIT}(?:[ \t-]?{_DIGIT}){{8,}}[xX]?")
_LONGEST_DATE = 8
_FULL_WIDTH = str.maketrans("０１２３４５６７８９ｘＸ", "0123456789xX")


def masked(text: str) -> str:
    """The text without ID numbers, phone numbers and other numbers of nine digits and more.

    What a pattern cannot know (a name, an address) stays: whoever publishes the text reads it first.
    """
    return _RUN.sub(_kind, text.translate(_FULL_WIDTH))


def _kind(match: re.Match[str]) -> str:
    digits = re.sub(r"[ \t+-]", "", match[0])
    if len(digits) <= _LONGEST_DATE:
        return match[0]
    return "〔证件号〕" if len(digits) in (15, 18) else "〔号码〕"
