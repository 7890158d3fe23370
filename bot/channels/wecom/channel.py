"""`/wecom`: the callback of a 企业微信 app; always in an envelope."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from aiohttp import web

from bot.channels.base import Receive
from bot.channels.tencent.callbacks import CallbackStore, Wait
from bot.channels.tencent.door import Door, Turned, read_body, sealed_text
from bot.channels.tencent.heard import Heard
from bot.channels.tencent.outage import CatchUp, Spool
from bot.channels.tencent.talk import Contacts, LateAnswers, Talk
from bot.channels.tencent.xml_body import Fields, text
from bot.channels.wecom.app import App
from bot.channels.wecom.heard import read

logger = logging.getLogger(__name__)


class WeComChannel:
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
        self._door = Door(app.token, app.keys, app.corpid, clock)
        self._talk = Talk(self.name, receive, store, contacts, late, spool, app.hold, app.deliveries, wait)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The callback address."""
        return [web.get("/wecom", self._verify, allow_head=False), web.post("/wecom", self._take)]

    def catch_up(self, ready: Callable[[], Awaitable[bool]]) -> CatchUp:
        """What replays the messages that came while a server was away; `ready` says whether it is back."""
        return self._talk.catch_up(ready)

    async def stop(self) -> None:
        """Returns when all messages that were taken are answered."""
        await self._talk.stop()

    async def _verify(self, request: web.Request) -> web.Response:
        """The console's check of the address: the echo is encrypted, and goes back decrypted."""
        try:
            [echo] = request.query.getall("echostr", [""])
            self._door.check(request, "msg_signature", echo)
            inside, _ = self._door.open_text(echo)
        except (Turned, ValueError):
            return web.Response(status=403)
        return web.Response(body=inside, content_type="text/plain")

    async def _take(self, request: web.Request) -> web.Response:
        try:
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
        except Turned as refusal:
            logger.warning("a callback of 企业微信 was refused: %s", refusal)
            return web.Response(status=refusal.status)
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
