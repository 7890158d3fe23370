"""A member's phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tests.platforms.journal import Entry, Journal
from tests.platforms.phone import Touch
from tests.platforms.wecom_tree import WeComTree


class MemberSide(Protocol):
    """What the phone needs of the server."""

    tree: WeComTree
    journal: Journal


class WeComPhone:
    """The chat with the app."""

    title = "企业微信"

    def __init__(self, server: MemberSide) -> None:
        self._server = server

    def people(self) -> list[tuple[str, str]]:
        """The members."""
        return [(member.userid, member.name) for member in self._server.tree.members.values()]

    def entries(self, person: str) -> list[Entry]:
        """What the member got."""
        return self._server.journal.of(person)

    def touches(self, person: str, entry: Entry) -> Sequence[Touch]:
        """The buttons of a card as it is now."""
        if entry.way != "message" or entry.kind != "template_card":
            return []
        task_id = entry.content["template_card"].get("task_id", "")
        card = self._server.tree.members[person].cards.get((entry.agent, task_id))
        if card is None:
            return []
        if card.closed:
            return [Touch(card.label, "closed")]
        return [Touch(words, "press", f"{entry.number} {key}") for key, words in card.buttons.items()]

    def menu(self, person: str) -> Sequence[Touch]:
        """What a person can do beside typing."""
        return [Touch("进入应用", "enter"), Touch("发位置", "locate"), Touch("发图片", "picture")]

    async def act(self, person: str, act: str, value: str) -> None:
        """Types or presses."""
        member = self._server.tree.members[person]
        if act == "say":
            await member.says(value)
        elif act == "press":
            number, _, key = value.partition(" ")
            entry = next(entry for entry in self._server.journal.of(person) if str(entry.number) == number)
            await member.presses(entry, key)
        elif act == "enter":
            await member.enters()
        elif act == "locate":
            await member.sends_location(34.27, 108.95, "陕西省西安市")
        elif act == "picture":
            await member.sends_image()
        else:
            raise ValueError(act)
