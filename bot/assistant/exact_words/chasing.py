"""谁还没报, 催一下, 零报告."""

from __future__ import annotations

from bot.assistant.exact_words.command import Command

COMMANDS: tuple[Command, ...] = ()
