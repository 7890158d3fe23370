"""`python -m tests.platforms`: both platforms with their phones, to play with a bot that runs on this machine (`make demo-wechat`
starts one too)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from datetime import datetime, timezone

from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_corp import WeComApp, WeComCorp
from tests.platforms.wecom_server import WeComServer


def _now() -> datetime:
    return datetime.now(timezone.utc)


async def play(bot: str, mode: str, wechat_port: int, wecom_port: int, with_bot: bool) -> None:
    """Serves until it is interrupted, or until the bot ends that it has started."""
    account = WeChatAccount(
        callback_url=f"{bot}/wechat", mode="safe" if mode == "safe" else "plain", job_events="after"
    )
    corp = WeComCorp(apps=[WeComApp(callback_url=f"{bot}/wecom")])
    async with (
        WeChatServer(account, _now, port=wechat_port) as wechat,
        WeComServer(corp, _now, port=wecom_port) as wecom,
    ):
        wechat.add_fan("oSimulatedFan0000000000000001", name="王秀英")
        wechat.add_fan("oSimulatedFan0000000000000002", name="新关注的人", following=False)
        wecom.add_department(2, "第三网格")
        wecom.add_member("zhaomin", name="赵敏", departments=[2], leads=[2])
        wecom.add_member("liqiang", name="李强", departments=[2])
        settings = {
            "BOT_WECHAT_APPID": account.appid,
            "BOT_WECHAT_SECRET": account.secret,
            "BOT_WECHAT_TOKEN": account.token,
            "BOT_WECHAT_AES_KEY": account.aes_key if account.mode == "safe" else "",
            "BOT_WECHAT_MODE": account.mode,
            "BOT_WECHAT_API_BASE": wechat.base_url,
            "BOT_WECOM_CORPID": corp.corpid,
            "BOT_WECOM_AGENTID": str(wecom.app.agentid),
            "BOT_WECOM_SECRET": wecom.app.secret,
            "BOT_WECOM_TOKEN": wecom.app.token,
            "BOT_WECOM_AES_KEY": wecom.app.aes_key,
            "BOT_WECOM_API_BASE": wecom.base_url,
        }
        if not with_bot:
            print("启动机器人之前设置：")
            print("\n".join(f"export {name}={value}" for name, value in settings.items()))
        print(f"公众号的手机：{wechat.base_url}/phone", f"企业微信的手机：{wecom.base_url}/phone", sep="\n", flush=True)
        if with_bot:
            environment = {**os.environ, "BOT_DEMO": "1", **settings}
            service = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "serve", env=environment)
            await service.wait()  # an interrupt from the keyboard reaches it too, and it ends in order
        else:
            await asyncio.Event().wait()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.platforms", description="模拟公众号和企业微信两个平台")
    parser.add_argument("--bot", default="http://127.0.0.1:8080", help="机器人的地址")
    parser.add_argument("--mode", choices=("plain", "safe"), default="safe", help="公众号的消息加解密方式")
    parser.add_argument("--wechat-port", type=int, default=8091)
    parser.add_argument("--wecom-port", type=int, default=8092)
    parser.add_argument("--with-bot", action="store_true", help="机器人也一起启动（演示模式）")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(play(given.bot.rstrip("/"), given.mode, given.wechat_port, given.wecom_port, given.with_bot))


if __name__ == "__main__":
    main()
