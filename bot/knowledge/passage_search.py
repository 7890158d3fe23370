"""Finds the passage that holds what a question asks about, or none.

Two searches are joined: BM25 over words, and BM25 over pairs of pinyin syllables, which homophones share (合酸 and 核酸).
Both only rank. Whether the best passage is quoted is decided by what it covers of the question: of the words that carry the
meaning, rare ones weighing more, a certain share must stand in the passage or sound as something in it does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
from pypinyin import lazy_pinyin

from bot.knowledge.bm25 import BM25
from bot.knowledge.passages import SECTION_JOINT, Passage
from bot.knowledge.words import Words

# Chosen with documents and questions written for it, and the questions of the training set that nothing can answer.
ENOUGH = 0.65
NEAR = 0.4  # of which so much in the passage or the heading just above it, not in the title alone
_LEAST_WEIGHT = 6.0  # a question with less than this says too little of what it is about (你几岁啦)
_LOOKED_AT = 12  # so many of the best by rank are judged by what they cover
_SYLLABLES = 0.6  # how much the pinyin search counts beside the words
_LIKE_UNKNOWN, _LIKE_KNOWN = (
    0.9,
    0.5,
)  # what likeness of sound counts: for a word that is in no dictionary, for one that is
_COMMON = 5.0  # words are weighed by their rarity beyond this (`Words.rarity`)
_RAREST = 14.0
# What a question is put with, and not what it is about.
_FRAME = frozenset(
    "的 了 着 过 吗 呢 吧 啊 呀 嘛 么 哦 哈 啦 咧 嘞 噻 不 没 没有 别 是 是不是 有 有没有 有没得 在 就 也 都 还 又 再 才 很 太 最 更 "
    "我 你 他 她 它 您 我们 你们 他们 咱 咱们 俺 俺们 自己 人家 大家 这 那 这个 那个 这些 那些 这里 那里 这儿 那儿 这边 那边 "
    "什么 啥 什么样 怎么 怎么样 怎样 咋 咋个 咋样 咋办 怎么办 如何 多少 几 几个 哪 哪个 哪些 哪里 哪儿 哪能 谁 何时 为什么 为啥 干嘛 多久 多长 多大 "
    "请问 请 问 问问 想 想问 问下 一下 下 想问一下 麻烦 谢谢 你好 您好 知道 晓得 告诉 说 说说 讲 觉得 帮 帮忙 看 看看 听说 关于 "
    "能 能不能 可以 可不可以 可否 可 能否 会 会不会 要 要不要 用不用 需要 需不需要 应该 得 必须 让 让不让 给 给不给 允许 准 准不准 行 行不行 "
    "到 去 来 从 把 被 和 跟 与 或 或者 及 以及 对 对于 为 为了 向 按 按照 由 因为 所以 如果 要是 的话 但 但是 那么 然后 现在 今天 目前 一 一个 一次 一天 一般 个 人 多 人多 些 点 有点 种 次 "
    "规定 要求 政策 时候 情况 问题 事 事情 东西 做 办 弄 搞 算 上 里 中 之 所 等 其 该 各 每 时 后 前 内 外 地 得了 还是 究竟 到底 具体 "
    "什么时候 啥时候 几点 几时 哪天".split()
)
# 能带, 几家, 哪天: jieba's dictionary holds such words, of which only the second half carries meaning, if any
_FRAMED = re.compile("^(?:能(?![力量源干])|[几哪某]|不(?=[让能会要可]))|(?<=^.)不.$")
_LOOSE_ENDS = re.compile("^[能可要带做会有]+|[能可要会有]+$")  # of characters taken together: 带合酸, 护里员要
# What a question asks for, and what a passage that tells it holds: a fact asked for is one more word of the question.
_FACTS = tuple(
    (re.compile(asked), re.compile(told))
    for asked, told in (
        (
            "几点|几时|什么时候|啥时候|何时|啥时间|什么时间|哪天|几号",
            r"\d\s?[时点:日号]|[上下]午|周[一二三四五六日末]|星期|每[日天周月]|节",
        ),
        ("多少钱|啥价|收费|罚多少|要钱", r"元|费|免|罚款|价"),
        (
            "几天|几日|多久|多长时间|几年|几个月|几小时|有效期",
            r"[\d一二三四五六七八九十两半]\s?个?(?:天|日|小时|分钟|月|年|周)",
        ),
        ("电话|号码", r"\d{7,}|\d{3,4}-\d{7,8}"),
        ("多久.{0,3}次|几次", "每[周天日月年餐]"),
        ("几[个人家遍回只]|多少[个人次家]|最多|至少", r"[\d一二三四五六七八九十两]"),
    )
)
_FACT_WEIGHT = 4.0
_SIGNS = re.compile(r"[^0-9a-z\u3400-\u9fff.%℃]+")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_RETROFLEX = re.compile("^([zcs])h")


@dataclass(frozen=True)
class Document:
    """What a passage's source line says of its document, and when the document holds."""

    id: int
    title: str
    issuer: str
    number: str = ""
    effective: date | None = None
    expires: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the document is in force; `expires` is its last day."""
        return (self.effective is None or self.effective <= day) and (self.expires is None or day <= self.expires)


@dataclass(frozen=True)
class Quote:
    """A passage that answers; `covered` is the share of the question (0 to 1) that stands in it."""

    document: Document
    passage: Passage
    covered: float


@dataclass(frozen=True)
class _Part:
    """A passage ready for the index. `near`: it and the heading just above it; `whole`: with all headings and the title."""

    passage: Passage
    words: list[str]
    sounds: list[str]
    near: str
    whole: str
    near_sounds: frozenset[str]
    whole_sounds: frozenset[str]


class PreparedDocument:
    """A document whose passages are ready for the index; making one is the long part of the work."""

    def __init__(self, document: Document, passages: Sequence[Passage], words: Words) -> None:
        self.document = document
        self.parts = [_part(document, passage, words) for passage in passages]


class PassageIndex:
    """The passages of all documents, in memory. Immutable: a change makes another."""

    def __init__(
        self,
        documents: Sequence[PreparedDocument] = (),
        words: Words | None = None,
        alike: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.documents: Mapping[int, PreparedDocument] = {one.document.id: one for one in documents}
        self._words = words
        self._alike = alike or {}
        self._parts = [(one.document, part) for one in documents for part in one.parts]
        if self._parts:
            self._by_words = _bm25([part.words for _, part in self._parts])
            self._by_sounds = _bm25([part.sounds for _, part in self._parts])

    def best(self, question: str, day: date) -> Quote | None:
        """The passage of a document in force on `day` that covers enough of the question, None when there is none."""
        if self._words is None or not self._parts:
            return None
        asked = _asked(question, self._words, self._alike)
        if sum(term.weight for term in asked) < _LEAST_WEIGHT:
            return None
        scores = _scores(self._by_words, [word for term in asked for word in term.texts])
        scores += _SYLLABLES * _scores(self._by_sounds, _sounds(_plain(question)))
        facts = _facts(question)
        best: Quote | None = None
        best_score = 0.0
        for at in np.argsort(-scores, kind="stable")[:_LOOKED_AT].tolist():
            document, part = self._parts[at]
            covered = _covered(asked, facts, part.whole, part.whole_sounds)
            near = _covered(asked, facts, part.near, part.near_sounds)
            score = (covered + near) ** 2 * float(scores[at])
            if covered >= ENOUGH and near >= NEAR and score > best_score and document.holds_on(day):
                best, best_score = Quote(document, part.passage, covered), score
        return best

    def covered_by(self, question: str, text: str) -> float:
        """The share of a question that any other text covers, by the same measure as a quote's `covered`; 1 for no question."""
        asked = _asked(question, self._words, self._alike) if self._words else []
        if not asked:
            return 1.0
        plain = _plain(text)
        return _covered(asked, _facts(question), plain, frozenset(_sounds(plain)))


