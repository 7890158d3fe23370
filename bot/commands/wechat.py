"""`python -m bot wechat …`: the menu, QR codes with a scene, and a doctor for the 公众号."""

from __future__ import annotations

import argparse
import re
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.commands.platform_checks import Answer, Checklist, in_words
from bot.errors import Refused

if TYPE_CHECKING:
    from bot.channels.wechat import WeChatSender
    from bot.services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]
_MONTH_SECONDS = 2_592_000  # the longest life of a temporary code


def add_wechat_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    wechat = commands.add_parser("wechat", help="公众号：检查设置、菜单、二维码").add_subparsers(
        required=True, metavar="操作"
    )
    wechat.add_parser("doctor", help="逐步检查公众号的设置，每一步说明怎么改").set_defaults(run=with_services(_doctor))
    wechat.add_parser("menu", help="按 nlu_data/office/wechat_menu.yml 创建菜单").set_defaults(run=with_services(_menu))
    qr = wechat.add_parser("qr", help="生成带参数的二维码：扫码的人归到某个地点，或绑定成某个人")
    what = qr.add_mutually_exclusive_group(required=True)
    what.add_argument("--place", type=int, help="地点编号（见 people tree）：长期有效，贴在楼道、班级")
    what.add_argument("--bind", help="邀请码：30天内有效，给一个人")
    qr.add_argument("--file", type=Path, default=None, help="另存为 .png 或 .svg 文件")
    qr.set_defaults(run=with_services(_qr))


def _set_up(services: Services) -> None:
    if not services.settings.wechat_token:
        raise Refused(
            "还没有设置公众号：请设 BOT_WECHAT_APPID、BOT_WECHAT_SECRET、BOT_WECHAT_TOKEN，见 docs/wechat.md。"
        )


async def _called(sender: WeChatSender, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call; a refusal in words."""
    return await _in_words(sender, sender.call("POST" if body is not None else "GET", path, body))


async def _in_words(sender: WeChatSender, call: Awaitable[Answer]) -> Answer:
    return await in_words("微信", "BOT_WECHAT_API_BASE", sender, call)


async def _menu(services: Services, options: argparse.Namespace) -> None:
    import yaml

    from bot.platforms import wechat_sender

    _set_up(services)
    written = yaml.safe_load((services.settings.content_dir / "office" / "wechat_menu.yml").read_text(encoding="utf-8"))
    sender = wechat_sender(services)
    try:
        await _called(sender, "/cgi-bin/menu/create", {"button": [_button(one, 16) for one in written["menu"]]})
    finally:
        await sender.close()
    print("菜单已更新。手机上重新进入公众号就能看到，最晚5分钟。")


def _button(one: dict[str, Any], most: int) -> dict[str, Any]:
    if len(str(one["name"]).encode()) > most:
        raise Refused(f"菜单“{one['name']}”太长：最多{most}字节，一个汉字3字节。")
    if "below" in one:
        return {"name": one["name"], "sub_button": [_button(below, 60) for below in one["below"]]}
    return {"type": "click", "name": one["name"], "key": one["says"]}


async def _qr(services: Services, options: argparse.Namespace) -> None:
    import segno

    from bot.platforms import wechat_sender
    from bot.services.places import whole_tree

    _set_up(services)
    if options.file is not None and options.file.suffix.lower() not in (".png", ".svg"):
        raise Refused("二维码只能存成 .png 或 .svg 文件。")
    action: dict[str, Any]
    if options.place is not None:
        name = next((branch.name for branch in await whole_tree(services) if branch.id == options.place), None)
        if name is None:
            raise Refused(f"没有编号为 {options.place} 的地点，见 python -m bot people tree。")
        action = {
            "action_name": "QR_LIMIT_STR_SCENE",
            "action_info": {"scene": {"scene_str": f"place_{options.place}"}},
        }
        what = f"扫码的人归到{name}，长期有效"
    else:
        code = options.bind.strip().upper()
        if not re.fullmatch("[A-Z0-9]{4}-?[A-Z0-9]{4}", code):
            raise Refused("邀请码是8位字母和数字，用 python -m bot people invite 生成。")
        action = {
            "action_name": "QR_STR_SCENE",
            "expire_seconds": _MONTH_SECONDS,
            "action_info": {"scene": {"scene_str": f"bind_{code}"}},
        }
        what = "扫码就绑定，30天内有效，只能用一次"
    sender = wechat_sender(services)
    try:
        made = await _called(sender, "/cgi-bin/qrcode/create", action)
    finally:
        await sender.close()
    picture = segno.make(made["url"], error="m")
    if options.file is not None:
        picture.save(str(options.file), scale=8, border=4)
        print(f"二维码已写到 {options.file}")
    print(f"{what}：{made['url']}")


async def _doctor(services: Services, options: argparse.Namespace) -> None:
    from bot.platforms import wechat_sender

    settings = services.settings
    _set_up(services)
    checks = Checklist()
    checks.say(
        bool(re.fullmatch("wx[0-9a-f]{16}", settings.wechat_appid)), "AppID 是 wx 加16位，在“设置与开发－基本配置”里"
    )
    checks.say(bool(settings.wechat_aes_key), "有 EncodingAESKey（安全模式）；明文模式下别人可以冒充居民发消息")
    sender = wechat_sender(services)
    try:
        try:
            await _in_words(sender, sender.check_secret())
            await _called(sender, "/cgi-bin/menu/get")
            checks.say(True, "AppSecret 正确，IP 白名单已加入，接口能用，菜单已创建")
        except Refused as refusal:
            no_menu = "46003" in str(refusal)
            checks.say(no_menu, "接口能用，还没有菜单：python -m bot wechat menu" if no_menu else str(refusal))
    finally:
        await sender.close()
    checks.say(bool(settings.public_url), "BOT_PUBLIC_URL 已设置（微信要从外面打开这个地址，80 或 443 端口）")
    if settings.public_url:
        checks.say(*await _callback(services))
    checks.end("docs/wechat.md", "请在公众号里发一句“黄码可以坐高铁吗”试试。")


async def _callback(services: Services) -> tuple[bool, str]:
    """Asks our own callback address from outside, as the console does when the address is saved."""
    import aiohttp

    from bot.channels.tencent.envelope import signature

    settings, echo = services.settings, secrets.token_hex(8)
    timestamp, nonce = str(int(services.now().timestamp())), secrets.token_hex(4)
    query = {
        "signature": signature(settings.wechat_token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echo,
    }
    address = f"{settings.public_url}/wechat"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(address, params=query) as response,
        ):
            said = (await response.text())[:100]
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return False, f"从外面打不开 {address}（{type(error).__name__}）：检查域名、反向代理、make run 是否在运行"
    if said != echo:
        return False, f"{address} 的回答不对：Token 不一致，或反向代理转到了别处"
    return True, f"{address} 能打开，Token 一致；在“服务器配置”里填这个地址"
