"""Chinese numerals."""

from __future__ import annotations

_DIGIT = {
    **dict(zip("零一二三四五六七八九", range(10), strict=True)),
    **dict(zip("〇壹贰叁肆伍陆柒捌玖", range(10), strict=True)),
    "○": 0,
    "两": 2,
    "俩": 2,
    "幺": 1,
    **{str(d): d for d in range(10)},
}
_UNIT = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TENS = {"廿": 20, "卅": 30}

CHINESE = "零〇○一二两三四五六七八九十百千廿卅"
"""The characters of a Chinese number, for use inside a regular expression's brackets."""

NUMBER = rf"(?:[0-9]{{1,9}}|[{CHINESE}]{{1,9}})"
"""Regular expression of a whole number in either script."""


def digits(text: str) -> str:
    """`text` with each single Chinese digit written as 0-9: 一三八 → 138. 十 and other units stay."""
    return "".join(str(_DIGIT.get(char, char)) for char in text)


def to_int(text: str) -> int | None:
    """The whole number that `text` is, in either script (36, 三十六, 一百零五, 二〇二二), or None."""
    if text and all(char in _DIGIT for char in text):
        return int(digits(text)) if len(text) <= 18 else None
    total, digit, lowest = 0, None, 10_000
    for char in text:
        if char in _TENS and lowest > 10 and digit in (None, 0):
            total, digit, lowest = total + _TENS[char], None, 10
        elif char in _UNIT and _UNIT[char] < lowest and (digit != 0 or char in "十拾"):
            if digit is None and total and char not in "十拾":
                return None
            total, digit, lowest = total + (digit or 1) * _UNIT[char], None, _UNIT[char]
        elif char in _DIGIT and digit in (None, 0):
            digit = _DIGIT[char]
        else:
            return None
    if not text:
        return None
    # 一百五 is 150 to a Chinese ear, 一百零五 is 105.
    if digit and lowest >= 100 and lowest < 10_000 and not any(zero in text for zero in "零〇○"):
        return total + digit * lowest // 10
    return total + (digit or 0)
