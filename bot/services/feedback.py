"""How often an answer was of use: 有用 and 没用, counted in Redis by entry and day. No person is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.services.context import Services


@dataclass
class Votes:
    """How many said 有用 and 没用."""

    useful: int = 0
    useless: int = 0


async def count_vote(services: Services, entry_id: str, useful: bool) -> None:
    """Counts one word of feedback on an entry's answer."""
    key = f"feedback:{services.today()}"
    async with services.redis.pipeline(transaction=True) as pipeline:
        pipeline.hincrby(key, f"{entry_id}/{'useful' if useful else 'useless'}", 1)
        pipeline.expire(key, timedelta(days=services.settings.question_days))
        await pipeline.execute()


async def votes(services: Services, days: int) -> dict[str, Votes]:
    """The votes of the last `days` days, today included, by entry."""
    found: dict[str, Votes] = {}
    for ago in range(days):
        counted = await services.redis.hgetall(f"feedback:{services.today() - timedelta(days=ago)}")
        for field, number in counted.items():
            entry_id, _, which = field.decode().rpartition("/")
            of_one = found.setdefault(entry_id, Votes())
            setattr(of_one, which, getattr(of_one, which) + int(number))
    return found
