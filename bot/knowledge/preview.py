"""A change of an entry in words, old and new in short, for whoever has to confirm it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.knowledge.bodies import Body
from bot.knowledge.changes import shortened

_SHORT = 120
_OPEN_SIDE = "不限"


def preview(old: Body | None, new: Body, notes: Iterable[str]) -> str:
    """What would be different, a line or two for each part; `notes` are consequences that the bodies do not show."""
    before = old or {}
    lines = [f"{new['id']}　{new['title']}" if old else f"新条目 {new['id']}　{new['title']}"]
    if before.get("answer") != new["answer"]:
        if old:
            lines.append(f"原答案：{shortened(before['answer'], _SHORT)}")
        lines.append(f"新答案：{new['answer']}")
    if before.get("title") not in (None, new["title"]):
        lines.append(f"标题：{before['title']} → {new['title']}")
    if before.get("source") != new["source"]:
        lines.append(f"出处：{source_words(new)}")
    known = set(before.get("ask", ()))
    if more := [way for way in new["ask"] if way not in known]:
        lines.append(f"增加问法{len(more)}句：\n" + "\n".join(f"・{way}" for way in more))
    if fewer := len(known - set(new["ask"])):
        lines.append(f"减少问法{fewer}句")
    if not old or span_words(before) != span_words(new):
        was = f"{span_words(before)} → " if old else ""
        lines.append(f"有效期：{was}{span_words(new)}")
    lines += [f"注意：{note}" for note in notes]
    return "\n".join(lines)


def span_words(body: Mapping[str, Any]) -> str:
    """From when to when a body holds."""
    if not body.get("effective") and not body.get("expires"):
        return _OPEN_SIDE
    return f"{body.get('effective') or _OPEN_SIDE} 到 {body.get('expires') or _OPEN_SIDE}"


def source_words(body: Mapping[str, Any]) -> str:
    """Where an answer comes from, in one line."""
    source = body["source"]
    return "，".join(str(source[part]) for part in ("plan", "section", "item") if source.get(part))
