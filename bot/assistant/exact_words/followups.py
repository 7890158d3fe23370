"""随访, 随访 12 36.5 正常, 核酸 12 1 阴性, 解除 12."""

from __future__ import annotations

from bot.assistant.exact_words.command import Command

COMMANDS: tuple[Command, ...] = ()
