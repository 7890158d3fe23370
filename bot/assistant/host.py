"""Rasa inside the service: one agent a process, a message in, bubbles out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.utils.endpoints import EndpointConfig

from bot.assistant.in_process_actions import InProcessActions
from bot.assistant.quiet import quiet_rasa
from bot.assistant.rasa_internals import compile_action_check
from bot.assistant.tracker_store import StateTrackerStore
from bot.channels.base import Button, Outgoing


class _Bubbles(OutputChannel):
    """Collects what the assistant says; text, buttons and custom data of one response stay one bubble."""

    def __init__(self) -> None:
        self.bubbles: list[Outgoing] = []

    @classmethod
    def name(cls) -> str:
        """The channel's name in Rasa."""
        return "bot"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Takes one response of an action."""
        buttons = tuple(Button(b["title"], b["payload"]) for b in message.get("buttons") or ())
        self.bubbles.append(Outgoing(message.get("text") or "", buttons, message.get("custom") or {}))


class Assistant:
    """A loaded model. Load it before the process forks: its memory is then shared by all workers."""

    def __init__(self, model: Path | str, action_url: str = "") -> None:
        quiet_rasa()
        compile_action_check()
        endpoint = EndpointConfig(action_url, enable_selective_domain=True) if action_url else InProcessActions()
        self.model = Path(model).name.removesuffix(".tar.gz")
        """Which model is served, by the name of its file."""
        self._store = StateTrackerStore()
        self._agent = Agent.load(str(model), tracker_store=self._store, action_endpoint=endpoint)
        if self._agent.processor is None:
            raise RuntimeError(f"no model at {model}")
        # Rasa wraps a store of one's own so that an error while saving is swallowed and the turn goes on in memory,
        # where it is lost. An error here must reach the person instead: they are asked to send it again.
        self._store.domain = self._agent.processor.domain
        self._agent.processor.tracker_store = self._store

    async def reply(self, account: str, text: str) -> list[Outgoing]:
        """One turn of the conversation `account`; the caller keeps the turns of one conversation apart."""
        bubbles = _Bubbles()
        # a leading slash is Rasa's syntax for naming an intent; a person's slash is just a slash
        await self._agent.handle_message(
            UserMessage(text.replace("/", "／", 1) if text.startswith("/") else text, bubbles, account)
        )
        return bubbles.bubbles

    async def parse(self, text: str) -> dict[str, Any]:
        """What the understanding makes of a text, without a conversation."""
        return await self._agent.parse_message(text)
