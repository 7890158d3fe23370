"""The talk by callbacks: what was heard goes to the conversation once, and its answer to whoever is still on the line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from aiohttp import web

from bot.channels.base import Away, Incoming, Receive, is_clean_text
from bot.channels.tencent.callbacks import Answer, Begun, CallbackStore, Memo, Once, Wait
from bot.channels.tencent.heard import Heard
from bot.channels.tencent.outage import GIVEN_UP, NOT_TAKEN, TAKEN, CatchUp, Kept, Spool
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
    """`late` is None where nothing can be sent outside of a reply. `receive` raises `Away`; what it cannot take then waits in `spool`.
    `hold`: seconds that the last of `deliveries` waits for its answer. `wait` is `asyncio.sleep` but in tests."""

    def __init__(
        self,
        channel: str,
        receive: Receive,
        store: CallbackStore,
        contacts: Contacts,
        late: LateAnswers | None,
        spool: Spool,
        hold: float,
        deliveries: int,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._channel = channel
        self._receive = receive
        self._store = store
        self._contacts = contacts
        self._late = late
        self._spool = spool
        self._hold = hold
        self._deliveries = deliveries
        self._once = Once(store, wait)

    async def stop(self) -> None:
        """Returns when all messages that were taken are answered."""
        await self._once.stop()

    def catch_up(self, ready: Callable[[], Awaitable[bool]]) -> CatchUp:
        """What replays the messages that came while a server was away; `ready` says whether it is back."""
        return CatchUp(self._spool, ready, self._replay, lambda kept: self._send_late(kept.heard, Answer(GIVEN_UP)))

    async def begin(self, heard: Heard, signed: str, digest: str) -> Begun:
        """A delivery begins. `signed`: time and nonce of its signature; `digest` of what it says."""
        if self._spool.holds(heard.sender):
            return await self._kept(Kept(heard, signed, digest))
        try:
            begun = await self._store.begin(heard.sender, _message(heard), signed, digest, heard.by)
        except Away:
            return await self._kept(Kept(heard, signed, digest))
        return replace(begun, signed=signed, digest=digest)

    async def apart(self, heard: Heard, begun: Begun) -> None:
        """Does the work of a message whose answer cannot stand in the reply to its callback, and goes out by itself."""
        answer = await self.answer(heard, begun)
        if begun.kind == "new" and answer:
            try:
                await self._send_late(heard, Answer(answer))
            except Away:
                await self._kept(_kept(heard, begun))

    async def answer(self, heard: Heard, begun: Begun) -> str:
        """The text for this delivery; '' for none. A delivery that gets none in time leaves the answer to the next, or to `late`."""
        if begun.kind == "answered":
            return begun.answer
        if begun.kind == "late":
            return self._meanwhile()
        task = self._start(heard, begun) if begun.kind == "new" else None
        last = begun.delivery >= self._deliveries
        try:
            seconds = self._hold if last else _CUT_OFF_SECONDS
            answer = await self._once.answer(_message(heard), begun.delivery, seconds, task)
        except LookupError:
            if self._spool.holds(heard.sender):
                return TAKEN
            raise web.HTTPServiceUnavailable from None  # delivered again, it is done again
        except Away:
            return (await self._kept(_kept(heard, begun))).answer
        return self._meanwhile() if answer is None else answer

    def _start(self, heard: Heard, begun: Begun) -> asyncio.Task[bool]:
        async def away() -> None:
            await self._kept(_kept(heard, begun))

        return self._once.start(
            heard.sender,
            _message(heard),
            begun.token,
            lambda: self._work(heard, begun.memo),
            lambda answer: self._send_late(heard, answer),
            away,
        )

    async def _kept(self, kept: Kept) -> Begun:
        """Takes a message while a server is away. What nobody has to act on is answered at once, or needs no answer."""
        heard = kept.heard
        if heard.told:
            return Begun("answered", answer=heard.told)
        if not (heard.says or heard.left or heard.popups or heard.job or heard.place is not None):
            return Begun("answered")
        well = await self._spool.keep(heard.sender, heard.key, kept.as_json())
        return Begun("answered", answer=(TAKEN if well else NOT_TAKEN) if heard.says else "")

    async def _replay(self, kept: Kept) -> bool:
        """Does the work of a message that was kept, and sends its answer; False when it has to wait on."""
        heard, memo = kept.heard, kept.memo
        try:
            if memo is None:
                begun = await self._store.begin(heard.sender, _message(heard), kept.signed, kept.digest, heard.by)
                if begun.kind != "new":
                    return (
                        begun.kind != "working"
                    )  # done since, by a delivery that came when the servers were back; or forged
                memo = begun.memo
                answer = await self._work(heard, memo)
                await self._store.finish(heard.sender, _message(heard), begun.token, answer)
            else:
                answer = await self._work(heard, memo)
            if answer.text:
                await self._send_late(heard, answer)
        except Away:
            return False
        return True

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


def _kept(heard: Heard, begun: Begun) -> Kept:
    return Kept(heard, begun.signed, begun.digest, begun.memo if begun.kind == "new" else None)


def _message(heard: Heard) -> str:
    return f"{heard.sender}:{heard.key}"
