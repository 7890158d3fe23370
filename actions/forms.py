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
from redis.exceptions import RedisError

from actions.form_subject import addressed, offer_wards
from actions.replies import SORRY, hand_over, say, speaker_of
from bot.errors import BotError, ContentError, Refused, Unavailable, where
from bot.knowledge.answering import SURE
from bot.processes import dialogue, form_words
from bot.processes.check_times import Times
from bot.processes.definition import Process, load_processes
from bot.processes.dialogue import Meaning, Step
from bot.processes.draft import Draft, Subject
from bot.processes.duties import Check
from bot.processes.relatives import read_relative
from bot.processes.rules import World
from bot.services import family, people, records
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
        custom: dict[str, Any] = {"process": self.process_id}
        try:
            return await self._turn(dispatcher, tracker)
        except Refused as refusal:
            say(dispatcher, str(refusal))
            return _emptied(current().processes[self.process_id], tracker)
        except ContentError as error:
            logger.error("form %s failed: %s", self.process_id, error)  # names file and expression, no person's value
        except (Unavailable, RedisError) as error:
            logger.error("form %s waits: %s", self.process_id, type(error).__name__)
            custom["away"] = True
        except BotError as error:
            logger.error("form %s failed: %s", self.process_id, type(error).__name__)
        except Exception as error:
            logger.error("form %s failed: %s", self.process_id, where(error))
        say(dispatcher, SORRY, custom=custom)
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
        turn = await self._made_ready(dispatcher, tracker, services, speaker, process)
        if turn is None:
            return _emptied(process, tracker)
        if not await _consented(turn):
            return await self._consent(turn)
        draft = turn.draft
        if turn.opening or draft is None:
            step = await self._begin(turn, turn.text, draft)
        elif turn.again:
            step = dialogue.ask_again(turn.process, draft, turn.world)
        else:
            previous = None
            if dialogue.wants_previous(turn.text):
                previous = await records.previous_values(services, turn.about, turn.process)
            step = dialogue.hear(turn.process, draft, turn.text, _meaning(process, tracker), turn.world, previous)
            if step.unseen and (await _standing(turn))[1]:
                step = dialogue.review(turn.process, step.draft, turn.world)
        return await self._finish(turn, step)

    async def _made_ready(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        services: Services,
        speaker: Speaker,
        process: Process,
    ) -> _Turn | None:
        """The turn, once it is clear whom it is about; None where that was asked back. Raises `Refused` for whom it is not."""
        text, draft = str(tracker.latest_message.get("text") or ""), _draft(process, tracker)
        opening, again = _opening(tracker, process), _after_aside(tracker, process)
        subject = draft.subject if draft else None
        check = next((one for one in process.checks if draft and one.id == draft.check), None)
        if opening or _names_another(process, tracker, text, draft):
            about = await addressed(dispatcher, services, speaker, process, text)
            if about is None:
                return None
            if opening or draft is None or not draft.trail:
                opening, subject, check, text = True, about.subject, about.check, about.text
            elif about.subject != subject:
                say(dispatcher, f"这份{process.short}还没填完，先填完或者说“取消”，再帮家人填。")
                again = True
        if subject is None and not await _may_file(dispatcher, services, speaker, process):
            return None
        process = process.with_choices(await records.field_choices(services))
        world = await records.world(services)
        return _Turn(dispatcher, tracker, services, speaker, process, world, text, opening, again, subject, check)

    async def _begin(self, turn: _Turn, text: str, parked: Draft | None) -> Step:
        known = await people.known_values(turn.services, turn.speaker) if turn.subject is None else {}
        prefilled = {f.name: known[f.prefill] for f in turn.process.fields if f.prefill and f.prefill in known}
        previous = None
        if dialogue.opens_with_previous(turn.process, text):
            previous = await records.previous_values(turn.services, turn.about, turn.process)
        step = dialogue.begin(
            turn.process,
            text,
            parked,
            prefilled,
            turn.world,
            previous,
            turn.subject,
            turn.check.id if turn.check else "",
        )
        times, corrects = await _standing(turn)
        if not corrects:
            return step
        if step.unseen:
            step = dialogue.review(turn.process, step.draft, turn.world)
        note = dialogue.Line(f"{_already(turn, times.check)}，再填一次会作为更正；不需要就说“取消”。")
        return replace(step, lines=(note, *step.lines))

    async def _finish(self, turn: _Turn, step: Step) -> list[EventType]:
        process = turn.process
        if step.end == "aside":
            return [*_kept(process, step.draft, turn.tracker), ActionExecutionRejected(process.form)]
        if step.end == "submit":
            values = dialogue.final_values(process, step.draft, turn.world)
            about = step.draft.subject.person_id if step.draft.subject else None
            filed = await records.submit(turn.services, turn.speaker, process, step.draft.id, values, about, turn.check)
            _tell_filed(turn, step, filed)
            return _emptied(process, turn.tracker)
        for line in step.lines:
            say(turn.dispatcher, line.text, line.options, {"process": process.id, "field": step.draft.asked})
        return _emptied(process, turn.tracker) if step.end == "cancel" else _kept(process, step.draft, turn.tracker)

    async def _consent(self, turn: _Turn) -> list[EventType]:
        """Before anything is collected: one plain sentence, asked once a version of its text; for a ward, of who looks after them."""
        process, tracker, subject = turn.process, turn.tracker, turn.subject
        answering = turn.draft is not None and turn.draft.asked == CONSENT and not turn.opening
        if answering and form_words.is_word(turn.text, _AGREE):
            if subject is None:
                await people.give_consent(turn.services, turn.speaker)
            else:
                await family.consent_for(turn.services, turn.speaker, subject.person_id)
            agreed = replace(turn, speaker=await speaker_of(turn.services, tracker))
            return await self._finish(agreed, await self._begin(agreed, "", None))
        if answering and form_words.is_word(turn.text, _REFUSE):
            start = process.start_words[0]
            say(turn.dispatcher, f"好的，没有收集任何信息。改主意了随时发“{start}”；政策问题照样可以问我。")
            return _emptied(process, tracker)
        check = turn.check.id if turn.check else ""
        waiting = Draft.new(turn.world.now.date(), subject=subject, check=check).waiting(CONSENT)
        if answering and _meaning(process, tracker).aside and not turn.again:
            return [*_kept(process, waiting, tracker), ActionExecutionRejected(process.form)]
        custom = {"process": process.id, "field": CONSENT}
        text = CONSENT_TEXT if subject is None else family.consent_text(subject.who)
        say(turn.dispatcher, text, [("同意", "同意"), ("不同意", "不同意")], custom)
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
    text: str  # without the words for whom it is
    opening: bool  # whether the form was closed when the message came
    again: bool  # whether the message was answered already, so that the form only asks its question again
    subject: Subject | None
    check: Check | None

    @property
    def draft(self) -> Draft | None:
        return _draft(self.process, self.tracker)

    @property
    def about(self) -> int | None:
        """The person whom the report is about; None for a speaker who is no person yet."""
        return self.subject.person_id if self.subject else self.speaker.person_id


