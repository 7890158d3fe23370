"""`/wechat`: the callback of a 公众号. The answer stands in the reply to the callback, within the platform's five seconds."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bot.channels.base import Receive
from bot.channels.tencent.callbacks import CallbackStore, Wait
from bot.channels.tencent.channel import CallbackChannel
from bot.channels.tencent.door import Door, Turned, is_json, read_body, sealed_text
from bot.channels.tencent.outage import Spool
from bot.channels.tencent.talk import Contacts, LateAnswers, Talk
from bot.channels.tencent.xml_body import text
from bot.channels.wechat.account import Account
from bot.channels.wechat.heard import read


class WeChatChannel(CallbackChannel):
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
        door = Door(account.token, account.keys, account.appid, clock)
        talk = Talk(self.name, receive, store, contacts, late, spool, account.hold, account.deliveries, wait)
        super().__init__(door, talk)

    def _echoed(self, request: web.Request, echo: str) -> bytes:
        # 接入验证: the echo stands in the clear in every mode
        self._door.check(request, "signature")
        return echo.encode()

    async def _answered(self, request: web.Request) -> web.Response:
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
