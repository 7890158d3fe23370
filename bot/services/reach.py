"""Whom of the roster a staff member may look up, invite and merge."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotEntitled
from bot.services.people import Speaker
from bot.services.roles import DUTY, IN_CHARGE, MARKS, SUBJECT
from bot.storage.tables import people, places, roles

FOR_STAFF_ONLY = "这是工作人员用的功能。您要找人或有事，可以发“转人工”，会有负责您的工作人员联系您。"


def check_staff(by: Speaker) -> None:
    """Refuses who is in charge of nothing.

    Raises:
        NotEntitled: with a friendly sentence.
    """
    if not by.staff:
        raise NotEntitled(FOR_STAFF_ONLY)


def in_reach(by: Speaker) -> sa.sql.ColumnElement[bool]:
    """The rows of `people` that the speaker may look up: whom a place under theirs looks after, and staff of places below theirs.

    People of the roster only: no guests, nobody who was merged into another.
    """
    own = sa.cast(by.in_charge_of(), places.c.path.type)
    under = sa.select(places.c.id).where(places.c.path.op("&&")(own))
    cared_for = sa.and_(roles.c.role.in_([*SUBJECT, *MARKS]), roles.c.place_id.in_(under))
    theirs = sa.exists().where(roles.c.person_id == people.c.id, sa.or_(cared_for, roles.c.place_id.in_(_below(by))))
    return sa.and_(~people.c.is_guest, people.c.merged_into.is_(None), theirs)


async def check_no_rights_above(connection: AsyncConnection, by: Speaker, person_ids: list[int]) -> None:
    """Refuses where one of these people has rights or duties at a place that does not lie below the speaker's: who could bind an
    account to them would come by rights that are not theirs to give.

    Raises:
        NotEntitled: with words for the speaker.
    """
    above = await connection.scalar(
        sa.select(roles.c.id)
        .where(
            roles.c.person_id.in_(person_ids),
            roles.c.role.in_([*IN_CHARGE, *DUTY]),
            roles.c.place_id.not_in(_below(by)),
        )
        .limit(1)
    )
    if above is not None:
        raise NotEntitled("这个人也是工作人员，要由他的上级单位或管理员来办理。")


def _below(by: Speaker) -> sa.sql.Select:
    own = sa.cast(by.in_charge_of(), places.c.path.type)
    upper = places.alias("upper")
    return sa.select(places.c.id).join(upper, upper.c.id == places.c.parent_id).where(upper.c.path.op("&&")(own))
