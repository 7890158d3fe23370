"""今日汇总, 昨天三网格汇总."""

from __future__ import annotations

from bot.assistant.exact_words.command import Command

COMMANDS: tuple[Command, ...] = ()
