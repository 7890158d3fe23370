"""What one message fills: the field that is asked, and any other field whose sure signs it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as data_field
from typing import Any

from bot.processes.definition import Field, Process
from bot.processes.fields.base import Context, Filled, NotThis, Reading, Unclear, Wrong
from bot.processes.fields.choice import GENERIC
from bot.processes.fields.mentions import folded, mentions
from bot.processes.rules import World, holds

_SENTENCE = re.compile(r"[，,。；;！!]+")
_BREAK = re.compile(r"[，,。；;！!\s]+")
# 36,5 and 36。5 are temperatures; 36.5,13812345678 is two answers.
_NUMBER_COMMA = re.compile(r"(?<![\d.])([34]\d)[,，。](\d)(?!\d)")
# Free words, in which the signs of other fields mean nothing (三号楼 of an address).
_FREE = frozenset({"text", "address"})
# Their answers list things: 没有发热、没有咳嗽 is one statement, however it is cut.
_LISTS = frozenset({"choices", "places"})
# Of two fields of one family, a clause can be meant for one only.
_FAMILIES = ({"place", "places"}, {"date", "when"}, {"choice"}, {"count"})
# Read by their form alone, which a blank may cut: 从陕西 西安 回来, 昨天 下午 到的.
_PHRASES = frozenset({"place", "places", "date", "when", "transport"})

# Where a voice clause without punctuation is cut: before the words of another field, with what leads up to them.
_TEMPERATURE_MARK = re.compile(
    r"(?<![0-9.])[34][0-9](?:[.点度][0-9半]|度)|[三四]十[一二三四五六七八九]?[点度][零一二三四五六七八九半]?"
)
_LEAD = re.compile(
    r"(?:没有|没|无|未|不|也|都是|都|是|现在|目前|今天|我|人|有点|有些|有|还|和|然后|另外|就|身体|一直|从来|在|的)*$"
)
# 没接触过发热的人, 没去过高风险地区: what follows is the object of the verb, not another answer.
_TAKES_OBJECT = re.compile(r"(?:接触|去|到|途经|见|来自|经过|路过)(?:过|了|的)?$")
_OWN_BEGIN = re.compile(r"在|没|无|不|人|我|健康码|行程|体温|[0-9三四]")
_BOTH = re.compile(r"都|两|俩|双|全")


@dataclass(frozen=True)
class Understood:
    """What a message fills. `doubt` stands against reading the asked field when it is not among the values; `doubts` are
    other fields that the message surely speaks of, and not plainly enough."""

    values: Mapping[str, Any] = data_field(default_factory=dict)
    doubt: Reading = NotThis()
    doubts: Mapping[str, Unclear | Wrong] = data_field(default_factory=dict)


def field_context(world: World) -> Context:
    """What field types may know of the world."""
    return Context(now=world.now, fever=world.fever)


def active_fields(process: Process, values: Mapping[str, Any], world: World) -> list[Field]:
    """The fields that are to be asked with these values, in the file's order."""
    known = {name: values.get(name) for name in process.by_name}
    return [field for field in process.fields if not field.when or holds(field.when, known, world)]


def clauses(text: str) -> list[str]:
    """A message cut at punctuation and blanks; `36,5` stays whole."""
    return [part for part in _BREAK.split(_NUMBER_COMMA.sub(r"\1.\2", text)) if part]


def understand(process: Process, values: Mapping[str, Any], asked: Field | None, text: str, world: World) -> Understood:
    """Reads a message. `values` are those filled before; `asked` is the field whose question is open, None when no
    single one is (at the start, at the summary)."""
    if not text:
        return Understood()
    active = active_fields(process, values, world)
    while True:
        understood = _read(active, asked, text, field_context(world))
        # 从郑州高风险区回来: the risk is a question only once the place is known.
        now_active = active_fields(process, {**values, **understood.values}, world)
        wider = [field for field in process.fields if field in active or field in now_active]
        if len(wider) == len(active):
            kept = {name: value for name, value in understood.values.items() if process.by_name[name] in now_active}
            return replace(understood, values=kept)
        active = wider


