"""收到 A7K2, 处理中 A7K2 …, 转给 A7K2 李四, 备注 A7K2 …, 上报 A7K2, 已处理 A7K2 …, 重新打开 A7K2, 预警, 预警记录 A7K2."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import Command

_CODE = r"[#＃]?\s*(?P<code>[A-Z0-9]{4})"
_LATER = r"[\s:：,，]*(?P<words>\S.*)"  # a code has four signs, so that words may follow it at once

COMMANDS = (
    Command(
        "handle_alert",
        re.compile(rf"(?P<verb>收到|已处理|处理完|查看|打开|处理中|上报|重新打开|预警记录)\s*{_CODE}", re.IGNORECASE),
    ),
    Command(
        "handle_alert",
        re.compile(rf"(?P<verb>已处理|处理完|处理中|转给|备注|结果)\s*{_CODE}{_LATER}", re.IGNORECASE | re.DOTALL),
    ),
    Command("handle_alert", re.compile(rf"(?P<verb>转给|备注|结果)(?:\s*{_CODE})?", re.IGNORECASE)),
    Command("handle_alert", re.compile(r"(?P<verb>收到|已处理|处理中|待处理|预警|预警列表)")),
    Command("handle_alert", re.compile(r"(?P<verb>待处理)(?:预警|的预警)?")),
)
