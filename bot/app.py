"""Puts the parts together; the only module that knows them all."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from functools import partial

import sqlalchemy as sa
from aiohttp import web
from aiohttp.typedefs import Handler
from redis.exceptions import RedisError

from bot.assistant.host import Assistant
from bot.channels.base import Channel, comes_from_this_machine, end_tasks
from bot.channels.files import FileLinks
from bot.channels.rest import RestChannel
from bot.channels.web import WebChannel
from bot.clock.for_ever import clock_for_ever
from bot.clock.upkeep import upkeep_for_ever
from bot.conversation.conversation import Conversation
from bot.conversation.mailbox import ChatGreeter, ChatMailbox
from bot.delivery.worker import deliver_for_ever, send_for_ever
from bot.errors import BotError, where
from bot.metrics import Metrics, token_matches
from bot.platforms import login_pages, wechat_channel, wechat_sender, wecom_channel, wecom_sender, wecom_sync_job
from bot.services.context import Services, use
from bot.services.files import open_file

logger = logging.getLogger(__name__)


def make_app(services: Services, assistant: Assistant) -> web.Application:
    """The whole service of one process: channels, health, metrics, the delivery of what is due."""
    use(services)
    settings = services.settings
    metrics = Metrics(services.redis)
    conversation = Conversation(services, assistant)
    mailbox, greeter = ChatMailbox(services), ChatGreeter(services)
    receive, take = metrics.counted(conversation.receive), metrics.counted(conversation.take)
    web_chat = WebChannel(
        receive,
        mailbox,
        greeter,
        demo=settings.demo,
        allowed_hosts=settings.allowed_hosts,
        secure_cookies=settings.https,
        clock=services.clock,
        timezone=settings.timezone,
    )
    rest = RestChannel(
        receive, mailbox, demo=settings.demo, allowed_hosts=settings.allowed_hosts, rest_token=settings.rest_token
    )
    links = FileLinks(partial(open_file, services), allowed_hosts=settings.allowed_hosts)
    channels: list[Channel] = [web_chat, rest, links]
    wechat_out = wechat_sender(services) if settings.wechat_token else None
    wechat = wechat_channel(services, take, wechat_out) if wechat_out is not None else None
    wecom_out = wecom_sender(services) if settings.wecom_token else None
    wecom = wecom_channel(services, take, wecom_out) if wecom_out is not None else None
    called = [channel for channel in (wechat, wecom) if channel is not None]
    senders = {sender.name: sender for sender in (wechat_out, wecom_out) if sender is not None}
    channels += called

    app = web.Application(client_max_size=256 * 1024, middlewares=[_no_stack_traces])
    for channel in channels:
        app.add_routes(list(channel.routes()))
    if settings.public_url:
        for sender in (wechat_out, wecom_out):
            if sender is not None:
                app.add_routes(list(login_pages(services, sender).routes()))

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def servers_answer() -> None:
        await services.redis.ping()
        async with services.transaction() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def servers_are_back() -> bool:
        try:
            await servers_answer()
        except (BotError, RedisError, OSError):
            return False
        return True

    async def readyz(_: web.Request) -> web.Response:
        try:
            await servers_answer()
        except (BotError, OSError, Exception) as error:  # whatever it is, the answer is: not ready
            return web.json_response({"ready": False, "reason": type(error).__name__}, status=503)
        return web.json_response({"ready": True, "model": assistant.model})

    async def show_metrics(request: web.Request) -> web.Response:
        if not (comes_from_this_machine(request) or token_matches(request, settings.rest_token)):
            return _refused(403, "只对本机或持有令牌者开放。")
        return web.Response(text=await metrics.text(), content_type="text/plain", charset="utf-8")

    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", show_metrics)])

    async def deliver(_: web.Application) -> AsyncIterator[None]:
        jobs = [wecom_sync_job(wecom_out)] if wecom_out is not None else []
        work = (deliver_for_ever(services), clock_for_ever(services, jobs), upkeep_for_ever(services))
        tasks = [asyncio.create_task(one) for one in work]
        if senders:
            tasks.append(asyncio.create_task(send_for_ever(services, senders)))
        tasks += [asyncio.create_task(channel.catch_up(servers_are_back).for_ever()) for channel in called]
        yield
        await end_tasks(tasks)

    async def stop_channels(_: web.Application) -> None:
        await web_chat.stop()
        for channel in called:
            await channel.stop()

    async def close(_: web.Application) -> None:
        for sender in senders.values():
            await sender.close()
        await services.engine.dispose()
        await services.redis.close()

    app.cleanup_ctx.append(deliver)
    app.on_shutdown.append(stop_channels)
    app.on_cleanup.append(close)
    return app


@web.middleware
async def _no_stack_traces(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong, the caller gets a Chinese sentence and the log gets the trace."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _refused(404, "没有这个地址。")
    except web.HTTPMethodNotAllowed as refusal:
        allowed = refusal.headers["Allow"]
        return _refused(405, f"这个地址只接受 {allowed} 请求。", {"Allow": allowed})
    except web.HTTPException:
        raise
    except Exception as error:
        logger.error("request to %s failed: %s", request.path, where(error))
        return _refused(500, "系统暂时出错，请稍后再试。")


def _refused(status: int, reason: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = json.dumps({"error": reason}, ensure_ascii=False)
    return web.json_response(text=body, status=status, headers=headers)
