"""A broadcast to 100,000 people: how long until all are enqueued, how fast they are delivered, how long an alert waits then.

python -m bench.broadcasts [people]
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from bot.channels.base import Outgoing
from bot.quiet_hours import QuietHours
from bot.services.audiences import Audience
from bot.services.broadcast_desk import chase, progress
from bot.services.broadcast_sending import send_due
from bot.services.broadcasts import Draft, recall, write
from bot.services.context import Services, build_services
from bot.services.demo import load_demo
from bot.services.messages import deliver_due, owe
from bot.settings import Settings
from bot.storage.embedded_postgres import start_postgres
from bot.storage.embedded_redis import start_redis
from bot.storage.migrate import migrate

PEOPLE = """
WITH grid AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM places WHERE kind = 'grid'),
born AS (
  INSERT INTO people (name_sealed, created_at, updated_at)
  SELECT :name, now(), now() FROM generate_series(1, :count) RETURNING id
),
lives AS (INSERT INTO roles (person_id, role, place_id) SELECT born.id, 'resident', grid.id FROM born JOIN grid ON grid.n = born.id % 4)
INSERT INTO accounts (channel, external_id, person_id, bound_at)
SELECT 'web', 'bench-' || id, id, now() FROM born WHERE id % 10 <> 0
"""


async def settle(services: Services, count: int) -> int:
    """Adds so many residents, nine of ten with an account, to the demo's community; returns its id."""
    name = services.vault.seal("测试", "people.name")
    async with services.transaction() as connection:
        await connection.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
        await connection.execute(sa.text(PEOPLE), {"name": name, "count": count})
    async with services.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(sa.text("ANALYZE"))
    async with services.transaction() as connection:
        return int(await connection.scalar(sa.text("SELECT id FROM places WHERE code = 'demo/community'")))


async def run(services: Services, count: int) -> None:
    await load_demo(services)
    place = await settle(services, count)
    began = time.perf_counter()
    number = await write(services, None, Draft("今晚7点核酸检测，请带身份证", Audience(place), urgent=True))
    print(f"写入并预览人数：{time.perf_counter() - began:.2f} 秒")
    began = time.perf_counter()
    enqueued = await send_due(services)
    taken = time.perf_counter() - began
    print(f"入队 {enqueued} 人：{taken:.2f} 秒（每秒 {enqueued / taken:.0f}）")
    delivered, waited = 0, []
    began = time.perf_counter()
    while True:
        if delivered % 10_000 == 0:
            async with services.transaction() as connection:
                person = await connection.scalar(sa.text("SELECT min(id) FROM people"))
                await owe(services, connection, person, Outgoing("预警", purpose="alert"), f"bench/{delivered}")
            asked = time.perf_counter()
        moved = await deliver_due(services)
        if delivered % 10_000 == 0:
            waited.append(time.perf_counter() - asked)
        if not moved:
            break
        delivered += moved - (delivered % 10_000 == 0)
    taken = time.perf_counter() - began
    print(
        f"投递 {delivered} 条：{taken:.1f} 秒（每秒 {delivered / taken:.0f}）；其间一条预警最多等 {max(waited):.2f} 秒"
    )
    began = time.perf_counter()
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.text("SELECT state, count(*), count(DISTINCT person_id) FROM outbox WHERE broadcast_id = :n GROUP BY 1"),
            {"n": number},
        )
        print("结果：", {row[0]: (row[1], row[2]) for row in rows})
    for what, call in (("看进度", progress(services, None, number)), ("催阅", chase(services, None, number))):
        began = time.perf_counter()
        await call
        print(f"{what}：{time.perf_counter() - began:.2f} 秒")
    second = await write(services, None, Draft("第二条，马上撤回", Audience(place), urgent=True))
    await send_due(services)
    began = time.perf_counter()
    done = await recall(services, None, second)
    print(f"撤回 {done.stopped} 条：{time.perf_counter() - began:.2f} 秒")
    print(f"本进程最多占用内存：{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        postgres, redis = start_postgres(data_dir), start_redis(data_dir)
        try:
            asyncio.run(migrate(postgres.url))

            async def all_of_it() -> None:
                services = build_services(
                    Settings(demo=True, data_dir=data_dir, quiet_hours=QuietHours.read("00:00-00:00")),
                    postgres.url,
                    redis.url,
                )
                await run(services, count)
                await services.engine.dispose()
                await services.redis.close()

            asyncio.run(all_of_it())
        finally:
            redis.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