def _read(active: Sequence[Field], asked: Field | None, text: str, context: Context) -> Understood:
    if asked is not None and asked.type.name in _FREE:
        reading = asked.type.read(text, asked.spec, context)
        return Understood({asked.name: reading.value}) if isinstance(reading, Filled) else Understood(doubt=reading)
    fields = [field for field in active if field.type.name not in _FREE]
    sentences = [one.strip() for one in _SENTENCE.split(_NUMBER_COMMA.sub(r"\1.\2", text)) if one.strip()]
    pieces = [piece for sentence in sentences for part in sentence.split() for piece in _cut(part, fields)]
    values: dict[str, Any] = {}
    doubts: dict[str, Unclear | Wrong] = {}
    own: list[str] = []
    rest: list[str] = []
    for piece in pieces:
        both = _pair(piece, fields, asked, context)
        if both:
            values.update(both)
            continue
        mine = asked is not None and _claims(asked, piece, fields, context)
        readings = _spotted(piece, _rivals_out(fields, asked, mine), context)
        found = {name: reading.value for name, reading in readings.items() if isinstance(reading, Filled)}
        values.update(found)
        if mine:
            own.append(piece)
        if mine or not found:
            rest.append(piece)
        if not mine and not found:
            doubts.update({n: r for n, r in readings.items() if isinstance(r, (Unclear, Wrong)) and n not in doubts})
    rest = _take_lists(rest, own, fields, asked, values, doubts, context)
    _take_phrases(sentences, fields, asked, values, context)
    doubts = {name: reading for name, reading in doubts.items() if name not in values}
    if asked is None or not rest or asked.name in values:
        return Understood(values, doubts=doubts)
    # What no other field has claimed is the answer; said in several clauses it is still one answer. Where the whole makes
    # no sense (没症状 在家里躺着呢), the clauses that are surely about the field do.
    doubt: Reading = NotThis()
    untouched = len(rest) == len(pieces) == len(clauses(text)) and asked.type.name not in _LISTS
    whole = text if untouched else "，".join(rest)
    for answer in dict.fromkeys((whole, "，".join(own))):
        reading = asked.type.read(answer, asked.spec, context) if answer else NotThis()
        if isinstance(reading, Filled):
            return Understood({**values, asked.name: reading.value}, doubts=doubts)
        if isinstance(doubt, NotThis):
            doubt = reading
    return Understood(values, doubt, doubts)


# ── whose a piece is ────────────────────────────────────────────────────────────────────────────────────────────────


def _claims(asked: Field, piece: str, fields: Iterable[Field], context: Context) -> bool:
    """Whether the piece is the asked field's by its own sure signs, or by being a plain answer where others only guess."""
    if isinstance(asked.type.spot(piece, asked.spec, context), Filled):
        return True
    if asked.type.name not in ("choice", "person_name", "place", "places", "date", "when"):
        return False
    if any(word in piece for field in fields if field is not asked for word in _names(field)):
        return any(word in piece for word in _names(asked)) and _fills(asked, piece, context)
    return _fills(asked, piece, context)


def _fills(field: Field, text: str, context: Context) -> bool:
    return isinstance(field.type.read(text, field.spec, context), Filled)


def _names(field: Field) -> tuple[str, ...]:
    return tuple(word for word in field.words if len(word) > 1)


def _rivals_out(fields: Sequence[Field], asked: Field | None, mine: bool) -> list[Field]:
    """The fields that may be spotted in a piece beside the asked one."""
    others = [field for field in fields if field is not asked and field.type.name != "choices"]
    if not mine or asked is None:
        return others
    if asked.type.name == "person_name":
        return []
    family = next((family for family in _FAMILIES if asked.type.name in family), set())
    return [field for field in others if field.type.name not in family]


def _spotted(piece: str, fields: Iterable[Field], context: Context) -> dict[str, Reading]:
    return {field.name: _spot(field, piece, context) for field in fields}


def _spot(field: Field, piece: str, context: Context) -> Reading:
    reading = field.type.spot(piece, field.spec, context)
    if not isinstance(reading, NotThis):
        return reading
    # 核酸没做, 接触史无: after the field's own name, what is said is its answer.
    for word in sorted(_names(field), key=len, reverse=True):
        if piece.startswith(word):
            after = re.sub(r"^[\s:：]*(?:是|为)?", "", piece[len(word) :])
            named = field.type.read(after, field.spec, context) if after else NotThis()
            return named if isinstance(named, Filled) else NotThis()
    return NotThis()


