"""What a staff member has to do and whom to turn to: 待办, 谁值班, 找物资组."""

from __future__ import annotations

from bot.assistant.exact_words.command import Command

COMMANDS: tuple[Command, ...] = ()
