"""The running service behind both simulated platforms: a follower asks, a bound grid worker gets an alert and answers it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from pathlib import Path

import pytest_asyncio

from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_server import WeComServer
from tests.service.rest_chat import RestChat
from tests.service.running_service import RunningService, command


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Town:
    """The service and both platforms."""

    def __init__(self, service: RunningService, wechat: WeChatServer, wecom: WeComServer) -> None:
        self.service = service
        self.wechat = wechat
        self.wecom = wecom

    async def invitation(self, name: str) -> str:
        """A code that binds an account to a person of the demo."""
        made = await asyncio.to_thread(
            command, "people", "invite", "--person", name, environment=self.service.environment
        )
        assert made.returncode == 0, made.stderr
        return next(line for line in made.stdout.splitlines() if "绑定 " in line).split("绑定 ")[1].strip()


@pytest_asyncio.fixture(scope="module")
async def town(model: Path, tmp_path_factory) -> AsyncIterator[Town]:
    account, corp = WeChatAccount(mode="safe"), WeComCorp()
    async with WeChatServer(account, _now) as wechat, WeComServer(corp, _now) as wecom:
        service = RunningService(
            tmp_path_factory.mktemp("town"),
            BOT_WORKERS="2",
            BOT_WECHAT_APPID=account.appid,
            BOT_WECHAT_SECRET=account.secret,
            BOT_WECHAT_TOKEN=account.token,
            BOT_WECHAT_AES_KEY=account.aes_key,
            BOT_WECHAT_API_BASE=wechat.base_url,
            BOT_WECOM_CORPID=corp.corpid,
            BOT_WECOM_AGENTID=str(wecom.app.agentid),
            BOT_WECOM_SECRET=wecom.app.secret,
            BOT_WECOM_TOKEN=wecom.app.token,
            BOT_WECOM_AES_KEY=wecom.app.aes_key,
            BOT_WECOM_API_BASE=wecom.base_url,
        )
        try:
            await asyncio.to_thread(service.start)
            account.callback_url, wecom.app.callback_url = f"{service.url}/wechat", f"{service.url}/wecom"
            yield Town(service, wechat, wecom)
        finally:
            await asyncio.to_thread(service.clear_away)


async def test_the_consoles_accept_the_addresses_and_a_question_is_answered_with_its_source(town: Town) -> None:
    assert (await town.wechat.check_url()).accepted
    assert (await town.wecom.check_url()).accepted
    for asker in (town.wechat.add_fan(), town.wecom.add_member("asker")):
        delivery = await asker.says("我健康码变黄了还能坐火车吗")
        assert delivery.problems == []
        assert "依据：篇五" in delivery.seen[0]
        assert len(delivery.seen[0].encode()) <= 2048


async def test_an_alert_reaches_both_phones_of_its_staff_and_is_taken_by_a_digit_or_a_card(town: Town) -> None:
    fan = town.wechat.add_fan()
    assert "绑定成功" in (await fan.says(f"绑定 {await town.invitation('赵网格')}")).seen[0]
    officer = town.wecom.add_member("chen")
    assert "绑定成功" in (await officer.says(f"绑定 {await town.invitation('孙安全')}")).seen[0]
    seen = len(town.wechat.journal.of(fan.openid)), len(town.wecom.journal.of("chen"))
    await RestChat(town.service.url, "demo-worker").reports("38.6")
    alert = (await town.wechat.journal.until(fan.openid, seen[0] + 1, 20))[-1]
    assert alert.way == "custom"
    assert "张*" in alert.text
    assert "1. 收到\n2. 已处理\n3. 查看" in alert.text
    card = (await town.wecom.journal.until("chen", seen[1] + 1, 20))[-1]
    assert card.kind == "template_card"
    assert "已记为您收到" in (await fan.says("1")).seen[0]
    await officer.presses(card, card.content["template_card"]["button_list"][2]["key"])
    entries = await town.wecom.journal.until("chen", seen[1] + 3, 20)
    assert any("张建国" in entry.text and "13800000003" in entry.text for entry in entries)


async def test_a_resident_checks_in_with_digits(town: Town) -> None:
    fan = town.wechat.add_fan()
    assert "绑定成功" in (await fan.says(f"绑定 {await town.invitation('刘桂兰')}")).seen[0]
    first = (await fan.says("打卡")).seen[0]
    assert "1. 一切正常" in first
    assert "打卡成功" in (await fan.says("1")).seen[0]
