"""What the classifier sees of a text: words, runs of characters, runs of syllables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from pypinyin import lazy_pinyin

from bot.assistant.look_alikes import one_form
from bot.knowledge.words import Words
from bot.processes.normal import normalise

_NOISE = re.compile(r"[\s,.!?;:，。！？；：、~～…“”\"'‘’（）()【】\[\]《》<>]+")
_NUMBER = re.compile(r"\d")
CHARACTERS = "c:"  # how the features of runs of characters begin


def bare(text: str) -> str:
    """A text without what people leave out or put in at will: blanks, punctuation, letter case. Keys exact matches."""
    return _NOISE.sub("", one_form(normalise(text))).lower()


def features(text: str, words: Words) -> tuple[list[str], list[str], list[str]]:
    """The features of a text in three families, which are weighed apart.

    Words and pairs of neighbouring words; runs of one or two characters; runs of one or two syllables. In the last, what
    sounds alike is alike (荒码, 黄码).
    """
    plain = _NOISE.sub(" ", one_form(normalise(text))).lower().strip()
    cut = words.cut(plain)
    of_words = [f"w:{word}" for word in cut] + [f"v:{first} {second}" for first, second in pairwise(cut)]
    # a number's size seldom tells the question, that there is one often does
    of_words += ["n:number"] * bool(_NUMBER.search(plain))
    characters = ["^", *plain.replace(" ", ""), "$"]
    return of_words, _runs(CHARACTERS, characters), _runs("p:", [syllable(c) for c in characters])


def _runs(kind: str, signs: Sequence[str]) -> list[str]:
    return [kind + sign for sign in signs] + [f"{kind}{first} {second}" for first, second in pairwise(signs)]


@lru_cache(maxsize=30_000)
def syllable(character: str) -> str:
    """The usual reading of a character in pinyin without its tone; any other sign is its own."""
    return str(lazy_pinyin(character)[0])
