"""Free text."""

from __future__ import annotations

from typing import Any

from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Wrong
from bot.processes.normal import strip_invisible


class Text(FieldType):
    """Value: what was typed, without control characters. Option: `max_length` (200)."""

    name = "text"
    example = "探望父母"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = strip_invisible(text)
        longest = int(spec.options.get("max_length", 200))
        if not said:
            return NotThis()
        if len(said) > longest:
            return Wrong(f"最多写 {longest} 个字，您写了 {len(said)} 个，请写短一些，例如：{self.example}")
        return Filled(said)

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        """Only after the label and a colon: 原因：探望父母."""
        said = strip_invisible(text)
        for colon in ("：", ":"):
            head = spec.label + colon
            if spec.label and said.startswith(head):
                return self.read(said.removeprefix(head), spec, context)
        return NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return str(value)


TEXT = Text()
