"""Which choices a text speaks of, and whether it affirms or denies each: “没有发热，有点咳嗽” has 发热 denied and 咳嗽 said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

from bot.processes.fields.base import Choice
from bot.processes.normal import normalise

DENIALS = "没有|没得|没|无|不是|并非|不|非|未|别|木有|冇|从未"
"""Words that deny what follows them, as a regular expression without brackets; longer ones first."""

_STRONG = ("没有", "没得", "无", "木有")
_DENIED = re.compile(
    rf"(?P<denial>{DENIALS})(?:过|出现|发现|有|再|任何|明显|什么|啥|是|属于|接触|去|感觉到|感觉|感到|觉得|在|以上|上述|也|发生)*$"
)
_BARELY = re.compile(r"(?:不怎么|不太|不很|没怎么|不大|不常|很少)$")
_DOUBTED = re.compile(r"可能|好像|也许|不确定|不知道|不清楚|怀疑|似乎|要是|如果|万一|怕")
_DENIED_BEFORE_DENIAL = re.compile(r"(?:不是|并非|不会|不可能|不得|有|是|没)$")
_DENIED_AFTER = re.compile(
    r"(?:等|及其他|其他|这些)*(?:症状|情况|现象)?:?\s*"
    r"(?:(?P<whole>都|均|全|也|通通|统统|全部|一样)(?:没有?|无|不(?=$|[,;。有]))|(?:没有|无|没|否|木有)(?=$|[,;。!啊呢的\s]))"
)
_GONE = re.compile(r"(?:症状)?(?:已经|已|都|现在|基本|今天|也)*(?:好了|没了|退了|消失|痊愈|好多了|止住|好转|停了|不了)")
_ASKED = re.compile(r"(?:了|过)?(?:吗|\?|么|没有\?)")
_BARE_TAIL = re.compile(
    r"(?P<list>(?:等|之类|这些|这种)*)(?:的|任何|其他|症状|情况|现象|不适|了|啊|呀|呢|哦|过|史|\s)*(?=$|[,;。!]|但|不过|可是|就是|只是)"
)
_LINK = re.compile(r"(?:[、/和或及与跟\s+&]|还有|以及|或者|也)*")
_BREAK = re.compile(r"[,;。!?]|但是|但|不过|可是|就是|只是|而是|反而|倒是")


class Stance(Enum):
    """What a text says of a choice that it mentions."""

    SAID = "said"
    DENIED = "denied"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True)
class Mention:
    """A choice in a text, with the word that stands for it and what is said of it."""

    choice: Choice
    word: str
    start: int
    end: int
    stance: Stance = Stance.SAID


def folded(text: str) -> str:
    """`text` normalised and in lower case, as `mentions` compares."""
    return normalise(text).lower()


def mentions(text: str, choices: Sequence[Choice]) -> list[Mention]:
    """Every choice that the folded `text` speaks of, in its order. Of words that overlap, the longest counts."""
    runs = _runs(text, _found(text, choices))
    judged = [_judged(text, run, runs[at - 1][-1].end if at else 0) for at, run in enumerate(runs)]
    return [mention for run in _across_commas(text, judged) for mention in run]


def _found(text: str, choices: Sequence[Choice]) -> list[Mention]:
    hits = []
    for choice in choices:
        if any(folded(word) in text for word in choice.unless):
            continue
        for word in {folded(said) for said in (choice.title, *choice.words)} - {""}:
            hits += [Mention(choice, word, at.start(), at.end()) for at in re.finditer(re.escape(word), text)]
    kept: list[Mention] = []
    for hit in sorted(hits, key=lambda hit: (hit.start - hit.end, hit.start)):
        if all(hit.end <= k.start or hit.start >= k.end or (hit.start, hit.end) == (k.start, k.end) for k in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)


def _runs(text: str, found: list[Mention]) -> list[list[Mention]]:
    """Mentions that stand together as one list: 发热、咳嗽和乏力."""
    runs: list[list[Mention]] = []
    for mention in found:
        if runs and _LINK.fullmatch(text[runs[-1][-1].end : mention.start]):
            runs[-1].append(mention)
        else:
            runs.append([mention])
    return runs


def _judged(text: str, run: list[Mention], previous: int) -> list[Mention]:
    before = _BREAK.split(text[previous : run[0].start])[-1]
    after = text[run[-1].end :]

    def all_are(stance: Stance) -> list[Mention]:
        return [replace(mention, stance=stance) for mention in run]

    if _ASKED.match(after) or _DOUBTED.search(before) or _BARELY.search(before) or _GONE.match(after):
        return all_are(Stance.DOUBTFUL)
    denied = _DENIED.search(before)
    if denied:
        if _DENIED_BEFORE_DENIAL.search(before[: denied.start()]):
            return all_are(Stance.DOUBTFUL)
        if len(run) == 1 or (denied["denial"] in _STRONG and _BARE_TAIL.match(after)):
            return all_are(Stance.DENIED)
        # 不发热咳嗽 may mean both or only the first.
        return [replace(run[0], stance=Stance.DENIED)] + [replace(m, stance=Stance.DOUBTFUL) for m in run[1:]]
    return all_are(Stance.DENIED if _DENIED_AFTER.match(after) else Stance.SAID)


def _across_commas(text: str, runs: list[list[Mention]]) -> list[list[Mention]]:
    """没有发热，咳嗽，乏力等症状 and 发热，咳嗽，乏力都没有 deny over commas; 没有发热，咳嗽 may or may not."""
    joined = [
        re.fullmatch(r"\s*,\s*(?:或者?)?", text[left[-1].end : right[0].start]) is not None
        for left, right in pairwise(runs)
    ]

    def over(run: list[Mention], stance: Stance) -> list[Mention]:
        return [replace(mention, stance=stance) if mention.stance is Stance.SAID else mention for mention in run]

    result = list(runs)
    for at in range(1, len(runs)):
        tail = _BARE_TAIL.match(text, runs[at][-1].end)
        if joined[at - 1] and tail and all(m.stance is not Stance.SAID for m in result[at - 1]):
            last = next((k for k in range(at, len(runs)) if k == len(runs) - 1 or not joined[k]), at)
            ending = _BARE_TAIL.match(text, runs[last][-1].end)
            sure = bool(ending and ending["list"]) and result[at - 1][-1].stance is Stance.DENIED
            result[at] = over(result[at], Stance.DENIED if sure else Stance.DOUBTFUL)
    for at in range(len(runs) - 2, -1, -1):
        ending = _DENIED_AFTER.match(text, result[at + 1][-1].end)
        whole = bool(ending and ending["whole"]) or (at + 2 < len(runs) and result[at + 1] != runs[at + 1])
        if joined[at] and whole and all(m.stance is Stance.DENIED for m in result[at + 1]):
            opened = _BREAK.split(text[: runs[at][0].start])[-1]
            if not opened.strip():
                result[at] = over(result[at], Stance.DENIED)
    return result
