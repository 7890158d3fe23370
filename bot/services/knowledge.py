"""The knowledge in the hands of staff: newer versions of entries, which win over the files.

A change is planned (bot/services/knowledge_plans.py), shown to whoever wants it, and saved here: one transaction, and all
processes answer by it from their next message on.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Outgoing
from bot.errors import BotError, ContentError, NotFound, Refused
from bot.knowledge.answering import answer_text, outdated
from bot.knowledge.bodies import Body, body_digest, file_body
from bot.knowledge.entries import Entry, entry_of
from bot.services import audit, document_index, messages, questions
from bot.services.context import Services
from bot.services.editors import check_editor
from bot.services.people import Speaker, mask_name
from bot.storage.tables import documents, knowledge_versions, people

logger = logging.getLogger(__name__)

EDITION_KEY = "knowledge:edition"
"""Names the state of knowledge and documents; each turn reads it, so that a change holds from the next message on."""

_ANNOUNCED_KEY = "knowledge:announced"  # the state of the tables that every process has been told of


@dataclass(frozen=True)
class Change:
    """A change of one entry that is planned and not saved. `base` is the newest version's row when it was planned (0: the
    file, or nothing), so that nobody overwrites what another has saved meanwhile. `group`: the questions that it settles.
    `file_digest`: of the entry's file, as the change takes note of it. `old` and `notes` are for the preview alone.
    """

    kind: str
    entry_id: str
    base: int
    body: Body
    file_digest: str
    group: int | None = None
    old: Body | None = None
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What is needed to save it later."""
        return {
            "kind": self.kind,
            "entry_id": self.entry_id,
            "base": self.base,
            "body": self.body,
            "file_digest": self.file_digest,
            "group": self.group,
        }


@dataclass(frozen=True)
class Version:
    """One version of an entry. Number 1 is the file, where there is one; `by` is who made it, masked."""

    number: int
    body: Body
    made_at: datetime | None
    by: str


@dataclass(frozen=True)
class Newest:
    """The newest version of an entry: its row (0: the file) and its body."""

    row: int
    body: Body


async def keep_fresh(services: Services, edition: int) -> None:
    """Reads staff's versions again when the edition that Redis names is not the one at hand, and turns to today's.

    When the database is away the knowledge at hand goes on answering.
    """
    library = services.library
    if library.edition != edition:
        try:
            await document_index.refresh(services)  # first: the edition says that all of this is at hand
            library.take(await _stored_entries(services), edition)
        except BotError as error:
            logger.error("knowledge was not refreshed: %s", type(error).__name__)
        if library.versions:
            # a third of a second, once a process: not on the loop, where all others would wait
            await asyncio.to_thread(library.known.prepare)
    library.on(services.today())


async def refresh(services: Services) -> int:
    """As `keep_fresh`, for whoever has no turn at hand; returns the edition."""
    edition = int(await services.redis.get(EDITION_KEY) or 0)
    await keep_fresh(services, edition)
    return edition


async def announce_change(services: Services) -> None:
    """Makes all processes read the knowledge again before their next answer; called after the commit."""
    # drawn, not counted: a count that a flushed Redis begins again could meet the number that a process holds
    await services.redis.set(EDITION_KEY, secrets.randbits(50))


async def announce_missed_change(services: Services) -> bool:
    """Announces what stands in the tables where that is new since the last look: who saved it may have died before saying so."""
    async with services.transaction() as connection:
        version = await connection.scalar(sa.select(sa.func.max(knowledge_versions.c.id)))
        document = await connection.scalar(sa.select(sa.func.max(documents.c.id)))
        withdrawn = await connection.scalar(sa.select(sa.func.count(documents.c.withdrawn_at)))
    state = f"{version}/{document}/{withdrawn}".encode()
    if await services.redis.get(_ANNOUNCED_KEY) == state:
        return False
    await announce_change(services)
    await services.redis.set(_ANNOUNCED_KEY, state)
    return True


async def save(services: Services, by: Speaker | None, change: Change) -> Entry:
    """Makes a planned change the newest version; who asked a question that it settles is told the answer once.

    Raises:
        NotEntitled: the speaker does not keep the knowledge.
        Refused: the entry was changed since, or the question is settled already.
    """
    async with services.transaction() as connection:
        entry = await save_within(services, connection, by, change)
    await announce_change(services)
    await messages.announce(services)
    return entry


