"""The asker's own case: a question that names a place or a temperature is answered for it.

Read from `nlu_data/circumstances/*.yml`. The values are read by the field types of a process, as its form would read them;
the conditions are expressions like those of process files. Pure: the risk list comes with the `World`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from bot.content import content_dir
from bot.errors import ContentError
from bot.processes.definition import Field, Process
from bot.processes.fields.base import Context, Filled, Option, Unclear
from bot.processes.fields.choice import GENERIC
from bot.processes.fields.mentions import Stance, folded, mentions
from bot.processes.fields.origin import Origin, origins
from bot.processes.rules import World, check_expression, holds

DENIED = "denied"
"""What a choice reads as that the question denies: 没去过高风险地区."""

_KEYS = {"process", "fields", "words", "unless", "instead_of", "before", "rules"}
_RULE_KEYS = {"when", "words", "entry", "text", "source"}
_FILLINGS = {"fever", "risk", "inside"}  # what a text may name beside the fields


@dataclass(frozen=True)
class CaseRule:
    """What is told first where `when` holds: `text`, and after it the entry.

    With `words` the rule is for questions that have one of them, or that ask for its own entry anyway. `entry` is the one that goes on from there; with an empty `text` it says all by itself.
    """

    when: str
    words: tuple[str, ...]
    entry: str
    text: str
    source: str


@dataclass(frozen=True)
class Circumstances:
    """What may be read out of a question, and the rules for it.

    Only a question with one of `words` (where there are any) and none of `unless` is looked at. `instead_of` are the entries that give way to the rule's; those of `before` stay, and follow the rule's text.
    """

    fields: tuple[Field, ...]
    words: tuple[str, ...]
    unless: tuple[str, ...]
    instead_of: frozenset[str]
    before: frozenset[str]
    rules: tuple[CaseRule, ...]


@dataclass(frozen=True)
class Case:
    """The rule that holds for a question, the values that it was decided by, and the entry to tell."""

    rule: CaseRule
    fields: tuple[Field, ...]
    values: Mapping[str, Any]
    entry: str


@dataclass(frozen=True)
class UnclearPlace:
    """A place of the question that may be several, or that is too large a one; then there are no options.

    `start` and `end`: where it stands in the normalised question.
    """

    start: int
    end: int
    options: tuple[Option, ...]


def load_circumstances(processes: Mapping[str, Process], folder: Path | None = None) -> tuple[Circumstances, ...]:
    """All circumstances of a folder (by default those of the content).

    Raises:
        ContentError: naming the file and what is wrong.
    """
    found = []
    for path in sorted((folder or content_dir() / "circumstances").glob("*.yml")):
        try:
            found.append(_circumstances(yaml.safe_load(path.read_text(encoding="utf-8")), processes))
        except ContentError as error:
            raise ContentError(f"{path.name}: {error}") from error
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ContentError(f"{path.name}: {error!r}") from error
    return tuple(found)


def cases_of(
    all_circumstances: Iterable[Circumstances], entry: str, question: str, world: World
) -> list[Case] | UnclearPlace:
    """What holds for the case that the question names, when its entry is this one; [] when it names none.

    Several places (从西安和国外回来) are several cases, the one that stands first among the rules first.
    """
    for circumstances in all_circumstances:
        if entry not in circumstances.instead_of | circumstances.before or not _concerns(circumstances, question):
            continue
        read = _read(circumstances, question, world)
        if isinstance(read, UnclearPlace):
            return read if entry in circumstances.instead_of else []
        cases: dict[int, Case] = {}
        for values in read:
            found = _decide(circumstances, entry, question, values, world)
            if found is not None:
                cases.setdefault(*found)
        if cases:
            return [case for _, case in sorted(cases.items(), key=lambda pair: pair[0])]
    return []


def _concerns(circumstances: Circumstances, question: str) -> bool:
    if any(word in question for word in circumstances.unless):
        return False
    return not circumstances.words or any(word in question for word in circumstances.words)


def _decide(
    circumstances: Circumstances, entry: str, question: str, values: Mapping[str, Any], world: World
) -> tuple[int, Case] | None:
    """The rule that counts, with its place in the file: one whose word is said goes before one of the asked entry, and
    both before those for everybody."""
    rules = list(enumerate(circumstances.rules))
    said = [(at, rule) for at, rule in rules if any(word in question for word in rule.words)]
    of_entry = [(at, rule) for at, rule in rules if rule.words and rule.entry == entry]
    for at, rule in [*said, *of_entry, *((at, rule) for at, rule in rules if not rule.words)]:
        if holds(rule.when, values, world):
            told = rule.entry if entry in circumstances.instead_of else entry
            return at, Case(rule, circumstances.fields, values, told)
    return None


def _read(circumstances: Circumstances, question: str, world: World) -> list[dict[str, Any]] | UnclearPlace:
    """The values that the question names, once for each place; [] when it names nothing."""
    values: dict[str, Any] = dict.fromkeys(field.name for field in circumstances.fields)
    places: list[Origin] = []
    place_field = ""
    for field in circumstances.fields:
        if field.type.name == "place":
            places, place_field = origins(question), field.name
        elif field.type.name == "choice":
            try:
                values[field.name] = _choice(field, question)
            except _Unclear:
                return []
        else:
            values[field.name] = _plain(field, question, world)
    unclear = next((place for place in places if not isinstance(place.value, dict)), None)
    if unclear is not None:
        options = unclear.value.options if isinstance(unclear.value, Unclear) else ()
        return UnclearPlace(unclear.start, unclear.end, options)
    if places:
        return [{**values, place_field: place.value} for place in places]
    return [values] if any(value is not None for value in values.values()) else []


def _plain(field: Field, question: str, world: World) -> Any:
    """As the field's answer; what the form would only have confirmed (您是说 37.5 ℃ 吗) is taken."""
    context = Context(now=world.now, fever=world.fever)
    reading = field.type.read(question, field.spec, context)
    if isinstance(reading, Unclear) and len(reading.options) == 1:
        reading = field.type.read(reading.options[0][1], field.spec, context)
    return reading.value if isinstance(reading, Filled) else None


