"""The channels of WeChat's platforms as the settings have them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from bot.channels.base import Receive
from bot.channels.sending import Quota
from bot.channels.tencent.pages import Pages
from bot.channels.web.visitor import VisitorCookie
from bot.channels.wechat import Account, WeChatChannel, WeChatSender
from bot.channels.wechat.account import USUAL_QUOTAS, Template
from bot.channels.wecom import App, WeComChannel, WeComSender
from bot.clock.jobs import Daily
from bot.conversation.callback_store import RedisCallbacks, RedisTokens
from bot.conversation.spool import DiskSpool
from bot.services.browsers import Browsers
from bot.services.context import Services
from bot.services.platform_events import Contacts
from bot.services.wecom_sync import read_corp, sync
from bot.settings import QuotaSetting, Settings, TemplateSetting


def wechat_account(settings: Settings) -> Account:
    """The 公众号 of the settings."""
    return Account(
        settings.wechat_appid,
        settings.wechat_secret,
        settings.wechat_token,
        settings.wechat_aes_key,
        settings.wechat_api_base,
        settings.wechat_certified,
        settings.wechat_hold,
        settings.wechat_deliveries,
        _templates(settings.wechat_templates),
        _templates(settings.wechat_notices),
        _quotas(settings.wechat_quotas) or USUAL_QUOTAS,
    )


def wechat_sender(services: Services) -> WeChatSender:
    """What calls the 公众号's API; to be closed at the end."""
    account = wechat_account(services.settings)
    tokens = RedisTokens(services, WeChatSender.name, account.appid)
    store = RedisCallbacks(services, WeChatSender.name)
    return WeChatSender(account, tokens, store, services.clock, services.settings.timezone)


def wechat_channel(services: Services, receive: Receive, sender: WeChatSender) -> WeChatChannel:
    """The 公众号's callback address; `receive` raises `Away`."""
    account = wechat_account(services.settings)
    store = RedisCallbacks(services, WeChatChannel.name)
    late = sender if account.certified else None
    spool = _spool(services, WeChatChannel.name)
    return WeChatChannel(receive, account, store, Contacts(services), late, spool, services.clock)


def wecom_app(settings: Settings) -> App:
    """The 企业微信 app of the settings."""
    return App(
        settings.wecom_corpid,
        settings.wecom_agentid,
        settings.wecom_secret,
        settings.wecom_token,
        settings.wecom_aes_key,
        settings.wecom_api_base,
        _quotas(settings.wecom_quotas),
        settings.wecom_markdown,
    )


def wecom_sender(services: Services) -> WeComSender:
    """What calls the API of 企业微信; to be closed at the end."""
    app = wecom_app(services.settings)
    tokens = RedisTokens(services, WeComSender.name, f"{app.corpid}:{app.agentid}")
    return WeComSender(app, tokens, RedisCallbacks(services, WeComSender.name), services.clock)


def wecom_channel(services: Services, receive: Receive, sender: WeComSender) -> WeComChannel:
    """The callback address of the 企业微信 app."""
    store = RedisCallbacks(services, WeComChannel.name)
    app, spool = wecom_app(services.settings), _spool(services, WeComChannel.name)
    return WeComChannel(receive, app, store, Contacts(services), sender, spool, services.clock)


def _spool(services: Services, channel: str) -> DiskSpool:
    settings = services.settings
    return DiskSpool(settings.data_dir, channel, settings.spool_most, services.vault, services.clock)


def login_pages(services: Services, sender: WeChatSender | WeComSender) -> Pages:
    """The login through which pages opened on this platform know the person; needs BOT_PUBLIC_URL."""
    settings = services.settings
    query = [("appid", settings.wechat_appid)]
    if isinstance(sender, WeComSender):
        query = [("appid", settings.wecom_corpid), ("agentid", str(settings.wecom_agentid))]
    return Pages(
        sender.name,
        sender.who_came,
        Browsers(services),
        VisitorCookie(settings.https),
        f"{settings.wechat_login_base}/connect/oauth2/authorize",
        query,
        settings.public_url,
    )


def wecom_sync_job(sender: WeComSender) -> Daily:
    """Departments and members, brought into the org tree each night."""

    async def called(path: str) -> dict[str, Any]:
        return await sender.call("GET", path)

    async def run(services: Services, due: datetime) -> None:
        await sync(services, *await read_corp(called))

    return Daily("sync_wecom", run, lambda services: (time(3, 0),))


def _quotas(given: Iterable[QuotaSetting]) -> tuple[Quota, ...]:
    return tuple(Quota(*one) for one in given)


def _templates(given: Iterable[TemplateSetting]) -> dict[str, Template]:
    return {purpose: Template(id, dict(fields)) for purpose, id, fields in given}
