"""The talk by callbacks: what was heard goes to the conversation once, and its answer to whoever is still on the line."""

from __future__ import annotations

import asyncio
import re
from typing import Protocol

from aiohttp import web

from bot.channels.base import Incoming, Receive, is_clean_text
from bot.channels.tencent.callbacks import Answer, Begun, CallbackStore, Memo, Once, Wait
from bot.channels.tencent.heard import Heard
from bot.channels.tencent.texts import as_text, first_part

_LATE = "正在查，回复任意字查看。"
_UNREADABLE = "这条消息里有无法识别的字符，请换个说法再发一次。"
_ANY_WORD = re.compile(r"(?:好的?|查看?|看|嗯+|哦|行|收到|在吗|ok|[?？。.1]|还没好吗[?？]?)", re.IGNORECASE)
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


class Talk:
    """`late` is None where nothing can be sent outside of a reply. `hold`: seconds that the last of `deliveries` waits for its
    answer. `wait` is `asyncio.sleep` but in tests."""

    def __init__(
        self,
        channel: str,
        receive: Receive,
        store: CallbackStore,
        contacts: Contacts,
        late: LateAnswers | None,
        hold: float,
        deliveries: int,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._channel = channel
        self._receive = receive
        self._store = store
        self._contacts = contacts
        self._late = late
        self._hold = hold
        self._deliveries = deliveries
        self._once = Once(store, wait)

    async def stop(self) -> None:
        """Returns when all messages that were taken are answered."""
        await self._once.stop()

    async def begin(self, heard: Heard, signed: str, digest: str) -> Begun:
        """A delivery begins. `signed`: time and nonce of its signature; `digest` of what it says."""
        return await self._store.begin(heard.sender, _message(heard), signed, digest, heard.by)

    async def apart(self, heard: Heard, begun: Begun) -> None:
        """Does the work of a message whose answer cannot stand in the reply to its callback, and goes out by itself."""
        answer = await self.answer(heard, begun)
        if begun.kind == "new" and answer:
            await self._send_late(heard, Answer(answer))

    def _start(self, heard: Heard, begun: Begun) -> None:
        self._once.start(
            heard.sender,
            _message(heard),
            begun.token,
            lambda: self._work(heard, begun.memo),
            lambda answer: self._send_late(heard, answer),
        )

    async def answer(self, heard: Heard, begun: Begun) -> str:
        """The text for this delivery; '' for none. A delivery that gets none in time leaves the answer to the next, or to `late`."""
        if begun.kind == "answered":
            return begun.answer
        if begun.kind == "late":
            return self._meanwhile()
        if begun.kind == "new":
            self._start(heard, begun)
        last = begun.delivery >= self._deliveries
        try:
            seconds = self._hold if last else _CUT_OFF_SECONDS
            answer = await self._once.answer(_message(heard), begun.delivery, seconds)
        except LookupError:
            raise web.HTTPServiceUnavailable from None  # delivered again, it is done again
        return self._meanwhile() if answer is None else answer

    def _meanwhile(self) -> str:
        """What the last delivery says when the answer comes another way."""
        return "" if self._late is not None else _LATE

    async def _work(self, heard: Heard, memo: Memo) -> Answer:
        await self._note(heard)
        pending = memo.rest if memo.any_word else ""
        if memo.rest and (heard.says == "继续" or (pending and _ANY_WORD.fullmatch(heard.says))):
            return _fitting(memo.rest, memo.offered)
        if heard.told:
            return Answer(heard.told, memo)
        if not heard.says:
            return Answer("", memo)
        says, shown = _pressed(heard.says, memo) or (heard.says, heard.shown)
        if not is_clean_text(says):
            return Answer(_UNREADABLE, memo)
        bubbles = await self._receive(Incoming(self._channel, heard.sender, says, heard.key, shown))
        whole, offered = as_text(bubbles)
        # a report that follows on 正在查 is a report, and not just any word
        return _fitting(f"{pending}\n\n{whole}" if pending else whole, tuple(offered))

    async def _note(self, heard: Heard) -> None:
        if heard.left:
            await self._contacts.left(self._channel, heard.sender)
        if heard.popups:
            await self._contacts.granted(self._channel, heard.sender, dict(heard.popups))
        if heard.place is not None:
            await self._contacts.settled(self._channel, heard.sender, heard.place)
        if heard.job is not None:
            await self._contacts.arrived(self._channel, *heard.job)

    async def _send_late(self, heard: Heard, answer: Answer) -> None:
        if self._late is not None and await self._late.custom(heard.sender, answer.text):
            await self._contacts.sent(self._channel, heard.sender)
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


def _message(heard: Heard) -> str:
    return f"{heard.sender}:{heard.key}"
