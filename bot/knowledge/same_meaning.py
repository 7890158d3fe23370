"""Everyday words and the words that documents use for the same thing, from `same_meaning.txt` of the content."""

from __future__ import annotations

from bot.content import content_dir


def load_same_meaning() -> dict[str, tuple[str, ...]]:
    """Each word with the others of its lines. A line is a group; a word in two groups has the words of both."""
    alike: dict[str, dict[str, None]] = {}
    for line in (content_dir() / "same_meaning.txt").read_text(encoding="utf-8").splitlines():
        group = [] if line.startswith("#") else line.split()
        for word in group:
            alike.setdefault(word, {}).update({other: None for other in group if other != word})
    return {word: tuple(others) for word, others in alike.items()}
