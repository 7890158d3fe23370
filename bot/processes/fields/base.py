"""What a field type is: how an answer is read from chat, shown, masked and exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

Option = tuple[str, str]
"""What stands on a button, and the text that is read as the answer when it is pressed."""


@dataclass(frozen=True)
class Choice:
    """One of the answers that a process file allows.

    `words` are further ways of saying it. A text with one of `unless` in it does not mean this choice.
    """

    value: str
    title: str
    words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """What a process file says about one field. Which `options` a type knows stands in that type's docstring."""

    name: str
    label: str
    choices: tuple[Choice, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a reader may know of the world: the local time (aware) and the fever threshold in ℃."""

    now: datetime
    fever: float


@dataclass(frozen=True)
class Filled:
    """The field's value, JSON-serialisable."""

    value: Any


@dataclass(frozen=True)
class Unclear:
    """To be asked back. Each option's text, read as an answer to the same field, fills it."""

    question: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Wrong:
    """An answer that cannot stand: one Chinese sentence with why and an example."""

    reason: str


@dataclass(frozen=True)
class NotThis:
    """Nothing of this type is in the text. No claim that the text is wrong."""


Reading = Filled | Unclear | Wrong | NotThis


class FieldType(Protocol):
    """A kind of field. `read`, `spot`, `show` and `mask` never raise, whatever a person typed."""

    name: str
    example: str

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        """`text` is given as the answer to this field's question."""

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        """`text` is one clause of a longer message, not necessarily about this field: only sure signs count."""

    def options(self, spec: Spec) -> tuple[Option, ...]:
        """The buttons of the question."""
        return tuple((choice.title, choice.title) for choice in spec.choices)

    def show(self, value: Any, spec: Spec) -> str:
        """As its owner sees it in a summary."""

    def mask(self, value: Any, spec: Spec) -> str:
        """As others see it."""
        return self.show(value, spec)

    def export(self, value: Any, spec: Spec) -> str | float | date:
        """As it stands in an Excel cell."""
        return self.show(value, spec)
