"""The REST chat: the request and answer of Rasa's own REST channel, and a mailbox for what is pushed later."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from typing import Any, NoReturn

from aiohttp import web

from bot.channels.base import (
    Incoming,
    Mailbox,
    Receive,
    comes_from_this_machine,
    is_clean_text,
    iso,
    push_line_id,
    refuse_foreign,
)

MAX_BODY_BYTES = 64 * 1024
MAX_ID_CHARACTERS = 128
MAX_MESSAGE_CHARACTERS = 4_000
MAX_CURSOR = 2**63 - 1


class RestChannel:
    """Anyone who holds the token may speak for any sender; without a token only demo mode's own machine is served."""

    name = "rest"

    def __init__(
        self, receive: Receive, mailbox: Mailbox, *, demo: bool, allowed_hosts: tuple[str, ...], rest_token: str
    ) -> None:
        self._receive = receive
        self._mailbox = mailbox
        self._demo = demo
        self._allowed_hosts = allowed_hosts
        self._token = rest_token

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The two addresses of the REST chat."""
        return [
            web.post("/webhooks/rest/webhook", self._answer),
            web.get("/webhooks/rest/messages", self._messages, allow_head=False),
        ]

    async def _answer(self, request: web.Request) -> web.Response:
        self._admit(request)
        incoming = _incoming(await _json_body(request))
        bubbles = await self._receive(incoming)
        return _json([{"recipient_id": incoming.sender, **bubble.as_json()} for bubble in bubbles])

    async def _messages(self, request: web.Request) -> web.Response:
        self._admit(request)
        sender = _id("sender", request.query.get("sender"))
        newest, pushes = await self._mailbox.pushed_after(self.name, sender, _cursor(request.query.get("after", "0")))
        messages = [{"id": push_line_id(push.cursor), **push.message.as_json(), "at": iso(push.at)} for push in pushes]
        return _json({"cursor": newest, "messages": messages})

    def _admit(self, request: web.Request) -> None:
        """Raises the HTTP refusal of a request that is led here by another site or lacks the right to ask."""
        if foreign := refuse_foreign(request, self._allowed_hosts):
            _refuse(*foreign)
        if self._token:
            if not hmac.compare_digest(_given_token(request).encode(errors="replace"), self._token.encode()):
                _refuse(401, "访问令牌缺失或不正确。", {"WWW-Authenticate": "Bearer"})
        elif not self._demo:
            _refuse(403, "REST 接口未启用：管理员尚未设置 BOT_REST_TOKEN。")
        elif not comes_from_this_machine(request):
            _refuse(403, "未设置 BOT_REST_TOKEN 时，REST 接口只接受本机访问。")


def _given_token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query.get("token", "")


async def _json_body(request: web.Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            _refuse(413, f"请求内容过大，不能超过 {MAX_BODY_BYTES // 1024} KiB。")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        _refuse(400, "请求内容不是有效的 JSON。")
    if not isinstance(parsed, dict):
        _refuse(400, '请求内容应为 JSON 对象，例如 {"sender": "…", "message": "…"}。')
    return parsed


def _incoming(body: dict[str, Any]) -> Incoming:
    sender = _id("sender", body.get("sender"))
    message_id = body.get("message_id")
    if message_id is not None:
        message_id = _id("message_id", message_id)
    text = body.get("message")
    if not isinstance(text, str) or not text.strip():
        _refuse(400, "缺少 message：请写明要发送的文字。")
    if len(text) > MAX_MESSAGE_CHARACTERS:
        _refuse(400, f"消息太长，不能超过 {MAX_MESSAGE_CHARACTERS} 个字。")
    if not is_clean_text(text):
        _refuse(400, "消息中有无法识别的字符。")
    return Incoming(RestChannel.name, sender, text, message_id)


def _id(field: str, given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        _refuse(400, f"缺少 {field}，或者它不是文字。")
    if len(given) > MAX_ID_CHARACTERS:
        _refuse(400, f"{field} 太长，不能超过 {MAX_ID_CHARACTERS} 个字符。")
    if not is_clean_text(given) or not given.isprintable():
        _refuse(400, f"{field} 中有无法识别的字符。")
    return given


def _cursor(given: str) -> int:
    if not (given.isascii() and given.isdigit()) or len(given) > len(str(MAX_CURSOR)) or int(given) > MAX_CURSOR:
        _refuse(400, "after 应为不小于 0 的整数。")
    return int(given)


class _Refusal(web.HTTPException):
    """Ends the request with `status` and `{"error": reason}`."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        super().__init__(text=_dump({"error": reason}), content_type="application/json", headers=headers)


def _refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> NoReturn:
    raise _Refusal(status, reason, headers)


def _json(body: Any) -> web.Response:
    return web.json_response(body, dumps=_dump, headers={"Cache-Control": "no-store"})


def _dump(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)
