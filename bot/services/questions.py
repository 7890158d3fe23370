"""What people asked in vain: noted by the turn, collected and grouped by likeness beside it, settled by staff.

A turn only leaves a sealed line on a Redis list. Numbers by which a person is known are masked before that.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound, Refused, SealBroken
from bot.knowledge.likeness import Vector
from bot.knowledge.masking import masked
from bot.services import audit
from bot.services.context import Services
from bot.services.editors import check_editor
from bot.services.people import Speaker
from bot.storage.tables import accounts, question_groups, questions

logger = logging.getLogger(__name__)

Kind = Literal["unanswered", "disliked", "chosen"]

WAITING_KEY = "questions:waiting"
"""The Redis list on which a turn leaves a question for `collect_questions`."""
_LINE = "questions.line"
_TEXT, _GROUP_TEXT = "questions.text", "question_groups.text"  # what the columns are sealed for
TOLD_DAYS = timedelta(days=7)
"""Who asked within this time is told the answer; to others it would come out of the blue."""
_COMPARED = 2000  # groups, the newest, with which a new question is compared


@dataclass(frozen=True)
class Group:
    """Questions that ask the same. `entry_id`: the entry that was disliked, chosen, or that answers them now."""

    id: int
    kind: Kind
    state: str
    entry_id: str | None
    count: int
    text: str
    last_at: datetime


async def note_unanswered(services: Services, sender: str, text: str) -> None:
    """Notes a question to which the knowledge held no answer. `sender` is the chat's account (channel:external_id)."""
    await _note(services, "unanswered", sender, text, None)


async def note_disliked(services: Services, sender: str, text: str, entry_id: str) -> None:
    """Notes that the answer of this entry was of no use to the question."""
    await _note(services, "disliked", sender, text, entry_id)


async def note_choice(services: Services, sender: str, text: str, entry_id: str) -> None:
    """Notes that the person, asked back which entry was meant by the question, chose this one."""
    await _note(services, "chosen", sender, text, entry_id)


async def _note(services: Services, kind: Kind, sender: str, text: str, entry_id: str | None) -> None:
    line = {
        "id": str(uuid4()),
        "kind": kind,
        "sender": sender,
        "text": masked(text).strip(),
        "entry": entry_id,
        "at": services.now().isoformat(),
    }
    try:
        await services.redis.rpush(WAITING_KEY, services.vault.seal_json(line, _LINE))
    except RedisError as error:
        # the person's reply does not depend on it
        logger.error("a question was not noted: %s", type(error).__name__)


async def collect_questions(services: Services, most: int = 100) -> int:
    """Moves noted questions into the tables, each into the group that asks the same; returns how many.

    Safe in many processes, and nothing is lost when one dies: a line leaves Redis after the commit, and its id keeps it
    from being counted twice.
    """
    lines = await services.redis.lrange(WAITING_KEY, 0, most - 1)
    if not lines:
        return 0
    noted = [line for line in (_opened(services, sealed) for sealed in lines) if line is not None]
    async with services.transaction() as connection:
        # one process groups at a time: two that meet a new question at once would make two groups of it
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("questions", 0))))
        kept = set(
            await connection.scalars(sa.select(questions.c.id).where(questions.c.id.in_([n["id"] for n in noted])))
        )
        groups = _Groups(services, await _comparable(services, connection))
        for line in noted:
            if line["id"] not in kept:
                await groups.take(connection, line)
    for sealed in lines:
        # by value, not by place: another process may have taken lines away meanwhile
        await services.redis.lrem(WAITING_KEY, 1, sealed)
    return len(lines)


def _opened(services: Services, sealed: bytes) -> dict[str, Any] | None:
    try:
        line: dict[str, Any] = services.vault.open_json(sealed, _LINE)
    except SealBroken:
        logger.error("a noted question cannot be opened")
        return None
    return {**line, "id": UUID(line["id"]), "at": datetime.fromisoformat(line["at"])}


async def _comparable(services: Services, connection: AsyncConnection) -> list[Group]:
    rows = await connection.execute(
        # 忽略 stays in force for whoever asks it again; an answered question that finds no answer again is a new matter
        sa.select(question_groups)
        .where(question_groups.c.state != "answered")
        .order_by(question_groups.c.last_at.desc())
        .limit(_COMPARED)
    )
    return [_group(services, row) for row in rows]


