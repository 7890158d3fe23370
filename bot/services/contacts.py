"""What is known of a person on a platform that we call: when they were last heard and how much they were sent since. In Redis: a
question costs no write to the database, and what is lost closes a window at worst.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.channels.sending import Standing
from bot.services.context import Services

CONTACT_SECONDS = int(timedelta(days=30).total_seconds())
_SPENT_SECONDS = int(timedelta(days=32).total_seconds())


def contact_key(channel: str, sender: str) -> str:
    """Where it is kept: a hash with heard, by, sent, following, place and popup:<template>."""
    return f"contact:{channel}:{sender}"


async def standing(services: Services, channel: str, sender: str) -> Standing:
    """What is known of them now; of somebody unknown that they follow and have not been heard."""
    day, month = _periods(services, channel)
    async with services.redis.pipeline(transaction=False) as pipe:
        for key in (contact_key(channel, sender), day, month):
            pipe.hgetall(key)
        found, today, this_month = await pipe.execute()
    kept = {key.decode(): value.decode() for key, value in found.items()}
    spent = {f"{way.decode()}/日": int(count) for way, count in today.items()}
    spent |= {f"{way.decode()}/月": int(count) for way, count in this_month.items()}
    return Standing(
        following=kept.get("following", "1") == "1",
        heard=datetime.fromisoformat(kept["heard"]) if "heard" in kept else None,
        heard_by=kept.get("by", ""),
        sent_since=int(kept.get("sent", 0)),
        popups={key.removeprefix("popup:"): int(value) for key, value in kept.items() if key.startswith("popup:")},
        spent=spent,
    )


async def home_of(services: Services, channel: str, sender: str) -> int | None:
    """The place whose code they have scanned."""
    place = await services.redis.hget(contact_key(channel, sender), "place")
    return int(place) if place else None


async def count_sent(services: Services, channel: str, sender: str, way: str, template: str = "") -> None:
    """A message went out to them: it counts in the window, or uses up a notice that they had granted; and in the account's quotas."""
    key = contact_key(channel, sender)
    async with services.redis.pipeline(transaction=True) as pipe:
        if way == "custom":
            pipe.hincrby(key, "sent", 1)
        elif way == "subscribe":
            pipe.hincrby(key, f"popup:{template}", -1)
        pipe.expire(key, CONTACT_SECONDS)
        for period in _periods(services, channel):
            pipe.hincrby(period, way, 1)
            pipe.expire(period, _SPENT_SECONDS)
        await pipe.execute()


def _periods(services: Services, channel: str) -> tuple[str, str]:
    """Where it is kept what an account has sent this day and this month, by way."""
    today = services.today()
    return f"spent:{channel}:{today:%Y-%m-%d}", f"spent:{channel}:{today:%Y-%m}"
