"""Sends whose outcome an event tells later: template messages, subscription notices, mass messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tests.platforms.deliverer import Delivery
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan
from tests.platforms.xml_form import Fields

_FIRST_ID = 2_000_000_001
_NOTICE_FAILED = 43101


class Jobs:
    """Gives the ids, shows what succeeds, and delivers the outcome when the account's `job_events` says so.

    `status` is the outcome of what is sent next: `success`, `failed:user block`, `failed: system failed`; a mass message
    takes `send success`, `err(20431)` and the like from `mass_status`.
    """

    def __init__(self, account: WeChatAccount, deliver: Callable[[Fields], Coroutine[Any, Any, Delivery]]) -> None:
        self._account = account
        self._deliver = deliver
        self._next = _FIRST_ID
        self._queued: list[Fields] = []
        self._running: set[asyncio.Task[Delivery]] = set()
        self.status = "success"
        self.mass_status = "send success"

    def next_id(self) -> int:
        """The id of a new send."""
        self._next += 1
        return self._next - 1

    async def template(self, fan: Fan, msgid: int, show: Callable[[], None]) -> None:
        """A template message was accepted."""
        if self.status == "success":
            show()
        await self._tell(fan.event("TEMPLATESENDJOBFINISH", MsgID=msgid, Status=self.status))

    async def notice(self, fan: Fan, template: str, msgid: int, show: Callable[[], None]) -> None:
        """A subscription notice was accepted."""
        good = self.status == "success"
        if good:
            show()
        result = {
            "TemplateId": template,
            "MsgID": str(msgid),
            "ErrorCode": 0 if good else _NOTICE_FAILED,
            "ErrorStatus": self.status,
        }
        await self._tell(fan.event("subscribe_msg_sent_event", SubscribeMsgSentEvent={"List": result}))

    async def mass(self, heading: Fields, msgid: int, total: int, sent: int) -> None:
        """A mass message was accepted."""
        good = self.mass_status == "send success"
        outcome = {
            "Event": "MASSSENDJOBFINISH",
            "MsgID": msgid,
            "Status": self.mass_status,
            "TotalCount": total,
            "FilterCount": sent,
            "SentCount": sent if good else 0,
            "ErrorCount": 0 if good else sent,
        }
        await self._tell({**heading, **outcome})

    async def finish(self) -> list[Delivery]:
        """Delivers the outcomes that are queued, in order, and waits for those under way."""
        queued, self._queued = self._queued, []
        deliveries = [await self._deliver(fields) for fields in queued]
        if self._running:
            deliveries += await asyncio.gather(*self._running)
        return deliveries

    async def close(self) -> None:
        """Ends what is under way."""
        running: set[asyncio.Task[Any]] = {*self._running}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _tell(self, fields: Fields) -> None:
        when = self._account.job_events
        if when == "queued":
            self._queued.append(fields)
        elif when == "before":
            await self._deliver(fields)
        elif when == "after":
            task = asyncio.create_task(self._deliver(fields))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
