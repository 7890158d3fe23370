"""What a person can read of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PICTURES = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "music": "[音乐]", "file": "[文件]"}


def cut_at_bytes(text: str, limit: int) -> str:
    """A text cut at so many UTF-8 bytes as the platform cuts it: also inside a character, which then shows as �."""
    data = text.encode(errors="surrogatepass")
    return text if len(data) <= limit else data[:limit].decode(errors="replace")


def picture(kind: str) -> str:
    """What stands in the chat for a message that has no words."""
    return _PICTURES.get(kind, f"[{kind}]")


def lines(*parts: Any) -> str:
    """The parts that are not empty, one a line."""
    return "\n".join(str(part) for part in parts if part)


def articles(items: list[Mapping[str, Any]]) -> str:
    """The readable part of articles, whichever way their fields are written."""
    return lines(*(lines(item.get("title") or item.get("Title"), item.get("description")) for item in items))
