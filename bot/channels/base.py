"""What a channel is, and the only module of the bot that a channel imports.

A channel turns what its platform sends into `Incoming`, and `Outgoing` into what its platform takes. It knows nothing of
reports, alerts or tables. What it needs of the rest of the program is handed in by `bot/app.py` as the small protocols below.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from aiohttp import web

_HOST_FORM = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]+)?")

_CANCEL_AGAIN_SECONDS = 0.2

Purpose = Literal["reply", "alert", "reminder", "broadcast"]


@dataclass(frozen=True)
class Button:
    """A choice shown to the person: pressing it is the same as typing `payload`."""

    title: str
    payload: str


@dataclass(frozen=True)
class Incoming:
    """One message from one person.

    `sender` is the person's id on that channel. `message_id` is the platform's id of this message, the same when it is
    delivered again; None where the platform has none (then nothing is deduplicated). `shown` is what the person saw on the
    button when it differs from what the button sends.
    """

    channel: str
    sender: str
    text: str
    message_id: str | None = None
    shown: str | None = None


@dataclass(frozen=True)
class Outgoing:
    """One bubble to one person."""

    text: str
    buttons: tuple[Button, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    purpose: Purpose = "reply"

    def as_json(self) -> dict[str, Any]:
        """The form that REST, the web chat, the history and the outbox share; empty parts are left out."""
        made: dict[str, Any] = {"text": self.text}
        if self.buttons:
            made["buttons"] = [{"title": b.title, "payload": b.payload} for b in self.buttons]
        if self.custom:
            made["custom"] = dict(self.custom)
        return made

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], purpose: Purpose = "reply") -> Outgoing:
        """The inverse of `as_json`."""
        buttons = tuple(Button(b["title"], b["payload"]) for b in stored.get("buttons", ()))
        return cls(stored["text"], buttons, dict(stored.get("custom", {})), purpose)


@dataclass(frozen=True)
class Pushed:
    """A message that was pushed to a person outside of a turn. `cursor` grows by one with each push to that person."""

    cursor: int
    message: Outgoing
    at: datetime


@dataclass(frozen=True)
class Said:
    """One line of the kept chat history. `id` is the same wherever this line is shown, so that a reload makes no doubles:
    the message id for what the person said, `reply_line_id` for the reply's bubbles, `push_line_id` for pushes.
    """

    id: str
    by: Literal["person", "bot"]
    message: Outgoing
    at: datetime


@dataclass(frozen=True)
class StoredFile:
    """A file that somebody may fetch by a link."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Face:
    """How a chat introduces the person to themselves: display name and what they are here, both in Chinese."""

    name: str
    role: str


class Away(Exception):
    """A server that a turn needs does not answer. Nothing of the turn was kept; the same message may be handed in again."""


Receive = Callable[[Incoming], Awaitable[Sequence[Outgoing]]]
"""Hands a message to the conversation and returns the reply's bubbles. Never raises for anything a person can type; the channels
that can keep a message and hand it in later get one that raises `Away`."""


class Mailbox(Protocol):
    """What was pushed to a sender, and what was said before, for channels that fetch rather than get called."""

    async def pushed_after(self, channel: str, sender: str, cursor: int) -> tuple[int, list[Pushed]]:
        """The newest cursor, and the pushes after `cursor` in order (0: all that are kept)."""

    async def history(self, channel: str, sender: str) -> list[Said]:
        """The kept lines of this chat, oldest first."""

    def watch(self, channel: str, sender: str) -> AsyncIterator[None]:
        """Yields each time something new may be in the mailbox of this sender; ends when the caller stops iterating.

        It yields once as soon as it listens, so that a push between the caller's last look and this call is not missed.
        """


class Greeter(Protocol):
    """Who is speaking, as far as a channel may know."""

    async def face(self, channel: str, sender: str) -> Face:
        """How to introduce this sender; an unbound one gets a general name."""

    def demo_faces(self) -> Mapping[str, Face]:
        """The demo people by sender id; empty outside demo mode."""


class Channel(Protocol):
    """A way by which people talk to the bot."""

    name: str

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The HTTP routes that this channel serves."""


def iso(moment: datetime) -> str:
    """A moment as it stands in JSON: ISO 8601 with offset."""
    return moment.isoformat()


def reply_line_id(message_id: str, number: int) -> str:
    """The id of the reply's bubble `number` (from 1) to the message `message_id`."""
    return f"{message_id}/{number}"


def push_line_id(cursor: int) -> str:
    """The id of the push with this cursor; it is unique within one person's chat."""
    return f"push/{cursor}"


def is_clean_text(text: str) -> bool:
    """Whether text can be stored and sent on: it has no NUL, which PostgreSQL refuses, and no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def refuse_foreign(request: web.Request, allowed_hosts: Sequence[str]) -> tuple[int, str] | None:
    """The HTTP status and Chinese reason to refuse a browser that was led here by another site, or None.

    The Host must be this machine's own name or an allowed one, which stops DNS rebinding. The Origin, where there is
    one, must be an allowed host, or this machine when the Host is this machine too. Ports do not matter.
    """
    hosts = request.headers.getall("Host", [])
    host = _host_name("//" + hosts[0]) if len(hosts) == 1 and _HOST_FORM.fullmatch(hosts[0]) else ""
    allowed = {_host_name("//" + name) for name in allowed_hosts} - {""}
    if host not in allowed and not _names_this_machine(host):
        return 400, "不认识这个网站域名，已拒绝。管理员可在 BOT_ALLOWED_HOSTS 中加入它。"
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    origin_host = _host_name(origin)
    if origin_host in allowed or (_names_this_machine(origin_host) and _names_this_machine(host)):
        return None
    return 403, "请求来自其他网站，已拒绝。"


def _host_name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _names_this_machine(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


def is_loopback(address: str) -> bool:
    """Whether an IP address, written out, is this machine itself; an IPv4 one inside IPv6 counts."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def comes_from_this_machine(request: web.Request) -> bool:
    """A proxy on this machine is a loopback peer too, so whatever a proxy has passed on is not from here."""
    for header in request.headers:
        if header.lower() in ("forwarded", "x-real-ip") or header.lower().startswith("x-forwarded-"):
            return False
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return isinstance(peer, tuple) and is_loopback(peer[0])


async def end_tasks(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels tasks and returns when they have ended; what they raise is nobody's business any more.

    One cancel is not enough: up to Python 3.11 `asyncio.wait_for`, which redis-py has around each command, swallows it
    when the command is sent in the same moment, and the task would live on.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
