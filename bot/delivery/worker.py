"""The delivery workers: they wake when something is owed, and every second in case the call was lost.

One moves what is due from the outbox into inboxes, the other sends to the platforms that we call: a slow platform holds nobody else up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from redis.exceptions import RedisError

from bot.channels.sending import Sender
from bot.errors import BotError, where
from bot.services.context import Services
from bot.services.messages import calls, deliver_due
from bot.services.sends import send_due

logger = logging.getLogger(__name__)

_REST_SECONDS = 1.0


async def deliver_for_ever(services: Services) -> None:
    """Delivers what is due until cancelled; outages of the servers are waited out."""
    await _for_ever(services, lambda: deliver_due(services))


async def send_for_ever(services: Services, senders: Mapping[str, Sender]) -> None:
    """Sends what is due to the platforms until cancelled; outages of the servers are waited out."""
    await _for_ever(services, lambda: send_due(services, senders))


async def _for_ever(services: Services, work: Callable[[], Awaitable[int]]) -> None:
    while True:
        try:
            async for _ in calls(services, _REST_SECONDS):
                while await work():
                    pass
        except (BotError, RedisError, OSError) as error:
            logger.error("delivery waits: %s", type(error).__name__)
            await asyncio.sleep(_REST_SECONDS)
        except Exception as error:
            logger.error("delivery failed: %s", where(error))
            await asyncio.sleep(_REST_SECONDS)
