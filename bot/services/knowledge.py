"""The knowledge in the hands of staff: newer versions of entries, which win over the files."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from bot.errors import BotError, ContentError
from bot.knowledge.entries import Entry, entry_of
from bot.services.context import Services
from bot.storage.tables import knowledge_versions

logger = logging.getLogger(__name__)

EDITION_KEY = "knowledge:edition"
"""Counts the changes of knowledge and documents; each turn reads it, so that a change holds from the next message on."""


async def keep_fresh(services: Services, edition: int) -> None:
    """Reads staff's versions again when the edition that Redis names is not the one at hand.

    When the database is away the knowledge at hand goes on answering.
    """
    if services.library.edition == edition:
        return
    try:
        services.library.take(await _versions(services), edition)
    except BotError as error:
        logger.error("knowledge was not refreshed: %s", type(error).__name__)


async def announce_change(services: Services) -> None:
    """Makes all processes read the knowledge again before their next answer; called after the commit."""
    await services.redis.incr(EDITION_KEY)


async def _versions(services: Services) -> dict[str, list[Entry]]:
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(knowledge_versions.c.entry_id, knowledge_versions.c.body).order_by(knowledge_versions.c.id)
        )
        found: dict[str, list[Entry]] = {}
        for row in rows:
            try:
                found.setdefault(row.entry_id, []).append(entry_of(row.body, row.entry_id))
            except ContentError as error:
                logger.error("a stored version is left out: %s", error)
    return found
