"""Which lines of a document are its headings, by the marks that Chinese official documents use: 一、 （一） 1. 第一章 第一条."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = r"[一二三四五六七八九十百零〇两\d]{1,6}"
_STYLED = 1  # Word's and Markdown's headings of level n have rank 1 + n
# The marks of official documents from the outermost to the innermost, in the order that the national standard for their
# form (GB/T 9704) and the rules for laws give them.
_MARKS = (
    (0, re.compile(rf"第{_NUMBER}(?:[篇编]|部分)|(?:附件|附录|附表)\s*(?:{_NUMBER})?(?=$|[\s：:.、])")),
    (11, re.compile(rf"第{_NUMBER}章")),
    (12, re.compile(rf"第{_NUMBER}节")),
    (13, re.compile(rf"第{_NUMBER}条(?:之[一二三四五六七八九十])?")),
    (14, re.compile(r"[一二三四五六七八九十百]{1,4}\s?[、．.]")),
    (15, re.compile(r"[（(][一二三四五六七八九十百]{1,4}[)）]、?")),
    (16, re.compile(r"\d{1,3}\s?[、．.](?!\d)")),
    (17, re.compile(r"[（(]\d{1,3}[)）]、?|\d{1,3}[)）]")),
    (18, re.compile(r"[①-⑳]")),
)
_ARTICLE, _HEADING_ONLY = 13, 13  # ranks below the latter mark nothing but headings: 第一章 amid a sentence is none
_LAST_PART = re.compile(
    r".{0,40}篇[一二三四五六七八九十]{1,3}"
)  # collections number their parts at the end of the line
_MARKDOWN = re.compile(r"(#{1,6})\s+(.+?)\s*#*")
_BULLET = re.compile(r"[-*•·●▪◆]\s*")
_LONGEST_HEADING, _LONGEST_PHRASE = 40, 24
_SENTENCE = "。！；!;"
_TITLE = re.compile(
    r"(?:通知|通告|公告|办法|方案|规定|意见|细则|指南|预案|条例|制度|规程|纪要|函|决定|通报|手册)(?:[（(].{1,12}[)）])?$"
)
_FULL_LINE = 18  # a line shorter than this is never taken for one that was broken amid a sentence


@dataclass(frozen=True)
class Line:
    """A line of a document. `level` is 1 to 9 where the file itself marks a heading (Word's styles), else 0."""

    text: str
    level: int = 0


@dataclass(frozen=True)
class Mark:
    """How a line begins a part of the document, which ends where another mark of the same or a smaller rank stands.

    `label` names the part; it is empty for a numbered paragraph without a heading of its own. `alone`: the line is a heading
    and nothing else.
    """

    rank: int
    label: str
    alone: bool


def mark_of(line: Line) -> Mark | None:
    """The mark that a line begins with, None for plain text."""
    text = line.text.strip()
    if line.level:
        return Mark(_STYLED + line.level, text, True)
    if markdown := _MARKDOWN.fullmatch(text):
        return Mark(_STYLED + len(markdown[1]), markdown[2], True)
    text = without_bullet(text)
    if _LAST_PART.fullmatch(text):
        return Mark(0, text, True)
    for rank, pattern in _MARKS:
        if found := pattern.match(text):
            return _numbered(rank, found[0], text)
    return None


def without_bullet(text: str) -> str:
    """A line without the dash or dot that begins it."""
    return text[found.end() :] if (found := _BULLET.match(text)) else text


def _numbered(rank: int, number: str, line: str) -> Mark | None:
    rest = line[len(number) :].strip()
    if _is_heading(rest) or (not rest and rank < _HEADING_ONLY):
        return Mark(rank, line.rstrip("：:"), True)
    if rank < _HEADING_ONLY:
        return None
    if rank == _ARTICLE:
        return Mark(rank, number, False)
    phrase = re.split("[。：:]", rest, maxsplit=1)[0]
    whole = len(phrase) >= len(rest) - 1  # one sentence is no heading of itself
    return Mark(rank, "" if whole or len(phrase) > _LONGEST_PHRASE else line[: line.index(rest) + len(phrase)], False)


def _is_heading(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_HEADING and not any(end in text for end in _SENTENCE) and text[-1] not in "，,、"


def unwrap(lines: Sequence[str]) -> list[str]:
    """Paragraphs from the lines of a text in which line ends may fall amid a sentence (PDF, hard-wrapped text)."""
    kept = [line.strip() for line in lines if line.strip()]
    lengths = sorted(len(line) for line in kept)
    width = max(0.85 * lengths[int(len(lengths) * 0.9)], _FULL_LINE) if lengths else 0
    paragraphs: list[str] = []
    broken = False
    for line in kept:
        mark = mark_of(Line(line))
        if broken and mark is None and not _BULLET.match(line):
            gap = " " if paragraphs[-1][-1].isascii() and line[0].isascii() and line[0].isalnum() else ""
            paragraphs[-1] += gap + line
        else:
            paragraphs.append(line)
        least = width if mark is not None and mark.alone else _FULL_LINE
        broken = len(line) >= least and line[-1] not in _SENTENCE + "？?：:…”’」." and not _TITLE.search(line)
    return paragraphs
