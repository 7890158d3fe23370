"""Minutes without the database, or without Redis, while followers of a simulated 公众号 write: python -m tests.soak.outage
[minutes] [callbacks a second].

Every callback is answered in time, and when the server is back every check-in stands once, and its answer has come.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import make_url

from bot.services.people import CONSENT_VERSION
from bot.storage.crypto import Vault
from bot.storage.embedded_postgres import EmbeddedPostgres, start_postgres
from bot.storage.embedded_redis import EmbeddedRedis, start_redis
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_server import SORRY, WeChatServer
from tests.service.running_service import RunningService
from tests.soak.gate import Gate
from tests.soak.platform_day import now, service_for

_SECRET = "outage-" * 6
_SETTLE = """
WITH place AS (
  INSERT INTO places (id, kind, name, path) OVERRIDING SYSTEM VALUE VALUES (1, 'community', '社区', '{{1}}') RETURNING id
),
born AS (
  INSERT INTO people (name_sealed, created_at, updated_at)
  SELECT '\\x{name}'::bytea, now(), now() FROM generate_series(1, {count}) RETURNING id
),
numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM born),
lives AS (INSERT INTO roles (person_id, role, place_id) SELECT numbered.id, 'resident', place.id FROM numbered, place),
agreed AS (INSERT INTO consents (person_id, version, given_at) SELECT id, '{version}', now() FROM numbered)
INSERT INTO accounts (channel, external_id, person_id, bound_at)
SELECT 'wechat', 'fan-' || n, id, now() FROM numbered
"""


@dataclass
class Outage:
    """How it went. `seconds` of each callback; `caught_up`: from the server's return until nothing waited."""

    seconds: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    sorry: int = 0
    spooled: int = 0
    caught_up: float = 0.0

    def p(self, share: float) -> float:
        """The seconds within which this share of callbacks was answered."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


@dataclass
class Town:
    """A service whose PostgreSQL and Redis stand behind gates."""

    service: RunningService
    wechat: WeChatServer
    database: Gate
    redis: Gate
    fans: list[Fan]

    async def write(
        self, outage: Outage, gate: Gate, how: Literal["shut", "stuck"], seconds: float, rate: float
    ) -> None:
        """So many messages a second, each of another follower: six check-ins and four questions in ten; then the server is back."""
        await gate.set(how)
        tasks, began = [], time.monotonic()
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            text = "一切正常" if number % 10 < 6 else "家里聚餐最多几个人"
            tasks.append(asyncio.create_task(self._one(outage, self.fans.pop(), text)))
        await asyncio.gather(*tasks)
        outage.spooled = self.waiting()
        await gate.set("open")
        back = time.monotonic()
        while self.waiting():
            await asyncio.sleep(0.2)
        outage.caught_up = time.monotonic() - back

    def waiting(self) -> int:
        """How many messages the spool holds."""
        import sqlite3

        with sqlite3.connect(self.service.data_dir / "spool.sqlite3") as spool:
            return int(spool.execute("SELECT count(*) FROM spooled").fetchone()[0])

    async def reports(self) -> tuple[int, int]:
        """Current reports, and people with one."""
        [(reports, people)] = await self.service.sql(
            "SELECT count(*), count(DISTINCT person_id) FROM records WHERE current"
        )
        return int(reports), int(people)

    async def _one(self, outage: Outage, fan: Fan, text: str) -> None:
        began = time.monotonic()
        delivery = await fan.says(text)
        outage.seconds.append(time.monotonic() - began)
        outage.sorry += SORRY in delivery.seen
        outage.said["".join(delivery.seen)[:8]] += 1


@asynccontextmanager
async def town(folder: Path, people: int, workers: int = 2) -> AsyncIterator[Town]:
    """The running service with so many bound followers."""
    servers = folder / "servers"
    servers.mkdir()
    postgres, redis = await asyncio.to_thread(_start, servers)
    try:
        socket = str(make_url(postgres.url).query["host"]) + "/.s.PGSQL.5432"
        async with (
            Gate(socket) as database,
            Gate(redis.url.removeprefix("unix://")) as memory,
            WeChatServer(WeChatAccount(mode="safe"), now) as wechat,
        ):
            service = service_for(wechat, folder, workers)
            service.environment |= {
                "BOT_DEMO": "0",
                "BOT_SECRET_KEY": _SECRET,
                "BOT_DATABASE_URL": f"postgresql+asyncpg://bot@127.0.0.1:{database.port}/bot",
                "BOT_REDIS_URL": f"redis://127.0.0.1:{memory.port}",
            }
            try:
                await asyncio.to_thread(service.start)
                wechat.account.callback_url = f"{service.url}/wechat"
                name = Vault(_SECRET).seal("测试", "people.name").hex()
                await service.sql(_SETTLE.format(name=name, count=people, version=CONSENT_VERSION))
                fans = [wechat.add_fan(f"fan-{number}") for number in range(1, people + 1)]
                yield Town(service, wechat, database, memory, fans)
            finally:
                await asyncio.to_thread(service.clear_away)
    finally:
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(postgres.stop)


def _start(folder: Path) -> tuple[EmbeddedPostgres, EmbeddedRedis]:
    return start_postgres(folder), start_redis(folder)


async def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    rate = float(sys.argv[2]) if len(sys.argv) > 2 else 100
    how: Literal["shut", "stuck"] = random.choice(("shut", "stuck")) if len(sys.argv) < 4 else sys.argv[3]  # type: ignore[assignment]
    people = int(minutes * 60 * rate) + 1
    with tempfile.TemporaryDirectory() as folder:
        async with town(Path(folder), people) as made:
            outage = Outage()
            await made.write(outage, made.database, how, minutes * 60, rate)
            reports, reporters = await made.reports()
    print(
        f"{now():%Y-%m-%d}: {minutes:g} minutes without the database ({how}) at {rate:g} callbacks a second: "
        f"{len(outage.seconds)} callbacks answered within p50 {outage.p(0.5):.3f} s, p99 {outage.p(0.99):.3f} s, "
        f"at most {max(outage.seconds):.2f} s; {outage.sorry} × 该公众号暂时无法提供服务; {outage.spooled} kept, caught up "
        f"{outage.caught_up:.0f} s after its return; {reports} reports of {reporters} people "
        f"({people - 1} messages, six check-ins in ten). First words: {dict(outage.said.most_common(4))}."
    )


if __name__ == "__main__":
    asyncio.run(main())
