"""The outbox worker: wakes when something is owed, and every second in case the call was lost."""

from __future__ import annotations

import asyncio
import logging

from redis.exceptions import RedisError

from bot.errors import BotError, where
from bot.services.context import Services
from bot.services.messages import calls, deliver_due

logger = logging.getLogger(__name__)

_REST_SECONDS = 1.0


async def deliver_for_ever(services: Services) -> None:
    """Delivers what is due until cancelled; outages of the servers are waited out."""
    while True:
        try:
            async for _ in calls(services, _REST_SECONDS):
                while await deliver_due(services):
                    pass
        except (BotError, RedisError, OSError) as error:
            logger.error("delivery waits: %s", type(error).__name__)
            await asyncio.sleep(_REST_SECONDS)
        except Exception as error:
            logger.error("delivery failed: %s", where(error))
            await asyncio.sleep(_REST_SECONDS)
