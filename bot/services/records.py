"""Records: what people filed by a process. One transaction files the record, its alerts and the messages they owe."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.errors import NotEntitled, Refused
from bot.processes.check_times import Times
from bot.processes.definition import Process
from bot.processes.duties import Check
from bot.processes.fields.base import Choice
from bot.services import checks, family, filing, messages
from bot.services.checks import ABSENT
from bot.services.context import Services
from bot.services.filing import Filed, Report, world
from bot.services.people import Speaker, ensure_person, name_guest
from bot.storage.tables import places, records

__all__ = ["Filed", "check_may_file", "field_choices", "previous_values", "standing_check", "submit", "world"]


def check_may_file(process: Process, speaker: Speaker) -> None:
    """Refuses a speaker who may not file by this process for themselves.

    Raises:
        NotEntitled: with words for the speaker and what to do instead.
    """
    if not process.unbound and not speaker.may_check_in():
        raise NotEntitled(
            f"{process.short}需要先绑定您的身份，这样记录才能送到负责您的网格或单位。请向网格员或班主任要邀请码，然后发送：绑定 邀请码。"
        )


async def submit(
    services: Services,
    speaker: Speaker,
    process: Process,
    draft_id: str,
    values: Mapping[str, Any],
    about: int | None = None,
    named: Check | None = None,
) -> Filed:
    """Files one report: of the speaker, or of `about`, somebody whom they look after. `named` is the check that was named.

    The draft's id is the record's key: filed twice, it is one record with one alert, and the same is told again.

    Raises:
        NotEntitled: the speaker may not file by this process, or not for this person.
        Refused: the draft is somebody else's.
        Unavailable: nothing was filed; the same call may be made again.
    """
    if about is None:
        check_may_file(process, speaker)
    record_id = uuid.UUID(draft_id)
    async with services.transaction() as connection:
        if about is None:
            person_id = await ensure_person(services, connection, speaker, values.get("name"), values.get("phone"))
            await name_guest(services, connection, person_id, values.get("name"), values.get("phone"))
        else:
            person_id = await family.check_ward(services, connection, speaker, about)
        owner = await connection.scalar(sa.select(records.c.person_id).where(records.c.id == record_id))
        if owner is not None and owner != person_id:
            raise Refused("这份表单不是您的。")
        reporter_id = speaker.person_id or person_id
        filed_as = "self" if reporter_id == person_id else "kin"
        report = Report(record_id, person_id, dict(values))
        done = await filing.file_reports(services, connection, process, [report], reporter_id, filed_as, named)
        filed = done[person_id]
    if speaker.person_id is None:
        await services.redis.delete(f"who:{speaker.account}")  # the guest that was made is who this account is now
    if filed.alerted:
        await messages.announce(services)
    return replace(filed, corrected=filed.corrected and not filed.again)


async def previous_values(services: Services, person_id: int | None, process: Process) -> dict[str, Any] | None:
    """The values of a person's last report by this process, if it is of yesterday or today; for 同昨天."""
    if person_id is None:
        return None
    async with services.transaction() as connection:
        sealed = await connection.scalar(
            sa.select(records.c.values_sealed)
            .where(
                records.c.person_id == person_id,
                records.c.process == process.id,
                records.c.day >= services.today() - timedelta(days=1),
                records.c.current,
                records.c.outcome.is_distinct_from(ABSENT),
            )
            .order_by(records.c.day.desc(), records.c.at.desc())
            .limit(1)
        )
    return None if sealed is None else services.vault.open_json(sealed, "records.values")


async def standing_check(
    services: Services, person_id: int | None, process: Process, named: Check | None = None
) -> tuple[Times, bool]:
    """For which check a report of this person would count now, and whether it would correct one that is there."""
    async with services.transaction() as connection:
        return await checks.standing(services, connection, process, person_id or 0, named)


async def field_choices(services: Services) -> dict[str, tuple[Choice, ...]]:
    """The choices that come from the org tree rather than from a process file: the grids."""
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(places.c.id, places.c.name, places.c.parent_id)
            .where(places.c.kind == "grid")
            .order_by(places.c.id)
        )
        rows = rows.all()
        grids = tuple(Choice(str(row.id), row.name, _grid_words(row.name)) for row in rows)
    # who does not know their grid is seen to by the place above the grids
    above = {str(row.parent_id) for row in rows if row.parent_id is not None}
    return {"grids": (*grids, Choice(above.pop() if len(above) == 1 else "unknown", "不清楚", ("不知道", "不晓得")))}


def _grid_words(name: str) -> tuple[str, ...]:
    """第三网格 is also called 三网格, 三号网格 and 3网格."""
    number = name.removeprefix("第").removesuffix("网格")
    digit = "一二三四五六七八九".find(number) + 1
    words = [f"{number}网格", f"{number}号网格", f"第{number}"]
    return (*words, f"{digit}网格", f"{digit}号网格", f"第{digit}网格") if digit else tuple(words)
