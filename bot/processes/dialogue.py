"""How a form behaves, the same for all processes: pure functions from a draft and a message to the next draft and reply.

The Rasa form (actions/forms.py) keeps the draft in its slots and calls `begin`, `hear` or `ask_again` once a turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.processes import form_words
from bot.processes.definition import Field, Process, Shortcut
from bot.processes.draft import CONFIRM, FIX, RESUME, Draft
from bot.processes.fields.base import Context, Filled, Unclear, Wrong
from bot.processes.form_reading import Understood, clauses, understand
from bot.processes.normal import normalise
from bot.processes.rules import World, holds

TRIES = 2  # failed readings of one question before buttons and the way to a person are offered

Option = tuple[str, str]  # a button's title, and what pressing it says


@dataclass(frozen=True)
class Line:
    """One bubble of a form's reply."""

    text: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Step:
    """What a message did to a form.

    `end`: None, the form goes on; `submit`, the person has confirmed; `cancel`, they have given up; `aside`, the message
    is not for the form (a question, a staff word): the assistant answers it and the form then asks again.
    """

    draft: Draft
    lines: tuple[Line, ...] = ()
    end: Literal["submit", "cancel", "aside"] | None = None


@dataclass(frozen=True)
class Meaning:
    """What the understanding makes of the message when it is no answer: `aside` when the assistant has a reply for it;
    `certain` when it is an exact command or a known question, so that the form does not even try to read it."""

    aside: bool = False
    certain: bool = False


def field_context(world: World) -> Context:
    """What field types may know of the world."""
    return Context(now=world.now, fever=world.fever)


def active_fields(process: Process, values: Mapping[str, Any], world: World) -> list[Field]:
    """The fields that are to be asked with these values, in the file's order."""
    known = {name: values.get(name) for name in process.by_name}
    return [field for field in process.fields if not field.when or holds(field.when, known, world)]


def final_values(process: Process, draft: Draft, world: World) -> dict[str, Any]:
    """The values to file: those of fields that still apply (an away place is dropped once the person is at home)."""
    return {f.name: draft.values[f.name] for f in active_fields(process, draft.values, world) if f.name in draft.values}


def begin(process: Process, text: str, parked: Draft | None, known: Mapping[str, Any], world: World) -> Step:
    """Opens the form with the message that asked for it, which may fill fields already.

    `parked` is a draft begun earlier; one of today with something in it is offered to go on with. `known` are values of
    the roster (name, phone).
    """
    today = world.now.date()
    if parked and parked.day == today.isoformat() and parked.trail:
        return _offer_resume(process, parked, world)
    draft = Draft.new(today, known)
    shortcut = _shortcut(process, text)
    if shortcut:
        return _take_shortcut(process, draft, shortcut, world)
    understood = understand(
        active_fields(process, draft.values, world), None, _without_start(process, text), field_context(world)
    )
    return _advance(process, draft.filled(understood.values), world, opening=True)


def ask_again(process: Process, draft: Draft, world: World) -> Step:
    """The question that is open, once more (after an aside, or when the chat is reopened)."""
    if draft.asked == RESUME:
        return _offer_resume(process, draft, world)
    if draft.asked == FIX:
        return _offer_fix(process, draft, world)
    return _advance(process, draft, world)


def hear(
    process: Process, draft: Draft, text: str, meaning: Meaning, world: World, previous: Mapping[str, Any] | None = None
) -> Step:
    """Takes one message while the form is open. `previous` are the values of the person's last report, for 同昨天."""
    plain = normalise(text).strip()
    if draft.day != world.now.date().isoformat():
        fresh = begin(process, plain, None, {}, world)
        note = Line(f"昨天没填完的{process.short}已经作废，我们重新开始。")
        return replace(fresh, lines=(note, *fresh.lines))
    step = _form_word(process, draft, plain, world, previous)
    if step is not None:
        return step
    if meaning.certain:
        return Step(draft, end="aside")
    if draft.asked == CONFIRM and form_words.is_word(plain, form_words.CONFIRM):
        return Step(draft, end="submit")
    return _answer(process, draft, plain, meaning, world)


def wants_previous(text: str) -> bool:
    """Whether a message asks to fill in what was reported last time."""
    return form_words.is_word(normalise(text), form_words.SAME)


def summary(process: Process, draft: Draft, world: World) -> str:
    """What is about to be filed, a line a field."""
    lines = []
    for field in active_fields(process, draft.values, world):
        if field.name in draft.values:
            lines.append(f"{field.label}：{field.type.show(draft.values[field.name], field.spec)}")
        elif field.name in draft.skipped:
            lines.append(f"{field.label}：自述正常（未填）")
    return "\n".join(lines)


# ── the words that work at any point ────────────────────────────────────────────────────────────────────────────────


