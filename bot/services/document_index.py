"""Keeps the passages of the standing documents searchable in the memory of this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from bot.errors import where
from bot.knowledge.passage_search import Document, PassageIndex, PreparedDocument
from bot.knowledge.passages import Passage
from bot.knowledge.same_meaning import load_same_meaning
from bot.knowledge.words import content_words
from bot.services.context import Services
from bot.storage.tables import documents, passages

logger = logging.getLogger(__name__)


async def refresh(services: Services) -> None:
    """Makes the index anew when other documents stand than those it holds; only new ones are prepared.

    Raises:
        Unavailable: the database does not answer.
    """
    async with services.library.indexing:  # turns that come meanwhile wait for the same index
        await _refresh(services)


async def _refresh(services: Services) -> None:
    index = services.library.passages
    async with services.transaction() as connection:
        rows = await connection.execute(sa.select(documents).where(documents.c.withdrawn_at.is_(None)))
        standing = {r.id: Document(r.id, r.title, r.issuer, r.number, r.effective, r.expires) for r in rows}
        if standing.keys() == index.documents.keys():
            return
        new: dict[int, list[Passage]] = {one: [] for one in standing if one not in index.documents}
        for row in await connection.execute(
            sa.select(passages.c.document_id, passages.c.section, passages.c.text)
            .where(passages.c.document_id.in_(new))
            .order_by(passages.c.document_id, passages.c.position)
        ):
            new[row.document_id].append(Passage(row.section, row.text))
    try:
        # in a thread: a long document takes a second or two, in which others go on talking
        services.library.passages = await asyncio.to_thread(_made, index, standing, new)
    except Exception as error:
        logger.error("documents were not indexed: %s", where(error))


def _made(index: PassageIndex, standing: Mapping[int, Document], new: Mapping[int, Iterable[Passage]]) -> PassageIndex:
    words = content_words()
    prepared = [
        PreparedDocument(document, list(new[document.id]), words)
        if document.id in new
        else index.documents[document.id]
        for document in standing.values()
    ]
    return PassageIndex(prepared, words, load_same_meaning())
