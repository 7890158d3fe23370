"""全家正常: a family is reported at once, after a list of whom it is about was confirmed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import NotFound, Refused
from bot.processes.group_lines import normal_values
from bot.services import checks, family, filing
from bot.services.context import Services
from bot.services.filing import Report
from bot.services.group_reports import group_process
from bot.services.people import CONSENT_TEXT, Speaker, add_consent
from bot.services.records import standing_check


@dataclass(frozen=True)
class FamilyMember:
    """The speaker themselves or a ward. `reported`: there is a report for the check whose time it is, which is left alone."""

    person_id: int
    who: str
    reported: bool
    consented: bool


@dataclass(frozen=True)
class FamilyPlan:
    """Whom 全家正常 is about; `consent` is what is consented to by confirming, '' when all have."""

    id: str
    process: str
    day: str
    members: tuple[FamilyMember, ...]
    consent: str

    def waiting(self) -> dict[str, Any]:
        """What is kept until 确认上报."""
        open_ones = [member.person_id for member in self.members if not member.reported]
        return {"id": self.id, "process": self.process, "day": self.day, "people": open_ones}


async def plan_family(services: Services, speaker: Speaker) -> FamilyPlan:
    """The speaker and everybody whom they look after.

    Raises:
        NotFound: nobody is registered as their family.
    """
    wards = await family.wards_of(services, speaker)
    if not wards:
        raise NotFound(f"您名下还没有登记家人。{family.HOW_TO_REGISTER}给自己打卡请发“打卡”。")
    process = group_process(services)
    members = []
    if speaker.may_check_in() and speaker.person_id is not None:
        _, reported = await standing_check(services, speaker.person_id, process)
        members.append(FamilyMember(speaker.person_id, "您本人", reported, speaker.consented))
    for ward in wards:
        _, reported = await standing_check(services, ward.person_id, process)
        members.append(FamilyMember(ward.person_id, ward.who, reported, ward.consented))
    missing = [member for member in members if not member.consented and not member.reported]
    return FamilyPlan(
        str(uuid.uuid4()),
        process.id,
        services.today().isoformat(),
        tuple(members),
        CONSENT_TEXT.removesuffix("同意吗？") if missing else "",
    )


async def file_family(services: Services, speaker: Speaker, waiting: Mapping[str, Any]) -> int:
    """Files 一切正常 for those who were listed and have not reported since; returns for how many.

    Raises:
        NotEntitled: one of them is not the speaker's to report for.
        Refused: the day is over.
    """
    process = services.processes[waiting["process"]]
    if waiting["day"] != services.today().isoformat():
        raise Refused("这份是昨天的，已经作废，请重新发一次。")
    values, batch = normal_values(process), uuid.UUID(waiting["id"])
    for ward in await family.wards_of(services, speaker):
        if ward.person_id in waiting["people"] and not ward.consented:
            await family.consent_for(services, speaker, ward.person_id)
    async with services.transaction() as connection:
        reports = []
        for person in waiting["people"]:
            if person == speaker.person_id:
                await add_consent(services, connection, person)
            else:
                await family.check_ward(services, connection, speaker, person)
            _, reported = await checks.standing(services, connection, process, person)
            if not reported:
                reports.append(Report(uuid.uuid5(batch, str(person)), person, values))
        reporter = speaker.person_id or 0
        for filed_as in ("self", "kin"):
            some = [one for one in reports if (one.person_id == reporter) == (filed_as == "self")]
            if some:
                await filing.file_reports(services, connection, process, some, reporter, filed_as)
    await services.redis.delete(f"who:{speaker.account}")
    return len(reports)
