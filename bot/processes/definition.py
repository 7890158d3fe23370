"""Process definitions: what a form asks, when it alarms, what it tells; read from `nlu_data/processes/*.yml`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from typing import Any, Literal

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
from bot.processes.mistakes import Mistakes, at, each, keys, load, one_of, texts, told
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
            raise ContentError(f"{path.name} 的 process 名字 {process.id} 别的文件已经用了")
        processes[process.id] = process
    return processes


def read_process(path: Path) -> Process:
    """One process from its file.

    Raises:
        ContentError: with all its mistakes, a line each: the file, the line, the place, and what is wrong, in Chinese.
    """
    text = path.read_text(encoding="utf-8")
    try:
        process = _process(load(text), hashlib.sha256(text.encode()).hexdigest()[:12])
        _check(process)
    except ContentError as error:
        raise ContentError("\n".join(f"{path.name} {line}" for line in told(text, error))) from error
    return process


_PROCESS_KEYS = frozenset(
    "process title short unbound once_a_day start fields shortcuts alerts measures told "
    "checks reminders summaries clusters".split()
)
_FIELD_KEYS = frozenset("name label type words ask options choices when private prefill source".split())
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _process(raw: Any, version: str) -> Process:
    wrong = Mistakes()
    with wrong.kept():
        keys(raw, _PROCESS_KEYS, ("process", "title", "start", "fields"))
    wrong.tell()
    if not _NAME.fullmatch(str(raw["process"])):
        wrong.add("process 是英文小写字母、数字和下划线组成的名字，例如 visitor_register", "process")
    start: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    with wrong.kept(), at("start"):
        keys(raw["start"], {"words", "asks"}, ("words", "asks"))
        start = texts(raw["start"], "words"), texts(raw["start"], "asks")
    parts: dict[str, tuple[Any, ...]] = {}
    for kind, read in _PARTS.items():
        with wrong.kept():
            parts[kind] = each(raw, kind, read)
    wrong.tell()
    return Process(
        id=str(raw["process"]),
        title=str(raw["title"]),
        short=str(raw.get("short") or raw["title"]),
        start_words=start[0],
        start_asks=start[1],
        version=version,
        unbound=bool(raw.get("unbound", False)),
        once_a_day=bool(raw.get("once_a_day", False)),
        told=str(raw.get("told") or Process.told).strip(),
        **parts,
    )


def _shortcut(raw: Any) -> Shortcut:
    keys(raw, {"title", "words", "values", "skips"}, ("title", "words", "values"))
    if not isinstance(raw["values"], Mapping):
        raise ContentError("values 要写成“字段: 值”的形式", ("values",))
    return Shortcut(str(raw["title"]), texts(raw, "words"), dict(raw["values"]), texts(raw, "skips"))


def _alert(raw: Any) -> AlertRule:
    keys(raw, {"id", "when", "level", "text", "advice"}, ("id", "when", "level", "text"))
    level: Level = "urgent" if one_of(raw, "level", ("urgent", "watch")) == "urgent" else "watch"
    advice = str(raw.get("advice", "")).strip()
    return AlertRule(str(raw["id"]), str(raw["when"]), level, str(raw["text"]).strip(), advice)


def _measure(raw: Any) -> Measure:
    keys(raw, {"id", "when", "text", "source", "followup"}, ("id", "when", "text", "source"))
    follow_up = None
    if "followup" in raw:
        with at("followup"):
            follow_up = read_follow_up(raw["followup"])
    text, source = str(raw["text"]).strip(), str(raw["source"]).strip()
    return Measure(str(raw["id"]), str(raw["when"]), text, source, follow_up)


def _choice(raw: Any) -> Choice:
    keys(raw, {"value", "title", "words", "unless"}, ("value", "title"))
    return Choice(str(raw["value"]), str(raw["title"]), texts(raw, "words"), texts(raw, "unless"))


def _field(raw: Any) -> Field:
    keys(raw, _FIELD_KEYS, ("name", "label", "type", "ask"))
    kind = str(raw["type"])
    if kind not in FIELD_TYPES:
        like = get_close_matches(kind, FIELD_TYPES, 1)
        meant = f"，是不是想写 {like[0]}？" if like else f"，可以写：{'、'.join(sorted(FIELD_TYPES))}"
        raise ContentError(f"没有 {kind} 这种字段{meant}", ("type",))
    if not _NAME.fullmatch(str(raw["name"])):
        raise ContentError("name 是英文小写字母、数字和下划线组成的名字，例如 visit_date", ("name",))
    choices = each(raw, "choices", _choice)
    if kind in ("choice", "choices") and not choices and not raw.get("source"):
        raise ContentError("选择题要写 choices（选项）或 source（选项从哪来）", ("type",))
    if len({choice.value for choice in choices}) != len(choices):
        raise ContentError("两个选项的 value 相同", ("choices",))
    if not isinstance(raw.get("options", {}), Mapping):
        raise ContentError("options 要写成“名称: 内容”的形式", ("options",))
    return Field(
        spec=Spec(str(raw["name"]), str(raw["label"]), choices, dict(raw.get("options", {}))),
        type=FIELD_TYPES[kind],
        ask=str(raw["ask"]).strip(),
        words=(str(raw["label"]), *texts(raw, "words")),
        when=str(raw["when"]) if raw.get("when") else None,
        private=bool(raw.get("private", False)),
        prefill=raw.get("prefill"),
        source=raw.get("source"),
    )


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "fields": _field,
    "shortcuts": _shortcut,
    "alerts": _alert,
    "measures": _measure,
    "checks": read_check,
    "reminders": read_reminder,
    "summaries": read_summary,
    "clusters": read_cluster,
}


def _check(process: Process) -> None:
    """What the parts say of each other."""
    names = {f.name for f in process.fields}
    wrong = Mistakes()
    seen: set[str] = set()
    for number, f in enumerate(process.fields):
        if f.name in seen:
            wrong.add(f"字段名 {f.name} 用了两次", "fields", number, "name")
        seen.add(f.name)
        if f.when:
            with wrong.kept(), at("fields", number, "when"):
                check_expression(f.when, names)
        if "pair" in f.spec.options:
            with wrong.kept(), at("fields", number, "options", "pair"):
                _known({str(f.spec.options["pair"])}, names)
    for number, alert in enumerate(process.alerts):
        with wrong.kept(), at("alerts", number, "when"):
            check_expression(alert.when, names)
        with wrong.kept(), at("alerts", number, "text"):
            _known({key for _, key, _, _ in Formatter().parse(alert.text) if key}, names)
    for number, measure in enumerate(process.measures):
        with wrong.kept(), at("measures", number, "when"):
            check_expression(measure.when, names)
        if measure.follow_up:
            with wrong.kept(), at("measures", number, "followup", "since"):
                _known({measure.follow_up.since} - {""}, names)
    for number, shortcut in enumerate(process.shortcuts):
        with wrong.kept(), at("shortcuts", number):
            _check_shortcut(process, shortcut, names)
    _check_duties(process, names, wrong)
    wrong.tell()


def _check_shortcut(process: Process, shortcut: Shortcut, names: set[str]) -> None:
    with at("values"):
        _known(set(shortcut.values), names)
    with at("skips"):
        _known(set(shortcut.skips), names)
    for name, value in shortcut.values.items():
        choices = {choice.value for choice in process.by_name[name].spec.choices}
        said = value if isinstance(value, list) else [value]
        if choices and not choices.issuperset(said):
            raise ContentError(
                f"{name} 没有 {value!r} 这个选项，可以写：{'、'.join(sorted(choices))}", ("values", name)
            )


def _check_duties(process: Process, names: set[str], wrong: Mistakes) -> None:
    checks, rules = {check.id for check in process.checks}, {rule.id for rule in process.alerts}
    for number, reminder in enumerate(process.reminders):
        if reminder.check not in checks:
            wrong.add(f"checks 里没有 {reminder.check}", "reminders", number, "check")
    for number, cluster in enumerate(process.clusters):
        if unknown := sorted(set(cluster.rules) - rules):
            wrong.add(f"alerts 里没有 {'、'.join(unknown)}", "clusters", number, "rules")
        with wrong.kept(), at("clusters", number, "alike"):
            _known({cluster.alike} - {""}, names)


def _known(said: set[str], names: set[str]) -> None:
    for name in sorted(said - names):
        like = get_close_matches(name, names, 1)
        raise ContentError(f"没有 {name} 这个字段{f'，是不是想写 {like[0]}？' if like else ''}")
