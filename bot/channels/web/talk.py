"""One open WebSocket of the web chat: JSON frames, told apart by `type`.

    from the page   hello {cursor: N | null}                 the newest push it knows; null after a reload
                    say {id, text, shown?}                    sent again with the same id until it is answered
                    ping                                      answered with pong, so that the page notices a dead line
    from here       welcome {face, demo, now, history, cursor}
                    typing | answer {id, parts} | refused {id | null, text}
                    push {cursor, message} | face {face} | pong

A line, in `history`, `parts` and `message`, is {id, text, buttons?, custom?, at}; history adds `by`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import traceback
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.channels.base import (
    Face,
    Greeter,
    Incoming,
    Mailbox,
    Outgoing,
    Pushed,
    Receive,
    end_tasks,
    is_clean_text,
    iso,
    push_line_id,
    reply_line_id,
)

MAX_FRAME_BYTES = 16 * 1024
MAX_TEXT_CHARACTERS = 1_000
MAX_WAITING = 20
"""Messages of one socket that may wait for the one being answered."""

_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Desk:
    """What all talks of the web chat share. `unfinished` holds the turns whose answer has not been made yet."""

    channel: str
    receive: Receive
    mailbox: Mailbox
    greeter: Greeter
    demo: bool
    clock: Callable[[], datetime]
    timezone: tzinfo
    unfinished: set[asyncio.Task[Any]] = field(default_factory=set)

    def stamp(self, moment: datetime) -> str:
        """A moment as the page shows it: the page reads the wall time off this text, whatever zone the phone is in."""
        return iso(moment.astimezone(self.timezone))


class Talk:
    """Reads what the browser sends, answers one message after the other, and sends on what is pushed meanwhile."""

    def __init__(self, desk: Desk, sender: str, socket: web.WebSocketResponse) -> None:
        self._desk = desk
        self._sender = sender
        self._socket = socket
        self._face: Face | None = None
        self._cursor = 0
        self._waiting: asyncio.Queue[Incoming] = asyncio.Queue(MAX_WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Returns when the WebSocket is closed, by whichever side."""
        self._start(self._answer_in_order())
        try:
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT:
                    await self._take(frame.data)
                else:
                    await self._refuse(None, "这里只接受文字消息。")
        except Exception as error:
            await self._give_up(error)
        finally:
            await end_tasks(self._tasks)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                await self._give_up(error)

        self._tasks.append(asyncio.create_task(guarded()))

    async def _give_up(self, error: Exception) -> None:
        """Whatever failed, the page reconnects after a while and sends again what was not answered."""
        _log(error)
        await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER)

    async def _take(self, data: str) -> None:
        try:
            frame = json.loads(data)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            await self._refuse(None, "消息格式不正确。")
            return
        message_id = frame.get("id")
        if not isinstance(message_id, str) or not _MESSAGE_ID.fullmatch(message_id):
            message_id = None
        if len(data.encode()) > MAX_FRAME_BYTES:
            await self._refuse(message_id, f"消息太大，不能超过 {MAX_FRAME_BYTES // 1024} KiB。")
        elif frame.get("type") == "hello":
            await self._welcome(frame.get("cursor"))
        elif frame.get("type") == "say":
            await self._queue(message_id, frame)
        elif frame.get("type") == "ping":
            await self._send({"type": "pong"})
        else:
            await self._refuse(message_id, "不认识的消息类型。")

    async def _welcome(self, cursor: object) -> None:
        if self._face is not None:
            await self._refuse(None, "连接已经建立，不必重复。")
            return
        known = cursor if isinstance(cursor, int) and not isinstance(cursor, bool) and cursor >= 0 else None
        self._face = await self._ask_face()
        # The mailbox is read before the history: a push between the two is then shown twice, under one id, not never.
        newest, _ = await self._desk.mailbox.pushed_after(self._desk.channel, self._sender, known or 0)
        self._cursor = newest if known is None else min(known, newest)
        history = await self._desk.mailbox.history(self._desk.channel, self._sender)
        await self._send(
            {
                "type": "welcome",
                "face": _face_json(self._face),
                "demo": self._desk.demo,
                "now": self._desk.stamp(self._desk.clock()),
                "history": [{"id": said.id, "by": said.by, **self._line(said.message, said.at)} for said in history],
                "cursor": self._cursor,
            }
        )
        self._start(self._send_what_is_pushed())

    async def _send_what_is_pushed(self) -> None:
        async for _ in self._desk.mailbox.watch(self._desk.channel, self._sender):
            await self._send_pushes(
                *await self._desk.mailbox.pushed_after(self._desk.channel, self._sender, self._cursor)
            )

    async def _send_pushes(self, newest: int, pushes: Sequence[Pushed]) -> None:
        for push in pushes:
            if push.cursor > self._cursor:
                message = {"id": push_line_id(push.cursor), **self._line(push.message, push.at)}
                await self._send({"type": "push", "cursor": push.cursor, "message": message})
        self._cursor = max(self._cursor, newest)

    async def _queue(self, message_id: str | None, frame: dict[str, Any]) -> None:
        text = frame.get("text")
        shown = frame.get("shown")
        if message_id is None:
            await self._refuse(None, "消息缺少编号。")
        elif not isinstance(text, str) or not text.strip():
            await self._refuse(message_id, "消息是空的，请写点什么再发。")
        elif shown is not None and (not isinstance(shown, str) or len(shown) > MAX_TEXT_CHARACTERS):
            await self._refuse(message_id, "消息格式不正确。")
        elif len(text) > MAX_TEXT_CHARACTERS:
            await self._refuse(message_id, f"消息太长，不能超过 {MAX_TEXT_CHARACTERS} 个字。")
        elif not is_clean_text(text) or not is_clean_text(shown or ""):
            await self._refuse(message_id, "消息中有无法识别的字符，请删去后再发。")
        elif self._waiting.full():
            await self._refuse(message_id, "消息太多，请等前面的回复后再发。")
        else:
            shown = shown if shown != text else None
            self._waiting.put_nowait(Incoming(self._desk.channel, self._sender, text, message_id, shown))

    async def _answer_in_order(self) -> None:
        while True:
            incoming = await self._waiting.get()
            await self._send({"type": "typing"})
            # A lost connection must not stop a turn half way: the page sends the same id again and gets its answer.
            turn = asyncio.create_task(self._turn(incoming))
            self._desk.unfinished.add(turn)
            turn.add_done_callback(self._desk.unfinished.discard)
            bubbles = await asyncio.shield(turn)
            assert incoming.message_id is not None
            if bubbles is None:
                await self._refuse(incoming.message_id, "系统暂时无法处理，请稍后重新发送。")
                continue
            at = self._desk.clock()
            parts = [
                {"id": reply_line_id(incoming.message_id, number), **self._line(bubble, at)}
                for number, bubble in enumerate(bubbles, start=1)
            ]
            await self._send({"type": "answer", "id": incoming.message_id, "parts": parts})
            await self._send_changed_face()

    async def _turn(self, incoming: Incoming) -> Sequence[Outgoing] | None:
        try:
            return await self._desk.receive(incoming)
        except Exception as error:
            _log(error)
            return None

    async def _send_changed_face(self) -> None:
        """A turn can bind the person, and then the page's header should say so."""
        if self._face is None:
            return
        face = await self._ask_face()
        if face != self._face:
            self._face = face
            await self._send({"type": "face", "face": _face_json(face)})

    async def _ask_face(self) -> Face:
        return await self._desk.greeter.face(self._desk.channel, self._sender)

    def _line(self, message: Outgoing, at: datetime) -> dict[str, Any]:
        return {**message.as_json(), "at": self._desk.stamp(at)}

    async def _refuse(self, message_id: str | None, reason: str) -> None:
        await self._send({"type": "refused", "id": message_id, "text": reason})

    async def _send(self, frame: dict[str, Any]) -> None:
        """Sending to a browser that has just gone is no error: it comes back and asks."""
        with contextlib.suppress(ConnectionError):
            await self._socket.send_str(json.dumps(frame, ensure_ascii=False))


def _face_json(face: Face) -> dict[str, str]:
    return {"name": face.name, "role": face.role}


def _log(error: Exception) -> None:
    """The kind and place of an error, without its message: that may quote what the person wrote."""
    place = "".join(traceback.format_tb(error.__traceback__))
    logger.error("web chat: %s\n%s", type(error).__name__, place)
