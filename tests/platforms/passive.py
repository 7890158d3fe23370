"""Reads a passive reply as strictly as the platforms do (protocol sections 1.7, 1.8 and 3.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.platforms.deliverer import Reply, Verdict
from tests.platforms.envelope import Envelope, EnvelopeError, signature
from tests.platforms.readable import articles, cut_at_bytes, picture
from tests.platforms.xml_form import FormError, read

TEXT_BYTES = 2_048


class ReplyError(Exception):
    """Why the platform does not take a reply."""


@dataclass(frozen=True)
class ReplyRules:
    """`to` and `by`: who the reply must be addressed to and come from. `sealed`: whether it must be encrypted, must not be
    (False), or may be either (None). `cuts`: a long text is cut instead of being refused. `kinds`: the types allowed here.
    """

    token: str
    envelopes: tuple[Envelope, ...]
    to: str
    by: str
    sealed: bool | None
    json: bool = False
    cuts: bool = False
    success: bool = True
    kinds: frozenset[str] = frozenset({"text", "image", "voice", "video", "music", "news", "transfer_customer_service"})


def judge(body: bytes, rules: ReplyRules) -> Verdict:
    """What an answer with HTTP 200 comes to."""
    if not body:
        return Verdict("empty")
    if rules.success and body == b"success":
        return Verdict("success")
    try:
        fields = _opened(_fields(body, rules), rules)
        reply, problem = _reply(fields, rules)
    except (ReplyError, FormError, EnvelopeError) as error:
        return Verdict("invalid", None, str(error))
    return Verdict("reply", reply, problem)


def _fields(body: bytes, rules: ReplyRules) -> Mapping[str, Any]:
    if not rules.json:
        return read(body)
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise ReplyError("not JSON") from error
    if not isinstance(fields, dict):
        raise ReplyError("no JSON object")
    return fields


def _opened(fields: Mapping[str, Any], rules: ReplyRules) -> Mapping[str, Any]:
    if "Encrypt" not in fields:
        if rules.sealed:
            raise ReplyError("a plain reply where it must be encrypted")
        return fields
    if rules.sealed is False:
        raise ReplyError("an encrypted reply in plain mode")
    parts = [_text(fields, name) for name in ("Encrypt", "TimeStamp", "Nonce")]
    if not parts[1].isdigit():
        raise ReplyError("TimeStamp is no number")
    if _text(fields, "MsgSignature") != signature(rules.token, *parts):
        raise ReplyError("MsgSignature does not fit")
    for number, envelope in enumerate(rules.envelopes, start=1):
        try:
            inside = envelope.open(parts[0])
        except EnvelopeError:
            if number == len(rules.envelopes):
                raise
        else:
            return _fields(inside.encode(), rules)
    raise ReplyError("encrypted, but there is no key")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise ReplyError(f"{name} is missing or empty")
    return value


def _part(fields: Mapping[str, Any], name: str, *wanted: str) -> Mapping[str, Any]:
    part = fields.get(name)
    if not isinstance(part, dict):
        raise ReplyError(f"{name} is missing")
    for each in wanted:
        _text(part, each)
    return part


def _reply(fields: Mapping[str, Any], rules: ReplyRules) -> tuple[Reply, str]:
    if _text(fields, "ToUserName") != rules.to:
        raise ReplyError("ToUserName is not the sender of the message")
    if _text(fields, "FromUserName") != rules.by:
        raise ReplyError("FromUserName is not the receiver of the message")
    if not _text(fields, "CreateTime").isdigit():
        raise ReplyError("CreateTime is no number")
    kind = _text(fields, "MsgType")
    if kind not in rules.kinds:
        raise ReplyError(f"a reply of type {kind} is not possible here")
    if kind == "text":
        text = _text(fields, "Content")
        if (size := len(text.encode())) > TEXT_BYTES:
            if not rules.cuts:
                raise ReplyError(f"Content has {size} bytes")
            return Reply(kind, cut_at_bytes(text, TEXT_BYTES), fields), f"Content has {size} bytes and was cut"
        return Reply(kind, text, fields), ""
    if kind in ("image", "voice"):
        _part(fields, kind.capitalize(), "MediaId")
    elif kind == "video":
        _part(fields, "Video", "MediaId")
    elif kind == "music":
        _part(fields, "Music", "ThumbMediaId")
    elif kind == "news":
        return Reply(kind, _news(fields), fields), ""
    elif kind == "update_button":
        return Reply(kind, _text(_part(fields, "Button"), "ReplaceName"), fields), ""
    elif kind == "update_template_card":
        _part(fields, "TemplateCard", "CardType")
        return Reply(kind, "", fields), ""
    return Reply(kind, "" if kind == "transfer_customer_service" else picture(kind), fields), ""


def _news(fields: Mapping[str, Any]) -> str:
    items = fields.get("Articles")
    if not isinstance(items, list) or not 1 <= len(items) <= 8 or _text(fields, "ArticleCount") != str(len(items)):
        raise ReplyError("Articles and ArticleCount do not fit")
    return articles([item for item in items if isinstance(item, dict)])
