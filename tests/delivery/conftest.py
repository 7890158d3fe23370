"""People of the demo who follow a simulated 公众号, and the delivery that sends to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio
import sqlalchemy as sa

from bot.channels.base import Button, Outgoing, Purpose
from bot.channels.wechat import WeChatSender
from bot.platforms import wechat_sender
from bot.services.context import Services
from bot.services.messages import deliver_due, owe
from bot.services.sends import send_due
from bot.storage.tables import accounts, people
from tests.conftest import Clock
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_server import WeChatServer


class Post:
    """The way from the outbox to the phones of those who follow the account."""

    def __init__(self, services: Services, wechat: WeChatServer, sender: WeChatSender) -> None:
        self.services = services
        self.wechat = wechat
        self.sender = sender

    async def follower(self, name: str, heard: bool = True) -> tuple[int, Fan]:
        """A new person with an account at the 公众号 alone; `heard`: they have just said something."""
        fan = self.wechat.add_fan()
        vault, now = self.services.vault, self.services.now()
        async with self.services.transaction() as connection:
            person = await connection.scalar(
                people.insert()
                .values(name_sealed=vault.seal(name, "people.name"), created_at=now, updated_at=now)
                .returning(people.c.id)
            )
            await connection.execute(
                accounts.insert().values(channel="wechat", external_id=fan.openid, person_id=person, bound_at=now)
            )
        if heard:
            await self.hears(fan)
        return int(person), fan

    async def hears(self, fan: Fan, by: str = "message") -> None:
        """They do something that opens the window, here and at the platform."""
        from bot.services.contacts import contact_key

        fan.message("text", Content="你好") if by == "message" else fan.event("CLICK", EventKey="x")
        known = {"heard": self.services.now().isoformat(), "by": by, "sent": 0, "following": 1}
        await self.services.redis.hset(contact_key("wechat", fan.openid), mapping=known)

    async def owes(self, person: int, text: str, purpose: Purpose = "alert", buttons: tuple[Button, ...] = ()) -> None:
        """Something changes, and a person is told of it."""
        async with self.services.transaction() as connection:
            await owe(
                self.services, connection, person, Outgoing(text, buttons, purpose=purpose), f"test/{text}/{person}"
            )

    async def goes_out(self) -> None:
        """Whatever is due now is sent, by one process."""
        while await deliver_due(self.services):
            pass
        while await send_due(self.services, {"wechat": self.sender}):
            pass

    async def states(self) -> list[tuple[str, str | None]]:
        """State and reason of all sends in order."""
        async with self.services.transaction() as connection:
            rows = await connection.execute(sa.text("SELECT state, reason FROM sends ORDER BY outbox_id"))
            return [(row.state, row.reason) for row in rows]


@pytest_asyncio.fixture
async def post(services: Services, clock: Clock) -> AsyncIterator[Post]:
    account = WeChatAccount(mode="safe", templates={"T1": ("thing1", "time2")}, notice_templates={"N1": ("thing1",)})
    async with WeChatServer(account, clock) as wechat:
        settings = replace(
            services.settings,
            wechat_appid=account.appid,
            wechat_secret=account.secret,
            wechat_token=account.token,
            wechat_aes_key=(account.aes_key,),
            wechat_api_base=wechat.base_url,
            wechat_templates=(("alert", "T1", (("thing1", "{text}"), ("time2", "{time}"))),),
            wechat_notices=(("broadcast", "N1", (("thing1", "{text}"),)),),
            most_a_day=3,
        )
        ours = replace(services, settings=settings)
        sender = wechat_sender(ours)
        yield Post(ours, wechat, sender)
        await sender.close()
