"""A 公众号 as its operator has set it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.channels.sending import Quota

USUAL_QUOTAS = (Quota("custom", 500_000, "日"), Quota("template", 100_000, "日"))


@dataclass(frozen=True)
class Template:
    """A template of the account: its id, and for each of its fields what stands there, with {text} and {time} to be filled in."""

    id: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Account:
    """`keys`: the EncodingAESKeys, the present one first; none in plain mode. `certified`: may send customer-service messages.
    `hold`: seconds that the last delivery of a callback waits for its answer. `deliveries`: how often the platform delivers.
    `templates` and `notices` (subscription notices) by the purpose that they are for.
    """

    appid: str
    secret: str
    token: str
    keys: tuple[str, ...] = ()
    api_base: str = "https://api.weixin.qq.com"
    certified: bool = True
    hold: float = 4.5
    deliveries: int = 3
    templates: Mapping[str, Template] = field(default_factory=dict)
    notices: Mapping[str, Template] = field(default_factory=dict)
    quotas: tuple[Quota, ...] = USUAL_QUOTAS
