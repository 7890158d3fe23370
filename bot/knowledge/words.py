"""Chinese words: jieba with the domain's own dictionary."""

from __future__ import annotations

import logging
import math
import os
from functools import lru_cache
from pathlib import Path

import jieba

from bot.content import content_dir

jieba.setLogLevel(logging.WARNING)


class Words:
    """Cuts text into words. `dictionary` is jieba's user format: word, frequency, part of speech, one a line."""

    def __init__(self, dictionary: str) -> None:
        self.dictionary = dictionary
        self._jieba = jieba.Tokenizer()
        # jieba keeps its prefix table in the system's temporary folder unless told otherwise: a folder that others
        # can write to is no place for something that is unmarshalled at start.
        data_dir = Path(os.environ.get("BOT_DATA_DIR") or "var")
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._jieba.tmp_dir = str(data_dir)
        self._jieba.initialize()
        self._jieba.load_userdict(line for line in dictionary.splitlines() if line.strip())

    def cut(self, text: str) -> list[str]:
        """The words of a text in order, blanks left out."""
        return [word for word in self._jieba.lcut(text) if word.strip()]

    def knows(self, word: str) -> bool:
        """Whether the dictionary holds the word."""
        return bool(self._jieba.FREQ.get(word))

    def rarity(self, word: str) -> float:
        """How rare a word is in Chinese at large: minus the natural logarithm of its share of running text.

        可以 has 7, 学校 8, 宠物 13; a word that the dictionary does not hold has 18.
        """
        return math.log(self._jieba.total / max(self._jieba.FREQ.get(word) or 0, 1))


@lru_cache(maxsize=4)
def load_words(dictionary: str) -> Words:
    """The words of a dictionary's text; loading takes about a second, so it is done once a process."""
    return Words(dictionary)


def content_words() -> Words:
    """The words by the dictionary of the content. The model was made with the same, as a rule: then they are shared."""
    return load_words((content_dir() / "words.txt").read_text(encoding="utf-8"))
