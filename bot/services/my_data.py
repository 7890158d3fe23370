"""What is held of a person, for that person: shown, exported, corrected; consent withdrawn. Deleting is in erasing.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound
from bot.processes.definition import Process
from bot.services import audit, identity, receipts
from bot.services.alert_views import STATE_TITLES, STEP_TITLES
from bot.services.context import Services
from bot.services.history import kept_turns
from bot.services.people import Speaker, forget_speaker, staff_for
from bot.services.roles import IN_CHARGE, TITLES
from bot.storage.tables import (
    accounts,
    alert_steps,
    alerts,
    consents,
    followup_contacts,
    followups,
    inbox,
    kin,
    people,
    places,
    questions,
    records,
    roles,
    tests,
    ticket_lines,
    tickets,
)
from bot.storage.tables import receipts as receipts_table

_COUNTED = {
    "打卡和申报记录": records.c.person_id,
    "预警": alerts.c.person_id,
    "随访": followups.c.person_id,
    "核酸结果": tests.c.person_id,
    "人工对话": tickets.c.person_id,
    "提过的问题": questions.c.person_id,
    "收到的消息": inbox.c.person_id,
    "登记的家人": kin.c.person_id,
}


@dataclass(frozen=True)
class HeldData:
    """What is held of a person: kinds and how many of each, who may see it, and whether a consent stands."""

    counts: Mapping[str, int]
    seen_by: tuple[str, ...]
    consented: bool


def own_id(speaker: Speaker) -> int:
    """The speaker's person.

    Raises:
        NotFound: the account is bound to nobody, so nothing is held.
    """
    if speaker.person_id is None:
        raise NotFound("您还没有绑定身份，这里没有存您的个人信息；聊天记录14天后自动删除。")
    return speaker.person_id


async def overview(services: Services, speaker: Speaker) -> HeldData:
    """What is held of the speaker; raises as `own_id`."""
    person = own_id(speaker)
    async with services.transaction() as connection:
        counts = {title: await _count(connection, column, person) for title, column in _COUNTED.items()}
        staff = await staff_for(connection, speaker.places(), but=person)
        held = await connection.scalars(
            sa.select(roles.c.role).where(roles.c.person_id.in_(staff), roles.c.role.in_(list(IN_CHARGE))).distinct()
        )
        seen_by = set(held)
    titles = tuple(title for role, title in IN_CHARGE.items() if role in seen_by)
    return HeldData({title: count for title, count in counts.items() if count}, titles, speaker.consented)


async def _count(connection: AsyncConnection, column: sa.Column, person: int) -> int:
    return int(await connection.scalar(sa.select(sa.func.count()).where(column == person)))


async def withdraw(services: Services, speaker: Speaker) -> str | None:
    """Ends the speaker's consent: nothing more is collected until it is given anew. The receipt's code; None when there was none."""
    if speaker.person_id is None:
        return None
    async with services.transaction() as connection:
        done = await connection.execute(
            consents.update()
            .where(consents.c.person_id == speaker.person_id, consents.c.withdrawn_at.is_(None))
            .values(withdrawn_at=services.now())
        )
        code = None
        if done.rowcount:
            await audit.note(services, connection, speaker, "consent_withdrawn", "person", speaker.person_id)
            code = await receipts.give_receipt(services, connection, speaker.person_id, "withdrawal")
    await forget_speaker(services, speaker.person_id)
    return code


async def correct_phone(services: Services, speaker: Speaker, phone: str) -> str:
    """Keeps another phone number of the speaker's; the receipt's code. Raises as `own_id`."""
    person = own_id(speaker)
    async with services.transaction() as connection:
        await connection.execute(
            people.update()
            .where(people.c.id == person)
            .values(**identity.stored(services.vault, phone=phone), updated_at=services.now())
        )
        await audit.note(services, connection, speaker, "phone_corrected", "person", person)
        code = await receipts.give_receipt(services, connection, person, "correction")
    await forget_speaker(services, person)
    return code


async def export(services: Services, speaker: Speaker) -> tuple[bytes, str]:
    """Everything that is held of the speaker, as readable JSON, and the receipt's code. Raises as `own_id`."""
    person = own_id(speaker)
    async with services.transaction() as connection:
        of = _Export(services, connection, person)
        held = {
            "导出时间": _local(services, services.now()),
            "个人信息": await of.profile(),
            "身份和地点": await of.roles(),
            "登记的家人": await of.family(),
            "绑定的账号": await of.accounts(),
            "同意": await of.consents(),
            "打卡和申报记录": await of.records(),
            "替别人报的": await of.reported_for_others(),
            "预警": await of.alerts(),
            "随访": await of.followups(),
            "核酸结果": await of.tests(),
            "人工对话": await of.tickets(),
            "提过的问题": await of.questions(),
            "收到的消息": await of.inbox(),
            "回执": await of.receipts(),
        }
        await audit.note(services, connection, speaker, "data_exported", "person", person)
        code = await receipts.give_receipt(services, connection, person, "export")
        chats = await chats_of(connection, person)
    held["聊天记录"] = [
        {"时间": turn["at"], "您说": turn["text"], "助手": [part["text"] for part in turn["parts"]]}
        for chat in chats
        for turn in await kept_turns(services.redis, services.vault, chat)
    ]
    return orjson.dumps(held, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS), code


