"""The short form of the day at a 公众号: a worker dies while 120 people check in."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from bot.assistant.training import train, trained_model
from tests.platforms.callback_rules import CallbackRules
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.soak.platform_day import now, play, reports_of, service_for, settle


async def test_every_report_stands_once_though_workers_die(tmp_path: Path) -> None:
    if not trained_model().exists():
        train()
    account = WeChatAccount(mode="safe", callbacks=CallbackRules(refusal_gap=0.5))
    async with WeChatServer(account, now) as wechat:
        service = service_for(wechat, tmp_path)
        try:
            await asyncio.to_thread(service.start)
            account.callback_url = f"{service.url}/wechat"
            fans = await settle(service, wechat, 120)
            played = await play(service, fans, 6, 2, random.Random(7))
            assert played.kills >= 1
            assert played.sorry == 0
            assert played.unanswered == 0
            assert await reports_of(service) == (120, 120, 2)
        finally:
            await asyncio.to_thread(service.clear_away)
