"""The bodies of app messages and their limits (protocol section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.platforms.errors import ApiError
from tests.platforms.media import MediaStore
from tests.platforms.readable import articles, cut_at_bytes, lines, picture
from tests.platforms.wecom_cards import check_card, readable_card

TEXT_BYTES = 2_048
_TYPES = (
    "text image voice video file textcard news mpnews markdown miniprogram_notice template_card".split()
)  # fmt: skip


def read_message(body: Mapping[str, Any], media: MediaStore, *, calls_back: bool) -> str:
    """What a member can read of the message; raises ApiError for what the platform does not take. Text that is too long
    is cut, as the platform does; the rest is refused.
    """
    kind = body.get("msgtype")
    if kind not in _TYPES:
        raise ApiError(40008)
    part = body.get(kind)
    if not isinstance(part, dict):
        raise ApiError(40035, str(kind))
    if kind == "text":
        return cut_at_bytes(_words(part.get("content")), TEXT_BYTES)
    if kind == "markdown":
        content = _words(part.get("content"))
        _check_size(content, TEXT_BYTES)
        return content
    if kind == "template_card":
        return readable_card(check_card(part, calls_back=calls_back))
    if kind == "textcard":
        return _textcard(part)
    if kind in ("news", "mpnews"):
        return _news(part)
    if kind == "miniprogram_notice":
        return lines(part.get("title"), part.get("description"))
    medium = media.get(part.get("media_id"))
    if medium.kind != kind:
        raise ApiError(40007)
    return str(part.get("title") or picture(str(kind)))


def _words(content: object) -> str:
    if not isinstance(content, str) or not content:
        raise ApiError(44004)
    return content


def _check_size(text: object, most: int) -> None:
    if len(str(text or "").encode(errors="surrogatepass")) > most:
        raise ApiError(45002)


def _textcard(card: Mapping[str, Any]) -> str:
    if not card.get("title"):
        raise ApiError(41016)
    if not card.get("description"):
        raise ApiError(41033)
    _check_size(card["title"], 128)
    _check_size(card["description"], 512)
    _check_size(card.get("url"), 2_048)
    if urlsplit(str(card.get("url", ""))).scheme not in ("http", "https"):
        raise ApiError(40058, "textcard.url")
    if len(str(card.get("btntxt", ""))) > 4:
        raise ApiError(45002)
    return lines(card["title"], card["description"])


def _news(part: Mapping[str, Any]) -> str:
    items = part.get("articles")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise ApiError(40035, "articles")
    if len(items) > 8:
        raise ApiError(45008)
    for item in items:
        if not item.get("title"):
            raise ApiError(41016)
        _check_size(item["title"], 128)
        _check_size(item.get("description"), 512)
    return articles(items)
