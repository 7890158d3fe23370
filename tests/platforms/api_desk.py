"""How an API call is taken: faults, then the platform's own checks, then the work; everything counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.platforms.driven_wait import Wait
from tests.platforms.errors import ApiError
from tests.platforms.faults import Fault, Faults, as_response

Handler = Callable[[web.Request], Awaitable["dict[str, Any] | web.StreamResponse"]]
Guard = Callable[[web.Request, str], None]
"""Raises ApiError when this caller may not call this path now; is given the path too."""

OK = {"errcode": 0, "errmsg": "ok"}


class ApiDesk:
    """The API's paths with their checks. `calls` counts by path, `errors` by path and error code, `under_way` the calls of
    a path that have not been answered yet.
    """

    def __init__(self, wait: Wait, check_caller: Guard, check_token: Guard) -> None:
        self._wait = wait
        self._check_caller = check_caller
        self._check_token = check_token
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.errors: Counter[tuple[str, int]] = Counter()
        self.under_way: Counter[str] = Counter()
        self.routes: list[web.RouteDef] = []

    def add(self, method: str, path: str, handler: Handler, *, token: bool = True) -> None:
        """Serves a path; `token`: only with a valid access token, and counted against its quota."""

        async def work(request: web.Request) -> Any:
            self._check_caller(request, path)
            if method == "POST" and request.method != "POST":
                raise ApiError(43002)
            if token:
                self._check_token(request, path)
            return await handler(request)

        async def answer(request: web.Request) -> web.StreamResponse:
            self.calls[path] += 1
            self.under_way[path] += 1
            try:
                return await take(request, self.faults.due(path))
            finally:
                self.under_way[path] -= 1

        async def take(request: web.Request, fault: Fault | None) -> web.StreamResponse:
            if fault is not None and not fault.effect:
                return await fault.strike(request, None, self._wait)
            try:
                result = await work(request)
            except ApiError as error:
                self.errors[path, error.code] += 1
                result = error.as_json()
            return as_response(result) if fault is None else await fault.strike(request, result, self._wait)

        self.routes.append(web.route("*", path, answer))


async def json_body(request: web.Request) -> dict[str, Any]:
    """The JSON object of a call; ApiError 44002 when there is nothing, 47001 when it is none."""
    data = await request.read()
    if not data.strip():
        raise ApiError(44002)
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        raise ApiError(47001) from None
    if not isinstance(parsed, dict):
        raise ApiError(47001)
    return parsed