@dataclass(frozen=True)
class _Term:
    """A word of a question that carries meaning, with words that mean the same. `trust`: what likeness of sound counts."""

    texts: tuple[str, ...]
    weight: float
    sounds: tuple[str, ...]
    trust: float


def _part(document: Document, passage: Passage, words: Words) -> _Part:
    heading = passage.section.rpartition(SECTION_JOINT)[2]
    near = _plain(f"{heading}\n{passage.text}")
    whole = _plain(f"{document.title}\n{passage.section}\n{passage.text}")
    sounds = _sounds(whole)
    return _Part(passage, words.cut(whole), sounds, near, whole, frozenset(_sounds(near)), frozenset(sounds))


def _asked(question: str, words: Words, alike: Mapping[str, tuple[str, ...]]) -> list[_Term]:
    """What a question is about: its words without its frame; characters that make no word are taken together."""
    terms: list[str] = []
    loose = ""
    for word in [*words.cut(_plain(question)), ""]:
        if word and word not in alike:
            word = _FRAMED.sub("", word)
        if len(word) == 1 and word not in _FRAME and _HAN.fullmatch(word):
            loose += word
            continue
        if loose:
            terms.append(_LOOSE_ENDS.sub("", loose) or loose)
            loose = ""
        if word and word not in _FRAME and (len(word) > 1 or word.isalnum()):
            terms.append(word)
    found = []
    for text in dict.fromkeys(terms):
        weight = min(max(words.rarity(text) - _COMMON, 1.0), _RAREST - _COMMON) if _HAN.search(text) else 1.0
        trust = _LIKE_KNOWN if words.knows(text) else _LIKE_UNKNOWN
        found.append(_Term((text, *alike.get(text, ())), weight, tuple(_sounds(text)), trust))
    return found


