"""Beside the turns: questions are collected, what staff have changed is laid out for the training, old questions go."""

from __future__ import annotations

import asyncio
import logging

from redis.exceptions import RedisError

from bot.errors import BotError, where
from bot.services.context import Services
from bot.services.knowledge import refresh
from bot.services.knowledge_snapshot import export_snapshot, tell_of_training
from bot.services.questions import collect_questions, delete_old_questions

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 5.0


async def upkeep_for_ever(services: Services) -> None:
    """Runs until cancelled; outages of the servers are waited out. Many processes may run it."""
    cleaned = exported = None
    while True:
        try:
            while await collect_questions(services):
                pass
            if cleaned != (today := services.today()):
                await delete_old_questions(services)
                cleaned = today
            edition = await refresh(services)
            if exported != (edition, today):  # an entry that expires leaves the training
                await export_snapshot(services)
                exported = edition, today
            await tell_of_training(services)
        except (BotError, RedisError, OSError) as error:
            logger.error("upkeep waits: %s", type(error).__name__)
        except Exception as error:
            logger.error("upkeep failed: %s", where(error))
        await asyncio.sleep(_PAUSE_SECONDS)
