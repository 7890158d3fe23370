"""How a form behaves, the same for all processes: pure functions from a draft and a message to the next draft and reply.

The Rasa form (actions/forms.py) keeps the draft in its slots and calls `begin`, `hear` or `ask_again` once a turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot.processes import form_words
from bot.processes.definition import Field, Process, Shortcut
from bot.processes.draft import CONFIRM, FIX, RESUME, Draft, Subject
from bot.processes.fields.base import Filled, Unclear, Wrong
from bot.processes.form_questions import (
    Line,
    Step,
    advance,
    ask,
    changed,
    help_text,
    not_read,
    noted,
    offer_fix,
    offer_resume,
    question_options,
    summary,
)
from bot.processes.form_reading import Understood, active_fields, clauses, field_context, understand
from bot.processes.normal import normalise
from bot.processes.rules import World, holds, names_in

__all__ = [
    "Line",
    "Meaning",
    "Step",
    "ask_again",
    "begin",
    "final_values",
    "hear",
    "opens_with_previous",
    "review",
    "summary",
    "wants_previous",
]


@dataclass(frozen=True)
class Meaning:
    """What the understanding makes of the message when it is no answer.

    `aside`: the assistant has a reply for it; `certain`: it is an exact command or a known question, so that the form does
    not even try to read it; `start`: it asks for this very process (我来打个卡), in words that are not exact.
    """

    aside: bool = False
    certain: bool = False
    start: bool = False


def final_values(process: Process, draft: Draft, world: World) -> dict[str, Any]:
    """The values to file: those of fields that still apply (an away place is dropped once the person is at home)."""
    return {f.name: draft.values[f.name] for f in active_fields(process, draft.values, world) if f.name in draft.values}


def begin(
    process: Process,
    text: str,
    parked: Draft | None,
    known: Mapping[str, Any],
    world: World,
    previous: Mapping[str, Any] | None = None,
    subject: Subject | None = None,
    check: str = "",
) -> Step:
    """Opens the form with the message that asked for it, which may fill fields already, or all of them (打卡 一切正常).

    `parked` is a draft begun earlier; one of today with something in it is offered to go on with, one of another day, or
    about somebody else, has lapsed. `known` are values of the roster (name, phone), `previous` those of the last report, for
    打卡 同昨天. `subject` and `check` as in `Draft`.
    """
    today = world.now.date()
    theirs = parked is not None and parked.subject == subject and parked.check == check
    if parked and parked.trail and parked.day == today.isoformat() and theirs:
        understood = understand(process, parked.values, None, _with_start_apart(process, text), world)
        merged = _with(process, parked, understood.values, world)
        return offer_resume(process, merged.waiting("") if parked.asked in understood.values else merged, world)
    fresh = Draft.new(today, known, subject, check)
    if opens_with_previous(process, text):
        step = _same_as_before(process, fresh, world, previous)
    else:
        step = _open(process, fresh, text, world)
    return step.after(_lapsed(process, parked, today)) if parked and parked.trail else step


def review(process: Process, draft: Draft, world: World) -> Step:
    """The summary of a report that was filled by one tap, where it must be seen before it is filed."""
    return advance(process, draft, world)


def ask_again(process: Process, draft: Draft, world: World) -> Step:
    """The question that is open, once more (after an aside, or when the chat is reopened)."""
    today = world.now.date()
    if draft.day != today.isoformat():
        return _advance_new(process, draft, world).after(_lapsed(process, draft, today))
    if draft.asked == RESUME:
        return offer_resume(process, draft, world)
    if draft.asked == FIX:
        return offer_fix(process, draft, world)
    return _stay(process, draft, world)


def hear(
    process: Process, draft: Draft, text: str, meaning: Meaning, world: World, previous: Mapping[str, Any] | None = None
) -> Step:
    """Takes one message while the form is open. `previous` are the values of the person's last report, for 同昨天."""
    plain = normalise(text).strip()
    today = world.now.date()
    if draft.day != today.isoformat():
        if form_words.is_word(plain, form_words.CANCEL):
            return _cancelled(process, draft)
        if meaning.certain or (meaning.aside and form_words.sounds_like_question(plain)):
            return Step(draft, end="aside")
        fresh = _emptied(draft, today)
        same = wants_previous(plain)
        step = _same_as_before(process, fresh, world, previous) if same else _open(process, fresh, plain, world)
        return step.after(_lapsed(process, draft, today))
    asked = process.by_name.get(draft.asked)
    if asked is not None and any(plain == said for _, said in question_options(asked)):
        return _answer(process, draft, asked, plain, Meaning(), world)
    step_of_word = _form_word(process, draft, plain, world, previous)
    if step_of_word is not None:
        return step_of_word
    if meaning.certain:
        return Step(draft, end="aside")
    return _answer(process, draft, asked, plain, meaning, world)