class _Groups:
    """The groups that a new question may belong to, while questions are collected."""

    def __init__(self, services: Services, groups: list[Group]) -> None:
        self._services = services
        self._likeness = services.library.known.likeness
        self._of: dict[tuple[str, str | None], list[tuple[int, str, Vector]]] = {}
        for group in groups:
            self._add(group.id, group.kind, group.entry_id, group.text)

    def _add(self, group_id: int, kind: str, entry_id: str | None, text: str) -> None:
        self._of.setdefault((kind, entry_id), []).append((group_id, text, self._likeness.vector(text)))

    async def take(self, connection: AsyncConnection, line: dict[str, Any]) -> None:
        """Writes one question and counts it in its group, a new one where none asks the same."""
        alike = self._of.get((line["kind"], line["entry"]), [])
        place = self._likeness.nearest(line["text"], [(text, vector) for _, text, vector in alike])
        if place is None:
            group_id = int(
                await connection.scalar(
                    question_groups.insert()
                    .values(
                        text_sealed=self._services.vault.seal(line["text"], _GROUP_TEXT),
                        kind=line["kind"],
                        entry_id=line["entry"],
                        count=1,
                        first_at=line["at"],
                        last_at=line["at"],
                    )
                    .returning(question_groups.c.id)
                )
            )
            self._add(group_id, line["kind"], line["entry"], line["text"])
        else:
            group_id = alike[place][0]
            await connection.execute(
                question_groups.update()
                .where(question_groups.c.id == group_id)
                .values(
                    count=question_groups.c.count + 1,
                    last_at=sa.func.greatest(question_groups.c.last_at, line["at"]),
                )
            )
        channel, _, external_id = line["sender"].partition(":")
        person_id = await connection.scalar(
            sa.select(accounts.c.person_id).where(accounts.c.channel == channel, accounts.c.external_id == external_id)
        )
        await connection.execute(
            insert(questions).values(
                id=line["id"],
                group_id=group_id,
                text_sealed=self._services.vault.seal(line["text"], _TEXT),
                person_id=person_id,
                at=line["at"],
            )
        )


async def delete_old_questions(services: Services) -> int:
    """Deletes questions older than BOT_QUESTION_DAYS, and groups that have no younger one; returns how many questions."""
    limit = services.now() - timedelta(days=services.settings.question_days)
    async with services.transaction() as connection:
        gone = await connection.execute(questions.delete().where(questions.c.at < limit))
        await connection.execute(question_groups.delete().where(question_groups.c.last_at < limit))
    return int(gone.rowcount)


async def open_groups(services: Services, by: Speaker | None, skip: int, most: int) -> tuple[int, list[Group]]:
    """How many groups wait for staff, and some of them, the most frequent first.

    Raises:
        NotEntitled: the speaker does not keep the knowledge.
    """
    check_editor(by)
    waiting = question_groups.c.state == "open"
    async with services.transaction() as connection:
        total = await connection.scalar(sa.select(sa.func.count()).select_from(question_groups).where(waiting))
        rows = await connection.execute(
            sa.select(question_groups)
            .where(waiting)
            .order_by(question_groups.c.count.desc(), question_groups.c.last_at.desc(), question_groups.c.id)
            .offset(skip)
            .limit(most)
        )
        return int(total or 0), [_group(services, row) for row in rows]


async def group_with_texts(services: Services, by: Speaker | None, group_id: int) -> tuple[Group, list[str]]:
    """A group and its questions, the oldest first.

    Raises:
        NotEntitled: the speaker does not keep the knowledge.
        NotFound: there is no such group.
    """
    check_editor(by)
    async with services.transaction() as connection:
        row = (
            await connection.execute(sa.select(question_groups).where(question_groups.c.id == group_id))
        ).one_or_none()
        if row is None:
            raise NotFound(f"没有编号为 {group_id} 的待答问题，发“待答”看列表。")
        texts = await connection.scalars(
            sa.select(questions.c.text_sealed)
            .where(questions.c.group_id == group_id)
            .order_by(questions.c.at, questions.c.id)
        )
        group = _group(services, row)
        return group, [services.vault.open(text, _TEXT) for text in texts] or [group.text]


async def dismiss(services: Services, by: Speaker | None, group_id: int) -> Group:
    """Takes a group off the list for good: the same question asked again joins it silently.

    Raises:
        NotEntitled: the speaker does not keep the knowledge.
        NotFound: there is no such group.
        Refused: it is answered already.
    """
    group, _ = await group_with_texts(services, by, group_id)
    async with services.transaction() as connection:
        await _handled(services, connection, by, group_id, "dismissed", group.entry_id)
        await audit.note(services, connection, by, "questions_dismissed", "question_group", group_id)
    return group


async def settle(
    services: Services, connection: AsyncConnection, by: Speaker | None, group_id: int, entry_id: str
) -> Sequence[int]:
    """Notes in the caller's transaction that an entry answers the group; returns the people who wait for the answer.

    Raises:
        Refused: it is answered already.
    """
    await _handled(services, connection, by, group_id, "answered", entry_id)
    return list(
        await connection.scalars(
            sa.select(questions.c.person_id)
            .where(
                questions.c.group_id == group_id,
                questions.c.person_id.is_not(None),
                questions.c.at >= services.now() - TOLD_DAYS,
            )
            .distinct()
        )
    )


async def _handled(
    services: Services,
    connection: AsyncConnection,
    by: Speaker | None,
    group_id: int,
    state: str,
    entry_id: str | None,
) -> None:
    done = await connection.execute(
        question_groups.update()
        .where(question_groups.c.id == group_id, question_groups.c.state != "answered")
        .values(state=state, entry_id=entry_id, handled_by=by.person_id if by else None)
    )
    if done.rowcount == 0:
        raise Refused(f"{group_id} 号问题已经答复过了。")


def _group(services: Services, row: sa.engine.Row) -> Group:
    return Group(
        row.id,
        row.kind,
        row.state,
        row.entry_id,
        row.count,
        services.vault.open(row.text_sealed, _GROUP_TEXT),
        row.last_at,
    )
