"""Messages to people on platforms that we call. Each is claimed, sent outside of any transaction, and its end written down.

Whoever dies between sending and writing leaves it open whether it went out: an alert or a reply is then sent once more, anything else
is not, because two of the same notice are worse than the line in the inbox alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Away, Outgoing
from bot.channels.sending import Failed, Later, Result, Sender, Sent
from bot.errors import SealBroken, where
from bot.services import contacts
from bot.services.context import Services
from bot.services.people import Speaker, in_part, mask_name
from bot.storage.tables import accounts, broadcasts, outbox, people, sends

logger = logging.getLogger(__name__)

_LEASE = timedelta(seconds=60)  # longer than the longest call
_SURE = ("alert", "reply")  # what may go out twice rather than not at all
_REDIS_AWAY = timedelta(seconds=10)
_MOST_ATTEMPTS = 8
_AT_ONCE = 8
_A_BROADCAST = 1000
_A_MINUTE = 25
_DAY_SECONDS = 2 * 24 * 3600
_JOB_SECONDS = 600
_EXPIRED = "过了有效时间，不再发送"
_UNKNOWN = "发送时中断，不确定有没有发出"
_NOT_HERE = Failed("not_reachable", "不在应用的可见范围内")
_REFUSED_THERE = "微信没有送达（对方拒收或系统失败）"


@dataclass(frozen=True)
class Claimed:
    """A message that is ours to send now. `died`: somebody had it before and did not say how it ended. `message` is None where it
    cannot be opened. `broadcast_id`: the same to many."""

    outbox_id: int
    channel: str
    external_id: str
    attempts: int
    died: bool
    purpose: str
    expires_at: datetime | None
    message: Outgoing | None
    broadcast_id: int | None = None


async def enqueue(services: Services, connection: AsyncConnection, outbox_ids: Sequence[int]) -> None:
    """Puts messages on their way to those of their people who have an account on a platform that we call, the newest first; as part of
    the caller's transaction."""
    found = (
        sa.select(
            outbox.c.id,
            accounts.c.channel,
            accounts.c.external_id,
            outbox.c.purpose.in_(_SURE),
            sa.literal(services.now(), sends.c.next_try_at.type),
        )
        .join(accounts, accounts.c.person_id == outbox.c.person_id)
        .where(
            outbox.c.id == sa.func.any(sa.cast(list(outbox_ids), ARRAY(sa.BigInteger))),
            accounts.c.channel.in_(services.settings.calling_channels),
        )
        .order_by(outbox.c.id, accounts.c.bound_at.desc(), accounts.c.id.desc())
        .distinct(outbox.c.id)
    )
    await connection.execute(
        insert(sends)
        .from_select(["outbox_id", "channel", "external_id", "urgent", "next_try_at"], found)
        .on_conflict_do_nothing()
    )


async def send_due(services: Services, senders: Mapping[str, Sender], most: int = 50) -> int:
    """Sends what is due, alerts first; returns how many were taken up. Safe to run in many processes at once."""
    open_channels = [channel for channel in senders if not await _paused(services, channel)]
    many = [channel for channel in open_channels if senders[channel].most_at_once > 1]
    claimed = await _claim(services, open_channels, most, many) if open_channels else []
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Sequence[Claimed]) -> None:
        async with at_once:
            try:
                await _send(services, senders[each[0].channel], each)
            except Exception as error:  # the lease brings it back; the others go on
                logger.error("a message to %s failed: %s", each[0].channel, where(error))

    await asyncio.gather(*(one(each) for each in _together(senders, claimed)))
    return len(claimed)


def _together(senders: Mapping[str, Sender], claimed: Sequence[Claimed]) -> Iterator[Sequence[Claimed]]:
    """What goes out in one call: the same broadcast to many, where the platform takes that; everything else by itself."""
    groups: dict[tuple[str, int], list[Claimed]] = {}
    for each in claimed:
        if each.broadcast_id is not None and senders[each.channel].most_at_once > 1 and not each.died:
            groups.setdefault((each.channel, each.broadcast_id), []).append(each)
        else:
            yield [each]
    for (channel, _), group in groups.items():
        most = senders[channel].most_at_once
        for start in range(0, len(group), most):
            yield group[start : start + most]


