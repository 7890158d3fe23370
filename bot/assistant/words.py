"""Chinese words: jieba with the domain's own dictionary."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path

import jieba

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


@lru_cache(maxsize=4)
def load_words(dictionary: str) -> Words:
    """The words of a dictionary's text; loading takes about a second, so it is done once a process."""
    return Words(dictionary)
