"""What is old is deleted by itself: records, closed alerts, delivered messages, and data whose deletion had to wait."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.services.context import Services
from bot.services.erasing import finish_deletions
from bot.storage.tables import alert_members, alerts, broadcasts, followups, inbox, outbox, records

_ROWS = 5000  # a transaction


async def delete_old(services: Services) -> int:
    """Deletes what has stood for longer than BOT_RECORD_DAYS or BOT_MESSAGE_DAYS; returns how many rows. Safe to call again.

    Records of an open alert or a standing measure stay until these have ended.
    """
    now, settings = services.now(), services.settings
    records_until = now - timedelta(days=settings.record_days)
    messages_until = now - timedelta(days=settings.message_days)
    gone = await finish_deletions(services)
    gone += await _delete(services, alerts, alerts.c.state == "closed", alerts.c.changed_at < records_until)
    gone += await _delete(services, followups, followups.c.state == "ended", followups.c.ended_at < records_until)
    gone += await _delete_records(services)
    gone += await _delete(services, inbox, inbox.c.at < messages_until)
    gone += await _delete(services, outbox, outbox.c.state != "due", outbox.c.done_at < messages_until)
    unsent = sa.exists().where(outbox.c.broadcast_id == broadcasts.c.id)
    return gone + await _delete(services, broadcasts, broadcasts.c.done_at < messages_until, ~unsent)


async def _delete(services: Services, table: sa.Table, *which: sa.sql.ColumnElement[bool]) -> int:
    gone = 0
    keys = list(table.primary_key.columns)
    while True:
        async with services.transaction() as connection:
            some = sa.select(*keys).where(*which).limit(_ROWS).with_for_update(skip_locked=True)
            done = await connection.execute(table.delete().where(sa.tuple_(*keys).in_(some)))
        gone += done.rowcount
        if done.rowcount < _ROWS:
            return gone


async def _delete_records(services: Services) -> int:
    until = services.today() - timedelta(days=services.settings.record_days)
    held = sa.or_(
        records.c.id.in_(sa.select(alerts.c.record_id)),
        records.c.id.in_(sa.select(alert_members.c.record_id)),
        records.c.id.in_(sa.select(followups.c.record_id).where(followups.c.record_id.is_not(None))),
    )
    gone = 0
    while True:
        async with services.transaction() as connection:
            old = list(
                await connection.scalars(
                    sa.select(records.c.id)
                    .where(records.c.day < until, ~held)
                    .limit(_ROWS)
                    .with_for_update(skip_locked=True)
                )
            )
            # a correction of the next day's first minute may outlive what it corrects
            await connection.execute(records.update().where(records.c.replaces.in_(old)).values(replaces=None))
            await connection.execute(records.delete().where(records.c.id.in_(old)))
        gone += len(old)
        if len(old) < _ROWS:
            return gone