async def _send(services: Services, sender: Sender, together: Sequence[Claimed]) -> None:
    """Sends the same message to one or many, and writes down what became of each."""
    ends: dict[int, Result] = {}
    ready: list[Claimed] = []
    try:
        for each in together:
            held = await _held(services, each)
            if held is None:
                ready.append(each)
            else:
                ends[each.outbox_id] = held
        ends |= await _sent(services, sender, ready)
    except (Away, RedisError):  # nothing has gone out
        later = Later(services.now() + _REDIS_AWAY, "Redis 中断，稍后再发")
        ends = {each.outbox_id: ends.get(each.outbox_id, later) for each in together}
    for each in together:
        await _end(services, each, ends[each.outbox_id])


async def _sent(services: Services, sender: Sender, ready: Sequence[Claimed]) -> dict[int, Result]:
    known = {each.outbox_id: await contacts.standing(services, each.channel, each.external_id) for each in ready}
    following = [each for each in ready if known[each.outbox_id].following]
    if len(following) > 1 and following[0].message is not None:
        results = await sender.send_many([each.external_id for each in following], following[0].message)
        ends = {each.outbox_id: results[each.external_id] for each in following}
        return ends | {each.outbox_id: _NOT_HERE for each in ready if each not in following}
    return {
        each.outbox_id: await sender.send(each.external_id, each.message, known[each.outbox_id])
        for each in ready
        if each.message is not None
    }


async def unreached(services: Services, by: Speaker, most: int) -> tuple[int, list[tuple[str, str]]]:
    """Whom of the speaker's part no platform has reached within a day, to be phoned: how many, and of the first `most` the name, masked,
    with the reason of their newest message."""
    since = services.now() - timedelta(days=1)
    query = (
        sa.select(outbox.c.person_id, people.c.name_sealed, sends.c.reason)
        .join(outbox, outbox.c.id == sends.c.outbox_id)
        .join(people, people.c.id == outbox.c.person_id)
        .where(
            sends.c.state == "failed",
            sends.c.done_at >= since,
            in_part(by, outbox.c.person_id, sa.cast(sa.null(), sa.BigInteger)),
        )
        .order_by(outbox.c.person_id, sends.c.done_at.desc())
        .distinct(outbox.c.person_id)
        .subquery()
    )
    async with services.transaction() as connection:
        count = await connection.scalar(sa.select(sa.func.count()).select_from(query))
        rows = await connection.execute(sa.select(query).limit(most))
        vault = services.vault
        return int(count), [(mask_name(vault.open(row.name_sealed, "people.name")), row.reason or "") for row in rows]


async def not_arrived(services: Services, channel: str, platform_id: str) -> None:
    """The platform says later that a message which it had taken did not arrive; it may say so before its first answer was written down."""
    await services.redis.set(f"job:{channel}:{platform_id}", b"failed", ex=_JOB_SECONDS)
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(sends)
                .where(sends.c.channel == channel, sends.c.platform_id == platform_id, sends.c.state == "sent")
                .with_for_update()
            )
        ).one_or_none()
        if row is not None:
            await _fail(services, connection, row, Failed("not_reachable", _REFUSED_THERE))


async def _paused(services: Services, channel: str) -> bool:
    until = await services.redis.get(f"pause:{channel}")
    return until is not None and services.now().isoformat() < until.decode()