def _choice(field: Field, question: str) -> str | None:
    """The choice that the question names, DENIED, or None where it names none.

    Raises:
        _Unclear: it names several, or affirms and denies (南京有中风险，但我没住在中风险那块).
    """
    named = [m for m in mentions(folded(question), field.spec.choices) if len(m.word) > 1 and m.word not in GENERIC]
    # a supposition (要是从高风险地区回来) asks for the same rule as a statement
    read = {DENIED if m.stance is Stance.DENIED else m.choice.value for m in named}
    if len(read) > 1:
        raise _Unclear
    return read.pop() if read else None


class _Unclear(Exception):
    """The question names a case, but which one cannot be told: the entry answers it as it stands."""


def _circumstances(raw: Any, processes: Mapping[str, Process]) -> Circumstances:
    _keys("the file", raw, _KEYS, {"process", "fields", "rules"})
    process = processes.get(str(raw["process"]))
    if process is None:
        raise ContentError(f"no process is called {raw['process']}")
    unknown = [name for name in raw["fields"] if name not in process.by_name]
    if unknown:
        raise ContentError(f"{process.id} has no field {', '.join(unknown)}")
    names = set(raw["fields"])
    rules = []
    for one in raw["rules"]:
        _keys("a rule", one, _RULE_KEYS, {"when", "entry"} | ({"source"} if "text" in one else set()))
        check_expression(str(one["when"]), names)
        strange = {key for _, key, _, _ in Formatter().parse(str(one.get("text", ""))) if key} - names - _FILLINGS
        if strange:
            raise ContentError(f"a text names {', '.join(sorted(strange))}, which is no field")
        rules.append(
            CaseRule(
                str(one["when"]),
                tuple(map(str, one.get("words", ()))),
                str(one["entry"]),
                str(one.get("text", "")).strip(),
                str(one.get("source", "")).strip(),
            )
        )
    return Circumstances(
        tuple(process.by_name[name] for name in raw["fields"]),
        tuple(map(str, raw.get("words", ()))),
        tuple(map(str, raw.get("unless", ()))),
        frozenset(map(str, raw.get("instead_of", ()))),
        frozenset(map(str, raw.get("before", ()))),
        tuple(rules),
    )


def _keys(where: str, raw: Any, allowed: set[str], needed: set[str]) -> None:
    if not isinstance(raw, Mapping):
        raise ContentError(f"{where}: not a mapping of names to values")
    if unknown := set(raw) - allowed:
        raise ContentError(f"{where}: {', '.join(sorted(unknown))} is not known")
    if missing := needed - set(raw):
        raise ContentError(f"{where}: {', '.join(sorted(missing))} is missing")
