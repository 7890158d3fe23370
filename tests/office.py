"""Speaks to the bot as people do, and looks at what came of it: replies, stored records, alerts, pushes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.assistant.host import Assistant
from bot.channels.base import Incoming, Outgoing
from bot.conversation.conversation import Conversation
from bot.conversation.mailbox import ChatMailbox
from bot.services.context import Services
from bot.services.messages import deliver_due
from bot.storage.tables import alerts, records

_ids = itertools.count(1)


class Office:
    """The bot of one test, and what it has stored."""

    def __init__(self, services: Services, assistant: Assistant) -> None:
        self.services = services
        self.conversation = Conversation(services, assistant)
        self.mailbox = ChatMailbox(services)

    def person(self, sender: str, channel: str = "rest") -> Talker:
        """Somebody who talks to the bot."""
        return Talker(self, channel, sender)

    async def records(self, process: str | None = None, current: bool = True) -> list[dict[str, Any]]:
        """The stored records with their opened values, oldest first."""
        query = sa.select(records).order_by(records.c.at, records.c.id)
        async with self.services.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [
            {
                **self.services.vault.open_json(row.values_sealed, "records.values"),
                "_outcome": row.outcome,
                "_day": row.day,
            }
            for row in rows
            if (process is None or row.process == process) and (row.current or not current)
        ]

    async def alerts(self) -> list[sa.engine.Row]:
        """The alert rows, oldest first."""
        async with self.services.transaction() as connection:
            return (await connection.execute(sa.select(alerts).order_by(alerts.c.id))).all()


class Talker:
    """One person in one chat."""

    def __init__(self, office: Office, channel: str, sender: str) -> None:
        self.office = office
        self.channel = channel
        self.sender = sender
        self.reply: Sequence[Outgoing] = ()
        self.cursor = 0

    async def says(self, *texts: str, message_id: str | None = None) -> str:
        """Sends messages one after another; returns the text of the last reply, bubbles joined by blank lines."""
        for text in texts:
            incoming = Incoming(self.channel, self.sender, text, message_id or f"m{next(_ids)}")
            self.reply = await self.office.conversation.receive(incoming)
        return self.text

    @property
    def text(self) -> str:
        """The last reply's text."""
        return "\n\n".join(bubble.text for bubble in self.reply)

    @property
    def buttons(self) -> list[str]:
        """The titles of the last reply's buttons."""
        return [button.title for bubble in self.reply for button in bubble.buttons]

    @property
    def custom(self) -> dict[str, Any]:
        """The custom data of the last reply, bubbles merged."""
        merged: dict[str, Any] = {}
        for bubble in self.reply:
            merged.update(bubble.custom)
        return merged

    async def presses(self, title: str) -> str:
        """Presses a button of the last reply."""
        payloads = {b.title: b.payload for bubble in self.reply for b in bubble.buttons}
        return await self.says(payloads[title])

    async def pushed(self) -> list[Outgoing]:
        """What was pushed to this person since the last look, after the outbox was emptied."""
        while await deliver_due(self.office.services):
            pass
        self.cursor, new = await self.office.mailbox.pushed_after(self.channel, self.sender, self.cursor)
        return [one.message for one in new]
