"""A self-built app of a 企业微信 corp as its operator has set it up."""

from __future__ import annotations

from dataclasses import dataclass

from bot.channels.sending import Quota


@dataclass(frozen=True)
class App:
    """`keys`: the EncodingAESKeys, the present one first. `hold`: seconds that the last of `deliveries` waits for its answer.
    `markdown`: notices go out as markdown, which the WeChat plugin does not show."""

    corpid: str
    agentid: int
    secret: str
    token: str
    keys: tuple[str, ...]
    api_base: str = "https://qyapi.weixin.qq.com"
    quotas: tuple[Quota, ...] = ()
    markdown: bool = False
    hold: float = 4.5
    deliveries: int = 3