def _pair(piece: str, fields: Sequence[Field], asked: Field | None, context: Context) -> dict[str, Any]:
    """两个都绿, 健康码行程卡都是绿的: one answer to both fields of a pair (option `pair` of the first)."""
    for field in fields:
        other = next((one for one in fields if one.name == field.spec.options.get("pair")), None)
        if other is None or not _BOTH.search(piece):
            continue
        named = [one for one in (field, other) if any(word in piece for word in _names(one))]
        if len(named) == 1 or (not named and asked not in (field, other)):
            continue
        plain = piece
        for word in sorted((*_names(field), *_names(other)), key=len, reverse=True):
            plain = plain.replace(word, "")
        readings = [one.type.read(plain, one.spec, context) for one in (field, other)]
        if all(isinstance(reading, Filled) for reading in readings):
            return {
                one.name: reading.value
                for one, reading in zip((field, other), readings, strict=True)
                if isinstance(reading, Filled)
            }
    return {}


def _take_lists(
    rest: list[str],
    own: list[str],
    fields: Sequence[Field],
    asked: Field | None,
    values: dict[str, Any],
    doubts: dict[str, Unclear | Wrong],
    context: Context,
) -> list[str]:
    """Fills the fields whose answers list things from the pieces that speak of them; what is left is returned."""
    for field in fields:
        if field is asked or field.type.name != "choices":
            continue
        about = [piece for piece in rest if piece not in own and _speaks(field, piece, context)]
        reading = field.type.spot("，".join(about), field.spec, context) if about else NotThis()
        if isinstance(reading, NotThis):
            continue
        if isinstance(reading, Filled):
            values[field.name] = reading.value
        else:
            doubts[field.name] = reading
        rest = [piece for piece in rest if piece not in about]
    return rest


def _speaks(field: Field, piece: str, context: Context) -> bool:
    if not isinstance(field.type.spot(piece, field.spec, context), NotThis):
        return True
    return any(m.word not in GENERIC for m in mentions(folded(piece), field.spec.choices))


def _take_phrases(
    sentences: Sequence[str], fields: Sequence[Field], asked: Field | None, values: dict[str, Any], context: Context
) -> None:
    """Fills places, days and rides that only a whole sentence with blanks in it says."""
    for sentence in sentences:
        if " " not in sentence:
            continue
        for field in fields:
            if field is asked or field.name in values or field.type.name not in _PHRASES:
                continue
            reading = field.type.spot(sentence, field.spec, context)
            if isinstance(reading, Filled):
                values[field.name] = reading.value


# ── cutting a clause without punctuation ────────────────────────────────────────────────────────────────────────────


def _cut(clause: str, fields: Sequence[Field]) -> list[str]:
    """三十六度五没有症状在家绿码 → 三十六度五, 没有症状, 在家, 绿码. A clause of one field stays whole."""
    names = {folded(word) for field in fields for word in field.words}
    # 昨天做的核酸: a field's name at the end has no answer after it, it belongs to what stands before.
    marks = [mark for mark in _marks(clause, fields) if mark[1] < len(clause) or clause[mark[0] :] not in names]
    cuts = [0]
    for (_, before_end, before), (start, _, owners) in zip([(0, 0, frozenset[str]()), *marks], marks, strict=False):
        if before & owners:
            continue
        lead = _LEAD.search(clause[before_end:start])
        at = before_end + (lead.start() if lead else start - before_end)
        if at > cuts[-1] and not (_TAKES_OBJECT.search(clause[:at]) and not _OWN_BEGIN.match(clause[at:])):
            cuts.append(at)
    return [clause[a:b] for a, b in zip(cuts, [*cuts[1:], len(clause)], strict=True)]


def _marks(clause: str, fields: Sequence[Field]) -> list[tuple[int, int, frozenset[str]]]:
    """Start, end and owners of every word in the clause that belongs to a field; of words that overlap the longest."""
    found: dict[tuple[int, int], set[str]] = {}
    said = folded(clause)
    if len(said) != len(clause):
        return []
    for field in fields:
        for word in _own_words(field):
            for match in re.finditer(re.escape(word), said):
                found.setdefault(match.span(), set()).add(field.name)
        if field.type.name == "temperature":
            for match in _TEMPERATURE_MARK.finditer(said):
                found.setdefault(match.span(), set()).add(field.name)
    kept: list[tuple[int, int, frozenset[str]]] = []
    for (start, end), owners in sorted(found.items(), key=lambda item: (item[0][0] - item[0][1], item[0][0])):
        if all(end <= a or start >= b for a, b, _ in kept):
            kept.append((start, end, frozenset(owners)))
    return sorted(kept)


def _own_words(field: Field) -> set[str]:
    said = [*field.words]
    for choice in field.spec.choices:
        said += [choice.title, *choice.words]
    for key in ("yes_words", "no_words"):
        said += field.spec.options.get(key, ())
    return {folded(word) for word in said if len(word) > 1 and word not in GENERIC}
