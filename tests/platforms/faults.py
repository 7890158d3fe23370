"""Misbehaviours of an API on demand: by script, or now and then."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from aiohttp import web

from tests.platforms.driven_wait import Wait
from tests.platforms.errors import ApiError


@dataclass(frozen=True)
class Fault:
    """`effect`: whether the call is carried out before it goes wrong; its answer is None where it was not."""

    effect: bool
    _play: Callable[[web.Request, Any, Wait], Any]

    async def strike(self, request: web.Request, answer: Any, wait: Wait) -> web.StreamResponse:
        """Answers in the place of the API."""
        return await self._play(request, answer, wait)


def errcode(code: int, *, effect: bool = False, **more: Any) -> Fault:
    """Answers an error code, also after the effect (-1 after a message was delivered)."""

    async def play(request: web.Request, answer: Any, wait: Wait) -> web.StreamResponse:
        return as_response(ApiError(code, **more).as_json())

    return Fault(effect, play)


def status(code: int, *, effect: bool = False) -> Fault:
    """Answers an HTTP status with an HTML page, as the machines in front of the API do."""

    async def play(request: web.Request, answer: Any, wait: Wait) -> web.StreamResponse:
        page = f"<html><head><title>{code}</title></head><body><center>nginx</center></body></html>"
        return web.Response(status=code, text=page, content_type="text/html")

    return Fault(effect, play)


def body(data: bytes, *, content_type: str = "text/plain", effect: bool = False) -> Fault:
    """Answers HTTP 200 with these bytes: nothing, HTML, broken JSON."""

    async def play(request: web.Request, answer: Any, wait: Wait) -> web.StreamResponse:
        return web.Response(body=data, content_type=content_type)

    return Fault(effect, play)


def cut(*, effect: bool) -> Fault:
    """Closes the connection without an answer, after or before the effect."""

    async def play(request: web.Request, answer: Any, wait: Wait) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    return Fault(effect, play)


def slow(seconds: float, *, effect: bool = True) -> Fault:
    """Answers as it should, but after so many seconds of the simulator's waiting. Without effect: an empty answer then."""

    async def play(request: web.Request, answer: Any, wait: Wait) -> web.StreamResponse:
        await wait(seconds)
        return as_response(answer)

    return Fault(effect, play)


def reshape(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Carries the call out and changes the answer: errcode as a string, left out, with fields nobody knows."""

    async def play(request: web.Request, answer: Any, wait: Wait) -> web.StreamResponse:
        return as_response(change(answer) if isinstance(answer, dict) else answer)

    return Fault(True, play)


def as_response(answer: Any) -> web.StreamResponse:
    """An answer as the platforms send it: raw UTF-8."""
    if isinstance(answer, web.StreamResponse):
        return answer
    text = "" if answer is None else json.dumps(answer, ensure_ascii=False)
    return web.Response(text=text, content_type="application/json")


class Faults:
    """What goes wrong next on each path of the API, the scripted before the random."""

    def __init__(self) -> None:
        self._scripted: dict[str, deque[Fault]] = defaultdict(deque)
        self._random: dict[str, list[tuple[Fault, float, Random]]] = defaultdict(list)

    def next(self, path: str, fault: Fault, times: int = 1) -> None:
        """The next `times` calls of the path go wrong, after those that were ordered before."""
        self._scripted[path].extend([fault] * times)

    def now_and_then(self, path: str, fault: Fault, share: float, seed: int = 1) -> None:
        """A share (0 to 1) of the path's calls goes wrong, the same ones in each run."""
        self._random[path].append((fault, share, Random(f"{path} {seed}")))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self._scripted.clear()
        self._random.clear()

    def due(self, path: str) -> Fault | None:
        """What goes wrong with this call of the path."""
        if self._scripted.get(path):
            return self._scripted[path].popleft()
        # each draws for each call, so that one fault's numbers do not depend on another's
        struck = [fault for fault, share, random in self._random.get(path, ()) if random.random() < share]
        return struck[0] if struck else None
