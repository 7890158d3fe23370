"""Process definitions: what a form asks, when it alarms, what it tells; read from `nlu_data/processes/*.yml`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Formatter
from typing import Any, Literal

import yaml

from bot.content import content_dir
from bot.errors import ContentError
from bot.processes.duties import (
    Check,
    Cluster,
    FollowUp,
    Reminder,
    SummaryTime,
    read_check,
    read_cluster,
    read_follow_up,
    read_reminder,
    read_summary,
)
from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Choice, FieldType, Spec
from bot.processes.rules import check_expression

Level = Literal["urgent", "watch"]
_SHORT = 6


@dataclass(frozen=True)
class Field:
    """One thing that a process collects.

    `when` is an expression: the field is asked only while it holds. `words` are what people call it (改体温 36.8).
    `prefill` names what the roster knows already (name, phone): then it is not asked. `source` names where the choices
    come from when they are not written in the file (`grids`: the grids of the org tree).
    """

    spec: Spec
    type: FieldType
    ask: str
    words: tuple[str, ...] = ()
    when: str | None = None
    private: bool = False
    prefill: str | None = None
    source: str | None = None

    @property
    def name(self) -> str:
        """The field's name in the file, in records and in rules."""
        return self.spec.name

    @property
    def label(self) -> str:
        """What the field is called on the screen."""
        return self.spec.label

    @property
    def short(self) -> str:
        """What it is called on a button and in a change (改接触史): the label, or the first of `words` where that is long."""
        return self.label if len(self.label) <= _SHORT or len(self.words) < 2 else self.words[1]


@dataclass(frozen=True)
class Shortcut:
    """A word that fills several fields at once. `skips` are fields left empty by it (体温 of 一切正常)."""

    title: str
    words: tuple[str, ...]
    values: Mapping[str, Any]
    skips: tuple[str, ...] = ()


@dataclass(frozen=True)
class AlertRule:
    """When the staff in charge are alerted. `text` is what they read; `advice` what the person reads."""

    id: str
    when: str
    level: Level
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Measure:
    """What applies to a person by a plan's rule: told at the end, with its source."""

    id: str
    when: str
    text: str
    source: str
    follow_up: FollowUp | None = None


