"""The Rasa side of every form: slots in, one call of bot/processes/dialogue.py, slots and bubbles out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecutionRejected, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT, FormValidationAction

from actions.replies import SORRY, hand_over, say, speaker_of
from bot.errors import BotError, ContentError, Refused, where
from bot.knowledge.answering import SURE
from bot.processes import dialogue, form_words
from bot.processes.definition import Process, load_processes
from bot.processes.dialogue import Meaning, Step
from bot.processes.draft import Draft
from bot.processes.rules import World
from bot.services import people, records
from bot.services.context import Services, current
from bot.services.people import CONSENT_TEXT, Speaker

logger = logging.getLogger(__name__)

CONSENT = "consent"
_STATED = 0.6  # how like a known question a statement must be to be taken for it while a form is open
_AGREE = frozenset("同意 我同意 同意了 好 好的 可以 是 是的 行 嗯 ok".split())
_REFUSE = frozenset("不同意 我不同意 不 不行 不可以 拒绝 否 取消".split())
# What the assistant can answer while a form is open. A process start is not among them: see `_meaning`.
_ASIDES = frozenset(
    {
        "ask",
        "out_of_scope",
        "greet",
        "thank",
        "help",
        "person",
        "leave_person",
        "handle_alert",
        "handle_ticket",
        "bind",
        "withdraw_consent",
        "feedback",
        "keep_knowledge",
        "my_data",
        "keep_people",
        "report_others",
        "follow_up",
        "chase",
        "summary",
        "broadcast",
        "desk",
    }
)


class ValidateForm(FormValidationAction):
    """Runs once a turn for one process; its subclasses, one a process file, are made below."""

    process_id = ""

    def name(self) -> str:
        """validate_<form>, where Rasa's form looks for it."""
        return f"validate_{self.process_id}_form"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Takes the message; whatever goes wrong, the form stays open where it was and the person gets words."""
        try:
            return await self._turn(dispatcher, tracker)
        except ContentError as error:
            logger.error("form %s failed: %s", self.process_id, error)  # names file and expression, no person's value
        except BotError as error:
            logger.error("form %s failed: %s", self.process_id, type(error).__name__)
        except Exception as error:
            logger.error("form %s failed: %s", self.process_id, where(error))
        say(dispatcher, SORRY, custom={"process": self.process_id})
        process = current().processes[self.process_id]
        return [
            SlotSet(process.slot("draft"), tracker.get_slot(process.slot("draft"))),
            SlotSet(REQUESTED_SLOT, process.slot("draft")),
        ]

    async def _turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        services = current()
        if await hand_over(dispatcher, tracker, services):
            return [SlotSet(REQUESTED_SLOT, None)]  # said to the staff, and no report: the form does not open
        speaker = await speaker_of(services, tracker)
        process = services.processes[self.process_id]
        try:
            records.check_may_file(process, speaker)
        except Refused as refusal:
            say(dispatcher, str(refusal))
            return _emptied(process, tracker)
        process = process.with_choices(await records.field_choices(services))
        turn = _Turn(dispatcher, tracker, services, speaker, process, await records.world(services))
        if not speaker.consented:
            return await self._consent(turn)
        draft = turn.draft
        if turn.opening or draft is None:
            step = await self._begin(turn, turn.text, draft)
        elif turn.after_aside:
            step = dialogue.ask_again(process, draft, turn.world)
        else:
            previous = None
            if dialogue.wants_previous(turn.text):
                previous = await records.previous_values(services, speaker, process)
            step = dialogue.hear(process, draft, turn.text, _meaning(process, tracker), turn.world, previous)
        return await self._finish(turn, step)

    async def _begin(self, turn: _Turn, text: str, parked: Draft | None) -> Step:
        known = await people.known_values(turn.services, turn.speaker)
        prefilled = {f.name: known[f.prefill] for f in turn.process.fields if f.prefill and f.prefill in known}
        step = dialogue.begin(turn.process, text, parked, prefilled, turn.world)
        if turn.process.once_a_day and await records.filed_today(turn.services, turn.speaker, turn.process):
            note = dialogue.Line(f"您今天已经{turn.process.short}过了，再填一次会作为更正；不需要就说“取消”。")
            return replace(step, lines=(note, *step.lines))
        return step

    async def _finish(self, turn: _Turn, step: Step) -> list[EventType]:
        process = turn.process
        if step.end == "aside":
            return [*_kept(process, step.draft, turn.tracker), ActionExecutionRejected(process.form)]
        if step.end == "submit":
            values = dialogue.final_values(process, step.draft, turn.world)
            filed = await records.submit(turn.services, turn.speaker, process, step.draft.id, values)
            _tell_filed(turn.dispatcher, process, filed)
            return _emptied(process, turn.tracker)
        for line in step.lines:
            say(turn.dispatcher, line.text, line.options, {"process": process.id, "field": step.draft.asked})
        return _emptied(process, turn.tracker) if step.end == "cancel" else _kept(process, step.draft, turn.tracker)

    async def _consent(self, turn: _Turn) -> list[EventType]:
        """Before anything is collected: one plain sentence, asked once a version of its text."""
        process, tracker = turn.process, turn.tracker
        answering = turn.draft is not None and turn.draft.asked == CONSENT and not turn.opening
        if answering and form_words.is_word(turn.text, _AGREE):
            await people.give_consent(turn.services, turn.speaker)
            agreed = replace(turn, speaker=await speaker_of(turn.services, tracker))
            return await self._finish(agreed, await self._begin(agreed, "", None))
        if answering and form_words.is_word(turn.text, _REFUSE):
            start = process.start_words[0]
            say(turn.dispatcher, f"好的，没有收集任何信息。改主意了随时发“{start}”；政策问题照样可以问我。")
            return _emptied(process, tracker)
        waiting = Draft.new(turn.world.now.date()).waiting(CONSENT)
        if answering and _meaning(process, tracker).aside and not turn.after_aside:
            return [*_kept(process, waiting, tracker), ActionExecutionRejected(process.form)]
        custom = {"process": process.id, "field": CONSENT}
        say(turn.dispatcher, CONSENT_TEXT, [("同意", "同意"), ("不同意", "不同意")], custom)
        return _kept(process, waiting, tracker)


@dataclass(frozen=True)
class _Turn:
    """What one turn of a form has at hand."""

    dispatcher: CollectingDispatcher
    tracker: Tracker
    services: Services
    speaker: Speaker
    process: Process
    world: World

    @property
    def text(self) -> str:
        return str(self.tracker.latest_message.get("text") or "")

    @property
    def draft(self) -> Draft | None:
        return _draft(self.process, self.tracker)

    @property
    def opening(self) -> bool:
        """Whether the form was closed when the message came."""
        return not self.tracker.active_loop or self.tracker.active_loop.get("name") != self.process.form

    @property
    def after_aside(self) -> bool:
        return _after_aside(self.tracker, self.process)


def _after_aside(tracker: Tracker, process: Process) -> bool:
    """Whether another action has answered the latest message already, so that the form only asks its question again."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "action" and event.get("name") not in (process.form, "action_listen"):
            return True
    return False


