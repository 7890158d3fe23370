"""Hostile callbacks against a running service: python -m tests.soak.fuzz [minutes] [seed].

Anything at all is posted to both callback addresses: noise, broken and forged documents, right envelopes with anything inside. None
may bring a 5xx or a stack trace, and the workers must not grow.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from tests.platforms.deliverer import Post
from tests.platforms.envelope import Envelope
from tests.platforms.misdeeds import MISDEEDS
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_server import WeComServer
from tests.service.running_service import RunningService
from tests.soak.platform_day import now, service_for

Server = WeChatServer | WeComServer
_NAMES = "FromUserName ToUserName MsgType Event EventKey Content MsgId CreateTime Status MediaId Label List xml".split()
_PIECES = [
    "<",
    ">",
    "<xml>",
    "</xml>",
    "<![CDATA[",
    "]]>",
    "&",
    "&#0;",
    "\x00",
    "\ud7ff",
    "😀",
    "subscribe",
    "event",
    "{",
    "}",
    "[",
    '"',
]


def noise(dice: random.Random, most: int) -> str:
    """Text that a careless reader might trip over."""
    parts = [
        dice.choice(_PIECES) if dice.random() < 0.5 else f"<{dice.choice(_NAMES)}>{chr(dice.randrange(32, 0xD7FF))}"
        for _ in range(dice.randrange(most))
    ]
    return "".join(parts)


def hostile(dice: random.Random, server: Server, fields: dict[str, object]) -> Post:
    """One callback that is no good in one of many ways."""
    kind = dice.randrange(4)
    if kind == 0:
        fitting = [misdeed for misdeed in MISDEEDS if misdeed.fits(server) and "10 MB" not in misdeed.name]
        return dice.choice(fitting).make(server, fields)
    if kind == 1:  # signed and sealed as it should be, with anything inside
        key, receiver = (
            (server.account.aes_key, server.account.appid)
            if isinstance(server, WeChatServer)
            else (server.app.aes_key, server.corp.corpid)
        )
        inside = noise(dice, 60) if dice.random() < 0.5 else f"<xml>{noise(dice, 30)}</xml>"
        return server.compose(fields, sealed=Envelope(key, receiver).seal(inside))
    post = server.compose(fields)
    if kind == 2:
        body = bytearray(post.body or b"")
        for _ in range(dice.randrange(1, 9)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        post.body = bytes(body)
    else:
        post.query = [(name, noise(dice, 5) if dice.random() < 0.3 else value) for name, value in post.query]
        post.body = noise(dice, 200).encode(errors="ignore")
    return post


async def fuzz(
    service: RunningService, servers: list[Server], seconds: float, dice: random.Random
) -> tuple[Counter[int], float, float]:
    """Statuses, and the workers' memory in MiB after a tenth of the time and at the end."""
    statuses: Counter[int] = Counter()
    began, early = time.monotonic(), 0.0
    makers = [
        (server, server.add_fan() if isinstance(server, WeChatServer) else server.add_member("fuzz"))
        for server in servers
    ]

    async def one() -> None:
        server, person = dice.choice(makers)
        post = hostile(dice, server, person.message("text", Content="报告"))
        answer = await server.post(post)
        statuses[answer.status] += 1
        assert answer.status < 500, (answer.status, post.query, post.body)
        assert b"Traceback" not in answer.body

    while time.monotonic() - began < seconds:
        await asyncio.gather(*(one() for _ in range(16)))
        if not early and time.monotonic() - began > seconds / 10:
            early = _memory(service)
    return statuses, early, _memory(service)


def _memory(service: RunningService) -> float:
    return sum(psutil.Process(pid).memory_full_info().uss for pid in service.workers()) / (1 << 20)


async def play(folder: Path, seconds: float, dice: random.Random) -> tuple[Counter[int], float, float, str]:
    """The same with a service of its own; and what it has logged."""
    async with WeChatServer(WeChatAccount(mode="safe"), now) as wechat, WeComServer(WeComCorp(), now) as wecom:
        service = service_for(wechat, folder)
        service.environment |= {
            "BOT_WECOM_CORPID": wecom.corp.corpid,
            "BOT_WECOM_AGENTID": str(wecom.app.agentid),
            "BOT_WECOM_SECRET": wecom.app.secret,
            "BOT_WECOM_TOKEN": wecom.app.token,
            "BOT_WECOM_AES_KEY": wecom.app.aes_key,
            "BOT_WECOM_API_BASE": wecom.base_url,
            "BOT_RATE_LIMIT": "1000000",
        }
        try:
            await asyncio.to_thread(service.start)
            wechat.account.callback_url = f"{service.url}/wechat"
            wecom.app.callback_url = f"{service.url}/wecom"
            found = await fuzz(service, [wechat, wecom], seconds, dice)
        finally:
            await asyncio.to_thread(service.clear_away)
    return (*found, service.output())


async def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    with tempfile.TemporaryDirectory() as folder:
        statuses, early, late, log = await play(Path(folder), minutes * 60, random.Random(seed))
    print(
        f"{now():%Y-%m-%d}, seed {seed}: {sum(statuses.values())} hostile callbacks in {minutes:g} minutes, statuses "
        f"{dict(sorted(statuses.items()))}; {log.count('Traceback')} stack traces; memory of the workers {early:.0f} MiB "
        f"after a tenth of the time, {late:.0f} MiB at the end."
    )


if __name__ == "__main__":
    asyncio.run(main())
