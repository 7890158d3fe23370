"""Several people alike with something in common: one event for the staff (`clusters` of a process file)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.processes.definition import Process
from bot.processes.duties import Cluster
from bot.services import alert_ladder, alert_raising
from bot.services.alert_views import view_of
from bot.services.context import Services
from bot.services.roles import SUBJECT
from bot.storage.tables import alert_members, alerts, kin, places, records, roles

_MOST = 500  # records that are opened to compare what people have


async def look_for_clusters(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    record_id: uuid.UUID,
    person_id: int,
    fired: Sequence[str],
    place_id: int | None,
) -> None:
    """Raises or joins the events that a record with alerts makes; called in its transaction, after it was written."""
    for rule in process.clusters:
        if not set(rule.rules) & set(fired):
            continue
        for key, where, who in await _commons(connection, rule, person_id, place_id):
            # two records of one class at the same moment: the second must count the first
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 1))))
            alike = await _alike(services, connection, process, rule, person_id, who)
            if len(alike) >= rule.people:
                await _raise_or_join(services, connection, process, rule, key, where, person_id, record_id, alike)


async def _commons(
    connection: AsyncConnection, rule: Cluster, person_id: int, place_id: int | None
) -> list[tuple[str, int | None, sa.sql.Select]]:
    """What the person has in common with others: a key for it, the place of the event, and a query for the people."""
    if rule.same == "household":
        links = (
            sa.select(kin.c.person_id.label("a"), kin.c.ward_id.label("b"))
            .union_all(sa.select(kin.c.ward_id, kin.c.person_id))
            .subquery()
        )
        family = sa.select(sa.literal(person_id, type_=sa.BigInteger).label("id")).cte("family", recursive=True)
        family = family.union(sa.select(links.c.b).join(family, family.c.id == links.c.a))
        people = list(await connection.scalars(sa.select(family.c.id)))
        who = sa.select(sa.func.unnest(sa.cast(people, places.c.path.type)))
        return [(f"household:{min(people)}", place_id, who)] if len(people) > 1 else []
    above = sa.select(sa.func.unnest(places.c.path)).where(
        places.c.id.in_(
            sa.select(roles.c.place_id).where(roles.c.person_id == person_id, roles.c.role.in_(list(SUBJECT)))
        )
    )
    found = await connection.scalars(
        sa.select(places.c.id).where(places.c.id.in_(above), places.c.kind.in_(rule.kinds))
    )
    return [(f"place:{place}", place, _people_under(place)) for place in sorted(found)]


def _people_under(place_id: int) -> sa.sql.Select:
    under = sa.cast([place_id], places.c.path.type)
    return (
        sa.select(roles.c.person_id)
        .join(places, places.c.id == roles.c.place_id)
        .where(places.c.path.op("@>")(under), roles.c.role.in_(list(SUBJECT)))
    )


async def _alike(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    rule: Cluster,
    person_id: int,
    who: sa.sql.Select,
) -> dict[int, uuid.UUID]:
    """The people who count, with the record of each: those who share a choice with this person where the rule asks for it."""
    rows = (
        await connection.execute(
            sa.select(records.c.person_id, records.c.id, records.c.values_sealed)
            .where(
                records.c.process == process.id,
                records.c.current,
                records.c.day > services.today() - timedelta(days=rule.days),
                records.c.rules.overlap(sa.cast(list(rule.rules), records.c.rules.type)),
                records.c.person_id.in_(who),
            )
            .order_by(records.c.at.desc())
            .limit(_MOST)
        )
    ).all()
    if not rule.alike:
        return {row.person_id: row.id for row in reversed(rows)}
    sharing: dict[str, dict[int, uuid.UUID]] = {}
    for row in reversed(rows):
        for choice in _choices(services, process, rule, row.values_sealed):
            sharing.setdefault(choice, {})[row.person_id] = row.id
    # a group without this person is one that was there before
    groups = [people for people in sharing.values() if person_id in people]
    return max(groups, key=len, default={})


def _choices(services: Services, process: Process, rule: Cluster, sealed: bytes) -> set[str]:
    values: Mapping[str, Any] = services.vault.open_json(sealed, "records.values")
    said = {str(choice) for choice in values.get(rule.alike) or () if choice != "none"}
    temperature = values.get("temperature")
    # a fever that was measured and not named is a fever too
    return said | {"fever"} if temperature is not None and float(temperature) >= services.settings.fever else said


async def _raise_or_join(
    services: Services,
    connection: AsyncConnection,
    process: Process,
    rule: Cluster,
    key: str,
    place_id: int | None,
    person_id: int,
    record_id: uuid.UUID,
    alike: Mapping[int, uuid.UUID],
) -> None:
    standing = (
        await connection.execute(
            sa.select(alerts)
            .where(
                alerts.c.kind == "cluster",
                alerts.c.cluster_rule == rule.id,
                alerts.c.cluster_key == key,
                alerts.c.state != "closed",
            )
            .with_for_update()
        )
    ).one_or_none()
    found = await alert_ladder.levels(
        services, connection, process.id, rule.rules, person_id, [place_id] if place_id else []
    )
    if standing is None:
        values = {
            "kind": "cluster",
            "cluster_rule": rule.id,
            "cluster_key": key,
            "place_id": place_id,
            "rules": list(rule.rules),
            "level": "urgent",
        }
        alert_id, _ = await alert_raising.open_alert(services, connection, process.id, record_id, found, values)
        new = await _add_members(connection, alert_id, alike)
    else:
        alert_id = standing.id
        new = await _add_members(connection, alert_id, alike)
        if not new:
            return
        await connection.execute(
            alerts.update().where(alerts.c.id == alert_id).values(record_id=record_id, changed_at=services.now())
        )
        await alert_raising.add_step(services, connection, alert_id, "joined")
    row = (await connection.execute(sa.select(alerts).where(alerts.c.id == alert_id))).one()
    view = await view_of(services, connection, row)
    again = "（又有新的人）" if standing is not None else ""
    text = (
        f"🔴【紧急】聚集性异常{again}\n{view.where}\n・{view.text}\n・涉及：{view.who}\n"
        f"时间：{services.local_now():%m月%d日 %H:%M}　编号：{row.code}"
    )
    told = [one for level in found[: max(1, row.rung)] for one in level.people]
    await alert_raising.tell(services, connection, alert_id, row.code, text, told, str(record_id))


async def _add_members(connection: AsyncConnection, alert_id: int, alike: Mapping[int, uuid.UUID]) -> int:
    """How many were not among them yet."""
    done = await connection.execute(
        insert(alert_members)
        .values([{"alert_id": alert_id, "person_id": who, "record_id": record} for who, record in alike.items()])
        .on_conflict_do_nothing()
    )
    return int(done.rowcount)