async def save_within(services: Services, connection: AsyncConnection, by: Speaker | None, change: Change) -> Entry:
    """`save` as a part of the caller's transaction, who calls `announce_change` after the commit. Raises as it does."""
    check_editor(by)
    entry = entry_of(change.body, change.entry_id)
    lock = sa.func.hashtextextended(f"entry:{change.entry_id}", 0)
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
    newest = await connection.scalar(
        sa.select(sa.func.max(knowledge_versions.c.id)).where(knowledge_versions.c.entry_id == change.entry_id)
    )
    if (newest or 0) != change.base:
        raise Refused(f"{change.entry_id} 刚刚被改过，这次修改没有保存。请先发“看答 {change.entry_id}”看看再改。")
    await connection.execute(
        knowledge_versions.insert().values(
            entry_id=change.entry_id,
            body=change.body,
            file_digest=change.file_digest,
            made_by=by.person_id if by else None,
            made_at=services.now(),
        )
    )
    if change.group is not None:
        asked = await questions.settle(services, connection, by, change.group, change.entry_id)
        if outdated(entry, services.today()) is None:
            for person_id in asked:
                once_key = f"answer:{change.group}:{person_id}"
                await messages.owe(services, connection, person_id, _told_later(entry), once_key)
    await audit.note(services, connection, by, f"knowledge_{change.kind}", "entry", change.entry_id)
    return entry


def _told_later(entry: Entry) -> Outgoing:
    return Outgoing(f"您之前问的“{entry.title}”有答复了：\n{answer_text(entry, '')}", custom={"entry": entry.id})


async def newest_version(connection: AsyncConnection, entry_id: str) -> Newest | None:
    """The newest version of an entry, None where there is no such entry."""
    row = (
        await connection.execute(
            sa.select(knowledge_versions.c.id, knowledge_versions.c.body)
            .where(knowledge_versions.c.entry_id == entry_id)
            .order_by(knowledge_versions.c.id.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is not None:
        return Newest(row.id, row.body)
    body = file_body(entry_id)
    return Newest(0, body) if body is not None else None


async def newest_versions(services: Services) -> dict[str, tuple[Body, str]]:
    """Of each entry that staff have changed or made: the body of the newest version, and the file's digest at that time."""
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(knowledge_versions.c.entry_id, knowledge_versions.c.body, knowledge_versions.c.file_digest)
            .distinct(knowledge_versions.c.entry_id)
            .order_by(knowledge_versions.c.entry_id, knowledge_versions.c.id.desc())
        )
        return {row.entry_id: (row.body, row.file_digest) for row in rows}


async def versions(services: Services, by: Speaker | None, entry_id: str) -> list[Version]:
    """All versions of an entry, the oldest first.

    Raises:
        NotEntitled: the speaker does not keep the knowledge.
        NotFound: there is no such entry.
    """
    check_editor(by)
    entry_id = known_id(services, entry_id)
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(knowledge_versions.c.body, knowledge_versions.c.made_at, people.c.name_sealed)
            .select_from(knowledge_versions.outerjoin(people, people.c.id == knowledge_versions.c.made_by))
            .where(knowledge_versions.c.entry_id == entry_id)
            .order_by(knowledge_versions.c.id)
        )
        found = [(row.body, row.made_at, _maker(services, row.name_sealed)) for row in rows]
    body = file_body(entry_id)
    if body is not None:
        found.insert(0, (body, None, "文件"))
    return [Version(number, *one) for number, one in enumerate(found, 1)]


async def number_of_version(connection: AsyncConnection, entry_id: str, row: int) -> int:
    """The number of the version that a row holds, as `versions` counts them; row 0 is the file."""
    of_rows = await connection.scalar(
        sa.select(sa.func.count()).where(knowledge_versions.c.entry_id == entry_id, knowledge_versions.c.id <= row)
    )
    return int(of_rows) + (1 if file_body(entry_id) is not None else 0)


async def conflicts(services: Services, by: Speaker | None) -> list[str]:
    """The entries whose file has changed since staff's newest version was made, and says something else.

    Raises:
        NotEntitled: the speaker does not keep the knowledge.
    """
    check_editor(by)
    found = []
    for entry_id, (body, seen) in (await newest_versions(services)).items():
        digest = body_digest(file_body(entry_id))
        if digest not in ("", seen, body_digest(body)):
            found.append(entry_id)
    return found


def known_id(services: Services, said: str) -> str:
    """An entry's id, however its letters were typed.

    Raises:
        NotFound: there is no such entry.
    """
    for entry_id in services.entries:
        if entry_id.lower() == said.lower():
            return entry_id
    raise NotFound(f"没有编号为 {said} 的条目。")


def _maker(services: Services, name_sealed: bytes | None) -> str:
    return mask_name(services.vault.open(name_sealed, "people.name")) if name_sealed else "命令行"


async def _stored_entries(services: Services) -> Mapping[str, list[Entry]]:
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
