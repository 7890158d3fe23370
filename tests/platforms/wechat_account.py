"""A 公众号 as its console shows it, and the switches for what the documentation leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tests.platforms.callback_rules import CallbackRules
from tests.platforms.windows import Reading

Mode = Literal["plain", "compatible", "safe"]


@dataclass
class WeChatAccount:
    """The switches may be changed while the server runs.

    identity: `original_id` is what messages carry; `previous_aes_key` still opens replies during a change of keys.
    `json`: callbacks and replies are JSON instead of XML.
    templates: `templates` and `notice_templates` map a template id to its fields; the former for template messages, the
    latter for subscription notices (field names like thing1, time2).
    callers: `allowed_ips` None lets everybody call; `confirm_caller` 89503, 89506 or 89507 refuses token calls.
    open in the documentation: `windows`, `passive_reply_counts`, `payment_messages` (None: any number),
    `old_token_seconds`, `custom_text_bytes`, `field_rules` (lengths of a notice's fields are checked),
    `template_key_seconds` (how long client_msg_id suppresses doubles; 0: never).
    `job_events`: when TEMPLATESENDJOBFINISH, MASSSENDJOBFINISH and subscribe_msg_sent_event are delivered.
    """

    appid: str = "wxb1c2d3e4f5061728"
    secret: str = "5ecre7" * 5 + "ab"
    original_id: str = "gh_0a1b2c3d4e5f"
    token: str = "simulatedtoken"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    previous_aes_key: str = ""
    mode: Mode = "plain"
    json: bool = False
    callback_url: str = ""
    callbacks: CallbackRules = field(default_factory=CallbackRules)
    kind: Literal["service", "subscription"] = "service"
    certified: bool = True

    templates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    restricted_templates: set[str] = field(default_factory=set)
    marketing_templates: set[str] = field(default_factory=set)
    notice_templates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    oauth_domain: str = ""
    """Where login may lead back to; empty: anywhere."""

    allowed_ips: set[str] | None = None
    confirm_caller: int = 0
    secret_frozen: bool = False
    banned_paths: set[str] = field(default_factory=set)
    day_quotas: dict[str, int] = field(default_factory=dict)
    minute_quotas: dict[str, int] = field(default_factory=dict)

    windows: Reading = "last"
    passive_reply_counts: bool = False
    payment_messages: int | None = None
    old_token_seconds: float = 300
    custom_text_bytes: int = 2_048
    field_rules: bool = True
    template_key_seconds: float = 600
    job_events: Literal["queued", "before", "after", "never"] = "queued"