def _form_word(
    process: Process, draft: Draft, text: str, world: World, previous: Mapping[str, Any] | None
) -> Step | None:
    is_word = form_words.is_word
    if is_word(text, form_words.CANCEL):
        return Step(
            draft,
            (
                Line(
                    f"好的，{process.short}已取消，什么都没有提交。",
                    ((f"重新{process.short}", process.start_words[0]),),
                ),
            ),
            "cancel",
        )
    if is_word(text, form_words.RESTART):
        fresh = Draft.new(world.now.date(), {n: v for n, v in draft.values.items() if n not in draft.trail})
        return _advance(process, fresh, world, opening=True)
    if is_word(text, form_words.HELP):
        return _with_help(process, draft, world)
    if is_word(text, form_words.BACK):
        return _back(process, draft, world)
    if is_word(text, form_words.GO_ON) and draft.asked in (RESUME, FIX, CONFIRM):
        return _advance(process, draft, world)
    if is_word(text, frozenset(process.start_words)):
        return _offer_resume(process, draft, world) if draft.trail else _advance(process, draft, world, opening=True)
    if wants_previous(text):
        return _same_as_before(process, draft, world, previous)
    if is_word(text, form_words.FIX) and not (draft.asked not in (CONFIRM, FIX) and not draft.trail):
        return _offer_fix(process, draft, world)
    shortcut = _shortcut(process, text)
    if shortcut and (len(draft.trail) == 0 or text == shortcut.title):
        return _take_shortcut(process, draft, shortcut, world)
    change = form_words.read_change(text, process, active_fields(process, draft.values, world))
    if change:
        return _change(process, draft, *change, world)
    if draft.asked == FIX:
        named = form_words.read_change("改" + text, process, active_fields(process, draft.values, world))
        if named:
            return _change(process, draft, *named, world)
    return None


def _back(process: Process, draft: Draft, world: World) -> Step:
    if not draft.trail:
        step = _advance(process, draft, world)
        return replace(step, lines=(Line("已经是第一步了。"), *step.lines))
    last = process.by_name[draft.trail[-1]]
    return _ask(process, draft.without(last.name), last, world)


def _change(process: Process, draft: Draft, field: Field, rest: str, world: World) -> Step:
    if rest:
        reading = field.type.read(rest, field.spec, field_context(world))
        if isinstance(reading, Filled):
            return _advance(
                process, draft.filled({field.name: reading.value}), world, note=_changed(field, reading.value)
            )
        if isinstance(reading, (Unclear, Wrong)):
            return _not_read(process, draft.without(field.name).waiting(field.name), field, reading, world)
    return _ask(process, draft.without(field.name), field, world)


def _same_as_before(process: Process, draft: Draft, world: World, previous: Mapping[str, Any] | None) -> Step:
    if not previous:
        step = _advance(process, draft, world)
        return replace(step, lines=(Line("没有找到您昨天的记录，请填一下今天的。"), *step.lines))
    values = {name: value for name, value in previous.items() if name in process.by_name}
    return _advance(process, draft.filled(values), world)


def _shortcut(process: Process, text: str) -> Shortcut | None:
    """The shortcut that a message is, alone or after the word that opens the form (打卡 一切正常)."""
    plain = _without_start(process, text)
    return next((s for s in process.shortcuts if form_words.is_word(plain, frozenset((s.title, *s.words)))), None)


def _without_start(process: Process, text: str) -> str:
    plain = normalise(text).strip()
    for word in sorted(process.start_words, key=len, reverse=True):
        if plain.startswith(word):
            return plain[len(word) :].strip(" ，,:：。")
    return plain


def _take_shortcut(process: Process, draft: Draft, shortcut: Shortcut, world: World) -> Step:
    kept = draft.filled(dict(shortcut.values))
    skipped = tuple(name for name in shortcut.skips if name not in kept.values)
    return _advance(process, replace(kept, skipped=(*kept.skipped, *skipped)), world)


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(process: Process, draft: Draft, text: str, meaning: Meaning, world: World) -> Step:
    active = active_fields(process, draft.values, world)
    asked = process.by_name.get(draft.asked)
    asking = form_words.sounds_like_question(text)
    if meaning.aside and asking:
        # What a question mentions (我37.5还能去上班吗) is not reported by it; its other clauses may report.
        stated = "，".join(clause for clause in clauses(text) if not form_words.sounds_like_question(clause))
        told = understand(active, None, stated, field_context(world))
        return Step(draft.filled(told.values), end="aside")
    understood = understand(active, asked, text, field_context(world))
    if understood.values:
        filled = draft.filled(understood.values)
        if isinstance(understood.doubt, (Unclear, Wrong)) and asked is not None:
            return _not_read(process, filled, asked, understood.doubt, world)
        return _advance(process, filled, world, note=_corrections(process, draft, understood))
    if isinstance(understood.doubt, (Unclear, Wrong)) and asked is not None:
        if isinstance(understood.doubt, Wrong) and meaning.aside:
            return Step(draft, end="aside")
        return _not_read(process, draft, asked, understood.doubt, world)
    if meaning.aside:
        return Step(draft, end="aside")
    if asked is None:
        step = ask_again(process, draft, world)
        return replace(
            step, lines=(Line("没听懂这句。请点下面的按钮，或直接说要改哪一项，例如：改体温 36.8。"), *step.lines)
        )
    example = f"，例如：{asked.type.example}" if asked.type.example and not asked.spec.choices else ""
    return _not_read(process, draft, asked, Wrong(f"没看懂您说的{asked.label}{example}。"), world)


