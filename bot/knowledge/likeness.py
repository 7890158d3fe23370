"""How like two questions are, strict enough to act on: the same in other words counts, a neighbour does not.

A classifier says which entry is nearest. This says whether two questions ask the same, also where no entry is near.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

SAME = 0.7
"""From here on two questions ask the same. Over all pairs of ways of asking in the content one pair of two entries in
58 is as like as this, none from 0.75 on (tests/knowledge/test_likeness.py)."""

_NOISE = re.compile(r"[\s,.!?;:，。！？；：、~～…“”\"'‘’（）()【】\[\]《》<>\u200b-\u200f\u2060\ufeff]+")
# Words that make a sentence a question, or polite, and do not say what it is about.
_FORM = re.compile(
    "请问一下|请问|想问一下|想问问|想问|问一下|你好|您好|麻烦|可以|能够|能|是否|需要|要|吗|么|嘛|呢|吧|啊|呀|哦|会|得|的|了|我"
)
_ENDING = re.compile("[吗么嘛呢吧啊呀哦]+$")
_A_NOT_A = re.compile(r"(.{1,2})[不没]\1")  # 开不开, 可以不可以
_NOT_AT_THE_END = re.compile("[不没]$")  # 能进小区不
_NEGATION = re.compile("[不没无未非别]")

Vector = Mapping[str, float]


def bare(text: str) -> str:
    """A text without what people leave out or put in at will: blanks, punctuation, letter case."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()


def core(text: str) -> str:
    """What a question is about, its form taken away: 黄码能坐地铁吗 and 黄码可不可以坐地铁 are both 黄码坐地铁."""
    plain = _A_NOT_A.sub(r"\1", bare(text).replace("可不可以", ""))
    about = _FORM.sub("", _NOT_AT_THE_END.sub("", _ENDING.sub("", plain)))
    return about or bare(text)


class Likeness:
    """Weighs the characters and pairs of characters of two questions by how rare they are in `texts`."""

    def __init__(self, texts: Iterable[str]) -> None:
        cores = [core(text) for text in texts]
        met = Counter(feature for one in cores for feature in set(_features(one)))
        self._rarest = 1.0 + math.log(1 + len(cores))
        self._idf = {feature: self._rarest - math.log(1 + times) for feature, times in met.items()}

    def vector(self, text: str) -> Vector:
        """A question's features with their weights, its length 1."""
        counts = Counter(_features(core(text)))
        weights = {f: (1.0 + math.log(n)) * self._idf.get(f, self._rarest) for f, n in counts.items()}
        length = math.sqrt(sum(w * w for w in weights.values())) or 1.0
        return {feature: weight / length for feature, weight in weights.items()}

    def nearest(self, text: str, others: Iterable[tuple[str, Vector]], least: float = SAME) -> int | None:
        """The place of the text that is most like this one among `others` (text, vector); None when none is as like as `least`."""
        mine = self.vector(text)
        best, found = least, None
        for place, (other, vector) in enumerate(others):
            likeness = sum(weight * vector.get(feature, 0.0) for feature, weight in mine.items())
            if likeness >= best and not _differ_in_a_word(core(text), core(other)):
                best, found = likeness, place
        return found


def _features(about: str) -> list[str]:
    framed = f"^{about}$"
    return [*about, *(framed[i : i + 2] for i in range(len(framed) - 1))]


def _differ_in_a_word(one: str, other: str) -> bool:
    """Whether one says something else in a place (高风险, 低风险) or denies it: a small change that asks another thing."""
    if len(_NEGATION.findall(one)) != len(_NEGATION.findall(other)):
        return True
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return any(kind == "replace" for kind, *_ in steps)
