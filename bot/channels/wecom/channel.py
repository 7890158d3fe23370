"""`/wecom`: the callback of a 企业微信 app; always in an envelope."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bot.channels.base import Receive
from bot.channels.tencent.callbacks import CallbackStore, Wait
from bot.channels.tencent.channel import CallbackChannel
from bot.channels.tencent.door import Door, Turned, read_body, sealed_text
from bot.channels.tencent.heard import Heard
from bot.channels.tencent.outage import Spool
from bot.channels.tencent.talk import Contacts, LateAnswers, Talk
from bot.channels.tencent.xml_body import Fields, text
from bot.channels.wecom.app import App
from bot.channels.wecom.heard import read


class WeComChannel(CallbackChannel):
    """Members of the corp talk to one app."""

    name = "wecom"

    def __init__(
        self,
        receive: Receive,
        app: App,
        store: CallbackStore,
        contacts: Contacts,
        late: LateAnswers,
        spool: Spool,
        clock: Callable[[], datetime],
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._app = app
        self._clock = clock
        door = Door(app.token, app.keys, app.corpid, clock)
        talk = Talk(self.name, receive, store, contacts, late, spool, app.hold, app.deliveries, wait)
        super().__init__(door, talk)

    def _echoed(self, request: web.Request, echo: str) -> bytes:
        # the echo is encrypted, and goes back decrypted
        self._door.check(request, "msg_signature", echo)
        return self._door.open_text(echo)[0]

    async def _answered(self, request: web.Request) -> web.Response:
        sealed = sealed_text(self._door.parse(await read_body(request)))
        timestamp, nonce = self._door.check(request, "msg_signature", sealed)
        body, key = self._door.open_text(sealed)
        fields = self._door.parse(body)
        heard = read(fields)
        agent = text(fields, "AgentID")
        if heard is None or agent not in ("", str(self._app.agentid)):
            return web.Response()
        begun = await self._talk.begin(heard, f"{timestamp}:{nonce}", hashlib.sha256(body).hexdigest())
        if begun.kind == "replayed":
            raise Turned(403, "nonce used for another message")
        if heard.card:
            await self._talk.apart(heard, begun)
            reply = {"MsgType": "update_button", "Button": {"ReplaceName": f"已点：{heard.says.split()[0]}"}}
            return self._replied(heard, fields, reply, nonce, key)
        answer = await self._talk.answer(heard, begun)
        if not answer:
            return web.Response()
        return self._replied(heard, fields, {"MsgType": "text", "Content": answer}, nonce, key)

    def _replied(self, heard: Heard, fields: Fields, reply: Fields, nonce: str, key: int) -> web.Response:
        whole = {
            "ToUserName": heard.sender,
            "FromUserName": text(fields, "ToUserName"),
            "CreateTime": int(self._clock().timestamp()),
            **reply,
        }
        return web.Response(text=self._door.seal(whole, nonce, key), content_type="text/xml", charset="utf-8")
