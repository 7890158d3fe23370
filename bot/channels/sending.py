"""What became of a message that was handed to a platform outside of a turn, and what is known of whom it goes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

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
    since then. `popups`: how many subscribe notifications they still granted, by template. `spent`: what the account has sent to all,
    by way and period (custom/日, template/月).
    """

    following: bool = True
    heard: datetime | None = None
    heard_by: str = ""
    sent_since: int = 0
    popups: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Quota:
    """What an account may send by one way in a 日 or 月."""

    way: str
    count: int
    period: Literal["日", "月"]


_KEPT_BACK = 50  # what other processes may be sending at this moment


def spent_up(quotas: Sequence[Quota], way: str, standing: Standing) -> Quota | None:
    """The quota of this way that leaves nothing to send, if there is one."""
    for quota in quotas:
        spent = standing.spent.get(f"{quota.way}/{quota.period}", 0)
        if quota.way == way and spent >= max(quota.count - _KEPT_BACK, quota.count // 2):
            return quota
    return None


def renewed_at(quota: Quota, now: datetime, zone: ZoneInfo) -> datetime:
    """When it may send again: five minutes into the next day or month."""
    local = now.astimezone(zone).replace(hour=0, minute=5, second=0, microsecond=0)
    ahead = local + timedelta(days=1)
    if quota.period == "月":
        ahead = (local.replace(day=28) + timedelta(days=4)).replace(day=1)
    return ahead.astimezone(now.tzinfo)


def spent_words(quota: Quota) -> str:
    """Why nothing goes out by this way."""
    return f"{'今天' if quota.period == '日' else '这个月'}的发送次数已用完"


class Sender(Protocol):
    """A channel that calls its platform to send, rather than being fetched from. `most_at_once`: to how many people one call may go."""

    name: str
    most_at_once: int

    async def send(self, to: str, message: Outgoing, standing: Standing) -> Result:
        """Sends by the allowed way that costs least. Never raises for what the platform answers."""

    async def send_many(self, to: Sequence[str], message: Outgoing) -> Mapping[str, Result]:
        """The same to at most `most_at_once` people in one call, where that is more than one."""
