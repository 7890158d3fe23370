"""One turn: a message of one person in, the reply's bubbles out. Never raises for anything a person can type."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from weakref import WeakValueDictionary

from redis.exceptions import RedisError

from bot.assistant.commands import read_command
from bot.assistant.host import Assistant
from bot.assistant.tracker_store import DialogueState, at_hand, open_state
from bot.channels.base import Away, Incoming, Outgoing
from bot.conversation.turn_store import TurnStore
from bot.errors import BotError, Unavailable, where
from bot.services import knowledge
from bot.services.context import Services

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 4.0  # how long a message waits for the person's message before it, below the platforms' five
TOO_LONG = "这条消息太长了，请分成几条发，每条不超过1000字。"
TOO_FAST = "您发得太快了，请稍等一分钟再发；之前的消息都在处理。"
BUSY = "您上一条消息还在处理，请稍等几秒再发这一条。"
BROKEN = "系统暂时忙不过来，这一条没有处理，请稍后再发一次；急事请直接打电话给网格员，情况紧急拨打120。"
AWAY = "away"
"""Marks a bubble by which an action says that a server did not answer."""
EMPTY = "没有收到文字。请打字告诉我，或发“帮助”看看能做什么。"
_LONGEST = 1000
_AT_ONCE = 8
_SLOW_SECONDS = 1.0
_SPARED_SECONDS = 3.0


class _Queue(asyncio.Lock):
    """Where the messages of one account wait for each other. Once one of them is turned away, those that waited behind it are
    too: they must not overtake it."""

    broken = False


class Conversation:
    """Takes messages from all channels. Messages of one account are served one after another, across processes too."""

    def __init__(self, services: Services, assistant: Assistant) -> None:
        self._services = services
        self._assistant = assistant
        self._turns = TurnStore(services.redis, services.vault, services.settings.rate_limit)
        # Within a process messages queue in order here; the lock in Redis then only meets other processes.
        # A turn is work for one core; more of them at once only wait for each other, and for database connections.
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._queues: WeakValueDictionary[str, _Queue] = WeakValueDictionary()
        self._spared_until = 0.0

    async def receive(self, incoming: Incoming) -> Sequence[Outgoing]:
        """The reply to a message. The same message id again gets the same reply, and its work is done once."""
        try:
            return await self.take(incoming)
        except Away:
            return [Outgoing(BROKEN)]

    async def take(self, incoming: Incoming) -> Sequence[Outgoing]:
        """As `receive`, for a channel that can keep the message for later.

        Raises:
            Away: PostgreSQL or Redis does not answer.
        """
        account = f"{incoming.channel}:{incoming.sender}"
        queue = self._queues.setdefault(account, _Queue())
        async with queue, self._places:
            if queue.broken or time.monotonic() < self._spared_until:
                raise Away
            began = time.monotonic()
            try:
                return await self._turn(account, incoming)
            except (Away, Unavailable, RedisError, OSError) as error:
                logger.error("turn waits: %s", type(error.__cause__ or error).__name__)
                queue.broken = True
                if time.monotonic() - began > _SLOW_SECONDS:  # who waits behind must not each wait as long
                    self._spared_until = time.monotonic() + _SPARED_SECONDS
                raise Away from error
            except BotError as error:
                logger.error("turn failed: %s", type(error).__name__)
            except Exception as error:
                logger.error("turn failed: %s", where(error))
            return [Outgoing(BROKEN)]

    async def _turn(self, account: str, incoming: Incoming) -> Sequence[Outgoing]:
        waited = 0.0
        pause = 0.02
        while True:
            opened = await self._turns.open(account, incoming.message_id, self._services.now())
            if opened.kind != "busy":
                break
            if waited >= _PATIENCE_SECONDS:
                return [Outgoing(BUSY)]
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 1.5, 0.25)
        if opened.kind == "seen":
            return [Outgoing.from_json(part) for part in opened.stored]
        if opened.kind == "limited":
            return [Outgoing(TOO_FAST)]
        try:
            async with self._turns.held(account, opened.token):
                state = open_state(opened.stored) if opened.stored else DialogueState()
                state.ticket = opened.ticket
                await knowledge.keep_fresh(self._services, opened.edition)
                reply = await self._reply(account, incoming, state)
                parts = [part.as_json() for part in reply]
                line = {
                    "id": incoming.message_id or opened.token,
                    "text": incoming.shown or incoming.text,
                    "at": self._services.now().isoformat(),
                    "parts": parts,
                }
                kept = await self._turns.close(account, incoming.message_id, opened.token, state.as_json(), parts, line)
        except BaseException:
            await self._turns.release(account, opened.token)
            raise
        if not kept:
            # Another process took over while this one stood still: its reply is the one that counts.
            logger.warning("the lock of a turn was lost before its end")
        return reply

    async def _reply(self, account: str, incoming: Incoming, state: DialogueState) -> list[Outgoing]:
        text = incoming.text.strip()
        if not text:
            return [Outgoing(EMPTY)]
        if len(text) > _LONGEST:
            return [Outgoing(TOO_LONG)]
        text = _asked_for(_pressed(text, state), state, self._services)
        token = at_hand.set(state)
        try:
            reply = await self._assistant.reply(account, text)
        finally:
            at_hand.reset(token)
        if any(part.custom.get(AWAY) for part in reply):
            raise Away
        if not reply and state.ticket is not None:
            return []  # the chat is with staff, and the assistant keeps silent
        if not reply:
            logger.error("the assistant said nothing")
            return [Outgoing(BROKEN)]
        state.offered = next(
            ([[b.title, b.payload] for b in part.buttons] for part in reversed(reply) if part.buttons), []
        )
        return reply


def _pressed(text: str, state: DialogueState) -> str:
    """What a message says when it stands for a button of the last list shown: its number, or its title."""
    if state.ticket is not None and state.loop is None and text.isdecimal():
        return text  # 3 answers what the staff have asked
    if text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= len(state.offered):
        return state.offered[int(text) - 1][1]
    return next((payload for title, payload in state.offered if title == text), text)


def _asked_for(text: str, state: DialogueState, services: Services) -> str:
    """What a message says when an action waits for free text: its words after the exact word `reads_as` of the slot `waiting`.

    Exact commands and the words that open a form keep their meaning, and so does everything once `until` is past.
    """
    waiting = state.slots.get("waiting") or {}
    reads_as = waiting.get("reads_as")
    if not reads_as or state.loop is not None or waiting["until"] < services.now().isoformat():
        return text
    opens_form = any(text in process.start_words for process in services.processes.values())
    return text if opens_form or read_command(text) is not None else f"{reads_as} {text}"
