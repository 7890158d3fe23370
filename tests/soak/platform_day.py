"""Followers of a simulated 公众号 check in at a running service, while its workers are killed: python -m tests.soak.platform_day
[people] [minutes].

Every callback is answered in time, every report stands once, every feverish one is an alert that its staff got.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from bot.storage.crypto import Vault, demo_secret_key
from tests.platforms.deliverer import Delivery
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_server import SORRY, WeChatServer
from tests.service.running_service import RunningService

_FEVERISH_EVERY = 50
_SETTLE = """
WITH born AS (
  INSERT INTO people (name_sealed, created_at, updated_at)
  SELECT '\\x{name}'::bytea, now(), now() FROM generate_series(1, {count}) RETURNING id
),
numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM born),
lives AS (
  INSERT INTO roles (person_id, role, place_id)
  SELECT id, 'resident', (SELECT id FROM places WHERE code = 'demo/building-3') FROM numbered
),
agreed AS (INSERT INTO consents (person_id, version, given_at) SELECT id, '{version}', now() FROM numbered)
INSERT INTO accounts (channel, external_id, person_id, bound_at)
SELECT 'wechat', 'fan-' || n, id, now() FROM numbered
"""


def now() -> datetime:
    """The simulator's clock."""
    return datetime.now(timezone.utc)


@dataclass
class Played:
    """How the day went. `seconds`: of each callback, its redeliveries included; `kills` of workers."""

    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    sorry: int = 0
    unanswered: int = 0
    kills: int = 0

    def p(self, share: float) -> float:
        """The seconds within which this share of callbacks was answered."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


def service_for(wechat: WeChatServer, folder: Path, workers: int = 2) -> RunningService:
    """A service, not yet started, whose 公众号 is the simulated one."""
    account = wechat.account
    return RunningService(
        folder,
        BOT_WORKERS=str(workers),
        BOT_WECHAT_APPID=account.appid,
        BOT_WECHAT_SECRET=account.secret,
        BOT_WECHAT_TOKEN=account.token,
        BOT_WECHAT_AES_KEY=account.aes_key,
        BOT_WECHAT_API_BASE=wechat.base_url,
    )


async def settle(service: RunningService, wechat: WeChatServer, count: int) -> list[Fan]:
    """So many residents of the demo's building, each a follower, bound and agreed."""
    from bot.services.people import CONSENT_VERSION

    name = Vault(demo_secret_key(service.data_dir)).seal("测试", "people.name").hex()
    await service.sql(_SETTLE.format(name=name, count=count, version=CONSENT_VERSION))
    return [wechat.add_fan(f"fan-{number}") for number in range(1, count + 1)]


async def play(
    service: RunningService, fans: list[Fan], seconds: float, kill_every: float | None, dice: random.Random
) -> Played:
    """Each checks in once, at a random moment within `seconds`; every `kill_every` seconds a worker is killed."""
    played = Played()

    async def one(number: int, fan: Fan) -> None:
        await asyncio.sleep(dice.random() * seconds)
        text = "打卡 38.5 咳嗽 在家 绿码 没接触" if number % _FEVERISH_EVERY == 0 else "一切正常"
        _count(played, *await _timed(fan, text))
        if text != "一切正常":
            _count(played, *await _timed(fan, "确认提交"))

    async def kill() -> None:
        while kill_every is not None:
            await asyncio.sleep(kill_every)
            workers = sorted(service.workers())
            if workers:
                os.kill(dice.choice(workers), signal.SIGKILL)
                played.kills += 1

    killing = asyncio.create_task(kill())
    try:
        await asyncio.gather(*(one(number, fan) for number, fan in enumerate(fans, 1)))
    finally:
        killing.cancel()
    return played


async def _timed(fan: Fan, text: str) -> tuple[Delivery, float]:
    began = time.monotonic()
    return await fan.says(text), time.monotonic() - began


def _count(played: Played, delivery: Delivery, seconds: float) -> None:
    played.seconds.append(seconds)
    played.outcomes.update(attempt.outcome for attempt in delivery.attempts)
    played.sorry += SORRY in delivery.seen
    played.unanswered += not delivery.seen


async def reports_of(service: RunningService) -> tuple[int, int, int]:
    """Current reports, people with one, and open alerts, of the followers."""
    [(reports, people)] = await service.sql(
        "SELECT count(*), count(DISTINCT person_id) FROM records JOIN accounts USING (person_id) "
        "WHERE current AND channel = 'wechat'"
    )
    [(alerts,)] = await service.sql(
        "SELECT count(*) FROM alerts JOIN accounts USING (person_id) WHERE kind = 'person' AND channel = 'wechat'"
    )
    return int(reports), int(people), int(alerts)


async def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    seed = int(time.time())
    with tempfile.TemporaryDirectory() as folder:
        async with WeChatServer(WeChatAccount(mode="safe"), now) as wechat:
            service = service_for(wechat, Path(folder))
            try:
                await asyncio.to_thread(service.start)
                wechat.account.callback_url = f"{service.url}/wechat"
                fans = await settle(service, wechat, people)
                played = await play(service, fans, minutes * 60, 60, random.Random(seed))
                reports, reporters, alerts = await reports_of(service)
            finally:
                await asyncio.to_thread(service.clear_away)
    print(
        f"{now():%Y-%m-%d}, seed {seed}: {people} people in {minutes:g} minutes, {played.kills} × kill -9 of a worker; callbacks "
        f"answered within p50 {played.p(0.5):.3f} s, p99 {played.p(0.99):.3f} s, at most {max(played.seconds):.2f} s; "
        f"deliveries {dict(played.outcomes)}; {played.sorry} × 该公众号暂时无法提供服务, {played.unanswered} without an answer; "
        f"{reports} reports of {reporters} people, {alerts} alerts of {people // _FEVERISH_EVERY} feverish."
    )


if __name__ == "__main__":
    asyncio.run(main())
