"""`/wechat`: the callback of a 公众号. The answer stands in the reply to the callback, within the platform's five seconds."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from aiohttp import web

from bot.channels.base import Incoming, Receive, is_clean_text
from bot.channels.tencent.callbacks import Answer, Begun, CallbackStore, Memo, Once, Wait
from bot.channels.tencent.door import Door, Turned, read_body, sealed_text
from bot.channels.tencent.texts import as_text, first_part
from bot.channels.tencent.xml_body import text
from bot.channels.wechat.account import Account
from bot.channels.wechat.heard import Heard, read

logger = logging.getLogger(__name__)

_LATE = "正在查，回复任意字查看。"
_NOTHING_MORE = "没有更多了。"
_CUT_OFF_SECONDS = 6.0  # a second after the platform has hung up


class Contacts(Protocol):
    """Who keeps what people do on the platform beside talking."""

    async def left(self, channel: str, sender: str) -> None:
        """They follow no more."""

    async def granted(self, channel: str, sender: str, popups: dict[str, int]) -> None:
        """They allow so many subscription notices more, or fewer, by template."""

    async def settled(self, channel: str, sender: str, place: int) -> None:
        """They have scanned the code of a place."""

    async def sent(self, channel: str, sender: str) -> None:
        """They were sent one customer-service message more."""

    async def arrived(self, channel: str, platform_id: str, well: bool) -> None:
        """What became of a message that the platform had taken."""


class LateAnswers(Protocol):
    """Sends an answer for which nobody waited any more (sender.py)."""

    async def custom(self, to: str, message: str) -> bool:
        """One customer-service text; whether the platform took it."""


class WeChatChannel:
    """`late` is None where the account may not send customer-service messages. `wait` is `asyncio.sleep` but in tests."""

    name = "wechat"

    def __init__(
        self,
        receive: Receive,
        account: Account,
        store: CallbackStore,
        contacts: Contacts,
        late: LateAnswers | None,
        clock: Callable[[], datetime],
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._receive = receive
        self._account = account
        self._store = store
        self._contacts = contacts
        self._late = late
        self._clock = clock
        self._door = Door(account.token, account.keys, account.appid, clock)
        self._once = Once(store, wait)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The callback address."""
        return [web.get("/wechat", self._verify, allow_head=False), web.post("/wechat", self._take)]

    async def stop(self) -> None:
        """Returns when all messages that were taken are answered."""
        await self._once.stop()

    async def _verify(self, request: web.Request) -> web.Response:
        """The console's check of the address (接入验证): the echo stands in the clear in every mode."""
        try:
            self._door.check(request, "signature")
            [echo] = request.query.getall("echostr", [""])
        except (Turned, ValueError):
            return web.Response(status=403)
        return web.Response(text=echo, content_type="text/plain")

    async def _take(self, request: web.Request) -> web.Response:
        try:
            body = await read_body(request)
            key = 0
            if self._door.sealed:
                sealed = sealed_text(self._door.parse(body))
                timestamp, nonce = self._door.check(request, "msg_signature", sealed)
                # what stands beside the envelope in compatible mode is nobody's word
                body, key = self._door.open_text(sealed)
            else:
                timestamp, nonce = self._door.check(request, "signature")
            fields = self._door.parse(body)
            heard = read(fields)
            if heard is None:
                return _done()
            begun = await self._store.begin(
                heard.sender,
                f"{heard.sender}:{heard.key}",
                f"{timestamp}:{nonce}",
                hashlib.sha256(body).hexdigest(),
                heard.by,
            )
            if begun.kind == "replayed":
                raise Turned(403, "nonce used for another message")
        except Turned as refusal:
            logger.warning("a callback of the 公众号 was refused: %s", refusal)
            return web.Response(status=refusal.status)
        answer = await self._answer(heard, begun)
        if not answer:
            return _done()
        reply = {
            "ToUserName": heard.sender,
            "FromUserName": text(fields, "ToUserName"),
            "CreateTime": int(self._clock().timestamp()),
            "MsgType": "text",
            "Content": answer,
        }
        return web.Response(text=self._door.seal(reply, nonce, key), content_type="text/xml", charset="utf-8")

    async def _answer(self, heard: Heard, begun: Begun) -> str:
        """The text for this delivery; '' for none. A delivery that gets none in time leaves the answer to the next, or to `late`."""
        message = f"{heard.sender}:{heard.key}"
        if begun.kind == "answered":
            return begun.answer
        if begun.kind == "late":
            return self._meanwhile()
        if begun.kind == "new":
            self._once.start(
                heard.sender,
                message,
                begun.token,
                lambda: self._work(heard, begun.memo),
                lambda one: self._send_late(heard, one),
            )
        last = begun.delivery >= self._account.deliveries
        try:
            seconds = self._account.hold if last else _CUT_OFF_SECONDS
            answer = await self._once.answer(message, begun.delivery, seconds)
        except LookupError:
            raise web.HTTPServiceUnavailable from None  # delivered again, it is done again
        return self._meanwhile() if answer is None else answer

    def _meanwhile(self) -> str:
        """What the last delivery says when the answer comes another way."""
        return "" if self._late is not None else _LATE

    async def _work(self, heard: Heard, memo: Memo) -> Answer:
        await self._note(heard)
        if memo.any_word and memo.rest:
            return _fitting(memo.rest, ())
        if heard.says == "继续" and memo.rest:
            return _fitting(memo.rest, memo.offered)
        if heard.told:
            return Answer(heard.told, memo)
        if not heard.says:
            return Answer("", memo)
        says, shown = _pressed(heard.says, memo) or (heard.says, heard.shown)
        if not is_clean_text(says):
            return Answer(_NOTHING_MORE, memo)
        bubbles = await self._receive(Incoming(self.name, heard.sender, says, heard.key, shown))
        whole, offered = as_text(bubbles)
        return _fitting(whole, tuple(offered))

    async def _note(self, heard: Heard) -> None:
        if heard.left:
            await self._contacts.left(self.name, heard.sender)
        if heard.popups:
            await self._contacts.granted(self.name, heard.sender, dict(heard.popups))
        if heard.place is not None:
            await self._contacts.settled(self.name, heard.sender, heard.place)
        if heard.job is not None:
            await self._contacts.arrived(self.name, *heard.job)

    async def _send_late(self, heard: Heard, answer: Answer) -> None:
        if self._late is not None and await self._late.custom(heard.sender, answer.text):
            await self._contacts.sent(self.name, heard.sender)
            return
        rest = answer.text if not answer.memo.rest else f"{answer.text}\n{answer.memo.rest}"
        await self._store.keep_memo(heard.sender, Memo(answer.memo.offered, rest, any_word=True))


def _pressed(says: str, memo: Memo) -> tuple[str, str] | None:
    """Payload and title of the button whose number was typed."""
    if says.isdecimal() and len(says) <= 2 and 1 <= int(says) <= len(memo.offered):
        title, payload = memo.offered[int(says) - 1]
        return payload, title
    return None


def _fitting(whole: str, offered: tuple[tuple[str, str], ...]) -> Answer:
    head, rest = first_part(whole)
    return Answer(head, Memo(offered, rest))


def _done() -> web.Response:
    return web.Response(text="success", content_type="text/plain")