def _opening(tracker: Tracker, process: Process) -> bool:
    """Whether the form was closed when the message came. One that the message itself opens is active by now too."""
    if not tracker.active_loop or tracker.active_loop.get("name") != process.form:
        return True
    for event in reversed(tracker.events):
        if event["event"] in ("user", "active_loop"):
            return bool(event["event"] == "active_loop")
    return False


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


def _names_another(process: Process, tracker: Tracker, text: str, draft: Draft | None) -> bool:
    """Whether a message in an open form asks in exact words to report for somebody (帮我妈打卡)."""
    intent = tracker.latest_message["intent"]
    exact = intent.get("name") == process.start_intent and (intent.get("confidence") or 0.0) >= 0.999
    return exact and read_relative(text) is not None and not _after_aside(tracker, process)


async def _may_file(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, process: Process) -> bool:
    """Whether the speaker may report for themselves; who only looks after others is offered them instead.

    Raises:
        Refused: neither.
    """
    try:
        records.check_may_file(process, speaker)
    except Refused:
        wards = await family.wards_of(services, speaker)
        if not wards:
            raise
        offer_wards(dispatcher, process, wards, f"您自己不用{process.short}，可以帮家人{process.short}：")
        return False
    return True


async def _consented(turn: _Turn) -> bool:
    if turn.subject is None:
        return turn.speaker.consented
    wards = await family.wards_of(turn.services, turn.speaker)
    return any(ward.person_id == turn.subject.person_id and ward.consented for ward in wards)


async def _standing(turn: _Turn) -> tuple[Times, bool]:
    return await records.standing_check(turn.services, turn.about, turn.process, turn.check)


def _already(turn: _Turn, check: Check | None) -> str:
    who = turn.subject.who if turn.subject else "您"
    if check is None or check.title == turn.process.short:
        return f"{who}今天已经{turn.process.short}过了"
    return f"{who}今天的{check.title}已经报过了"


def _tell_filed(turn: _Turn, step: Step, filed: records.Filed) -> None:
    process, subject = turn.process, step.draft.subject
    if filed.again:
        lines = ["这份已经提交过了，不会重复记录。"]
    elif filed.corrected:
        lines = [f"已更正{subject.who if subject else ''}今天的记录，谢谢。"]
    else:
        lines = [f"已为{subject.who}{process.short}，谢谢您。" if subject else process.told]
    if filed.late and filed.check and not filed.again:
        lines.append(f"{filed.check.title}{filed.check.closes:%H:%M}截止，这次记为补报，下次早一点就好。")
    if step.unseen:
        shown = dialogue.summary(process, step.draft, turn.world)
        lines.append(f"{shown}\n有不对的，再发“{process.start_words[0]}”更正。")
    lines += [f"・{measure.text}\n来源：{measure.source}" for measure in filed.measures]
    lines += filed.advice
    if filed.alerted:
        lines.append("情况已告诉负责您的工作人员，会尽快联系您。")
    say(turn.dispatcher, "\n".join(lines), custom={"process": process.id})


def _action_of(process: Process) -> type[ValidateForm]:
    return type(
        f"Validate{process.id.title().replace('_', '')}Form",
        (ValidateForm,),
        {"process_id": process.id, "__module__": __name__},
    )


ACTIONS: Sequence[type[ValidateForm]] = tuple(_action_of(process) for process in load_processes().values())
