"""The smallest bot that a channel can talk to: it repeats what it hears, keeps a mailbox, and knows the demo people."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timezone

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.base import Away, Button, Channel, Face, Incoming, Outgoing, Pushed, Said, push_line_id, reply_line_id

NOON = datetime(2022, 1, 28, 4, 0, tzinfo=timezone.utc)
"""Twelve o'clock in Shanghai."""

FACES = {"demo-resident": Face("王秀英", "居民"), "demo-grid": Face("赵敏", "网格员")}


class LittleBot:
    """Receive, Mailbox and Greeter in one. It answers each message id once, as the conversation does."""

    def __init__(self) -> None:
        self.heard: list[Incoming] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answering = asyncio.Event()
        self.mailbox_is_down = False
        self.is_away = False
        self._answers: dict[tuple[str, str], list[Outgoing]] = {}
        self._pushed: dict[str, list[Pushed]] = defaultdict(list)
        self._said: dict[str, list[Said]] = defaultdict(list)
        self._bells: dict[str, list[asyncio.Event]] = defaultdict(list)
        self._bound: dict[str, Face] = {}

    async def receive(self, incoming: Incoming) -> Sequence[Outgoing]:
        self.answering.set()
        await self.may_answer.wait()
        if self.is_away:
            raise Away
        if incoming.text.startswith("故障"):
            raise RuntimeError(incoming.text)
        message_id = incoming.message_id or f"own-{len(self.heard)}"
        key = (incoming.sender, message_id)
        if key in self._answers:
            return self._answers[key]
        self.heard.append(incoming)
        if incoming.text == "绑定 1234":
            self._bound[incoming.sender] = Face("李建国", "员工")
        answer = [
            Outgoing(f"收到：{incoming.text}", (Button("好", "/好"),), {"offers": ["daily_report"]}),
            Outgoing("还有别的吗？"),
        ]
        self._answers[key] = answer
        self._said[incoming.sender] += [
            Said(message_id, "person", Outgoing(incoming.shown or incoming.text), NOON),
            *(Said(reply_line_id(message_id, n), "bot", bubble, NOON) for n, bubble in enumerate(answer, start=1)),
        ]
        return answer

    def push(self, sender: str, text: str) -> None:
        pushed = Pushed(len(self._pushed[sender]) + 1, Outgoing(text, purpose="alert"), NOON)
        self._pushed[sender].append(pushed)
        self._said[sender].append(Said(push_line_id(pushed.cursor), "bot", pushed.message, NOON))
        for bell in self._bells[sender]:
            bell.set()

    async def pushed_after(self, channel: str, sender: str, cursor: int) -> tuple[int, list[Pushed]]:
        if self.mailbox_is_down:
            raise ConnectionError("Redis")
        pushed = self._pushed[sender]
        return len(pushed), pushed[cursor:]

    async def history(self, channel: str, sender: str) -> list[Said]:
        return list(self._said[sender])

    async def watch(self, channel: str, sender: str) -> AsyncIterator[None]:
        bell = asyncio.Event()
        bell.set()
        self._bells[sender].append(bell)
        try:
            while True:
                await bell.wait()
                bell.clear()
                yield
        finally:
            self._bells[sender].remove(bell)

    async def face(self, channel: str, sender: str) -> Face:
        return FACES.get(sender) or self._bound.get(sender) or Face("访客", "未绑定")

    def demo_faces(self) -> Mapping[str, Face]:
        return FACES


def client_of(channel: Channel) -> TestClient[web.Request, web.Application]:
    """A client of a server on 127.0.0.1 that serves this channel alone."""
    application = web.Application()
    application.add_routes(channel.routes())
    return TestClient(TestServer(application))
