"""A class, a team or a family is reported at once: 全班正常, 三班 到42 缺1 …."""

from __future__ import annotations

from bot.assistant.exact_words.command import Command

COMMANDS: tuple[Command, ...] = ()
