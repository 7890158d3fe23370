"""A town of 100,000 residents with 1,000,000 records: how long a summary, a list of the missing and a morning's reminders take.

python -m bench.figures [people]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from bench.town import build_town
from bot.services.asked_part import AskedPart, Place
from bot.services.chasing import who_is_missing
from bot.services.context import Services, build_services
from bot.services.figures import figures
from bot.services.reminders import remind_at
from bot.services.summaries import push_at
from bot.settings import Settings
from bot.storage.embedded_postgres import start_postgres
from bot.storage.embedded_redis import start_redis
from bot.storage.migrate import migrate

_TIMES = 20


async def measured(name: str, work: Callable[[], Awaitable[object]]) -> None:
    """Prints median and 95th percentile of many calls."""
    took = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    print(f"{name}：中位 {took[_TIMES // 2]:.0f} 毫秒，p95 {took[int(_TIMES * 0.95) - 1]:.0f} 毫秒", flush=True)


async def measure(services: Services, people: int) -> None:
    """Builds the town and measures by the size of the place."""
    began = time.perf_counter()
    await build_town(services, people)
    print(f"造数据：{time.perf_counter() - began:.0f} 秒", flush=True)
    process = services.processes["daily_report"]
    for kind, depth in (("street", 0), ("community", 1), ("grid", 2), ("building", 3)):
        async with services.transaction() as connection:
            query = sa.text("SELECT min(id), min(name) FROM places WHERE kind = :kind")
            row = (await connection.execute(query, {"kind": kind})).one()
        place = Place(row[0], row[1], depth)

        async def summary(place: Place = place) -> None:
            async with services.transaction() as connection:
                await figures(services, connection, process, services.today(), place)

        async def missing(place: Place = place) -> None:
            await who_is_missing(services, AskedPart(process, services.today(), ("day",), (place,)))

        await measured(f"{kind} 汇总", summary)
        await measured(f"{kind} 谁还没报", missing)
    for name, work, hour in (("9:00 提醒", remind_at, 9), ("15:00 汇总推送", push_at, 15)):
        due = datetime.combine(services.today(), datetime.min.time(), services.settings.timezone).replace(hour=hour)
        began = time.perf_counter()
        done = await work(services, due)
        print(f"{name}：{done} 条，{time.perf_counter() - began:.1f} 秒", flush=True)


async def main(people: int) -> None:
    """Measures on servers of its own."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        postgres, redis = start_postgres(data), start_redis(data)
        try:
            await migrate(postgres.url)
            noon = datetime.now().astimezone().replace(hour=12, minute=0)
            settings = Settings(demo=True, data_dir=data)
            services = build_services(settings, postgres.url, redis.url, lambda: noon)
            await measure(services, people)
            await services.engine.dispose()
            await services.redis.close()
        finally:
            redis.stop()
            postgres.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
