"""`/wechat`: the callback of a 公众号. The answer stands in the reply to the callback, within the platform's five seconds."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from aiohttp import web

from bot.channels.base import Receive
from bot.channels.tencent.callbacks import CallbackStore, Wait
from bot.channels.tencent.door import Door, Turned, is_json, read_body, sealed_text
from bot.channels.tencent.outage import CatchUp, Spool
from bot.channels.tencent.talk import Contacts, LateAnswers, Talk
from bot.channels.tencent.xml_body import text
from bot.channels.wechat.account import Account
from bot.channels.wechat.heard import read

logger = logging.getLogger(__name__)


class WeChatChannel:
    """`late` is None where the account may not send customer-service messages."""

    name = "wechat"

    def __init__(
        self,
        receive: Receive,
        account: Account,
        store: CallbackStore,
        contacts: Contacts,
        late: LateAnswers | None,
        spool: Spool,
        clock: Callable[[], datetime],
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._door = Door(account.token, account.keys, account.appid, clock)
        self._talk = Talk(self.name, receive, store, contacts, late, spool, account.hold, account.deliveries, wait)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The callback address."""
        return [web.get("/wechat", self._verify, allow_head=False), web.post("/wechat", self._take)]

    def catch_up(self, ready: Callable[[], Awaitable[bool]]) -> CatchUp:
        """What replays the messages that came while a server was away; `ready` says whether it is back."""
        return self._talk.catch_up(ready)

    async def stop(self) -> None:
        """Returns when all messages that were taken are answered."""
        await self._talk.stop()

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
            key, as_json = 0, is_json(body)
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
            begun = await self._talk.begin(heard, f"{timestamp}:{nonce}", hashlib.sha256(body).hexdigest())
            if begun.kind == "replayed":
                raise Turned(403, "nonce used for another message")
        except Turned as refusal:
            logger.warning("a callback of the 公众号 was refused: %s", refusal)
            return web.Response(status=refusal.status)
        answer = await self._talk.answer(heard, begun)
        if not answer:
            return _done()
        reply = {
            "ToUserName": heard.sender,
            "FromUserName": text(fields, "ToUserName"),
            "CreateTime": int(self._clock().timestamp()),
            "MsgType": "text",
            "Content": answer,
        }
        return web.Response(
            text=self._door.seal(reply, nonce, key, as_json),
            content_type=f"text/{'json' if as_json else 'xml'}",
            charset="utf-8",
        )


def _done() -> web.Response:
    return web.Response(text="success", content_type="text/plain")