def wants_previous(text: str) -> bool:
    """Whether a message asks to fill in what was reported last time."""
    return form_words.is_word(normalise(text), form_words.SAME)


def opens_with_previous(process: Process, text: str) -> bool:
    """Whether the message that opens a form asks for that: 打卡 同昨天."""
    return wants_previous(_without_start(process, text)[1])


# ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _open(process: Process, draft: Draft, text: str, world: World) -> Step:
    shortcut = _shortcut(process, _without_start(process, text)[1])
    if shortcut:
        step = _take_shortcut(process, draft, shortcut, world)
        # who was found by 帮我妈打卡 一切正常 is shown before it counts
        return review(process, step.draft, world) if step.unseen and draft.subject else step
    understood = understand(process, draft.values, None, _with_start_apart(process, text), world)
    return _take(process, draft, None, understood, text, world, opening=True)


def _advance_new(process: Process, draft: Draft, world: World) -> Step:
    return advance(process, _emptied(draft, world.now.date()), world, opening=True)


def _emptied(draft: Draft, today: date) -> Draft:
    """A new draft that knows what the roster knows."""
    known = {n: v for n, v in draft.values.items() if n not in draft.trail}
    return Draft.new(today, known, draft.subject, draft.check)


def _lapsed(process: Process, draft: Draft, today: date) -> str:
    if draft.day == today.isoformat():
        whose = f"为{draft.subject.who}" if draft.subject else "您自己"
        return f"{whose}没填完的{process.short}先不要了。"
    yesterday = (today - date.fromisoformat(draft.day)).days == 1
    return f"{'昨天' if yesterday else '之前'}没填完的{process.short}已经作废，我们重新开始。"


def _without_start(process: Process, text: str) -> tuple[str, str]:
    """The word that opens the form, and what follows it (打卡 36.5)."""
    plain = normalise(text).strip()
    for word in sorted(process.start_words, key=len, reverse=True):
        if plain.startswith(word):
            return word, plain[len(word) :].strip(" ，,:：。")
    return "", plain


def _with_start_apart(process: Process, text: str) -> str:
    # 返校报备 says the kind of return, but 打卡36.5 is read only with the word apart.
    return "，".join(part for part in _without_start(process, text) if part)


# ── the words that work at any point ────────────────────────────────────────────────────────────────────────────────


def _form_word(
    process: Process, draft: Draft, text: str, world: World, previous: Mapping[str, Any] | None
) -> Step | None:
    is_word = form_words.is_word
    if is_word(text, form_words.CANCEL):
        return _cancelled(process, draft)
    if is_word(text, form_words.RESTART):
        return _advance_new(process, draft, world)
    if is_word(text, form_words.HELP):
        return ask_again(process, draft, world).after(help_text(process))
    if is_word(text, form_words.BACK):
        return _back(process, draft, world)
    if is_word(text, form_words.GO_ON):
        return _go_on(process, draft, world)
    if is_word(text, frozenset(process.start_words)):
        return _begun_again(process, draft, world)
    if wants_previous(text):
        return _same_as_before(process, draft, world, previous)
    if is_word(text, form_words.FIX) or (draft.asked == CONFIRM and is_word(text, form_words.NOT_RIGHT)):
        if not draft.trail:
            return ask_again(process, draft, world).after("还没有填什么，从这一项开始。")
        return offer_fix(process, draft, world)
    shortcut = _shortcut(process, text)
    if shortcut and (not draft.trail or text == shortcut.title):
        return _take_shortcut(process, draft, shortcut, world)
    active = active_fields(process, draft.values, world)
    change = form_words.read_change(text, active)
    if change is None and draft.asked == FIX:
        change = form_words.named_field(text, active)
    if change:
        return _change(process, draft, *change, world)
    return _acknowledged(process, draft, text, world)


def _acknowledged(process: Process, draft: Draft, text: str, world: World) -> Step | None:
    """好的, 确认, 跳过: at a question of a form they answer nothing, at the summary they confirm."""
    if draft.asked == CONFIRM:
        return Step(draft, end="submit") if form_words.is_word(text, form_words.CONFIRM) else None
    if form_words.is_word(text, form_words.SUBMIT):
        step = _go_on(process, draft, world) if draft.asked in (FIX, RESUME) else _stay(process, draft, world)
        return step if step.draft.asked == CONFIRM else step.after("还没有填完，请先回答这一项。")
    if form_words.is_word(text, form_words.SKIP):
        return ask_again(process, draft, world).after("这一项不能跳过；实在不会填，可以说“转人工”。")
    if draft.asked in process.by_name and form_words.is_word(text, form_words.HEARD):
        return _stay(process, draft, world)
    return None


