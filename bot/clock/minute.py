"""What is done once a minute, whoever talks."""

from __future__ import annotations

import asyncio
import logging

from redis.exceptions import RedisError

from bot.errors import BotError, where
from bot.services.context import Services
from bot.services.tickets import close_idle, forget_old

logger = logging.getLogger(__name__)

_MINUTE = 60.0


async def every_minute(services: Services) -> None:
    """Closes tickets without words until cancelled; outages of the servers are waited out. Many processes may run it."""
    while True:
        try:
            await close_idle(services)
            await forget_old(services)
        except (BotError, RedisError, OSError) as error:
            logger.error("the minute's work waits: %s", type(error).__name__)
        except Exception as error:
            logger.error("the minute's work failed: %s", where(error))
        await asyncio.sleep(_MINUTE)
