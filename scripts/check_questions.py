"""`make questions`: what is doubtful about the questions of the training, validation and test split.

Hard faults end it with status 1: a text that stands in two splits, a text under two labels, an entry with too few ways of
asking. All else is listed for a reader to judge. A line of the test split is never changed because of what is told
here: where it stands in another split too, the other line goes.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

# before anything imports Rasa and TensorFlow
os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.accuracy.examples import OUT_OF_SCOPE, Example
from bench.accuracy.splits import TRAINING, heart, load_splits
from bot.knowledge.entries import load_entries
from bot.processes.definition import load_processes

FEWEST_WAYS = 40
_CONTENT = ("ask/", "start_")  # labels of entries and processes
ALIKE = 0.9  # cosine of character bigrams
_ALIKE_WITHIN = 0.30  # mean cosine of the ways of one entry: above, they are much the same sentence
_SAME_BEGINNING = 0.15  # share of an entry's ways that begin with the same four characters
_COMMON_FRAME = 0.12  # share of an entry's ways that differ from another of its ways in one run of characters alone
# Words of speech, dialect, greeting, and the usual slips; a way that holds one sounds like somebody.
_SPOKEN = re.compile(
    "啥|咋|咱|俺|侬|冇|莫得|么子|中不|得不|娃|呗|嘛|哦|哈|嗯|呃|那个|就是|你好|您好|请问|谢|麻烦|急|[了吗]没|"
    "荒码|合酸|和酸|囗罩|口照|隔里|格离|举家|发少|打咔|一苗|报被"
)
_LEAST_SPOKEN = 0.15


@dataclass(frozen=True)
class Line:
    """An example and the split that it stands in."""

    split: str
    example: Example

    def __str__(self) -> str:
        return f"{self.split} {self.example.label}: {self.example.text}"


def all_lines() -> list[Line]:
    """Every line of the three splits, and the questions that entries hold back from training to check a model by."""
    lines = [Line(split, example) for split, examples in load_splits().items() for example in examples]
    checks = [
        Line("check", Example(text, f"ask/{entry.id}", "check"))
        for entry in load_entries().values()
        for text in entry.check
    ]
    return lines + checks


def in_two_splits(lines: Iterable[Line]) -> list[tuple[Line, ...]]:
    """Lines of different splits that are the same but for blanks and punctuation, where that is a fault.

    Small talk, titles and a process's own words stand in all splits: buttons send them, and all people say 你好. The
    evaluation leaves them out.
    """
    own = {heart(entry.title) for entry in load_entries().values()}
    own |= {heart(word) for process in load_processes().values() for word in process.start_words}
    return [
        group
        for group in _by_text(lines)
        if len({line.split for line in group}) > 1
        and group[0].example.label.startswith((*_CONTENT, OUT_OF_SCOPE))
        and heart(group[0].example.text) not in own
    ]


def under_two_labels(lines: Iterable[Line]) -> list[tuple[Line, ...]]:
    """Lines that are the same but for blanks and punctuation, and mean two things."""
    return [group for group in _by_text(lines) if len({line.example.label for line in group}) > 1]


def too_few_ways(lines: Iterable[Line]) -> dict[str, int]:
    """Entries and processes with fewer than FEWEST_WAYS ways of asking in the training split, and how many they have."""
    counts = Counter(line.example.label for line in lines if line.split == TRAINING)
    return {label: n for label, n in sorted(counts.items()) if label.startswith(_CONTENT) and n < FEWEST_WAYS}


def near_duplicates(lines: Sequence[Line]) -> list[tuple[float, Line, Line]]:
    """Pairs of lines that are much alike but not the same, of different splits or labels; the most alike first."""
    vectors = _vectors([line.example.text for line in lines])
    found = []
    for start in range(0, len(lines), 500):
        likeness = (vectors[start : start + 500] @ vectors.T).tocoo()
        high = np.flatnonzero((likeness.data >= ALIKE) & (likeness.row + start < likeness.col))
        for row, column, value in zip(likeness.row[high] + start, likeness.col[high], likeness.data[high]):
            first, second = lines[row], lines[column]
            elsewhere = (first.split, first.example.label) != (second.split, second.example.label)
            if elsewhere and heart(first.example.text) != heart(second.example.text):
                found.append((float(value), first, second))
    return sorted(found, key=lambda pair: (-pair[0], str(pair[1])))


@dataclass(frozen=True)
class Variety:
    """How varied the ways of asking of one label are; each measure is a share or a mean from 0 to 1."""

    ways: int
    alike: float
    beginning: str
    begins_so: float
    framed: float
    spoken: float

    def doubts(self) -> list[str]:
        """What a reader should look at, in words."""
        found = []
        if self.alike > _ALIKE_WITHIN:
            found.append(f"alike {self.alike:.2f}")
        if self.begins_so > _SAME_BEGINNING:
            found.append(f"{self.begins_so:.0%} begin with {self.beginning}")
        if self.framed > _COMMON_FRAME:
            found.append(f"{self.framed:.0%} differ from another in one place alone")
        if self.spoken < _LEAST_SPOKEN:
            found.append(f"only {self.spoken:.0%} sound spoken")
        return found


def variety(lines: Iterable[Line]) -> dict[str, Variety]:
    """The variety of the ways of each label in the training split."""
    texts: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if line.split == TRAINING and line.example.label.startswith(_CONTENT):
            texts[line.example.label].append(line.example.text)
    return {label: _variety(ways) for label, ways in sorted(texts.items())}


def _variety(ways: Sequence[str]) -> Variety:
    count = len(ways)
    plain = [heart(way) for way in ways]
    vectors = _vectors(ways)
    likeness = (vectors @ vectors.T).toarray()
    beginning, begin_so = Counter(way[:4] for way in plain).most_common(1)[0]
    framed: set[str] = set()
    for first, second in combinations(plain, 2):
        if _one_place_apart(first, second):
            framed |= {first, second}
    return Variety(
        ways=count,
        alike=float((likeness.sum() - np.trace(likeness)) / max(1, count * (count - 1))),
        beginning=beginning,
        begins_so=begin_so / count,
        framed=len(framed) / count,
        spoken=sum(1 for way in ways if _SPOKEN.search(way)) / count,
    )


def _one_place_apart(first: str, second: str) -> bool:
    """Whether two sentences share beginning and end, together at least seven characters and two thirds of the longer."""
    shorter = min(len(first), len(second))
    head = next((i for i in range(shorter) if first[i] != second[i]), shorter)
    tail = next((i for i in range(shorter - head) if first[-1 - i] != second[-1 - i]), shorter - head)
    return head > 0 and tail > 0 and head + tail >= 7 and head + tail >= max(len(first), len(second)) * 2 / 3


def _vectors(texts: Sequence[str]) -> Any:  # a sparse matrix of scipy, a row a text
    # ^ and $: a text of one character has bigrams too
    counts = CountVectorizer(analyzer="char", ngram_range=(2, 2), lowercase=False, dtype=np.float32)
    return normalize(counts.fit_transform([f"^{heart(text)}$" for text in texts]))


def _by_text(lines: Iterable[Line]) -> list[tuple[Line, ...]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[heart(line.example.text)].append(line)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def main() -> int:
    """Prints what was found; 1 when there is a hard fault."""
    warnings.filterwarnings("ignore")
    lines = all_lines()
    counts = Counter(line.split for line in lines)
    print(", ".join(f"{split}: {count} lines" for split, count in counts.items()))
    leaks, twice, few = in_two_splits(lines), under_two_labels(lines), too_few_ways(lines)
    _section("FAULT the same text in two splits", (" = ".join(map(str, group)) for group in leaks))
    _section("FAULT the same text under two labels", (" = ".join(map(str, group)) for group in twice))
    _section(f"FAULT fewer than {FEWEST_WAYS} ways of asking", (f"{label}: {count}" for label, count in few.items()))
    pairs = near_duplicates(lines)
    across = [p for p in pairs if p[1].split != p[2].split]
    inside = [p for p in pairs if p[1].split == p[2].split]
    _section(f"nearly the same (cosine at least {ALIKE}) in two splits", map(_pair, across))
    _section(f"nearly the same (cosine at least {ALIKE}) under two labels of one split", map(_pair, inside))
    doubts = {label: (found, found.doubts()) for label, found in variety(lines).items()}
    _section(
        "little variety",
        (f"{label} ({found.ways} ways): {'; '.join(why)}" for label, (found, why) in doubts.items() if why),
    )
    return 1 if leaks or twice or few else 0


def _pair(pair: tuple[float, Line, Line]) -> str:
    return f"{pair[0]:.2f} {pair[1]} ~ {pair[2]}"


def _section(title: str, found: Iterable[str]) -> None:
    rows = list(found)
    print(f"\n{title}: {len(rows)}")
    for row in rows:
        print(f"  {row}")


if __name__ == "__main__":
    sys.exit(main())
