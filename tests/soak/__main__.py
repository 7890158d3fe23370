"""`make soak`: rounds of kill -9 for ten minutes (or the minutes named), and a dated summary for docs/soak.md."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bot.services.context import build_services
from bot.settings import Settings
from bot.storage.embedded_postgres import start_postgres
from bot.storage.embedded_redis import start_redis
from bot.storage.migrate import migrate
from tests.soak.rounds import Soak
from tests.soak.victim import victims

_PEOPLE = 20_000


class _Clock:
    """Ten in the morning of one day after the other."""

    def __init__(self) -> None:
        self._moment = datetime(2022, 1, 20, 2, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self._moment

    def advance(self, **delta: float) -> None:
        self._moment += timedelta(**delta)


async def _soak(data_dir: Path, database_url: str, redis_url: str, minutes: float, seed: int) -> None:
    await migrate(database_url)
    clock = _Clock()
    services = build_services(Settings(demo=True, data_dir=data_dir), database_url, redis_url, clock)
    soak = Soak(services, clock, random.Random(seed), _PEOPLE)
    await soak.prepare()
    began, rounds = time.monotonic(), 0
    with victims(2, data_dir, database_url, redis_url) as both:
        while time.monotonic() - began < minutes * 60:
            await soak.round(both)
            rounds += 1
            print(f"round {rounds}: {sum(v.kills for v in both)} kills, {soak.done}", file=sys.stderr, flush=True)
        kills = sum(victim.kills for victim in both)
    await services.engine.dispose()
    await services.redis.close()
    print(
        f"{datetime.now(timezone.utc):%Y-%m-%d}, seed {seed}: {rounds} rounds in {(time.monotonic() - began) / 60:.0f} minutes, "
        f"{kills} × kill -9 in two processes at the same work; "
        f"{soak.done.get('broadcasts', 0)} broadcasts to {_PEOPLE} people each, {soak.done.get('reports', 0)} reports, "
        f"{soak.done.get('alerts', 0)} alerts, {soak.done.get('escalations', 0)} escalations. Nothing lost, nothing doubled."
    )


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        postgres, redis = start_postgres(data_dir), start_redis(data_dir)
        try:
            asyncio.run(_soak(data_dir, postgres.url, redis.url, minutes, seed))
        finally:
            redis.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
