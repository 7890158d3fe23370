"""What one message fills: the field that is asked, and any other field whose sure signs it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as data_field
from typing import Any

from bot.processes.definition import Field
from bot.processes.fields.base import Context, Filled, NotThis, Reading

_BREAK = re.compile(r"[，,。；;！!\s]+")
_NUMBER_COMMA = re.compile(r"(?<=\d)[,，。](?=\d)")
# Free words, in which the signs of other fields mean nothing (三号楼 of an address).
_FREE = frozenset({"text", "address"})
# Their answers list things: 没有发热、没有咳嗽 is one statement, however it is cut.
_LISTS = frozenset({"choices", "places"})


@dataclass(frozen=True)
class Understood:
    """The values that a message fills, and what stands against reading the asked field when it is not among them."""

    values: Mapping[str, Any] = data_field(default_factory=dict)
    doubt: Reading = NotThis()


def clauses(text: str) -> list[str]:
    """A message cut at punctuation and blanks; `36,5` stays whole."""
    return [part for part in _BREAK.split(_NUMBER_COMMA.sub(".", text)) if part]


def understand(active: Sequence[Field], asked: Field | None, text: str, context: Context) -> Understood:
    """Reads a message. `active` are the fields that apply now; `asked` the one whose question is open, None when no
    single one is (at the start, at the summary)."""
    if not text:
        return Understood()
    if asked is not None and asked.type.name in _FREE:
        reading = asked.type.read(text, asked.spec, context)
        return Understood({asked.name: reading.value}) if isinstance(reading, Filled) else Understood(doubt=reading)
    others = [field for field in active if field is not asked and field.type.name not in _FREE]
    parts = clauses(text)
    own = [part for part in parts if asked is not None and _fills(asked, part, context)]
    values: dict[str, Any] = {}
    rest: list[str] = []
    for part in parts:
        found = _spot(part, [field for field in others if field.type.name not in _LISTS], context)
        values.update(found)
        if part in own or not found:
            rest.append(part)
    listed = _spot("，".join(rest) or text, [field for field in others if field.type.name in _LISTS], context)
    if listed:
        values.update(listed)
        rest = own
    if asked is None or not rest:
        return Understood(values)
    # What no other field has claimed is the answer; said in several clauses it is still one answer. Where the whole makes
    # no sense (没症状 在家里躺着呢), the clauses that are surely about the field do.
    doubt: Reading = NotThis()
    for answer in dict.fromkeys((text if len(rest) == len(parts) else "，".join(rest), "，".join(own))):
        reading = asked.type.read(answer, asked.spec, context) if answer else NotThis()
        if isinstance(reading, Filled):
            return Understood({**values, asked.name: reading.value})
        if isinstance(doubt, NotThis):
            doubt = reading
    return Understood(values, doubt)


def _fills(field: Field, text: str, context: Context) -> bool:
    return isinstance(field.type.spot(text, field.spec, context), Filled)


def _spot(text: str, fields: Sequence[Field], context: Context) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        reading = field.type.spot(text, field.spec, context)
        if isinstance(reading, Filled):
            found[field.name] = reading.value
    return found