async def _claim(services: Services, channels: Sequence[str], most: int, many: Sequence[str] = ()) -> list[Claimed]:
    """Up to `most` messages, each to another account: what is counted since a person was heard is counted one by one. Of a broadcast on
    one of the channels `many`, as many as go out in one call."""
    now = services.now()
    async with services.transaction() as connection:
        # one process claims at a time, so that no two take messages to one account
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("sends", 0))))
        rows: dict[tuple[str, str], sa.engine.Row] = {}
        for urgent in (True, False):
            for row in await connection.execute(_due(channels, now).where(sends.c.urgent == urgent).limit(4 * most)):
                if len(rows) < most:
                    rows.setdefault((row.channel, row.external_id), row)
        for channel, broadcast in {
            (r.channel, r.broadcast_id) for r in rows.values() if r.broadcast_id and r.channel in many
        }:
            same = _due([channel], now).where(outbox.c.broadcast_id == broadcast).limit(_A_BROADCAST)
            for row in await connection.execute(same):
                rows.setdefault((row.channel, row.external_id), row)
        claimed = list(rows.values())
        await connection.execute(
            sends.update()
            .where(sends.c.outbox_id.in_([row.outbox_id for row in claimed]))
            .values(state="sending", next_try_at=now + _LEASE, attempts=sends.c.attempts + 1)
        )
    return [
        Claimed(
            row.outbox_id,
            row.channel,
            row.external_id,
            row.attempts + 1,
            row.state == "sending",
            row.purpose,
            row.expires_at,
            _opened(services, row),
            row.broadcast_id,
        )
        for row in claimed
    ]


def _opened(services: Services, row: sa.engine.Row) -> Outgoing | None:
    try:
        if row.body_sealed is None:
            body = services.vault.open_json(row.broadcast_sealed, "broadcasts.body")
        else:
            body = services.vault.open_json(row.body_sealed, "outbox.body")
    except SealBroken:
        return None  # one lost key must not hold up all others
    return Outgoing.from_json(body, row.purpose)


def _due(channels: Sequence[str], now: datetime) -> sa.sql.Select:
    other = sends.alias()
    at_work = sa.exists().where(
        other.c.channel == sends.c.channel,
        other.c.external_id == sends.c.external_id,
        other.c.state == "sending",
        other.c.next_try_at > now,
    )
    return (
        sa.select(
            sends.c.outbox_id,
            sends.c.channel,
            sends.c.external_id,
            sends.c.attempts,
            sends.c.state,
            outbox.c.purpose,
            outbox.c.body_sealed,
            outbox.c.expires_at,
            outbox.c.broadcast_id,
            broadcasts.c.body_sealed.label("broadcast_sealed"),
        )
        .join(outbox, outbox.c.id == sends.c.outbox_id)
        .outerjoin(broadcasts, broadcasts.c.id == outbox.c.broadcast_id)
        .where(sends.c.done_at.is_(None), sends.c.next_try_at <= now, sends.c.channel.in_(channels), ~at_work)
        .order_by(sends.c.next_try_at, sends.c.outbox_id)
    )


async def _held(services: Services, each: Claimed) -> Result | None:
    """Why a message does not go out now, or ever; None when nothing holds it."""
    now = services.now()
    if each.message is None:
        return Failed("content_refused", "内容无法解密（密钥已更换或数据损坏）")
    if each.expires_at is not None and each.expires_at < now:
        return Failed("window_closed", _EXPIRED)
    if each.died and (each.purpose not in _SURE or each.attempts > 2):
        return Failed("unknown_outcome", _UNKNOWN)
    if each.purpose not in _SURE:
        if each.purpose == "reminder" and (morning := services.settings.quiet_hours.end_after(services.local_now())):
            return Later(morning, "免打扰时段")
        if await _enough_today(services, each):
            tomorrow = (services.local_now() + timedelta(days=1)).replace(hour=7, minute=0, second=0, microsecond=0)
            return Later(tomorrow, "今天发给这个人的条数已满")
    if await _enough_this_minute(services, each):
        return Later(now + timedelta(minutes=1), "这一分钟发给这个人的条数已满")
    return None


async def _enough_today(services: Services, each: Claimed) -> bool:
    key = f"sent-today:{each.channel}:{each.external_id}:{services.today().isoformat()}"
    return int(await services.redis.get(key) or 0) >= services.settings.most_a_day


