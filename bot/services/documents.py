"""Policy documents: imported by staff, cut into passages, quoted where no entry answers."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound, Refused
from bot.knowledge.entries import Entry
from bot.knowledge.headings import Line, mark_of
from bot.knowledge.passage_search import Document, Quote
from bot.knowledge.passages import Passage, cut, sections
from bot.services import audit
from bot.services.context import Services
from bot.services.document_text import Progress, read_text
from bot.services.editors import check_editor
from bot.services.knowledge import announce_change
from bot.services.people import Speaker
from bot.storage.tables import documents, passages

_LONGEST = {"标题": 80, "发布单位": 40, "文号": 40}
_MESSAGE_BYTES = 2048  # a WeChat text
# Chosen on the validation split with the plans themselves imported: no entry that is right gives way to a quote.
_BETTER = 0.3  # so much more of the question must a passage cover than any of the entries
_INTRODUCTION = "文件里有这段："
_SHORTENED = "（原文较长，只引到这里）"
# A line of the document that begins so would be taken for the source line of an answer.
_SOURCE_LIKE = re.compile(r"\n\s*(?=(?:依据|来源)[：:])")


@dataclass(frozen=True)
class DocumentFacts:
    """What an importer says of a document; without a title its first line serves. `expires` is its last day."""

    title: str = ""
    issuer: str = ""
    number: str = ""
    effective: date | None = None
    expires: date | None = None


@dataclass(frozen=True)
class Imported:
    """What came of an import. `again`: the same file stands already, and nothing was changed."""

    document: Document
    passages: int
    sections: int
    blank_pages: int = 0
    again: bool = False


@dataclass(frozen=True)
class Listed:
    """A standing document, with the number of its passages."""

    document: Document
    passages: int


def check_size(services: Services, size: int) -> None:
    """Refuses a file of more bytes than BOT_DOCUMENT_MB allows, before it is read."""
    most = services.settings.document_mb
    if size > most * 1024 * 1024:
        raise Refused(
            f"文件有{size / 1024 / 1024:.0f} MB，超过{most} MB（BOT_DOCUMENT_MB）；请去掉图片或拆成几个文件再导入。"
        )


async def import_document(
    services: Services,
    by: Speaker | None,
    name: str,
    data: bytes,
    about: DocumentFacts,
    progress: Progress | None = None,
) -> Imported:
    """Reads a file, keeps its passages, and makes them answer from the next message on. `by` is None for the operator.

    Raises:
        NotEntitled: the speaker may not.
        Refused: the file cannot be read, or a fact is missing or too long.
    """
    check_editor(by)
    check_size(services, len(data))
    digest = hashlib.sha256(data).hexdigest()
    async with services.transaction() as connection:
        if known := await _standing(connection, digest):
            return known
    read = await asyncio.to_thread(read_text, name, data, progress)
    facts = _checked(about, read.lines)
    found = await asyncio.to_thread(cut, read.lines, facts.title)
    async with services.transaction() as connection:
        document_id = await connection.scalar(
            insert(documents)
            .values(
                title=facts.title,
                issuer=facts.issuer,
                number=facts.number,
                effective=facts.effective,
                expires=facts.expires,
                digest=digest,
                imported_by=by.person_id if by else None,
                imported_at=services.now(),
            )
            .on_conflict_do_nothing(index_elements=["digest"], index_where=documents.c.withdrawn_at.is_(None))
            .returning(documents.c.id)
        )
        if document_id is None:  # another import of the same file was faster
            known = await _standing(connection, digest)
            if known is None:
                raise Refused("同一个文件正在被别人导入或撤回，请稍后再试。")
            return known
        await connection.execute(
            passages.insert(),
            [
                {"document_id": document_id, "position": position, "section": one.section, "text": one.text}
                for position, one in enumerate(found)
            ],
        )
        await audit.note(services, connection, by, "import", "document", document_id)
    await announce_change(services)
    document = Document(document_id, facts.title, facts.issuer, facts.number, facts.effective, facts.expires)
    return Imported(document, len(found), sections(found), read.blank_pages)


async def withdraw(services: Services, by: Speaker | None, document_id: int) -> Document:
    """Takes a document out: it is not quoted from the next message on. Its rows stay, as a record.

    Raises:
        NotEntitled: the speaker may not.
        NotFound: no standing document has this number.
    """
    check_editor(by)
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                documents.update()
                .where(documents.c.id == document_id, documents.c.withdrawn_at.is_(None))
                .values(withdrawn_at=services.now())
                .returning(*documents.c)
            )
        ).one_or_none()
        if row is None:
            raise NotFound(f"没有编号为{document_id}的文件，或者已经撤回。")
        await audit.note(services, connection, by, "withdraw", "document", document_id)
    await announce_change(services)
    return _document(row)


async def standing(services: Services, by: Speaker | None) -> list[Listed]:
    """The documents that were not withdrawn, the first imported first, also those out of force."""
    check_editor(by)
    async with services.transaction() as connection:
        count = sa.select(sa.func.count()).where(passages.c.document_id == documents.c.id).scalar_subquery()
        rows = await connection.execute(
            sa.select(documents, count.label("passages"))
            .where(documents.c.withdrawn_at.is_(None))
            .order_by(documents.c.id)
        )
        return [Listed(_document(row), row.passages) for row in rows]


def find(services: Services, question: str) -> Quote | None:
    """The passage of a document in force today that answers a question, None when none does. Asks no server."""
    return services.library.passages.best(question, services.today())


def find_better(services: Services, question: str, told: Sequence[Entry]) -> Quote | None:
    """The passage that answers a question better than the entries that would be told, None when none does.

    What an entry holds (its ways of asking too) is compared with the passage by how much of the question each covers.
    """
    index = services.library.passages
    quote = find(services, question)
    if quote is None:
        return None
    covered = max(index.covered_by(question, entry.whole_text) for entry in told)
    return quote if quote.covered - covered >= _BETTER else None


def quote_text(quote: Quote) -> str:
    """A quote as it is told: the passage, shortened where it must be, and the line that names its source."""
    document, section = quote.document, quote.passage.section
    origin = "，".join(part for part in (document.issuer, document.number) if part)
    parts = [f"《{document.title}》" + (f"（{origin}）" if origin else "")]
    parts += [section] if section else []
    parts += [f"{document.effective:%Y-%m-%d}起施行"] if document.effective else []
    source = "来源：" + "，".join(parts)
    room = _MESSAGE_BYTES - len(f"{_INTRODUCTION}\n\n{source}".encode())
    text = _SOURCE_LIKE.sub("　", f"\n{quote.passage.text}").strip()
    return f"{_INTRODUCTION}\n{_shortened(text, room)}\n{source}"


def quote_custom(quote: Quote) -> dict[str, Any]:
    """The `custom` of a reply that is a quote."""
    document = quote.document
    return {"document": {"id": document.id, "title": document.title, "section": quote.passage.section}}


def _shortened(text: str, room: int) -> str:
    """A text of at most `room` bytes, cut at the end of a sentence where there is one."""
    if len(text.encode()) <= room:
        return text
    head = text.encode()[: room - len(_SHORTENED.encode())].decode("utf-8", "ignore")
    end = max(head.rfind(mark) for mark in "。！？；\n") + 1
    return (head[:end] or head).rstrip() + _SHORTENED


def _checked(about: DocumentFacts, lines: Sequence[Line]) -> DocumentFacts:
    title = about.title.strip() or _first_line(lines)
    facts = DocumentFacts(
        title.removeprefix("《").removesuffix("》"),
        about.issuer.strip(),
        about.number.strip(),
        about.effective,
        about.expires,
    )
    for what, value in zip(_LONGEST, (facts.title, facts.issuer, facts.number)):
        if len(value) > _LONGEST[what] or "\n" in value:
            raise Refused(f"{what}太长，最多{_LONGEST[what]}个字，写在一行里。")
    if not facts.title or not facts.issuer:
        raise Refused("请写明文件的标题和发布单位。")
    if facts.effective and facts.expires and facts.expires < facts.effective:
        raise Refused(f"失效日期（{facts.expires}）早于施行日期（{facts.effective}），请改正。")
    return facts


def _first_line(lines: Sequence[Line]) -> str:
    mark = mark_of(lines[0])
    first = mark.label if mark and mark.alone else lines[0].text
    return first if len(first) <= _LONGEST["标题"] else first[: _LONGEST["标题"] - 1] + "…"


async def _standing(connection: AsyncConnection, digest: str) -> Imported | None:
    row = (
        await connection.execute(
            sa.select(documents).where(documents.c.digest == digest, documents.c.withdrawn_at.is_(None))
        )
    ).one_or_none()
    if row is None:
        return None
    rows = await connection.execute(
        sa.select(passages.c.section, passages.c.text).where(passages.c.document_id == row.id)
    )
    found = [Passage(one.section, one.text) for one in rows]
    return Imported(_document(row), len(found), sections(found), again=True)


def _document(row: Any) -> Document:
    return Document(row.id, row.title, row.issuer, row.number, row.effective, row.expires)
