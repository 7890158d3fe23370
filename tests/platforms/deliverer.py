"""Delivers a callback to the bot, cuts what is late, and delivers again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from tests.platforms.callback_rules import CallbackRules
from tests.platforms.driven_wait import Clock, Wait

Outcome = Literal["success", "empty", "reply", "invalid", "refused", "late", "unreachable"]


@dataclass
class Post:
    """One HTTP request to the bot, free to be changed. A parameter may stand in `query` twice."""

    query: list[tuple[str, str]]
    body: bytes | None
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})
    chunked: bool = False
    raw_query: str | None = None

    def value(self, name: str) -> str:
        """The first parameter of this name."""
        return next(value for key, value in self.query if key == name)

    def replace(self, name: str, value: str) -> None:
        """Gives a parameter another value."""
        self.query = [(key, value if key == name else old) for key, old in self.query]

    def drop(self, name: str) -> None:
        """Leaves a parameter out."""
        self.query = [(key, old) for key, old in self.query if key != name]


@dataclass(frozen=True)
class Answer:
    """What the bot answered, and after how many real seconds."""

    status: int
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Reply:
    """A passive reply as the platform takes it: `text` is what can be read, `content` all its fields."""

    kind: str
    text: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What the platform makes of an answer with HTTP 200; `problem` says what is wrong with it."""

    outcome: Outcome
    reply: Reply | None = None
    problem: str = ""


@dataclass(frozen=True)
class Attempt:
    """One delivery. `status` is None and `seconds` the patience where no answer came."""

    outcome: Outcome
    status: int | None
    seconds: float
    problem: str = ""


@dataclass
class Delivery:
    """A callback with all its deliveries. `seen`: what the person saw because of it, in order."""

    fields: Mapping[str, Any]
    attempts: list[Attempt] = field(default_factory=list)
    reply: Reply | None = None
    seen: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What a strict platform objects to, in the bot's answers."""
        return [attempt.problem for attempt in self.attempts if attempt.problem]

    @property
    def taken(self) -> bool:
        """Whether the platform was content in the end."""
        return bool(self.attempts) and self.attempts[-1].outcome in ("success", "empty", "reply")


Judge = Callable[[bytes], Verdict]
"""Reads an answer with HTTP 200 as strictly as the platform."""


class Deliverer:
    """The platform's side of the callback connection."""

    def __init__(self, rules: CallbackRules, clock: Clock, wait: Wait) -> None:
        self.rules = rules
        self._clock = clock
        self._wait = wait
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Before the first request."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """After the last one."""
        if self._session is not None:
            await self._session.close()

    async def send(self, url: str, post: Post, method: str = "POST") -> Answer:
        """One request as it stands; raises aiohttp.ClientError or OSError when no answer comes."""
        assert self._session is not None, "the server has not been started"
        begun = time.monotonic()
        data: Any = _in_pieces(post.body) if post.chunked and post.body is not None else post.body
        async with self._session.request(
            method, _address(url, post), data=data, headers=post.headers, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.read(), time.monotonic() - begun)

    async def deliver(self, url: str, compose: Callable[[], Post], judge: Judge, fields: Mapping[str, Any]) -> Delivery:
        """The deliveries of one callback until an answer with HTTP 200 comes in time, or all have failed."""
        delivery = Delivery(fields)
        post = compose()
        for number in range(1, self.rules.deliveries + 1):
            verdict, attempt = await self._attempt(url, post, judge)
            delivery.attempts.append(attempt)
            if verdict is not None:
                if number == 1 or self.rules.later_answers_show:
                    delivery.reply = verdict.reply
                break
            if number < self.rules.deliveries:
                await self._wait(self.rules.gap if attempt.outcome == "late" else self.rules.refusal_gap)
                post = post if self.rules.same_post_again else compose()
        return delivery

    async def _attempt(self, url: str, post: Post, judge: Judge) -> tuple[Verdict | None, Attempt]:
        sending = asyncio.create_task(self.send(url, post))
        waiting = asyncio.ensure_future(self._wait(self.rules.patience))
        try:
            await asyncio.wait({sending, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                return None, Attempt("late", None, self.rules.patience)
            try:
                answer = sending.result()
            except (aiohttp.ClientError, OSError, ValueError) as error:
                failed = Attempt("unreachable", None, 0.0, type(error).__name__)
            else:
                if answer.status == 200:
                    verdict = judge(answer.body)
                    return verdict, Attempt(verdict.outcome, 200, answer.seconds, verdict.problem)
                failed = Attempt("refused", answer.status, answer.seconds, f"HTTP {answer.status}")
            return None, failed
        finally:
            for task in (sending, waiting):
                task.cancel()
            await asyncio.gather(sending, waiting, return_exceptions=True)


def _address(url: str, post: Post) -> URL:
    query = urlencode(post.query, quote_via=quote) if post.raw_query is None else post.raw_query
    return URL(f"{url}?{query}", encoded=True)


async def _in_pieces(body: bytes, size: int = 64 * 1024) -> Any:
    for start in range(0, len(body), size):
        yield body[start : start + size]
