"""The register of high-risk posts (篇五 第5问): who has reported today, and when they were last tested.

The plan asks for 高频次 tests and does not say how often; the interval is the office's own (BOT_HIGH_RISK_TEST_DAYS).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from bot.errors import NotEntitled
from bot.services.alert_views import name_of
from bot.services.context import Services
from bot.services.followup_desk import keep_test, person_called
from bot.services.people import Speaker
from bot.services.places import place_name
from bot.storage.tables import people, places, records, roles, tests

MARK = "high_risk_post"


@dataclass(frozen=True)
class PostView:
    """Somebody in a high-risk post. `overdue`: the last test is longer ago than the office allows, or there is none."""

    who: str
    where: str
    reported: bool
    tested: date | None
    overdue: bool


async def register(services: Services, by: Speaker) -> list[PostView]:
    """Everybody in a high-risk post in the speaker's part: those with something missing first.

    Raises:
        NotEntitled: the speaker is no staff.
    """
    if not by.staff:
        raise NotEntitled("高风险岗位名单只有负责的工作人员可以查看。")
    today = services.today()
    own = sa.cast(by.in_charge_of(), places.c.path.type)
    reported = sa.exists().where(
        records.c.person_id == roles.c.person_id,
        records.c.process == "daily_report",
        records.c.day == today,
        records.c.current,
    )
    last = sa.select(sa.func.max(tests.c.day)).where(tests.c.person_id == roles.c.person_id).scalar_subquery()
    async with services.transaction() as connection:
        rows = (
            await connection.execute(
                sa.select(roles.c.person_id, roles.c.place_id, reported.label("reported"), last.label("tested"))
                .join(places, places.c.id == roles.c.place_id)
                .join(people, people.c.id == roles.c.person_id)
                .where(roles.c.role == MARK, places.c.path.op("&&")(own), people.c.merged_into.is_(None))
                .order_by(roles.c.id)
            )
        ).all()
        views = [
            PostView(
                await name_of(services, connection, row.person_id),
                await place_name(connection, row.place_id),
                row.reported,
                row.tested,
                row.tested is None or (today - row.tested).days >= services.settings.high_risk_test_days,
            )
            for row in rows
        ]
    return sorted(views, key=lambda view: (view.reported, not view.overdue))


async def test(services: Services, by: Speaker, name: str, result: str, day: date) -> str:
    """Keeps a test of somebody by their whole name; returns the name masked.

    Raises:
        NotEntitled, NotFound, Refused: with words for the speaker.
    """
    if not by.staff:
        raise NotEntitled("核酸结果由负责的工作人员登记。")
    async with services.transaction() as connection:
        person_id = await person_called(services, connection, by, name)
        await keep_test(services, connection, by, person_id, result, day, None)
        return await name_of(services, connection, person_id)
