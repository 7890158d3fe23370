"""Whom a person looks after, and may report for."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotEntitled
from bot.processes.relatives import CHILDREN, kind_of, may_mean
from bot.services.context import Services
from bot.services.people import CONSENT_VERSION, Speaker, add_consent, mask_name
from bot.storage.tables import accounts, consents, kin, people, roles

HOW_TO_REGISTER = "要帮家人打卡，请先让网格员（学生找班主任）把您登记为他的家人或监护人。"


@dataclass(frozen=True)
class Ward:
    """Somebody whom the speaker looks after. `consented`: there is a consent for them to the present text."""

    person_id: int
    name: str
    kind: str
    pupil: bool
    consented: bool

    @property
    def who(self) -> str:
        """The ward as a summary names them."""
        return f"{mask_name(self.name)}（{self.kind}）"


def consent_text(who: str) -> str:
    """What is asked before anything about a ward is collected."""
    return (
        f"为了疫情防控，我要收集您替{who}填写的健康和行程信息，只给负责他的网格、单位或学校的工作人员看，"
        "加密保存；以后可以随时撤回。您作为家人或监护人同意吗？"
    )


async def wards_of(services: Services, speaker: Speaker) -> list[Ward]:
    """Everybody whom the speaker looks after, in the order in which they were registered."""
    if speaker.person_id is None:
        return []
    async with services.transaction() as connection:
        rows = await connection.execute(
            sa.select(
                people.c.id,
                people.c.name_sealed,
                kin.c.kind,
                sa.exists()
                .where(roles.c.person_id == people.c.id, roles.c.role == "student")
                .correlate(people)
                .label("pupil"),
                _consent_of(people.c.id).label("consented"),
            )
            .join(kin, kin.c.ward_id == people.c.id)
            .where(kin.c.person_id == speaker.person_id, people.c.merged_into.is_(None))
            .order_by(people.c.id)
        )
        return [
            Ward(row.id, services.vault.open(row.name_sealed, "people.name"), row.kind, row.pupil, row.consented)
            for row in rows
        ]


def meant(wards: list[Ward], said: str) -> list[Ward]:
    """Those of the wards whom a word (妈) or a name may mean."""
    if not kind_of(said):
        return [ward for ward in wards if ward.name == said]
    child = kind_of(said) in CHILDREN
    # how a school registers a pupil says who the guardian is to them (母亲), not who they are to the guardian
    return [ward for ward in wards if may_mean(said, ward.kind) or (child and ward.pupil and not _is_child(ward))]


def _is_child(ward: Ward) -> bool:
    return kind_of(ward.kind) in CHILDREN


async def check_ward(services: Services, connection: AsyncConnection, speaker: Speaker, ward_id: int) -> int:
    """The ward's id, if the speaker may report for them and consent to it stands.

    Raises:
        NotEntitled: with words for the speaker.
    """
    linked = speaker.person_id is not None and await connection.scalar(
        sa.select(kin.c.ward_id).where(kin.c.person_id == speaker.person_id, kin.c.ward_id == ward_id)
    )
    if not linked:
        raise NotEntitled(f"您不能替这个人打卡。{HOW_TO_REGISTER}")
    if not await connection.scalar(sa.select(_consent_of(sa.literal(ward_id)))):
        raise NotEntitled("还没有同意收集他的信息，没有提交。")
    return ward_id


async def consent_for(services: Services, speaker: Speaker, ward_id: int) -> None:
    """Keeps that the speaker has consented to the present text for a ward.

    Raises:
        NotEntitled: the ward is not theirs, or has withdrawn and can speak for themselves.
    """
    async with services.transaction() as connection:
        linked = await connection.scalar(
            sa.select(kin.c.ward_id).where(kin.c.person_id == speaker.person_id, kin.c.ward_id == ward_id)
        )
        if linked is None:
            raise NotEntitled(f"您不能替这个人打卡。{HOW_TO_REGISTER}")
        if await _decides_alone(connection, ward_id):
            raise NotEntitled("本人已经撤回同意，要由本人重新同意后才能打卡。")
        await add_consent(services, connection, ward_id)


async def _decides_alone(connection: AsyncConnection, ward_id: int) -> bool:
    """Whether somebody has withdrawn their consent by a chat of their own."""
    return bool(
        await connection.scalar(
            sa.select(
                sa.exists().where(accounts.c.person_id == ward_id)
                & sa.exists().where(consents.c.person_id == ward_id, consents.c.withdrawn_at.is_not(None))
            )
        )
    )


def _consent_of(person_id: sa.sql.ColumnElement[int]) -> sa.sql.ColumnElement[bool]:
    return sa.exists().where(
        consents.c.person_id == person_id, consents.c.version == CONSENT_VERSION, consents.c.withdrawn_at.is_(None)
    )
