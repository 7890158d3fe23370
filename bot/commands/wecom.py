"""`python -m bot wecom …`: a doctor for the 企业微信 app, and its departments and members brought into the org tree."""

from __future__ import annotations

import argparse
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bot.commands.platform_checks import Answer, Checklist, in_words
from bot.errors import Refused

if TYPE_CHECKING:
    from bot.channels.wecom import WeComSender
    from bot.services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]


def add_wecom_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    wecom = commands.add_parser("wecom", help="企业微信：检查设置、同步部门和成员").add_subparsers(
        required=True, metavar="操作"
    )
    wecom.add_parser("doctor", help="检查企业微信应用的设置，每一步说明怎么改").set_defaults(run=with_services(_doctor))
    wecom.add_parser("sync", help="把部门同步成地点、成员同步成人员；再同步一次不会有变化").set_defaults(
        run=with_services(_sync)
    )


async def _called(sender: WeComSender, path: str) -> dict[str, Any]:
    """One call; a refusal in words."""
    return await _in_words(sender, sender.call("GET", path))


async def _in_words(sender: WeComSender, call: Awaitable[Answer]) -> Answer:
    return await in_words("企业微信", "BOT_WECOM_API_BASE", sender, call)


def _set_up(services: Services) -> None:
    if not services.settings.wecom_token:
        raise Refused("还没有设置企业微信：请设 BOT_WECOM_CORPID 等，见 docs/wecom.md。")


async def _sync(services: Services, options: argparse.Namespace) -> None:
    from bot.platforms import wecom_sender
    from bot.services.wecom_sync import read_corp, sync

    _set_up(services)
    sender = wecom_sender(services)
    try:
        departments, members = await read_corp(lambda path: _called(sender, path))
    finally:
        await sender.close()
    done = await sync(services, departments, members)
    print(
        f"部门{len(departments)}个，成员{len(members)}人：新建地点{done.places}个，改名、调动{done.moved}处，"
        f"新增{done.people}人，新绑定{done.bound}个账号，离开{done.left}人。"
    )


async def _doctor(services: Services, options: argparse.Namespace) -> None:
    from bot.platforms import wecom_sender
    from bot.services.wecom_sync import read_corp

    settings = services.settings
    _set_up(services)
    checks = Checklist()
    checks.say(bool(re.fullmatch("ww[0-9a-f]{16}", settings.wecom_corpid)), "企业ID 是 ww 加16位，在“我的企业”里")
    sender = wecom_sender(services)
    try:
        try:
            await _in_words(sender, sender.check_secret())
            app = await _called(sender, f"/cgi-bin/agent/get?agentid={settings.wecom_agentid}")
            checks.say(True, f"Secret 和 AgentId 正确，服务器IP可信，应用是“{app.get('name', '')}”")
            checks.say(not int(app.get("close") or 0), "应用已启用")
            corp = await read_corp(lambda path: _called(sender, path))
            checks.say(
                bool(corp[1]), f"可见范围里有{len(corp[0])}个部门、{len(corp[1])}名成员；同步：python -m bot wecom sync"
            )
        except Refused as refusal:
            checks.say(False, str(refusal))
    finally:
        await sender.close()
    checks.say(bool(settings.public_url), "BOT_PUBLIC_URL 已设置（企业微信要从外面打开这个地址）")
    checks.end("docs/wecom.md", f"在“接收消息”里填 {settings.public_url}/wecom，保存时企业微信会来验证。")