async def chats_of(connection: AsyncConnection, person_id: int) -> list[str]:
    """The accounts by which a person talks: web:abc."""
    rows = await connection.execute(
        sa.select(accounts.c.channel, accounts.c.external_id).where(accounts.c.person_id == person_id)
    )
    return [f"{row.channel}:{row.external_id}" for row in rows]


def _local(services: Services, moment: datetime | None) -> str:
    return f"{moment.astimezone(services.settings.timezone):%Y-%m-%d %H:%M:%S}" if moment else ""


class _Export:
    """The parts of one person's export."""

    def __init__(self, services: Services, connection: AsyncConnection, person: int) -> None:
        self._services = services
        self._connection = connection
        self._person = person

    async def _rows(self, query: sa.sql.Select) -> list[sa.engine.Row]:
        return list((await self._connection.execute(query)).all())

    def _at(self, moment: datetime | None) -> str:
        return _local(self._services, moment)

    def _open(self, sealed: bytes | None, purpose: str) -> str:
        return self._services.vault.open(sealed, purpose) if sealed is not None else ""

    async def profile(self) -> dict[str, str]:
        [row] = await self._rows(sa.select(people).where(people.c.id == self._person))
        return {
            "姓名": self._open(row.name_sealed, "people.name"),
            "手机号": self._open(row.phone_sealed, "people.phone"),
            "证件号": self._open(row.id_number_sealed, "people.id_number"),
            "编号": row.code or "",
            "登记时间": self._at(row.created_at),
        }

    async def roles(self) -> list[dict[str, str]]:
        query = sa.select(roles.c.role, places.c.name).join(places, places.c.id == roles.c.place_id)
        rows = await self._rows(query.where(roles.c.person_id == self._person).order_by(roles.c.id))
        return [{"身份": TITLES.get(row.role, row.role), "地点": row.name} for row in rows]

    async def family(self) -> list[dict[str, str]]:
        query = sa.select(kin.c.kind, people.c.name_sealed).join(people, people.c.id == kin.c.ward_id)
        rows = await self._rows(query.where(kin.c.person_id == self._person))
        return [{"关系": row.kind, "姓名": self._open(row.name_sealed, "people.name")} for row in rows]

    async def accounts(self) -> list[dict[str, str]]:
        rows = await self._rows(sa.select(accounts).where(accounts.c.person_id == self._person))
        return [{"渠道": row.channel, "绑定时间": self._at(row.bound_at)} for row in rows]

    async def consents(self) -> list[dict[str, str]]:
        rows = await self._rows(sa.select(consents).where(consents.c.person_id == self._person).order_by(consents.c.id))
        return [
            {"版本": row.version, "同意时间": self._at(row.given_at), "撤回时间": self._at(row.withdrawn_at)}
            for row in rows
        ]

    async def records(self) -> list[dict[str, Any]]:
        query = sa.select(records).where(records.c.person_id == self._person).order_by(records.c.at)
        return [self._record(row) for row in await self._rows(query)]

    def _record(self, row: sa.engine.Row) -> dict[str, Any]:
        process = self._services.processes.get(row.process)
        values = self._services.vault.open_json(row.values_sealed, "records.values")
        return {
            "内容": process.title if process else row.process,
            "日期": row.day.isoformat(),
            "时间": self._at(row.at),
            "填报": _shown(process, values),
            "迟报": row.late,
            "已被更正": not row.current,
            "由本人填": row.reporter_id == self._person,
        }

    async def reported_for_others(self) -> int:
        query = sa.select(sa.func.count()).where(
            records.c.reporter_id == self._person, records.c.person_id != self._person
        )
        return int(await self._connection.scalar(query))

    async def alerts(self) -> list[dict[str, Any]]:
        found = []
        for row in await self._rows(sa.select(alerts).where(alerts.c.person_id == self._person)):
            steps = await self._rows(
                sa.select(alert_steps).where(alert_steps.c.alert_id == row.id).order_by(alert_steps.c.id)
            )
            found.append(
                {
                    "编号": row.code,
                    "状态": STATE_TITLES[row.state],
                    "经过": [
                        {
                            "时间": self._at(step.at),
                            "步骤": STEP_TITLES[step.step],
                            "说明": self._open(step.note_sealed, "alert_steps.note"),
                        }
                        for step in steps
                    ],
                }
            )
        return found

    async def followups(self) -> list[dict[str, Any]]:
        found = []
        for row in await self._rows(sa.select(followups).where(followups.c.person_id == self._person)):
            contacts = await self._rows(
                sa.select(followup_contacts)
                .where(followup_contacts.c.followup_id == row.id)
                .order_by(followup_contacts.c.id)
            )
            found.append(
                {
                    "类型": row.kind,
                    "开始": row.first_day.isoformat(),
                    "结束": row.last_day.isoformat() if row.last_day else "",
                    "已结束": row.state == "ended",
                    "联系": [
                        {"日期": one.day.isoformat(), "说明": self._open(one.note_sealed, "followup_contacts.note")}
                        for one in contacts
                    ],
                }
            )
        return found

    async def tests(self) -> list[dict[str, str]]:
        rows = await self._rows(sa.select(tests).where(tests.c.person_id == self._person).order_by(tests.c.day))
        return [{"日期": row.day.isoformat(), "结果": self._open(row.result_sealed, "tests.result")} for row in rows]

    async def tickets(self) -> list[dict[str, Any]]:
        found = []
        for row in await self._rows(sa.select(tickets).where(tickets.c.person_id == self._person)):
            lines = await self._rows(
                sa.select(ticket_lines).where(ticket_lines.c.ticket_id == row.id).order_by(ticket_lines.c.id)
            )
            said = {"before": "之前", "resident": "您", "staff": "工作人员"}
            found.append(
                {
                    "工单": row.id,
                    "时间": self._at(row.opened_at),
                    "对话": [f"{said[one.side]}：{self._open(one.text_sealed, 'ticket_lines.text')}" for one in lines],
                }
            )
        return found

    async def questions(self) -> list[str]:
        rows = await self._rows(sa.select(questions).where(questions.c.person_id == self._person))
        return [self._open(row.text_sealed, "questions.text") for row in rows]

    async def inbox(self) -> list[dict[str, str]]:
        rows = await self._rows(sa.select(inbox).where(inbox.c.person_id == self._person).order_by(inbox.c.cursor))
        return [
            {"时间": self._at(row.at), "内容": self._services.vault.open_json(row.body_sealed, "inbox.body")["text"]}
            for row in rows
        ]

    async def receipts(self) -> list[dict[str, str]]:
        rows = await self._rows(sa.select(receipts_table).where(receipts_table.c.person_id == self._person))
        return [{"编号": row.code, "事项": receipts.TITLES[row.kind], "时间": self._at(row.at)} for row in rows]


def _shown(process: Process | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values under the words that the form has for them; what no field of today's form knows stays as it is."""
    fields = process.by_name if process else {}
    return {
        fields[name].label if name in fields else name: fields[name].type.show(value, fields[name].spec)
        if name in fields
        else value
        for name, value in values.items()
    }
