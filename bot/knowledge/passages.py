"""Cuts a document into passages: pieces short enough to be quoted, each under the headings that stand above it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.knowledge.headings import Line, Mark, mark_of, without_bullet

SECTION_JOINT = " › "
_PASSAGE = 400  # characters after which a passage ends with its paragraph
_PARAGRAPH = 500  # a longer paragraph is divided at the end of a sentence
_LABEL, _SECTION = 40, 120
_SENTENCE_END = re.compile(r"(?<=[。！？；!?;])")


@dataclass(frozen=True)
class Passage:
    """A piece of a document. `section` is the headings above it, the outermost first, joined by ` › `."""

    section: str
    text: str


@dataclass
class _Part:
    mark: Mark
    content: list[str | _Part] = field(default_factory=list)


def cut(lines: Sequence[Line], title: str = "") -> list[Passage]:
    """The passages of a document in their order. A first line that is but the title is left out."""
    root = _Part(Mark(-1, "", False))
    open_parts = [root]
    for number, line in enumerate(lines):
        mark = mark_of(line)
        said = mark.label if mark and mark.alone else without_bullet(line.text.strip())
        if not said or (number == 0 and said == title and len(lines) > 1):
            continue
        if mark is not None:
            while open_parts[-1].mark.rank >= mark.rank:
                open_parts.pop()
            part = _Part(mark)
            open_parts[-1].content.append(part)
            open_parts.append(part)
        open_parts[-1].content.append(said)
    return list(_passages(root, ()))


def sections(passages: Sequence[Passage]) -> int:
    """How many different headings the passages stand under."""
    return len({passage.section for passage in passages if passage.section})


def _passages(part: _Part, above: tuple[str, ...]) -> Iterator[Passage]:
    section = _section(above)
    waiting: list[str] = []
    for piece in _spliced(part):
        if isinstance(piece, str):
            waiting.append(piece)
            continue
        # a heading that stands over other headings only is in their section, and nothing to quote by itself
        if waiting != [part.mark.label]:
            yield from _filled(section, waiting)
        waiting = []
        yield from _passages(piece, (*above, piece.mark.label))
    yield from _filled(section, waiting)


def _spliced(part: _Part) -> Iterator[str | _Part]:
    """What stands in a part, where numbered paragraphs, and headings with nothing beneath them, are plain lines."""
    for piece in part.content:
        if isinstance(piece, _Part) and (not piece.mark.label or (piece.mark.alone and len(piece.content) == 1)):
            yield from _spliced(piece)
        else:
            yield piece


def _filled(section: str, paragraphs: Sequence[str]) -> Iterator[Passage]:
    text = ""
    for paragraph in (piece for whole in paragraphs for piece in _divided(whole)):
        if text and len(text) + len(paragraph) > _PASSAGE:
            yield Passage(section, text)
            text = ""
        text = f"{text}\n{paragraph}" if text else paragraph
    if text:
        yield Passage(section, text)


def _divided(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= _PARAGRAPH:
        yield paragraph
        return
    text = ""
    for sentence in _SENTENCE_END.split(paragraph):
        for start in range(0, len(sentence), _PARAGRAPH):
            piece = sentence[start : start + _PARAGRAPH]
            if text and len(text) + len(piece) > _PASSAGE:
                yield text
                text = ""
            text += piece
    if text:
        yield text


def _section(labels: tuple[str, ...]) -> str:
    """The headings in one line; of too many the outermost go."""
    kept = [label if len(label) <= _LABEL else label[: _LABEL - 1] + "…" for label in labels]
    while len(SECTION_JOINT.join(kept)) > _SECTION:
        kept.pop(0)
    return SECTION_JOINT.join(kept)