def _corrections(process: Process, before: Draft, understood: Understood) -> str:
    """Says what a message changed that had been filled before: nothing is overwritten silently."""
    changed = [
        name for name, value in understood.values.items() if name in before.trail and before.values.get(name) != value
    ]
    return "".join(_changed(process.by_name[name], understood.values[name]) for name in changed)


def _changed(field: Field, value: Any) -> str:
    return f"{field.label}已改为 {field.type.show(value, field.spec)}。"


def _not_read(process: Process, draft: Draft, field: Field, reading: Unclear | Wrong, world: World) -> Step:
    tries = draft.tries + 1
    waiting = draft.waiting(field.name, tries)
    if isinstance(reading, Unclear):
        return Step(waiting, (Line(reading.question, tuple(reading.options)),))
    options = tuple((choice.title, choice.title) for choice in field.spec.choices)
    if tries >= TRIES:
        back: tuple[Option, ...] = (("上一步", "上一步"),) if draft.trail else ()
        return Step(
            waiting,
            (
                Line(
                    reading.reason + "可以点下面的按钮，也可以找人帮忙。",
                    (*options, *back, ("转人工", "转人工"), ("取消", "取消")),
                ),
            ),
        )
    return Step(waiting, (Line(reading.reason, options),))


# ── questions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _advance(process: Process, draft: Draft, world: World, note: str = "", opening: bool = False) -> Step:
    """Asks the next field that has no value, or shows the summary."""
    for field in active_fields(process, draft.values, world):
        if field.name not in draft.values and field.name not in draft.skipped:
            return _ask(process, draft, field, world, note, opening)
    text = f"{note}请核对：\n{summary(process, draft, world)}\n没问题请点“确认提交”；要改就说，例如：改{_an_example(process, draft)}。"
    return Step(draft.waiting(CONFIRM), (Line(text, (("确认提交", "确认提交"), ("修改", "修改"), ("取消", "取消"))),))


def _an_example(process: Process, draft: Draft) -> str:
    field = process.by_name[draft.trail[0]] if draft.trail else process.fields[0]
    return (
        f"{field.label} {field.type.show(draft.values[field.name], field.spec)}"
        if field.name in draft.values
        else field.label
    )


def _ask(process: Process, draft: Draft, field: Field, world: World, note: str = "", opening: bool = False) -> Step:
    active = active_fields(process, draft.values, world)
    left = sum(1 for f in active if f.name not in draft.values and f.name not in draft.skipped)
    done = len(active) - left
    head = f"{process.title}，共{len(active)}项，随时可以说“上一步”“取消”或直接提问。\n" if opening else ""
    options = _options(field)
    if not draft.trail:
        options = (*((s.title, s.title) for s in process.shortcuts), *options)
        if process.once_a_day:
            options = (*options[: len(process.shortcuts)], ("同昨天", "同昨天"), *options[len(process.shortcuts) :])
    return Step(draft.waiting(field.name), (Line(f"{note}{head}（{done + 1}/{len(active)}）{field.ask}", options),))


def _options(field: Field) -> tuple[Option, ...]:
    if field.type.name == "yes_no":
        # 有没有 is asked of what one has done or met, 是不是 of all else
        return (("没有", "没有"), ("有", "有")) if "过" in field.ask else (("是", "是"), ("否", "否"))
    return tuple((choice.title, choice.title) for choice in field.spec.choices)


def _offer_resume(process: Process, draft: Draft, world: World) -> Step:
    text = f"您今天的{process.short}填到一半：\n{summary(process, draft, world)}\n接着填，还是重新开始？"
    return Step(
        draft.waiting(RESUME), (Line(text, (("接着填", "接着填"), ("重新开始", "重新开始"), ("取消", "取消"))),)
    )


def _offer_fix(process: Process, draft: Draft, world: World) -> Step:
    # the field filled last comes first: that is the one a person has just got wrong
    names = [name for name in reversed(draft.trail) if name in draft.values] or [
        f.name for f in process.fields if f.name in draft.values
    ]
    options = tuple((f"改{process.by_name[name].label}", f"改{process.by_name[name].label}") for name in names)
    return Step(
        draft.waiting(FIX),
        (
            Line(
                "要改哪一项？点一下，或直接说，例如：改" + _an_example(process, draft) + "。",
                (*options, ("不改了", "继续")),
            ),
        ),
    )


def _with_help(process: Process, draft: Draft, world: World) -> Step:
    step = ask_again(process, draft, world)
    text = (
        f"正在填{process.title}。您可以：\n・直接回答，也可以一句话说几项\n・说“上一步”退回，“改{process.fields[0].label} …”改某一项\n"
        "・说“取消”不填了，“重新开始”从头来\n・随时问问题，答完接着填\n・说“转人工”找网格员"
    )
    return replace(step, lines=(Line(text), *step.lines))
