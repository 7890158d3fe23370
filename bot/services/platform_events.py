"""What people do on a platform beside talking, as its channel tells it: they leave, allow notices, scan codes; and what became of messages."""

from __future__ import annotations

from bot.services import sends
from bot.services.away import told_as_away
from bot.services.contacts import CONTACT_SECONDS, contact_key, count_sent
from bot.services.context import Services


class Contacts:
    """What channels tell of people; the protocol is theirs. Each call raises `Away` when a server does not answer."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def left(self, channel: str, sender: str) -> None:
        """They follow no more: nothing is sent to them until they are heard again."""
        with told_as_away():
            key = contact_key(channel, sender)
            async with self._services.redis.pipeline(transaction=True) as pipe:
                pipe.delete(key)
                pipe.hset(key, "following", 0)
                pipe.expire(key, CONTACT_SECONDS)
                await pipe.execute()

    async def granted(self, channel: str, sender: str, popups: dict[str, int]) -> None:
        """They allow so many subscription notices more; a number below zero takes back what they allowed."""
        with told_as_away():
            key = contact_key(channel, sender)
            async with self._services.redis.pipeline(transaction=True) as pipe:
                for template, change in popups.items():
                    if change > 0:
                        pipe.hincrby(key, f"popup:{template}", change)
                    else:
                        pipe.hdel(key, f"popup:{template}")
                pipe.expire(key, CONTACT_SECONDS)
                await pipe.execute()

    async def settled(self, channel: str, sender: str, place: int) -> None:
        """They have scanned the code of a place: it looks after them until they are bound to a person."""
        with told_as_away():
            key = contact_key(channel, sender)
            await self._services.redis.hset(key, "place", place)
            await self._services.redis.expire(key, CONTACT_SECONDS)
            await self._services.redis.delete(f"who:{channel}:{sender}")

    async def sent(self, channel: str, sender: str) -> None:
        """They were sent one customer-service message more since they were heard."""
        with told_as_away():
            await count_sent(self._services, channel, sender, "custom")

    async def arrived(self, channel: str, platform_id: str, well: bool) -> None:
        """What became of a message that the platform had taken."""
        with told_as_away():
            if not well:
                await sends.not_arrived(self._services, channel, platform_id)