def _facts(question: str) -> list[re.Pattern[str]]:
    return [told for asked, told in _FACTS if asked.search(question)]


def _covered(asked: Sequence[_Term], facts: Sequence[re.Pattern[str]], text: str, sounds: frozenset[str]) -> float:
    """The share of a question that a text holds, 0 to 1."""
    held = sum(term.weight * _held(term, text, sounds) for term in asked)
    told = sum(_FACT_WEIGHT for fact in facts if fact.search(text))
    return (held + told) / (sum(term.weight for term in asked) + _FACT_WEIGHT * len(facts))


def _held(term: _Term, text: str, sounds: frozenset[str]) -> float:
    if any(word in text for word in term.texts):
        return 1.0
    if not term.sounds:
        return 0.0
    return term.trust * sum(pair in sounds for pair in term.sounds) / len(term.sounds)


def _plain(text: str) -> str:
    return _SIGNS.sub(" ", unicodedata.normalize("NFKC", text).lower())


def _sounds(plain: str) -> list[str]:
    """Pairs of neighbouring syllables, without tones; zh, ch, sh and ng are heard as z, c, s and n."""
    pairs: list[str] = []
    for run in _HAN.findall(plain):
        pairs += [f"{first} {second}" for first, second in pairwise(map(_syllable, run))]
    return pairs


@cache
def _syllable(character: str) -> str:
    # by the character alone: looking up words for the right one of several readings takes most of the time, and a question
    # and a passage that read a character wrong in the same way still meet
    return _RETROFLEX.sub(r"\1", lazy_pinyin(character)[0]).replace("ng", "n")


def _bm25(tokens: list[list[str]]) -> BM25:
    index = BM25()
    index.index([one or [" "] for one in tokens], show_progress=False)  # a passage may have no word: a line of dashes
    return index


def _scores(index: BM25, tokens: list[str]) -> np.ndarray:
    scores: np.ndarray = index.get_scores(tokens or [" "])
    return scores
