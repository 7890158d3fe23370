"""What became of a message that was handed to a platform outside of a turn, and what is known of whom it goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.channels.base import Outgoing

Failure = Literal[
    "not_reachable",  # unsubscribed, blocked us, left the company, unknown id
    "window_closed",  # no way is open until the person speaks again
    "quota",  # the account has used up what it may send
    "content_refused",
    "not_allowed",  # the account lacks the right to this interface
    "unknown_outcome",  # the platform may or may not have sent it: never sent again by itself where a double would harm
    "misconfigured",
]


@dataclass(frozen=True)
class Standing:
    """What is known of a person on a platform.

    `heard`: when they last did something that opens the window, and `heard_by` what (message, scan, subscribe, menu, ...):
    the platform allows another number of messages and another time after each. `sent_since`: customer-service messages
    since then. `popups`: how many subscribe notifications they still granted, by template.
    """

    following: bool = True
    heard: datetime | None = None
    heard_by: str = ""
    sent_since: int = 0
    popups: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """The platform took it. `way`: custom, template, subscribe, app ... `platform_id`: its id there, '' where it has none."""

    way: str
    platform_id: str = ""


@dataclass(frozen=True)
class Later:
    """Not now: try again at `at`. `reason` in Chinese words for staff. `whole_channel`: nothing else goes out before then either."""

    at: datetime
    reason: str
    whole_channel: bool = False


@dataclass(frozen=True)
class Failed:
    """It will not go out on this channel."""

    failure: Failure
    reason: str


Result = Sent | Later | Failed


class Sender(Protocol):
    """A channel that calls its platform to send, rather than being fetched from."""

    name: str

    async def send(self, to: str, message: Outgoing, standing: Standing) -> Result:
        """Sends by the allowed way that costs least. Never raises for what the platform answers."""
