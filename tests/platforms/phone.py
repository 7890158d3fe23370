"""A page that stands for a phone: one person's chat, to play with the bot by hand."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from tests.platforms.journal import Entry

_PAGE = Path(__file__).with_name("phone.html")
_LINES = 200


@dataclass(frozen=True)
class Touch:
    """Something that can be pressed: `act` and `value` come back to `PhoneSide.act`."""

    title: str
    act: str
    value: str = ""


class PhoneSide(Protocol):
    """A platform as its phones see it."""

    title: str

    def people(self) -> list[tuple[str, str]]:
        """Ids and names."""

    def entries(self, person: str) -> list[Entry]:
        """What the person got."""

    def touches(self, person: str, entry: Entry) -> Sequence[Touch]:
        """What can be pressed at an entry."""

    def menu(self, person: str) -> Sequence[Touch]:
        """What can be pressed below the chat."""

    async def act(self, person: str, act: str, value: str) -> None:
        """The person types (`say`) or presses something; raises ValueError for what cannot be done."""


class Phone:
    """Serves the page and its two calls."""

    def __init__(self, side: PhoneSide) -> None:
        self._side = side
        self._said: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._acting: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """The page at /phone."""
        return [
            web.get("/phone", self._page),
            web.get("/phone/view", self._view),
            web.post("/phone/act", self._act),
        ]

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(_PAGE)

    async def _view(self, request: web.Request) -> web.Response:
        people = self._side.people()
        person = request.query.get("person") or (people[0][0] if people else "")
        view: dict[str, Any] = {"title": self._side.title, "people": people, "person": person, "lines": [], "menu": []}
        if person in dict(people):
            got = [(entry.number, self._line(person, entry)) for entry in self._side.entries(person)]
            said = [(number, {"by": "me", "text": text}) for number, text in self._said[person]]
            merged = sorted([*got, *said], key=lambda line: line[0])
            view["lines"] = [line for _, line in merged][-_LINES:]
            view["menu"] = [vars(touch) for touch in self._side.menu(person)]
        response = web.json_response(view)
        response.set_cookie("simulated_person", person)
        return response

    def _line(self, person: str, entry: Entry) -> dict[str, Any]:
        touches = [vars(touch) for touch in self._side.touches(person, entry)]
        return {
            "by": entry.way,
            "text": entry.text,
            "at": entry.at.strftime("%H:%M"),
            "kind": entry.kind,
            "touches": touches,
        }

    async def _act(self, request: web.Request) -> web.Response:
        given = await request.json()
        person, act, value = (str(given.get(name, "")) for name in ("person", "act", "value"))
        if person not in dict(self._side.people()):
            raise web.HTTPNotFound
        newest = max((entry.number for entry in self._side.entries(person)), default=0)
        self._said[person].append((newest, str(given.get("shown") or value)))
        task = asyncio.create_task(self._play(person, act, value))
        self._acting.add(task)
        task.add_done_callback(self._acting.discard)
        return web.json_response({})

    async def _play(self, person: str, act: str, value: str) -> None:
        try:
            await self._side.act(person, act, value)
        except (ValueError, KeyError) as error:
            self._said[person].append((1 << 60, f"（{error}）"))
