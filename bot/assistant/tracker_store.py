"""Keeps of a conversation what forms and rules need and no more: filled slots, the open form, the last list shown.

Rasa's own stores keep every event and replay them at each message, so that a person's thousandth message costs far more
than the first. No rule of ours looks further back than the message at hand; a tracker is therefore rebuilt from its
state by a handful of synthetic events.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from bot.services.context import current

TICKET_SLOT = "ticket"
STATE_SECONDS = 3 * 24 * 3600  # a form lapses with its day; what is older than that serves nobody


@dataclass
class DialogueState:
    """The state of one conversation: `slots` that have a value, the open form (`loop`), `offered`, title and payload of
    each button of the last list shown, which a digit or a typed title answers. `ticket` is the number of the ticket by
    which the chat is with staff; it is kept elsewhere (bot/services/tickets.py), because staff close it too."""

    slots: dict[str, Any] = field(default_factory=dict)
    loop: str | None = None
    offered: list[list[str]] = field(default_factory=list)
    ticket: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"slots": self.slots, "loop": self.loop, "offered": self.offered}


at_hand: ContextVar[DialogueState | None] = ContextVar("dialogue_state", default=None)
"""The state of the turn that this task is serving: loaded and stored by the conversation, together with the rest of a
turn, in one Redis call each. Empty outside of the service (`rasa shell`); then the store talks to Redis by itself."""


class StateTrackerStore(TrackerStore):
    """Rasa's tracker store over `DialogueState`."""

    def __init__(self, domain: Domain | None = None, event_broker: EventBroker | None = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Takes the state out of a tracker after a turn."""
        state = at_hand.get()
        if state is not None:
            _take(tracker, state)
            return
        services, kept = current(), await self._stored(tracker.sender_id)
        _take(tracker, kept)
        await services.redis.set(
            state_key(tracker.sender_id), services.vault.seal_json(kept.as_json(), "dialogue"), ex=STATE_SECONDS
        )

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """A tracker in that state, as if its slots had just been set."""
        state = at_hand.get()
        if state is None:
            state = await self._stored(sender_id)
        tracker = DialogueStateTracker(sender_id, self.domain.slots)
        tracker.update_with_events(_events(state, self.domain), self.domain)
        return tracker

    async def keys(self) -> Iterable[str]:
        """The conversations that have a state. Only Rasa's own HTTP interface asks, which the service does not offer."""
        prefix = state_key("")
        return [key.decode()[len(prefix) :] async for key in current().redis.scan_iter(match=f"{prefix}*")]

    async def delete(self, sender_id: str) -> None:
        """Forgets a conversation."""
        await current().redis.delete(state_key(sender_id))

    async def _stored(self, sender_id: str) -> DialogueState:
        services = current()
        sealed = await services.redis.get(state_key(sender_id))
        return open_state(services.vault.open_json(sealed, "dialogue")) if sealed else DialogueState()


def state_key(account: str) -> str:
    """The Redis key of a conversation's state."""
    return f"dialogue:{account}"


def open_state(stored: dict[str, Any]) -> DialogueState:
    """The inverse of `DialogueState.as_json`."""
    return DialogueState(stored["slots"], stored["loop"], stored["offered"])


def _take(tracker: DialogueStateTracker, state: DialogueState) -> None:
    state.slots = {
        slot.name: slot.value
        for slot in tracker.slots.values()
        if slot.value is not None and slot.name not in ("session_started_metadata", TICKET_SLOT)
    }
    state.loop = tracker.active_loop_name


def _events(state: DialogueState, domain: Domain) -> list[Event]:
    events: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    # A model may have been swapped since: a slot or form that it does not know would break the tracker.
    known = {slot.name for slot in domain.slots}
    events += [SlotSet(name, value) for name, value in state.slots.items() if name in known]
    if state.ticket is not None:
        events.append(SlotSet(TICKET_SLOT, state.ticket))
    if state.loop and state.loop in domain.form_names:
        events += [ActionExecuted(state.loop), ActiveLoop(state.loop)]
    return [*events, ActionExecuted(ACTION_LISTEN_NAME)]
