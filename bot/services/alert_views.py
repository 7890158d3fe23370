"""Alerts as staff read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Button
from bot.processes.definition import AlertRule, Process
from bot.processes.outcomes import outcome_title
from bot.processes.rules import World, holds
from bot.services import risks
from bot.services.context import Services
from bot.services.people import mask_name
from bot.services.places import place_name
from bot.storage.tables import alert_members, alert_steps, people, records

STATE_TITLES = {"open": "待处理", "acknowledged": "已收到", "in_hand": "处理中", "closed": "已处理"}
STEP_TITLES = {
    "open": "上报",
    "acknowledged": "收到",
    "in_hand": "处理中",
    "closed": "处理完毕",
    "reopened": "重新打开",
    "joined": "同一人又有新情况",
    "escalated": "上报给上一级",
    "passed_on": "转给他人",
    "noted": "备注",
}
_NAMED = 10  # people of a cluster that are named


@dataclass(frozen=True)
class AlertView:
    """An alert as the staff in charge see it. `name` and `phone` are None unless they were asked for; `moved` is false when
    there was nothing to change; `told` are how many others were told of the change."""

    code: str
    state: str
    who: str
    where: str
    text: str
    name: str | None = None
    phone: str | None = None
    handler: str = ""
    outcome: str = ""
    moved: bool = True
    told: int = 0


@dataclass(frozen=True)
class StepView:
    """One step of an alert's life, at a local time; `who` is empty for the assistant itself."""

    step: str
    who: str
    at: datetime
    note: str


class Shown(dict[str, str]):
    """Values for an alert text; one that was not given reads as a dash."""

    def __missing__(self, key: str) -> str:
        return "—"


def alert_text(
    services: Services,
    process: Process,
    fired: Sequence[AlertRule],
    shown: Mapping[str, str],
    who: str,
    where: str,
    code: str,
    again: str = "",
) -> str:
    """What staff read of a person's alert: who, where, what, when, which rule. `again`: why it comes again, in Chinese."""
    head = "🔴【紧急】" if any(rule.level == "urgent" for rule in fired) else "🟡【关注】"
    reasons = "\n".join(f"・{rule.text.format_map(Shown(shown))}" for rule in fired)
    return (
        f"{head}{process.title}异常{f'（{again}）' if again else ''}\n{who}，{where}\n{reasons}\n"
        f"时间：{services.local_now():%m月%d日 %H:%M}\n规则：{'、'.join(rule.id for rule in fired)}　编号：{code}"
    )


def alert_buttons(code: str) -> tuple[Button, ...]:
    """What staff can do with an alert in one tap."""
    return (
        Button("收到", f"收到 {code}"),
        Button("已处理", f"已处理 {code}"),
        Button("查看", f"查看 {code}"),
    )


async def view_of(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> AlertView:
    """An alert row in words; a person's values are masked."""
    handler = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == row.handled_by))
    if row.kind == "cluster":
        who, text = await _cluster(services, connection, row)
    else:
        who, text = await _person(services, connection, row)
    return AlertView(
        row.code,
        row.state,
        who,
        await place_name(connection, row.place_id),
        text,
        handler=mask_name(services.vault.open(handler, "people.name")) if handler else "",
        outcome=outcome_title(row.outcome),
    )


async def name_of(services: Services, connection: AsyncConnection, person_id: int | None) -> str:
    """A person's name, masked; empty for nobody."""
    sealed = await connection.scalar(sa.select(people.c.name_sealed).where(people.c.id == person_id))
    return mask_name(services.vault.open(sealed, "people.name")) if sealed else ""


async def _person(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> tuple[str, str]:
    record = (
        await connection.execute(
            sa.select(records.c.process, records.c.values_sealed).where(records.c.id == row.record_id)
        )
    ).one()
    process = services.processes[record.process]
    values: Mapping[str, Any] = services.vault.open_json(record.values_sealed, "records.values")
    shown = {f.name: f.type.show(values[f.name], f.spec) for f in process.fields if f.name in values}
    known = {name: values.get(name) for name in process.by_name}
    now = World(services.local_now(), services.settings.fever, await risks.today(services))
    # what an earlier record showed is not told with the values of a later one
    fired = [rule for rule in process.alerts if rule.id in row.rules and holds(rule.when, known, now)]
    reasons = [rule.text.format_map(Shown(shown)) for rule in fired]
    if not fired and (noted := await _last_note(services, connection, row.id)):
        reasons.append(noted)  # what staff have found out stands in no report
    elif len(fired) < len(row.rules):
        reasons.append("此前的上报另有异常")
    return await name_of(services, connection, row.person_id), "；".join(reasons)


async def _last_note(services: Services, connection: AsyncConnection, alert_id: int) -> str:
    sealed = await connection.scalar(
        sa.select(alert_steps.c.note_sealed)
        .where(
            alert_steps.c.alert_id == alert_id,
            alert_steps.c.note_sealed.is_not(None),
            alert_steps.c.by_person.is_(None),
        )
        .order_by(alert_steps.c.id.desc())
        .limit(1)
    )
    return services.vault.open(sealed, "alert_steps.note") if sealed else ""


async def _cluster(services: Services, connection: AsyncConnection, row: sa.engine.Row) -> tuple[str, str]:
    rows = await connection.execute(
        sa.select(people.c.name_sealed)
        .join(alert_members, alert_members.c.person_id == people.c.id)
        .where(alert_members.c.alert_id == row.id)
        .order_by(people.c.id)
    )
    names = [mask_name(services.vault.open(one.name_sealed, "people.name")) for one in rows]
    rule = next((c for c in services.processes[row.process].clusters if c.id == row.cluster_rule), None)
    days = f"{rule.days}天内" if rule else ""
    who = "、".join(names[:_NAMED]) + (f"等{len(names)}人" if len(names) > _NAMED else "")
    return who, f"{rule.title if rule else '聚集'}：{days}{len(names)}人有相似情况"
