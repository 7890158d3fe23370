"""Prometheus figures, summed over workers: each adds to counters in Redis, any of them shows the sums."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.channels.base import Incoming, Outgoing, Receive

_KEY = "metrics"
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_FLUSH_SECONDS = 1.0


class Metrics:
    """Counts turns and their time. Counters live in memory and go to Redis once a second, never on a turn's path."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pending: Counter[str] = Counter()
        self._flusher: asyncio.Task[None] | None = None

    def counted(self, receive: Receive) -> Receive:
        """The same `receive`, counted by channel and timed."""

        async def counting(incoming: Incoming) -> Sequence[Outgoing]:
            began = time.perf_counter()
            reply = await receive(incoming)
            self._note(incoming.channel, time.perf_counter() - began, reply)
            return reply

        return counting

    async def text(self) -> str:
        """The sums of all workers in Prometheus' text format."""
        await self._flush()
        sums = {key.decode(): float(value) for key, value in (await self._redis.hgetall(_KEY)).items()}
        lines = ["# TYPE bot_messages_total counter"]
        lines += [
            f'bot_messages_total{{channel="{k[9:]}"}} {v:g}'
            for k, v in sorted(sums.items())
            if k.startswith("messages/")
        ]
        lines.append("# TYPE bot_no_answer_total counter")
        lines.append(f"bot_no_answer_total {sums.get('no_answer', 0):g}")
        lines.append("# TYPE bot_turn_seconds histogram")
        lines += [f'bot_turn_seconds_bucket{{le="{b}"}} {sums.get(f"le/{b}", 0):g}' for b in _BUCKETS]
        count = sum(v for k, v in sums.items() if k.startswith("messages/"))
        lines += [
            f'bot_turn_seconds_bucket{{le="+Inf"}} {count:g}',
            f"bot_turn_seconds_count {count:g}",
            f"bot_turn_seconds_sum {sums.get('seconds', 0):g}",
        ]
        return "\n".join(lines) + "\n"

    def _note(self, channel: str, seconds: float, reply: Sequence[Outgoing]) -> None:
        self._pending[f"messages/{channel}"] += 1
        self._pending["seconds"] += seconds  # type: ignore[assignment]
        for bucket in _BUCKETS:
            if seconds <= bucket:
                self._pending[f"le/{bucket}"] += 1
        if any(part.custom.get("no_answer") for part in reply):
            self._pending["no_answer"] += 1
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_soon())

    async def _flush_soon(self) -> None:
        await asyncio.sleep(_FLUSH_SECONDS)
        with suppress(RedisError):  # what could not be added stays pending for the next time
            await self._flush()

    async def _flush(self) -> None:
        pending, self._pending = self._pending, Counter()
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for key, amount in pending.items():
                    pipeline.hincrbyfloat(_KEY, key, amount)
                if pending:
                    await pipeline.execute()
        except RedisError:
            self._pending.update(pending)
            raise


def token_matches(request: web.Request, token: str) -> bool:
    """Whether a request carries the token; never true when none is set."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode(errors="replace")
    return bool(token) and hmac.compare_digest(given, token.encode())
