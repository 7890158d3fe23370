"""A corp on 企业微信 with its apps as the console shows them, and the switches for what the documentation leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.platforms.callback_rules import CallbackRules


@dataclass
class WeComApp:
    """A self-built app. `visible` are the members in its range, None for all; `reports_entering`: enter_agent is on."""

    agentid: int = 1_000_002
    name: str = "网格小助手"
    secret: str = "5ecretOfTheApp" * 3
    token: str = "simulatedapptoken"
    aes_key: str = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
    previous_aes_key: str = ""
    callback_url: str = ""
    visible: set[str] | None = None
    reports_entering: bool = True
    disabled: bool = False


@dataclass
class WeComCorp:
    """The switches may be changed while the server runs.

    `trusted_ips` None lets everybody call. `login_domain`: where login may lead back to, empty for anywhere.
    `account_limit`: members that the corp may have; the app messages of a day are 200 times as many.
    `member_minute` and `member_hour`: what one member gets from one app, the rest is dropped without a word.
    `calls_minute`, `calls_hour`: for each API of the corp; `parallel`: calls at the same time of one API, 0 for any number.
    `list_limit`: the largest answer of user/list.
    open in the documentation: `response_code_hours` (72 or 24), `used_response_code` (what a used or expired one answers),
    `misspelled_options` (OpitonIds in callbacks).
    """

    corpid: str = "ww0123456789abcdef"
    apps: list[WeComApp] = field(default_factory=lambda: [WeComApp()])
    callbacks: CallbackRules = field(default_factory=CallbackRules)
    trusted_ips: set[str] | None = None
    login_domain: str = ""
    account_limit: int = 10_000
    member_minute: int = 30
    member_hour: int = 1_000
    calls_minute: int = 10_000
    calls_hour: int = 150_000
    parallel: int = 0
    list_limit: int = 10_000
    response_code_hours: float = 72
    used_response_code: int = 42022
    misspelled_options: bool = False
