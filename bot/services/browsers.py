"""Browsers that a platform's login has led to us: each becomes one more account of whoever holds the phone."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.services import audit
from bot.services.away import told_as_away
from bot.services.binding import forget_chats
from bot.services.context import Services
from bot.services.people import identify
from bot.storage.tables import accounts

_WEB = "web"
_MOST = 5  # of a person: phone, tablet, computer; a cookie that was thrown away leaves its account behind


class Browsers:
    """What channels tell of logins; the protocol is theirs."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def let_in(self, channel: str, sender: str, browser: str) -> None:
        """The browser is the person's who has this account; of a person's browsers the newest five stay. Whoever is bound to nobody
        stays a visitor."""
        services = self._services
        with told_as_away():
            speaker = await identify(services, f"{channel}:{sender}")
            person = speaker.person_id
            if person is None:
                return
            async with services.transaction() as connection:
                await connection.execute(
                    insert(accounts).values(
                        channel=_WEB, external_id=browser, person_id=person, bound_at=services.now()
                    )
                )
                await audit.note(services, connection, speaker, "logged_in", "account", f"{_WEB} through {channel}")
                older = (
                    sa.select(accounts.c.id)
                    .where(accounts.c.person_id == person, accounts.c.channel == _WEB)
                    .order_by(accounts.c.bound_at.desc(), accounts.c.id.desc())
                    .offset(_MOST)
                )
                dropped = list(
                    await connection.scalars(
                        accounts.delete().where(accounts.c.id.in_(older)).returning(accounts.c.external_id)
                    )
                )
            await forget_chats(services, [f"{_WEB}:{one}" for one in dropped])
