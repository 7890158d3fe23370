"""What the bot says as one text of at most 2,048 bytes: bubbles joined, buttons as a numbered list, the rest kept for 继续."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.channels.base import Outgoing

TEXT_BYTES = 2048  # of a passive reply and of a 企业微信 text; used for customer-service messages too
MORE = "\n（还没完，回复“继续”看下面的）"
_PICK = "回复数字就行："
_CUTS = (
    re.compile(r".*\n", re.DOTALL),
    re.compile(r".*[。！？；!?;]", re.DOTALL),
    re.compile(r".*[，、,\s]", re.DOTALL),
)


def as_text(bubbles: Sequence[Outgoing]) -> tuple[str, list[tuple[str, str]]]:
    """The bubbles as one text, and what the numbers in it stand for: title and payload of the buttons, in order.

    Only the last list is numbered: a digit can mean one list only.
    """
    last = next((number for number in reversed(range(len(bubbles))) if bubbles[number].buttons), None)
    parts = []
    for number, bubble in enumerate(bubbles):
        part = bubble.text
        if number == last:
            part += f"\n{_PICK}\n" + "\n".join(f"{n}. {button.title}" for n, button in enumerate(bubble.buttons, 1))
        parts.append(part)
    offered = [(button.title, button.payload) for button in bubbles[last].buttons] if last is not None else []
    return "\n\n".join(parts).strip(), offered


def first_part(whole: str, most: int = TEXT_BYTES) -> tuple[str, str]:
    """What fits into one message, and the rest, cut at the end of a sentence where one ends in the second half."""
    if len(whole.encode()) <= most:
        return whole, ""
    room = most - len(MORE.encode())
    head = whole.encode()[:room].decode(errors="ignore")
    for cut in _CUTS:
        found = cut.match(head)
        if found and len(found[0]) * 2 > len(head):
            head = found[0]
            break
    return head.rstrip() + MORE, whole[len(head) :].lstrip()