def _cancelled(process: Process, draft: Draft) -> Step:
    again = ((f"重新{process.short}", process.start_words[0]),)
    return Step(draft, (Line(f"好的，{process.short}已取消，什么都没有提交。", again),), "cancel")


def _begun_again(process: Process, draft: Draft, world: World) -> Step:
    if draft.trail:
        return offer_resume(process, draft, world)
    return advance(process, draft, world, opening=True)


def _back(process: Process, draft: Draft, world: World) -> Step:
    """Asks what was filled before the field that is asked now. What is filled stays until it is answered anew."""
    active = {field.name for field in active_fields(process, draft.values, world)}
    trail = [name for name in draft.trail if name in active]
    earlier = trail[: trail.index(draft.asked)] if draft.asked in trail else trail
    if not earlier:
        return ask_again(process, draft, world).after("已经是第一步了。")
    return ask(process, draft, process.by_name[earlier[-1]], world)


def _go_on(process: Process, draft: Draft, world: World) -> Step:
    """From a menu back to where the form was; from a field that was to be changed on to what is still open."""
    if draft.asked in (RESUME, FIX):
        return _stay(process, draft.waiting(draft.before), world)
    return advance(process, draft, world)


def _stay(process: Process, draft: Draft, world: World, note: str = "") -> Step:
    """The field that is asked, once more, if it still applies; else what is open."""
    asked = process.by_name.get(draft.asked)
    if asked is not None and asked in active_fields(process, draft.values, world):
        tries = draft.tries
        step = ask(process, draft, asked, world, note)
        return replace(step, draft=step.draft.waiting(asked.name, tries))
    return advance(process, draft, world, changed=note)


def _change(process: Process, draft: Draft, field: Field, said: tuple[str, ...], world: World) -> Step:
    readings = [understand(process, draft.values, field, one, world) for one in said]
    understood = next((one for one in readings if field.name in one.values), None)
    if understood is not None:
        after = _with(process, draft, understood.values, world)
        note = changed(process, draft, understood.values) or f"{field.label}没有变。\n"
        if draft.asked in process.by_name and draft.asked != field.name:
            return _stay(process, after, world, note)
        return advance(process, after, world, note)
    doubt = next((one.doubt for one in readings if isinstance(one.doubt, (Unclear, Wrong))), None)
    if doubt is not None:
        # What stands there is wrong by the person's own word: it must not be filed because the new one was not read.
        return not_read(process, draft.without(field.name), field, doubt)
    return ask(process, draft, field, world)


def _same_as_before(process: Process, draft: Draft, world: World, previous: Mapping[str, Any] | None) -> Step:
    if not previous:
        return ask_again(process, draft, world).after("没有找到您昨天的记录，请填一下今天的。")
    known = {name: previous.get(name) for name in process.by_name}
    if process.once_a_day and any(holds(rule.when, known, world) for rule in process.alerts):
        # a fever of yesterday is neither over nor still there because somebody pressed a button
        return ask_again(process, draft, world).after(f"上次{process.short}报的有异常，不能照抄，请报一下今天的情况。")
    values = {n: v for n, v in previous.items() if n in process.by_name and n not in draft.values}
    filled = _leaving(draft.filled(values), [n for s in process.shortcuts for n in s.skips])
    step = _at_once(draft, advance(process, filled, world))
    return (
        step.after(f"已按您昨天的{process.short}填好，今天有变化的请改一下。") if values and not step.unseen else step
    )


def _shortcut(process: Process, text: str) -> Shortcut | None:
    return next((s for s in process.shortcuts if form_words.is_word(text, frozenset((s.title, *s.words)))), None)


def _take_shortcut(process: Process, draft: Draft, shortcut: Shortcut, world: World) -> Step:
    """Fills what is still open: what was said before (咳嗽) is not made normal by it."""
    values = {name: value for name, value in shortcut.values.items() if name not in draft.values}
    return _at_once(draft, advance(process, _leaving(draft.filled(values), shortcut.skips), world))


def _at_once(before: Draft, step: Step) -> Step:
    """Submits what one tap has filled whole, where nothing else was said: there is nothing to look over."""
    if before.trail or step.draft.asked != CONFIRM:
        return step
    return Step(step.draft, end="submit", unseen=True)


