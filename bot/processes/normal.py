"""Brings what people type into one form before it is read: full-width, invisible characters, blanks, punctuation."""

from __future__ import annotations

import re
import unicodedata

# Look-alikes that NFKC turns into letters (º) or leaves apart; degrees, dashes, quotes and middle dots each become one sign.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("º˚∘", "°"),
        **dict.fromkeys("‐‑‒–—―−─﹣", "-"),
        **dict.fromkeys("“”„〝〞＂", '"'),
        **dict.fromkeys("‘’‚＇", "'"),
        **dict.fromkeys("•‧∙⋅・･●", "·"),
        **dict.fromkeys("〜～∼˜", "~"),
        "｡": "。",
        "､": "、",
        "﹑": "、",
    }
)
_KEPT_BLANKS = "\t\n\v\f\r\x85\u2028\u2029"


def _visible(char: str) -> str:
    if char in _KEPT_BLANKS:
        return " "
    kind = unicodedata.category(char)
    # Cf zero-width and direction marks, Cc controls, Cs lone surrogates (no UTF-8 form), Co private use, Cn unassigned.
    if kind[0] == "C" or "\ufe00" <= char <= "\ufe0f":
        return ""
    return char


def strip_invisible(text: str) -> str:
    """Free text as it may be kept: no control, zero-width or direction characters, blanks collapsed, all else untouched."""
    return re.sub(r"\s+", " ", "".join(map(_visible, text))).strip()


def normalise(text: str) -> str:
    """The form that every reader expects.

    Full-width letters, digits and `，：；！？（）` become half-width; `。` and `、` stay. `℃` becomes `°C`.
    Case is kept.
    """
    half = unicodedata.normalize("NFKC", strip_invisible(text).translate(_ALIKE))
    return strip_invisible(half.translate(_ALIKE))
