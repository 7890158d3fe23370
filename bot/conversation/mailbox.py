"""What a chat shows beside replies: pushes, the kept history, who the person is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from redis.exceptions import RedisError

from bot.channels.base import Face, Outgoing, Pushed, Said, push_line_id, reply_line_id
from bot.conversation.turn_store import TurnStore
from bot.services import messages
from bot.services.context import Services
from bot.services.demo import DEMO_FACES
from bot.services.people import identify, mask_name

_POLL_SECONDS = 15.0  # a signal that was lost while Redis was away is made up for after this


class ChatMailbox:
    """The `Mailbox` of the channels that fetch: the person's inbox and the account's history."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turns = TurnStore(services.redis, services.vault, services.settings.rate_limit)

    async def pushed_after(self, channel: str, sender: str, cursor: int) -> tuple[int, list[Pushed]]:
        """The inbox of the person behind this sender; empty for an unbound one."""
        speaker = await identify(self._services, f"{channel}:{sender}")
        if speaker.person_id is None:
            return 0, []
        return await messages.pushed_after(self._services, speaker.person_id, cursor)

    async def history(self, channel: str, sender: str) -> list[Said]:
        """Turns and pushes in the order of time."""
        said: list[Said] = []
        for turn in await self._turns.history(f"{channel}:{sender}"):
            at = datetime.fromisoformat(turn["at"])
            said.append(Said(turn["id"], "person", Outgoing(turn["text"]), at))
            said += [
                Said(reply_line_id(turn["id"], number), "bot", Outgoing.from_json(part), at)
                for number, part in enumerate(turn["parts"], 1)
            ]
        _, pushed = await self.pushed_after(channel, sender, 0)
        said += [Said(push_line_id(one.cursor), "bot", one.message, one.at) for one in pushed]
        return sorted(said, key=lambda line: line.at)

    async def watch(self, channel: str, sender: str) -> AsyncIterator[None]:
        """Yields when a push may have come, and every quarter of a minute."""
        while True:
            speaker = await identify(self._services, f"{channel}:{sender}")
            try:
                async with self._services.redis.pubsub() as signals:
                    # an unbound sender may be bound meanwhile: then the next round listens for the right person
                    await signals.subscribe(f"inbox:{speaker.person_id or 0}")
                    yield
                    await messages.signalled(signals, _POLL_SECONDS)
            except RedisError:
                await asyncio.sleep(1)
            yield


class ChatGreeter:
    """The `Greeter` of the channels."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def face(self, channel: str, sender: str) -> Face:
        """The bound person's masked name and what they are; a visitor else."""
        if self._services.settings.demo and sender in DEMO_FACES:
            return DEMO_FACES[sender]
        speaker = await identify(self._services, f"{channel}:{sender}")
        if speaker.person_id is None:
            return Face("访客", "演示访客" if speaker.home else "未绑定")
        return Face(mask_name(speaker.name), speaker.title)

    def demo_faces(self) -> Mapping[str, Face]:
        """The demo people by sender id."""
        return DEMO_FACES if self._services.settings.demo else {}