def _leaving(draft: Draft, names: Any) -> Draft:
    empty = tuple(name for name in names if draft.lacks(name))
    return replace(draft, skipped=(*draft.skipped, *empty))


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(process: Process, draft: Draft, asked: Field | None, text: str, meaning: Meaning, world: World) -> Step:
    if meaning.aside and form_words.sounds_like_question(text):
        # What a question mentions (我37.5还能去上班吗) is not reported by it; its other clauses may report.
        stated = "，".join(clause for clause in clauses(text) if not form_words.sounds_like_question(clause))
        told = understand(process, draft.values, None, stated, world)
        after = _with(process, draft, told.values, world)
        return Step(after.waiting("") if draft.asked in told.values else after, end="aside")
    understood = understand(process, draft.values, asked, _titles(asked, text), world)
    if not understood.values and meaning.aside and not isinstance(understood.doubt, Unclear):
        return Step(draft, end="aside")
    return _take(process, draft, asked, understood, text, world, meaning)


def _take(
    process: Process,
    draft: Draft,
    asked: Field | None,
    understood: Understood,
    text: str,
    world: World,
    meaning: Meaning | None = None,
    opening: bool = False,
) -> Step:
    """The next step after a message was read."""
    after = _with(process, draft, understood.values, world)
    told, beside = changed(process, draft, understood.values), noted(process, draft, understood.values, draft.asked)
    answered = asked is None or asked.name in understood.values
    if not answered and asked is not None and isinstance(understood.doubt, (Unclear, Wrong)):
        return not_read(process, after, asked, understood.doubt, told + beside)
    for name, doubt in understood.doubts.items():
        # 打卡 365: what was surely meant for a field is asked back at once, and what stood there no longer counts.
        return not_read(process, after.without(name), process.by_name[name], doubt, told + beside)
    if understood.values:
        if not answered:
            return _stay(process, after, world, told + beside)
        normal = _said_beside(process, text, understood, world)
        if normal:
            step = _take_shortcut(process, after, normal, world)
            return replace(step, lines=(replace(step.lines[0], text=told + step.lines[0].text), *step.lines[1:]))
        return advance(process, after, world, told, beside, opening)
    if opening:
        return advance(process, after, world, opening=True)
    if meaning is not None and meaning.start:
        return _begun_again(process, draft, world)
    return _not_understood(process, draft, asked, text, world)


def _not_understood(process: Process, draft: Draft, asked: Field | None, text: str, world: World) -> Step:
    bare = form_words.bare_change(text)
    if bare:
        # 改成黄的, with no field named: what was filled last is the likeliest, if it can be read so.
        for name in draft.trail[:-4:-1]:
            field = process.by_name[name]
            reading = field.type.read(bare, field.spec, field_context(world))
            if isinstance(reading, Filled):
                return _change(process, draft, field, (bare,), world)
        if draft.trail:
            return offer_fix(process, draft, world).after("没听清要改哪一项。")
    if asked is None:
        return ask_again(process, draft, world).after(
            "没听懂这句。请点下面的按钮；要改哪一项就直接说，例如：改" + process.fields[0].short + "。"
        )
    if question_options(asked) and asked.spec.choices:
        return not_read(process, draft, asked, Wrong(f"没看懂您说的{asked.short}，请在下面选，或换个说法。"))
    return not_read(process, draft, asked, Wrong(f"没看懂您说的{asked.short}，例如：{asked.type.example}"))


def _with(process: Process, draft: Draft, values: Mapping[str, Any], world: World) -> Draft:
    """The draft with these values, and without answers that were given to a question about another value.

    A risk level was told of the place before: with another place it is asked again.
    """
    differing = {n for n, v in values.items() if n in draft.values and draft.values[n] != v}
    outdated = [
        field.name
        for field in process.fields
        if field.when and field.name not in values and field.name in draft.values and names_in(field.when) & differing
    ]
    return draft.filled(values).without(*outdated)


def _said_beside(process: Process, text: str, understood: Understood, world: World) -> Shortcut | None:
    """The shortcut that stands in a message beside other answers (36.5 一切正常), unless those are not normal."""
    known = {name: understood.values.get(name) for name in process.by_name}
    if any(holds(rule.when, known, world) for rule in process.alerts):
        return None
    parts = clauses(normalise(text))
    # 36.5 正常 says it of the temperature alone
    return next((s for s in process.shortcuts if any(w in parts for w in (s.title, *s.words) if len(w) > 2)), None)


_NUMBERS = re.compile(r"[0-9]{1,2}(?:[\s,，、和.]+[0-9]{1,2})+")


def _titles(asked: Field | None, text: str) -> str:
    """2 3 at a question with several choices: the buttons with these numbers."""
    if asked is None or asked.type.name != "choices" or not _NUMBERS.fullmatch(text):
        return text
    options = question_options(asked)
    at = [int(number) for number in re.findall(r"[0-9]+", text)]
    return "、".join(options[n - 1][1] for n in at) if all(1 <= n <= len(options) for n in at) else text
