"""What every process does beside its turns: it keeps its knowledge fresh and lays out what staff have changed for the training.

What one process does for all is in jobs.py.
"""

from __future__ import annotations

import asyncio
import logging

from redis.exceptions import RedisError

from bot.errors import BotError, where
from bot.services.context import Services
from bot.services.knowledge import refresh
from bot.services.knowledge_snapshot import export_snapshot, tell_of_training

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 5.0


async def upkeep_for_ever(services: Services) -> None:
    """Runs until cancelled; outages of the servers are waited out."""
    exported = None
    while True:
        try:
            edition, today = await refresh(services), services.today()
            if exported != (edition, today):  # an entry that expires leaves the training
                await export_snapshot(services)
                exported = edition, today
            await tell_of_training(services)
        except (BotError, RedisError, OSError) as error:
            logger.error("upkeep waits: %s", type(error).__name__)
        except Exception as error:
            logger.error("upkeep failed: %s", where(error))
        await asyncio.sleep(_PAUSE_SECONDS)
