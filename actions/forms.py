"""The Rasa side of every form: slots in, one call of bot/processes/dialogue.py, slots and bubbles out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecutionRejected, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT, FormValidationAction

from actions.replies import SORRY, say, speaker_of
from bot.errors import BotError, ContentError, Refused
from bot.knowledge.answering import SURE
from bot.processes import dialogue, form_words
from bot.processes.definition import Process, load_processes
from bot.processes.dialogue import Meaning, Step
from bot.processes.draft import Draft
from bot.services import people, records
from bot.services.context import Services, current
from bot.services.people import CONSENT_TEXT, Speaker

logger = logging.getLogger(__name__)

CONSENT = "consent"
_AGREE = frozenset("同意 我同意 同意了 好 好的 可以 是 是的 行 嗯 ok".split())
_REFUSE = frozenset("不同意 我不同意 不 不行 不可以 拒绝 否 取消".split())
# What the assistant can answer while a form is open. A process start is not among them: see `_meaning`.
_ASIDES = frozenset({"ask", "out_of_scope", "greet", "thank", "help", "person", "handle_alert", "bind"})


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
        except Exception:
            logger.exception("form %s failed", self.process_id)
        say(dispatcher, SORRY, custom={"process": self.process_id})
        process = current().processes[self.process_id]
        return [
            SlotSet(process.slot("draft"), tracker.get_slot(process.slot("draft"))),
            SlotSet(REQUESTED_SLOT, process.slot("draft")),
        ]

    async def _turn(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        services = current()
        speaker = await speaker_of(services, tracker)
        process = services.processes[self.process_id]
        try:
            records.check_may_file(process, speaker)
        except Refused as refusal:
            say(dispatcher, str(refusal))
            return [SlotSet(REQUESTED_SLOT, None)]
        process = process.with_choices(await records.field_choices(services))
        world = await records.world(services)
        draft = _draft(process, tracker)
        text = str(tracker.latest_message.get("text") or "")
        opening = not tracker.active_loop or tracker.active_loop.get("name") != process.form
        if not speaker.consented:
            return await self._consent(dispatcher, tracker, services, speaker, process, draft, text, opening)
        if opening:
            step = await self._begin(services, speaker, process, draft, text, world)
        elif draft is not None and _after_aside(tracker, process):
            step = dialogue.ask_again(process, draft, world)
        elif draft is None:
            step = await self._begin(services, speaker, process, None, text, world)
        else:
            previous = (
                await records.previous_values(services, speaker, process) if dialogue.wants_previous(text) else None
            )
            step = dialogue.hear(process, draft, text, _meaning(process, tracker), world, previous)
        return await self._finish(dispatcher, services, speaker, process, step, world)

    async def _begin(
        self, services: Services, speaker: Speaker, process: Process, parked: Draft | None, text: str, world: Any
    ) -> Step:
        known = await people.known_values(services, speaker)
        prefilled = {f.name: known[f.prefill] for f in process.fields if f.prefill and f.prefill in known}
        step = dialogue.begin(process, text, parked, prefilled, world)
        if process.once_a_day and await records.filed_today(services, speaker, process):
            note = dialogue.Line(f"您今天已经{process.short}过了，再填一次会作为更正；不需要就说“取消”。")
            return replace(step, lines=(note, *step.lines))
        return step

    async def _finish(
        self,
        dispatcher: CollectingDispatcher,
        services: Services,
        speaker: Speaker,
        process: Process,
        step: Step,
        world: Any,
    ) -> list[EventType]:
        if step.end == "aside":
            return [*_kept(process, step.draft), ActionExecutionRejected(process.form)]
        if step.end == "submit":
            values = dialogue.final_values(process, step.draft, world)
            filed = await records.submit(services, speaker, process, step.draft.id, values)
            _tell_filed(dispatcher, process, filed)
            return _emptied(process)
        for line in step.lines:
            say(dispatcher, line.text, line.options, {"process": process.id, "field": step.draft.asked})
        return _emptied(process) if step.end == "cancel" else _kept(process, step.draft)

    async def _consent(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        services: Services,
        speaker: Speaker,
        process: Process,
        draft: Draft | None,
        text: str,
        opening: bool,
    ) -> list[EventType]:
        """Before anything is collected: one plain sentence, asked once a version of its text."""
        world = await records.world(services)
        asked = draft is not None and draft.asked == CONSENT
        if asked and not opening and form_words.is_word(text, _AGREE):
            await people.give_consent(services, speaker)
            agreed = await speaker_of(services, tracker)
            return await self._finish(
                dispatcher,
                services,
                agreed,
                process,
                await self._begin(services, agreed, process, None, "", world),
                world,
            )
        if asked and not opening and form_words.is_word(text, _REFUSE):
            say(dispatcher, f"好的，没有收集任何信息。改主意了随时发“{process.start_words[0]}”；政策问题照样可以问我。")
            return _emptied(process)
        waiting = Draft.new(world.now.date()).waiting(CONSENT)
        if asked and not opening and _meaning(process, tracker).aside and not _after_aside(tracker, process):
            return [*_kept(process, waiting), ActionExecutionRejected(process.form)]
        say(
            dispatcher,
            CONSENT_TEXT,
            [("同意", "同意"), ("不同意", "不同意")],
            {"process": process.id, "field": CONSENT},
        )
        return _kept(process, waiting)


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


def _kept(process: Process, draft: Draft) -> list[EventType]:
    """The draft in its slots; the requested slot keeps the form open and says what it waits for."""
    slots: list[EventType] = [SlotSet(process.slot(name), draft.values.get(name)) for name in process.by_name]
    asked = draft.asked if draft.asked in process.by_name else "draft"
    return [*slots, SlotSet(process.slot("draft"), draft.meta()), SlotSet(REQUESTED_SLOT, process.slot(asked))]


def _emptied(process: Process) -> list[EventType]:
    """All slots of the process empty and the form closed."""
    names = (*process.by_name, "draft")
    return [*(SlotSet(process.slot(name), None) for name in names), SlotSet(REQUESTED_SLOT, None)]


def _meaning(process: Process, tracker: Tracker) -> Meaning:
    message = tracker.latest_message
    intent, confidence = message["intent"].get("name"), message["intent"].get("confidence") or 0.0
    if intent is not None and intent.startswith("start_"):
        # Another process is opened only by its own words, not by a likeness: the answers of this one go first.
        certain = intent != process.start_intent and confidence >= 0.999
        return Meaning(aside=certain, certain=certain)
    certain = confidence >= 0.999 and intent in _ASIDES and intent != "thank"
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
