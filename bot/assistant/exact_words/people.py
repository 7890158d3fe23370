"""Staff look after the roster: 查 张三, 邀请码 张三; everybody looks after their own data: 我的数据."""

from __future__ import annotations

from bot.assistant.exact_words.command import Command

COMMANDS: tuple[Command, ...] = ()
