"""Who reported something abnormal on a day, for the list that those in charge export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.definition import Process
from bot.services.alert_views import STATE_TITLES
from bot.services.asked_part import Place
from bot.services.checks import owing, report_of
from bot.services.context import Services
from bot.services.summary_words import rule_title
from bot.storage.tables import alerts, people, places, records


@dataclass(frozen=True)
class AbnormalPerson:
    """A report that raised alert rules. `what` says which in a word or two each; `alert` is the code of the person's newest alert."""

    where: str
    name: str
    check: str
    what: str
    alert: str
    state: str


async def abnormal_people(
    services: Services, connection: AsyncConnection, process: Process, day: date, place: Place, most: int
) -> list[AbnormalPerson]:
    """The abnormal reports under a place, each once, those of one place together."""
    by_role = owing(process, [place.id]).subquery()
    once = (
        sa.select(by_role.c.person_id, by_role.c.check_id, by_role.c.place_id, by_role.c.path, records.c.rules)
        .distinct(by_role.c.person_id, by_role.c.check_id)
        .select_from(by_role.join(records, report_of(by_role, process, day)))
        .where(records.c.rules != sa.cast([], records.c.rules.type))
        .subquery()
    )
    newest = (
        sa.select(alerts.c.code, alerts.c.state)
        .where(alerts.c.person_id == once.c.person_id, alerts.c.process == process.id)
        .order_by(alerts.c.id.desc())
        .limit(1)
        .lateral()
    )
    rows = await connection.execute(
        sa.select(once, people.c.name_sealed, places.c.name.label("place"), newest.c.code, newest.c.state)
        .select_from(
            once.join(people, people.c.id == once.c.person_id)
            .join(places, places.c.id == once.c.place_id)
            .outerjoin(newest, sa.true())
        )
        .order_by(once.c.path, once.c.person_id)
        .limit(most)
    )
    titles = {check.id: check.title for check in process.checks}
    return [
        AbnormalPerson(
            row.place,
            services.vault.open(row.name_sealed, "people.name"),
            titles.get(row.check_id, row.check_id),
            "、".join(rule_title(process, rule) for rule in row.rules),
            row.code or "",
            STATE_TITLES.get(row.state, "") if row.state else "",
        )
        for row in rows
    ]