async def _enough_this_minute(services: Services, each: Claimed) -> bool:
    """企业微信 drops what is over thirty a minute to one member without a word; five are left for answers."""
    if each.channel != "wecom":
        return False
    key = f"sent-minute:{each.external_id}:{services.now():%H%M}"
    count = await services.redis.incr(key)
    await services.redis.expire(key, 120)
    return int(count) > _A_MINUTE


async def _end(services: Services, each: Claimed, result: Result) -> None:
    """Writes down what became of it."""
    now = services.now()
    try:
        await _count(services, each, result)
    except RedisError as error:  # a count that is lost costs a refusal at worst; what went out must be written down
        logger.error("a message was not counted: %s", type(error).__name__)
    async with services.transaction() as connection:
        row = (
            await connection.execute(
                sa.select(sends)
                .where(sends.c.outbox_id == each.outbox_id, sends.c.attempts == each.attempts)
                .with_for_update()
            )
        ).one_or_none()
        if row is None or row.state != "sending":
            return  # it took longer than the lease, and another has it
        if isinstance(result, Sent):
            job = f"job:{each.channel}:{result.platform_id}"
            if result.platform_id and await services.redis.get(job):
                await _fail(services, connection, row, Failed("not_reachable", _REFUSED_THERE))
                return
            values = {"state": "sent", "way": result.way, "platform_id": result.platform_id or None, "done_at": now}
            await _keep(connection, row, values)
        elif isinstance(result, Later) and each.attempts < _MOST_ATTEMPTS:
            await _keep(connection, row, {"state": "due", "next_try_at": max(result.at, now), "reason": result.reason})
        else:
            lost = Failed("window_closed", f"试了{each.attempts}次没有发出：{result.reason}")
            await _fail(services, connection, row, result if isinstance(result, Failed) else lost)


async def _count(services: Services, each: Claimed, result: Result) -> None:
    if isinstance(result, Sent):
        await contacts.count_sent(services, each.channel, each.external_id, result.way, result.platform_id)
        key = f"sent-today:{each.channel}:{each.external_id}:{services.today().isoformat()}"
        if each.purpose not in _SURE:
            await services.redis.incr(key)
            await services.redis.expire(key, _DAY_SECONDS)
    if isinstance(result, Later) and result.whole_channel:
        until = result.at.astimezone(services.now().tzinfo).isoformat()
        await services.redis.set(f"pause:{each.channel}", until.encode(), ex=_DAY_SECONDS)


async def _fail(services: Services, connection: AsyncConnection, row: sa.engine.Row, failed: Failed) -> None:
    """Goes on to the person's next channel; where there is none, the message has failed, and staff see whom to phone."""
    now = services.now()
    tried = [*row.tried, row.channel]
    person = sa.select(outbox.c.person_id).where(outbox.c.id == row.outbox_id).scalar_subquery()
    left = (
        await connection.execute(
            sa.select(accounts.c.channel, accounts.c.external_id)
            .where(accounts.c.person_id == person, accounts.c.channel.notin_(tried))
            .order_by(accounts.c.channel.in_(services.settings.calling_channels).desc(), accounts.c.bound_at.desc())
        )
    ).all()
    following = next((one for one in left if one.channel in services.settings.calling_channels), None)
    if following is not None and failed.failure != "unknown_outcome":
        await _keep(
            connection,
            row,
            {
                "channel": following.channel, "external_id": following.external_id, "tried": tried, "state": "due",
                "next_try_at": now, "attempts": 0, "done_at": None, "reason": failed.reason, "platform_id": None,
            },
        )  # fmt: skip
        return
    await _keep(
        connection, row, {"state": "failed", "failure": failed.failure, "reason": failed.reason, "done_at": now}
    )
    if not left:  # nor do they look into a chat that fetches
        await connection.execute(
            outbox.update()
            .where(outbox.c.id == row.outbox_id, outbox.c.state == "sent")
            .values(state="failed", reason=failed.reason)
        )


async def _keep(connection: AsyncConnection, row: sa.engine.Row, values: Mapping[str, object]) -> None:
    await connection.execute(sends.update().where(sends.c.outbox_id == row.outbox_id).values(**values))
