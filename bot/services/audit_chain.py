"""The chain over the audit: each link names its row and, through the hash of the link before, all that was written earlier.

A row that is changed, taken out or slipped in later no longer fits. The key is derived from BOT_SECRET_KEY, so that who has
the database alone cannot make the links anew. Only a tail that is cut off, rows and links together, leaves a chain that fits:
it shows against a head that was noted elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.context import Services
from bot.storage.crypto import Vault
from bot.storage.tables import audit, audit_links

_LOCK = sa.func.hashtextextended("audit chain", 0)
_FIRST = ""  # before the first link
_AT_ONCE = 5_000
_OVERTAKEN = 1_000  # a row whose transaction lasted while so many others were written is found by `link_left_behind`
_READ = 10_000
_WAITS = timedelta(minutes=1)
_OUT_OF_ORDER = timedelta(minutes=10)


@dataclass(frozen=True)
class Checked:
    """What a look at the chain has found: how many links, the hash of the last, and what is wrong, worst first.

    `broken_at` is the first position that does not fit.
    """

    links: int
    head: str
    broken_at: int | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Link:
    position: int
    audit_id: int
    hash: str
    content: bytes | None
    at: datetime | None


async def link_new(services: Services) -> int:
    """Links the rows that have no link yet, in the order of their ids; returns how many. One process at a time does it.

    A row whose transaction ends late, after rows with greater ids were linked, is linked behind them.
    """
    return await _link(services, _OVERTAKEN)


async def link_left_behind(services: Services) -> int:
    """As `link_new`, looking at all rows of the table: what was overtaken by very many others."""
    return await _link(services, None)


async def _link(services: Services, overtaken: int | None) -> int:
    without = ~sa.exists(sa.select(1).where(audit_links.c.audit_id == audit.c.id))
    async with services.transaction() as connection:
        if not await connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))):
            return 0  # another process is at it
        query = sa.select(audit).where(without).order_by(audit.c.id).limit(_AT_ONCE)
        if overtaken is not None:
            newest = await connection.scalar(sa.select(sa.func.max(audit_links.c.audit_id)))
            query = query.where(audit.c.id > (newest or 0) - overtaken)
        rows = (await connection.execute(query)).all()
        if not rows:
            return 0
        last = (
            await connection.execute(sa.select(audit_links).order_by(audit_links.c.position.desc()).limit(1))
        ).one_or_none()
        position, previous = (last.position, last.hash) if last else (0, _FIRST)
        links = []
        for row in rows:
            position += 1
            previous = services.vault.chained(previous, _content(position, row))
            links.append({"position": position, "audit_id": row.id, "hash": previous})
        await connection.execute(audit_links.insert(), links)
    return len(links)


def _content(position: int, row: sa.engine.Row) -> bytes:
    at = row.at.astimezone(timezone.utc).isoformat()
    return orjson.dumps([position, row.id, at, row.actor_id, row.action, row.object, row.object_id])


async def check_chain(
    services: Services, since: date | None = None, head: str | None = None, count: int | None = None
) -> Checked:
    """Looks at all links, or at those of rows since a local day, and at rows that have no link.

    `head` and `count` are what an earlier look gave: the link at that position must have that hash still.
    """
    async with services.transaction() as connection:
        first, previous = await _begin(services, connection, since)
        fault, links, last, noted = await _walk(services.vault, connection, first, previous, count)
        faults = [fault[1]] if fault else []
        if count is not None and head is not None:
            if links < count:
                faults.append(f"链被截短：记下的时候有{count}环，现在只有{links}环。")
            elif noted != head:
                faults.append(f"第{count}环的校验值和记下的不同：记下之后，这一环或更早的内容被换过。")
        faults += await _unlinked(services, connection)
    return Checked(links, last, fault[0] if fault else None, tuple(faults))


async def _begin(services: Services, connection: AsyncConnection, since: date | None) -> tuple[int, str]:
    """The first position to look at, and the hash before it, which is believed."""
    if since is None:
        return 1, _FIRST
    begins = datetime.combine(since, time(), services.settings.timezone)
    first = await connection.scalar(
        sa.select(sa.func.min(audit_links.c.position)).where(
            audit_links.c.audit_id.in_(sa.select(audit.c.id).where(audit.c.at >= begins))
        )
    )
    if first is None:
        first = int(await connection.scalar(sa.select(sa.func.max(audit_links.c.position))) or 0) + 1
    before = await connection.scalar(sa.select(audit_links.c.hash).where(audit_links.c.position == first - 1))
    return int(first), before or _FIRST


async def _walk(
    vault: Vault, connection: AsyncConnection, first: int, previous: str, noted_at: int | None
) -> tuple[tuple[int, str] | None, int, str, str | None]:
    """The first fault with its position, the last position, its hash, and the hash at the position `noted_at`."""
    fault: tuple[int, str] | None = None
    noted = None
    expected, newest = first, None
    broken: _Link | None = None
    recomputed = ""
    if noted_at is not None and noted_at < first:
        noted = await connection.scalar(sa.select(audit_links.c.hash).where(audit_links.c.position == noted_at))
    async for link in _links(connection, first):
        if broken is not None:
            fault = broken.position, _which_changed(vault, broken, recomputed, link)
            broken = None
        if fault is None:
            if link.position != expected:
                fault = expected, f"第{expected}环不见了：链中间被删过。"
            elif link.content is None:
                fault = expected, f"第{expected}环指向的审计行{link.audit_id}不见了：这一行被删除。"
            else:
                recomputed = vault.chained(previous, link.content)
                if recomputed != link.hash:
                    broken = link
                elif newest is not None and link.at is not None and link.at < newest - _OUT_OF_ORDER:
                    fault = expected, f"第{expected}环的审计行{link.audit_id}时间倒退：这一行可能是事后补写的。"
                newest = max(filter(None, (newest, link.at)))
        expected, previous = link.position + 1, link.hash
        if link.position == noted_at:
            noted = link.hash
    if broken is not None:
        fault = broken.position, f"第{broken.position}环（最后一环）对不上：审计行{broken.audit_id}或这一环被改过。"
    return fault, expected - 1, previous, noted


def _which_changed(vault: Vault, broken: _Link, recomputed: str, following: _Link) -> str:
    """The link behind one that does not fit was made of the true hash: it tells whether the row or the link was changed."""
    if following.content is not None and vault.chained(recomputed, following.content) == following.hash:
        return f"第{broken.position}环被改过（审计行{broken.audit_id}没有变）。"
    if following.content is not None and vault.chained(broken.hash, following.content) == following.hash:
        return f"第{broken.position}环对应的审计行{broken.audit_id}被改过。"
    return f"第{broken.position}环起对不上：审计行{broken.audit_id}或链被改过。"


async def _links(connection: AsyncConnection, first: int) -> AsyncIterator[_Link]:
    joined = audit_links.outerjoin(audit, audit.c.id == audit_links.c.audit_id)
    query = sa.select(audit_links.c.position, audit_links.c.audit_id, audit_links.c.hash, audit).select_from(joined)
    while True:
        rows = (
            await connection.execute(
                query.where(audit_links.c.position >= first).order_by(audit_links.c.position).limit(_READ)
            )
        ).all()
        for row in rows:
            content = None if row.id is None else _content(row.position, row)
            yield _Link(row.position, row.audit_id, row.hash, content, row.at)
        if len(rows) < _READ:
            return
        first = rows[-1].position + 1


async def _unlinked(services: Services, connection: AsyncConnection) -> list[str]:
    without = ~sa.exists(sa.select(1).where(audit_links.c.audit_id == audit.c.id))
    count, oldest = (
        await connection.execute(
            sa.select(sa.func.count(), sa.func.min(audit.c.id)).where(without, audit.c.at < services.now() - _WAITS)
        )
    ).one()
    if not count:
        return []
    return [
        f"有{count}行超过一分钟还没有入链（从审计行{oldest}起）：时钟没有在运行，或链的末尾被删过，或这些行是补写的。"
    ]
