"""发通知, 通知 12, 已阅 12, 催阅 12, 撤回通知 12, and the words under a notice that is being written."""

from __future__ import annotations

import re

from bot.assistant.exact_words.command import NUMBER, WORDS, Command

_WRITE = r"(?P<verb>发(?:一?[个条]|布)?通知)"

COMMANDS = (
    Command("broadcast", re.compile(rf"{_WRITE}(?:{WORDS})?", re.DOTALL)),
    Command("broadcast", re.compile(rf"{_WRITE}给\s*(?P<words>.+)", re.DOTALL)),
    Command("broadcast", re.compile(rf"(?P<verb>通知内容|发给|定时){WORDS}", re.DOTALL)),
    Command("broadcast", re.compile(r"(?P<verb>确认发送|仍然发送|加急发送|修改通知|取消通知|改内容|改对象|改时间)")),
    Command("broadcast", re.compile(r"(?:我的|收到的)?(?P<verb>通知)(?:列表)?")),
    Command("broadcast", re.compile(rf"(?:查看)?(?P<verb>通知)\s*{NUMBER}")),
    Command("broadcast", re.compile(rf"(?P<verb>已阅|催阅|未读名单|撤回通知)(?:\s*{NUMBER})?")),
    Command("broadcast", re.compile(rf"(?P<verb>发更正)(?:\s*{NUMBER}(?:{WORDS})?)?", re.DOTALL)),
)
