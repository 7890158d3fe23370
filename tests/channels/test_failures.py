"""The table of what platforms answer when something is wrong, and what becomes of the message then. One harness plays all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.channels.base import Outgoing
from bot.channels.sending import Failed, Failure, Later, Sender, Sent, Standing
from bot.channels.wechat import Account, WeChatSender
from bot.channels.wecom import App, WeComSender
from bot.conversation.callback_store import RedisCallbacks, RedisTokens
from bot.services.context import Services
from tests.conftest import Clock
from tests.platforms import faults
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_server import WeComServer

PATHS = {"wechat": "/cgi-bin/message/custom/send", "wecom": "/cgi-bin/message/send"}
TOKENS = {"wechat": "/cgi-bin/stable_token", "wecom": "/cgi-bin/gettoken"}


@dataclass(frozen=True)
class Case:
    """The platform answers a send (`token`: or the call for a token) with `fault`. Then the message is `failed` by this name, or waits
    `seconds`, which `holds_all` others too. The reason has `words` in it."""

    platform: str
    name: str
    fault: faults.Fault
    words: str
    failed: Failure | None = None
    seconds: float = 0
    holds_all: bool = False
    token: bool = False

    def __str__(self) -> str:
        return f"{self.platform}: {self.name}"


def _both(name: str, fault: faults.Fault, words: str, failed: Failure) -> list[Case]:
    return [Case(platform, name, fault, words, failed) for platform in PATHS]


def _refused(platform: str, failed: Failure, **codes: str) -> list[Case]:
    return [
        Case(platform, code, faults.errcode(int(code.removeprefix("c"))), words, failed)
        for code, words in codes.items()
    ]


CASES = [
    *_both("answers nothing that can be read", faults.body(b"<html>"), "不确定", "unknown_outcome"),
    *_both("answers an empty body", faults.body(b""), "不确定", "unknown_outcome"),
    *_both("answers a list", faults.body(b"[]"), "不确定", "unknown_outcome"),
    *_both("is behind a broken gateway", faults.status(502), "不确定", "unknown_outcome"),
    *_both("takes it and hangs up", faults.cut(effect=True), "不确定", "unknown_outcome"),
    *_both("hangs up at once", faults.cut(effect=False), "不确定", "unknown_outcome"),
    *_both("names an error that no table knows", faults.errcode(99999), "99999", "content_refused"),
    *_refused("wechat", "not_reachable", c40003="账号不存在", c43004="没有关注", c43019="拉黑", c46004="账号不存在"),
    *_refused("wechat", "not_reachable", c48002="关闭消息接收", c50002="受限", c50005="没有关注"),
    *_refused("wechat", "window_closed", c45015="48小时", c45047="条数", c43101="没有同意"),
    *_refused("wechat", "content_refused", c45001="太大", c45002="太长", c47001="格式", c47003="模板字段"),
    *_refused("wechat", "content_refused", c40249="营销", c43116="受限"),
    *_refused("wechat", "misconfigured", c40013="AppID", c40037="模板编号", c40125="AppSecret", c40164="白名单"),
    *_refused("wechat", "misconfigured", c40243="冻结", c89503="确认", c89506="拒绝", c89507="拒绝"),
    *_refused("wechat", "not_allowed", c48001="权限", c48004="封禁"),
    Case("wechat", "is busy", faults.errcode(-1), "繁忙", seconds=2),
    Case("wechat", "the minute is used up", faults.errcode(45011), "每分钟", seconds=60, holds_all=True),
    Case("wechat", "the day is used up", faults.errcode(45009), "今天", seconds=12 * 3600 + 300, holds_all=True),
    Case("wechat", "the secret is wrong", faults.errcode(40125), "AppSecret", "misconfigured", token=True),
    Case("wechat", "the caller is not on the list", faults.errcode(40164), "白名单", "misconfigured", token=True),
    Case("wechat", "gives no token", faults.status(502), "连不上", seconds=60, holds_all=True, token=True),
    *_refused("wecom", "not_reachable", c40003="不存在", c60111="不存在", c301021="不存在", c81013="可见范围"),
    *_refused("wecom", "not_reachable", c82001="不存在", c50002="可见范围", c60011="可见范围", c43004="微信插件"),
    *_refused("wecom", "content_refused", c44004="为空", c45002="太长", c40008="类型", c40058="参数", c42014="卡片"),
    *_refused("wecom", "content_refused", c42017="按钮", c42018="按钮", c42019="按钮"),
    *_refused("wecom", "misconfigured", c40013="CorpID", c40091="Secret", c40056="AgentId", c301002="同一个应用"),
    *_refused("wecom", "misconfigured", c50003="停用", c60020="可信IP", c43012="接收消息"),
    *_refused("wecom", "not_allowed", c48002="权限"),
    Case("wecom", "is busy", faults.errcode(-1), "繁忙", seconds=2),
    Case("wecom", "too many at once", faults.errcode(45033), "繁忙", seconds=2),
    Case("wecom", "the quota is used up", faults.errcode(45009), "次数", seconds=60, holds_all=True),
    Case("wecom", "the secret is wrong", faults.errcode(40001), "Secret", "misconfigured", token=True),
    Case("wecom", "gives no token", faults.status(502), "连不上", seconds=60, holds_all=True, token=True),
]


class Harness:
    """Both platforms with a person who may be written to, and what sends to them."""

    def __init__(self) -> None:
        self.servers: dict[str, WeChatServer | WeComServer] = {}
        self.senders: dict[str, Sender] = {}
        self.people: dict[str, str] = {}


@pytest_asyncio.fixture
async def harness(services: Services, clock: Clock) -> AsyncIterator[Harness]:
    clock.set_local("2022-01-20 12:00")
    made = Harness()
    async with AsyncExitStack() as stack:
        account = WeChatAccount(mode="safe")
        wechat = await stack.enter_async_context(WeChatServer(account, clock))
        ours = Account(account.appid, account.secret, account.token, (account.aes_key,), wechat.base_url)
        one = WeChatSender(
            ours, RedisTokens(services, "wechat", ours.appid), RedisCallbacks(services, "wechat"), clock,
            services.settings.timezone,
        )  # fmt: skip
        stack.push_async_callback(one.close)
        fan = wechat.add_fan()
        fan.message("text", Content="你好")
        wecom = await stack.enter_async_context(WeComServer(WeComCorp(), clock))
        app = App(
            wecom.corp.corpid, wecom.app.agentid, wecom.app.secret, wecom.app.token, (wecom.app.aes_key,), wecom.base_url
        )  # fmt: skip
        other = WeComSender(
            app, RedisTokens(services, "wecom", app.corpid), RedisCallbacks(services, "wecom"), clock
        )  # fmt: skip
        stack.push_async_callback(other.close)
        made.servers = {"wechat": wechat, "wecom": wecom}
        made.senders = {"wechat": one, "wecom": other}
        made.people = {"wechat": fan.openid, "wecom": wecom.add_member("zhangsan").userid}
        yield made


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_each_failure_has_its_end_and_a_reason_in_words(
    harness: Harness, services: Services, clock: Clock, case: Case
) -> None:
    sender, to = harness.senders[case.platform], harness.people[case.platform]
    standing = Standing(heard=clock(), heard_by="message")
    message = Outgoing("通知", purpose="broadcast")
    paths = TOKENS if case.token else PATHS
    harness.servers[case.platform].faults.next(paths[case.platform], case.fault)
    result = await sender.send(to, message, standing)
    assert not isinstance(result, Sent)
    assert case.words in result.reason
    if case.failed is not None:
        assert isinstance(result, Failed)
        assert result.failure == case.failed
    else:
        assert isinstance(result, Later)
        assert result.at - clock() == timedelta(seconds=case.seconds)
        assert result.whole_channel == case.holds_all
    await services.redis.flushdb()  # a refused token is not asked for again for a minute
    assert isinstance(await sender.send(to, message, standing), Sent)
