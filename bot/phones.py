"""The office's own phone numbers, as they are told to people: 指挥部 8125266, 发热门诊 0745-8125266."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"[0-9+][0-9 -]{1,18}[0-9]")
_ONE = re.compile(r"\s*(?P<name>[^:：]+?)\s*[:：]\s*(?P<number>.+?)\s*")


@dataclass(frozen=True)
class Phones:
    """Names of offices with their numbers, in the order in which they were set."""

    listed: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> Phones:
        """Reads `指挥部:8125266;发热门诊:0745-8125266`; raises ValueError with Chinese words for anything else."""
        listed = []
        for part in filter(str.strip, re.split(r"[;；]", text)):
            match = _ONE.fullmatch(part)
            if not match or not _NUMBER.fullmatch(match["number"]):
                raise ValueError("写成 指挥部:8125266;发热门诊:0745-8125266 的样子")
            listed.append((match["name"], match["number"]))
        return cls(tuple(listed))

    def __str__(self) -> str:
        return ";".join(f"{name}:{number}" for name, number in self.listed)

    def of(self, words: str) -> str | None:
        """The number of the first office whose name holds these words, None when none does."""
        return next((number for name, number in self.listed if words in name), None)

    def told(self, words: Sequence[str] = ()) -> str:
        """Those whose name holds one of the words (no words: all), as a sentence has them: 指挥部8125266、发热门诊0745-8125266."""
        return "、".join(
            f"{name}{number}" for name, number in self.listed if not words or any(word in name for word in words)
        )
