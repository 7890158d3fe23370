"""What a form says: its questions, its summary, its menus, and what it answers when it has not understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.processes.definition import Field, Process
from bot.processes.draft import CONFIRM, FIX, RESUME, Draft
from bot.processes.fields.base import Option, Unclear, Wrong
from bot.processes.form_reading import active_fields
from bot.processes.rules import World

TRIES = 2  # failed readings of one question before the way to a person is offered
MOST_BUTTONS = 10

PERSON: Option = ("转人工", "转人工")


@dataclass(frozen=True)
class Line:
    """One bubble of a form's reply."""

    text: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Step:
    """What a message did to a form.

    `end`: None, the form goes on; `submit`, the person has confirmed; `cancel`, they have given up; `aside`, the message
    is not for the form (a question, a staff word): the assistant answers it and the form then asks again. `unseen`: what is
    submitted was filled by one tap (一切正常) and not shown before.
    """

    draft: Draft
    lines: tuple[Line, ...] = ()
    end: Literal["submit", "cancel", "aside"] | None = None
    unseen: bool = False

    def after(self, text: str) -> Step:
        """The same, with a bubble before it."""
        return replace(self, lines=(Line(text), *self.lines))


def advance(
    process: Process, draft: Draft, world: World, changed: str = "", noted: str = "", opening: bool = False
) -> Step:
    """Asks the next field that has no value, or shows the summary.

    `changed` says what was overwritten; `noted`, what was understood beside the answer, is not said over a summary.
    """
    for field in active_fields(process, draft.values, world):
        if draft.lacks(field.name):
            return ask(process, draft, field, world, changed + noted, opening)
    text = (
        f"{changed}{_for(draft)}请核对：\n{summary(process, draft, world)}\n"
        f"没问题请点“确认提交”；要改就直接说，例如：改{_an_example(process, draft, world)}。"
    )
    return Step(draft.waiting(CONFIRM), (Line(text, (("确认提交", "确认提交"), ("修改", "修改"), ("取消", "取消"))),))


def ask(process: Process, draft: Draft, field: Field, world: World, note: str = "", opening: bool = False) -> Step:
    """Asks one field. One that has a value already (上一步, 改体温) says so, and can be left as it is."""
    if opening:
        note += _head(process, draft, world)
    if not draft.lacks(field.name) and field.name in draft.values:
        shown = field.type.show(draft.values[field.name], field.spec)
        text = f"{note}{field.label}原来填的是：{shown}。\n{field.ask}"
        return Step(draft.waiting(field.name), (Line(text, (*question_options(field), ("不改了", "不改了"))),))
    options = question_options(field)
    if not draft.trail:
        same: tuple[Option, ...] = (("同昨天", "同昨天"),) if process.once_a_day else ()
        options = (*((s.title, s.title) for s in process.shortcuts), *same, *options)
    return Step(draft.waiting(field.name), (Line(note + _progress(process, draft, world) + field.ask, options),))


def not_read(process: Process, draft: Draft, field: Field, reading: Unclear | Wrong, note: str = "") -> Step:
    """Says why an answer cannot stand or asks it back; from the second time on, a person's help is offered."""
    tries = (draft.tries if draft.asked == field.name else 0) + 1
    waiting = draft.waiting(field.name, tries)
    if isinstance(reading, Unclear):
        text, options = reading.question, tuple(reading.options)
    else:
        text, options = reading.reason, question_options(field)
    if tries >= TRIES:
        text = f"{text.rstrip('。')}。也可以点“转人工”找人帮忙。"
        more: tuple[Option, ...] = (*((("上一步", "上一步"),) if draft.trail else ()), ("取消", "取消"))
        options = (*options, PERSON, *(more if len(options) + len(more) < MOST_BUTTONS else ()))
    return Step(waiting, (Line(note + text, options),))


def question_options(field: Field) -> tuple[Option, ...]:
    """The buttons of a field's question. A list that is too long for a phone is typed; its last way out stays."""
    options = field.type.options(field.spec)
    return options if len(options) <= MOST_BUTTONS else options[-1:]


