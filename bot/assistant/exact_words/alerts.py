"""收到 A7K2, 已处理 A7K2, 查看 A7K2, 待处理."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import Command

COMMANDS = (
    Command(
        "handle_alert",
        re.compile(r"(?P<verb>收到|已处理|处理完|查看|打开)\s*[#＃]?\s*(?P<code>[A-Z0-9]{4})", re.IGNORECASE),
    ),
    Command("handle_alert", re.compile(r"(?P<verb>收到|已处理|待处理)")),
    Command("handle_alert", re.compile(r"(?P<verb>待处理)(?:预警|的预警)?")),
)
