"""For whom a form is opened, and for which check of the day: 打卡, 晨检 36.5, 帮我妈打卡 36.4 没症状."""

from __future__ import annotations

from dataclasses import dataclass

from rasa_sdk.executor import CollectingDispatcher

from actions.replies import say
from bot.errors import Refused
from bot.processes.check_times import named_check
from bot.processes.definition import Process
from bot.processes.draft import Subject
from bot.processes.duties import Check
from bot.processes.normal import normalise
from bot.processes.relatives import Said, read_relative
from bot.services import family
from bot.services.context import Services
from bot.services.people import Speaker

_MOST = 8


@dataclass(frozen=True)
class Addressed:
    """What is left of the message that opened a form, once it is clear whom and which check it is about."""

    text: str
    subject: Subject | None = None
    check: Check | None = None


async def addressed(
    dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, process: Process, text: str
) -> Addressed | None:
    """Whom a form is opened for; None where that is asked back, which is said here.

    Raises:
        Refused: the check that was named has not begun.
    """
    if not process.once_a_day:
        return Addressed(text)
    check, rest = named_check(process, normalise(text).strip())
    if check is not None and services.local_now().time() < check.opens:
        raise Refused(f"{check.title}{check.opens:%H:%M}开始，到时候再报。")
    text = rest if check is not None else text
    said = read_relative(text)
    if said is None:
        return Addressed(text, check=check)
    wards = await family.wards_of(services, speaker)
    found = family.meant(wards, said.who)
    if len(found) == 1:
        return Addressed(said.rest, subject_of(found[0]), check)
    if not wards:
        say(dispatcher, f"您名下还没有登记家人。{family.HOW_TO_REGISTER}给自己打卡请发“{process.start_words[0]}”。")
    else:
        lead = "要帮哪一位" if found else f"您登记的家人里没有“{said.who}”，要帮哪一位"
        offer_wards(dispatcher, process, found or wards, f"{lead}{process.short}？", said)
    return None


def subject_of(ward: family.Ward) -> Subject:
    """A ward as whom a form is filled in for."""
    return Subject(ward.person_id, ward.who)


def offer_wards(
    dispatcher: CollectingDispatcher, process: Process, wards: list[family.Ward], text: str, said: Said | None = None
) -> None:
    """Asks for which ward a report is; what was said of them goes along with the button."""
    rest = f" {said.rest}" if said and said.rest else ""
    word = process.start_words[0]
    say(dispatcher, text, [(ward.who, f"帮{ward.name}{word}{rest}") for ward in wards[:_MOST]])