def _draft(process: Process, tracker: Tracker) -> Draft | None:
    meta = tracker.get_slot(process.slot("draft"))
    if not meta:
        return None
    values = {name: tracker.get_slot(process.slot(name)) for name in process.by_name}
    return Draft.from_meta(meta, {name: value for name, value in values.items() if value is not None})


def _kept(process: Process, draft: Draft, tracker: Tracker) -> list[EventType]:
    """The draft in its slots; the requested slot keeps the form open and says what it waits for."""
    asked = draft.asked if draft.asked in process.by_name else "draft"
    return [
        *_changed(process, tracker, {name: draft.values.get(name) for name in process.by_name}),
        SlotSet(process.slot("draft"), draft.meta()),
        SlotSet(REQUESTED_SLOT, process.slot(asked)),
    ]


def _emptied(process: Process, tracker: Tracker) -> list[EventType]:
    """All slots of the process empty and the form closed."""
    return [
        *_changed(process, tracker, dict.fromkeys((*process.by_name, "draft"))),
        SlotSet(REQUESTED_SLOT, None),
    ]


def _changed(process: Process, tracker: Tracker, values: Mapping[str, Any]) -> list[EventType]:
    # only what differs: Rasa checks and applies each event, and a form of many fields has many slots
    return [
        SlotSet(process.slot(name), value)
        for name, value in values.items()
        if tracker.get_slot(process.slot(name)) != value
    ]


def _meaning(process: Process, tracker: Tracker) -> Meaning:
    message = tracker.latest_message
    intent, confidence = message["intent"].get("name"), message["intent"].get("confidence") or 0.0
    if intent is not None and intent.startswith("start_"):
        # Another process is opened only by its own words, not by a likeness: the answers of this one go first.
        if intent == process.start_intent:
            return Meaning(start=True)
        certain = confidence >= 0.999
        return Meaning(aside=certain, certain=certain)
    if intent == "out_of_scope" and not form_words.sounds_like_question(str(message.get("text") or "")):
        return (
            Meaning()
        )  # a wrong answer to the form's question (a phone number too short) resembles no question at all
    if intent == "ask":
        ranking = (message.get("response_selector") or {}).get("ask", {}).get("ranking") or [{"confidence": 0.0}]
        likeness = ranking[0]["confidence"]
        if form_words.sounds_like_question(str(message.get("text") or "")):
            return Meaning(aside=likeness >= SURE, certain=likeness >= 0.999)
        # 发烧 咳嗽 is a way of asking too, but first of all an answer; and what is no answer and put as a statement is
        # a question only where it is very like one.
        return Meaning(aside=likeness >= _STATED)
    text = str(message.get("text") or "")
    # 谢谢 and 不用了 may also answer the form; 退出人工 cannot
    answers = intent == "thank" or (intent == "leave_person" and "人工" not in text)
    certain = confidence >= 0.999 and intent in _ASIDES and not answers
    return Meaning(aside=intent in _ASIDES and confidence >= SURE, certain=certain)


def _tell_filed(dispatcher: CollectingDispatcher, process: Process, filed: records.Filed) -> None:
    lines = [process.told if not filed.corrected else "已更正今天的记录，谢谢。"]
    if filed.again:
        lines = ["这份已经提交过了，不会重复记录。"]
    lines += [f"・{measure.text}\n来源：{measure.source}" for measure in filed.measures]
    lines += filed.advice
    if filed.alerted:
        lines.append("情况已告诉负责您的工作人员，会尽快联系您。")
    say(dispatcher, "\n".join(lines), custom={"process": process.id})


def _action_of(process: Process) -> type[ValidateForm]:
    return type(
        f"Validate{process.id.title().replace('_', '')}Form",
        (ValidateForm,),
        {"process_id": process.id, "__module__": __name__},
    )


ACTIONS: Sequence[type[ValidateForm]] = tuple(_action_of(process) for process in load_processes().values())