def summary(process: Process, draft: Draft, world: World) -> str:
    """What is about to be filed, a line a field."""
    lines = []
    for field in active_fields(process, draft.values, world):
        if field.name in draft.values:
            lines.append(f"{field.label}：{field.type.show(draft.values[field.name], field.spec)}")
        elif field.name in draft.skipped:
            lines.append(f"{field.label}：自述正常（未填）")
    return "\n".join(lines)


def offer_resume(process: Process, draft: Draft, world: World) -> Step:
    """Go on with what was begun today, or start anew?"""
    whose = f"为{draft.subject.who}填的" if draft.subject else "您今天的"
    text = f"{whose}{process.short}填到一半：\n{summary(process, draft, world)}\n接着填，还是重新开始？"
    return Step(draft.menu(RESUME), (Line(text, (("接着填", "接着填"), ("重新开始", "重新开始"), ("取消", "取消"))),))


def offer_fix(process: Process, draft: Draft, world: World) -> Step:
    """Which field is to be changed? The one filled last comes first: that is the one a person has just got wrong."""
    active = {field.name for field in active_fields(process, draft.values, world)}
    names = [name for name in (*reversed(draft.trail), *draft.skipped, *draft.values) if name in active]
    fields = [process.by_name[name] for name in dict.fromkeys(names)]
    options = tuple((f"改{field.short}", f"改{field.short}") for field in fields[: MOST_BUTTONS - 1])
    more = "没列出的也能改，" if len(fields) > len(options) else ""
    text = f"要改哪一项？点一下；{more}或直接说，例如：改{_an_example(process, draft, world)}。"
    return Step(draft.menu(FIX), (Line(text, (*options, ("不改了", "不改了"))),))


def changed(process: Process, before: Draft, values: Mapping[str, Any]) -> str:
    """Says what was overwritten: nothing is, silently."""
    names = [name for name, value in values.items() if name in before.values and before.values[name] != value]
    return "".join(f"{process.by_name[n].label}已改为：{_shown(process, n, values)}。\n" for n in names)


def noted(process: Process, before: Draft, values: Mapping[str, Any], asked: str) -> str:
    """Says what a message filled beside its answer, so that a wrong guess is seen at once."""
    names = [name for name in values if name not in before.values and name != asked]
    said = "；".join(f"{process.by_name[n].short} {_shown(process, n, values)}" for n in names)
    return f"记下了：{said}。\n" if said else ""


def help_text(process: Process) -> str:
    """What can be said while the form is open."""
    return (
        f"正在填{process.title}。您可以：\n・直接回答，也可以一句话说几项\n・填错了：说“上一步”，或“改{process.fields[0].short}”\n"
        "・不想填了说“取消”，从头来说“重新开始”\n・随时可以问问题，答完接着填\n・要找人说“转人工”"
    )


def _shown(process: Process, name: str, values: Mapping[str, Any]) -> str:
    field = process.by_name[name]
    return field.type.show(values[name], field.spec)


def _head(process: Process, draft: Draft, world: World) -> str:
    left = sum(draft.lacks(field.name) for field in active_fields(process, draft.values, world))
    # Fields that come up with an answer make any total a guess.
    about = "大约" if any(field.when for field in process.fields) else ""
    return f"{_for(draft)}{process.title}，{'还有' if draft.trail else '一共'}{about}{left}项，随时可以说“上一步”“取消”，也可以直接提问。\n"


def _for(draft: Draft) -> str:
    return f"为{draft.subject.who}打卡，" if draft.subject else ""


def _progress(process: Process, draft: Draft, world: World) -> str:
    active = active_fields(process, draft.values, world)
    done = sum(field.name in draft.trail or field.name in draft.skipped for field in active)
    if any(field.when for field in process.fields):
        return f"（第{done + 1}项）"
    left = sum(draft.lacks(field.name) for field in active)
    return f"（{done + 1}/{done + left}）"


# Of these kinds a change is said shortest.
_SIMPLE = ("temperature", "choice", "phone", "date", "place")


def _an_example(process: Process, draft: Draft, world: World) -> str:
    fields = [field for field in active_fields(process, draft.values, world) if field.name in draft.values]
    simple = [field for field in fields if field.type.name in _SIMPLE and field.name in draft.trail]
    if not simple:
        return fields[0].short if fields else process.fields[0].short
    return f"{simple[0].short} {simple[0].type.show(draft.values[simple[0].name], simple[0].spec)}"