@dataclass(frozen=True)
class Process:
    """A process that collects something."""

    id: str
    title: str
    short: str
    fields: tuple[Field, ...]
    start_words: tuple[str, ...]
    start_asks: tuple[str, ...]
    version: str
    unbound: bool = False
    once_a_day: bool = False
    shortcuts: tuple[Shortcut, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    measures: tuple[Measure, ...] = ()
    checks: tuple[Check, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    summaries: tuple[SummaryTime, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    told: str = "已收到，谢谢您的配合。"
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {f.name: f for f in self.fields})

    @property
    def form(self) -> str:
        """The name of the Rasa form."""
        return f"{self.id}_form"

    @property
    def start_intent(self) -> str:
        """The intent that opens the form."""
        return f"start_{self.id}"

    def slot(self, name: str) -> str:
        """The Rasa slot of a field, or of the draft (`draft`)."""
        return f"{self.id}__{name}"

    def with_choices(self, choices: Mapping[str, tuple[Choice, ...]]) -> Process:
        """The same process, with the choices of fields whose `source` is a key of `choices`."""
        return replace(
            self,
            fields=tuple(
                replace(f, spec=replace(f.spec, choices=choices[f.source])) if f.source and f.source in choices else f
                for f in self.fields
            ),
        )


def load_processes(folder: Path | None = None) -> dict[str, Process]:
    """All processes of a folder (by default those of the content) by id.

    Raises:
        ContentError: a file is wrong, or two have the same id.
    """
    processes: dict[str, Process] = {}
    for path in sorted((folder or content_dir() / "processes").glob("*.yml")):
        process = read_process(path)
        if process.id in processes:
            raise ContentError(f"{path.name}: process {process.id} stands in two files")
        processes[process.id] = process
    return processes


def read_process(path: Path) -> Process:
    """One process from its file.

    Raises:
        ContentError: naming the file and what is wrong.
    """
    text = path.read_text(encoding="utf-8")
    try:
        raw = yaml.safe_load(text)
        process = _process(raw, hashlib.sha256(text.encode()).hexdigest()[:12])
        _check(process)
    except ContentError as error:
        raise ContentError(f"{path.name}: {error}") from error
    except yaml.YAMLError as error:
        raise ContentError(f"{path.name}: no YAML: {error}") from error
    return process


_PROCESS_KEYS = frozenset(
    "process title short unbound once_a_day start fields shortcuts alerts measures told "
    "checks reminders summaries clusters".split()
)
_FIELD_KEYS = frozenset("name label type words ask options choices when private prefill source".split())


def _process(raw: Any, version: str) -> Process:
    _keys(raw, "the file", _PROCESS_KEYS, ("process", "title", "start", "fields"))
    start = raw["start"]
    _keys(start, "start", {"words", "asks"}, ("words", "asks"))
    for kind in ("fields", "shortcuts", "alerts", "measures", "checks", "reminders", "summaries", "clusters"):
        if not isinstance(raw.get(kind, []), list):
            raise ContentError(f"{kind} is a list")
    for one in raw.get("shortcuts", ()):
        _keys(one, "a shortcut", {"title", "words", "values", "skips"}, ("title", "words", "values"))
    for one in raw.get("alerts", ()):
        _keys(one, "an alert", {"id", "when", "level", "text", "advice"}, ("id", "when", "level", "text"))
    for one in raw.get("measures", ()):
        _keys(one, "a measure", {"id", "when", "text", "source", "followup"}, ("id", "when", "text", "source"))
    return Process(
        id=str(raw["process"]),
        title=str(raw["title"]),
        short=str(raw.get("short") or raw["title"]),
        fields=tuple(_field(one) for one in raw["fields"]),
        start_words=_texts(start["words"]),
        start_asks=_texts(start["asks"]),
        version=version,
        unbound=bool(raw.get("unbound", False)),
        once_a_day=bool(raw.get("once_a_day", False)),
        shortcuts=tuple(
            Shortcut(str(s["title"]), _texts(s["words"]), dict(s["values"]), _texts(s.get("skips", [])))
            for s in raw.get("shortcuts", ())
        ),
        alerts=tuple(
            AlertRule(
                str(a["id"]), str(a["when"]), a["level"], str(a["text"]).strip(), str(a.get("advice", "")).strip()
            )
            for a in raw.get("alerts", ())
        ),
        measures=tuple(
            Measure(
                str(m["id"]),
                str(m["when"]),
                str(m["text"]).strip(),
                str(m["source"]).strip(),
                read_follow_up(m["followup"]) if "followup" in m else None,
            )
            for m in raw.get("measures", ())
        ),
        checks=tuple(map(read_check, raw.get("checks", ()))),
        reminders=tuple(map(read_reminder, raw.get("reminders", ()))),
        summaries=tuple(map(read_summary, raw.get("summaries", ()))),
        clusters=tuple(map(read_cluster, raw.get("clusters", ()))),
        told=str(raw.get("told") or Process.told).strip(),
    )


def _field(raw: Any) -> Field:
    name = raw.get("name", "?") if isinstance(raw, Mapping) else "?"
    _keys(raw, f"field {name}", _FIELD_KEYS, ("name", "label", "type", "ask"))
    kind = str(raw["type"])
    if kind not in FIELD_TYPES:
        raise ContentError(f"field {name}: no field type {kind!r}; there are {', '.join(sorted(FIELD_TYPES))}")
    for one in raw.get("choices", ()):
        _keys(one, f"field {name}: a choice", {"value", "title", "words", "unless"}, ("value", "title"))
    choices = tuple(
        Choice(str(c["value"]), str(c["title"]), _texts(c.get("words", [])), _texts(c.get("unless", [])))
        for c in raw.get("choices", ())
    )
    if kind in ("choice", "choices") and not choices and not raw.get("source"):
        raise ContentError(f"field {name}: choices or source is missing")
    if len({choice.value for choice in choices}) != len(choices):
        raise ContentError(f"field {name}: two choices have the same value")
    return Field(
        spec=Spec(str(name), str(raw["label"]), choices, dict(raw.get("options", {}))),
        type=FIELD_TYPES[kind],
        ask=str(raw["ask"]).strip(),
        words=(str(raw["label"]), *_texts(raw.get("words", []))),
        when=str(raw["when"]) if raw.get("when") else None,
        private=bool(raw.get("private", False)),
        prefill=raw.get("prefill"),
        source=raw.get("source"),
    )


def _keys(raw: Any, where: str, allowed: Collection[str], needed: Iterable[str]) -> None:
    """Refuses what is no mapping, lacks a key, or has one that nobody would read (a slip of the pen)."""
    if not isinstance(raw, Mapping):
        raise ContentError(f"{where}: not a mapping of names to values")
    missing = [key for key in needed if raw.get(key) in (None, "", [], {})]
    if missing:
        raise ContentError(f"{where}: {', '.join(missing)} is missing")
    unknown = sorted(str(key) for key in set(raw) - set(allowed))
    if unknown:
        raise ContentError(f"{where}: {', '.join(unknown)} is not known; there are {', '.join(sorted(allowed))}")


def _check(process: Process) -> None:
    names = {f.name for f in process.fields}
    if len(names) != len(process.fields):
        raise ContentError("a field name stands twice")
    whens = {f"field {f.name}": f.when for f in process.fields if f.when}
    whens |= {f"alert {rule.id}": rule.when for rule in process.alerts}
    whens |= {f"measure {rule.id}": rule.when for rule in process.measures}
    for where, when in whens.items():
        try:
            check_expression(when, names)
        except ContentError as error:
            raise ContentError(f"{where}: {error}") from error
    for alert in process.alerts:
        if alert.level not in ("urgent", "watch"):
            raise ContentError(f"alert {alert.id}: level is urgent or watch, not {alert.level!r}")
        _known(f"alert {alert.id}", {key for _, key, _, _ in Formatter().parse(alert.text) if key}, names)
    for shortcut in process.shortcuts:
        where = f"shortcut {shortcut.title}"
        _known(where, {*shortcut.values, *shortcut.skips}, names)
        for name, value in shortcut.values.items():
            choices = {choice.value for choice in process.by_name[name].spec.choices}
            said = value if isinstance(value, list) else [value]
            if choices and not choices.issuperset(said):
                raise ContentError(f"{where}: {name} has no choice {value!r}")
    _check_duties(process, names)
    for f in process.fields:
        _known(f"field {f.name}: pair", {f.spec.options["pair"]} if "pair" in f.spec.options else set(), names)


def _check_duties(process: Process, names: set[str]) -> None:
    checks, rules = {check.id for check in process.checks}, {rule.id for rule in process.alerts}
    for reminder in process.reminders:
        if reminder.check not in checks:
            raise ContentError(f"a reminder is about the check {reminder.check!r}, which there is not")
    for cluster in process.clusters:
        if unknown := sorted(set(cluster.rules) - rules):
            raise ContentError(f"cluster {cluster.id}: no alert is called {', '.join(unknown)}")
        _known(f"cluster {cluster.id}", {cluster.alike} - {""}, names)
    for measure in process.measures:
        if measure.follow_up:
            _known(f"measure {measure.id}", {measure.follow_up.since} - {""}, names)


def _known(where: str, said: set[str], names: set[str]) -> None:
    unknown = said - names
    if unknown:
        raise ContentError(f"{where}: no field is called {', '.join(sorted(unknown))}")


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, (list, tuple)):
        raise ContentError(f"{values!r} should be a list")
    return tuple(dict.fromkeys(str(value).strip() for value in values))
