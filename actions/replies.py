"""What all actions share: who is speaking, how to say something, how a form that was interrupted comes back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from redis.exceptions import RedisError

from actions.handing_over import handed_over, with_staff
from bot.errors import BotError, Refused, Unavailable, where
from bot.services.context import Services, current
from bot.services.people import Speaker, identify

logger = logging.getLogger(__name__)

SORRY = "系统刚才没忙过来，这一条没有处理，请再发一次；急事请直接打电话给网格员，情况紧急拨打120。"


def say(
    dispatcher: CollectingDispatcher,
    text: str,
    buttons: Iterable[tuple[str, str]] = (),
    custom: Mapping[str, Any] | None = None,
) -> None:
    """One bubble: text, buttons (title, what pressing it says), and the `custom` contract of the channels."""
    shown = [{"title": title, "payload": payload} for title, payload in buttons]
    dispatcher.utter_message(text=text, buttons=shown, json_message=dict(custom or {}))


def account_of(tracker: Tracker) -> str:
    """The account of the chat. A sender that no channel made (`rasa shell`) is a chat of the channel `shell`."""
    sender = str(tracker.sender_id)
    return sender if ":" in sender else f"shell:{sender}"


async def speaker_of(services: Services, tracker: Tracker) -> Speaker:
    """Who sent the message."""
    return await identify(services, account_of(tracker))


async def hand_over(dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> bool:
    """Hands the message to staff where the chat is with them; False when the assistant is to answer as always."""
    if not with_staff(tracker):
        return False
    handed = await handed_over(tracker, await speaker_of(services, tracker), services)
    if handed is not None and handed.text:
        say(dispatcher, handed.text, handed.buttons, {"offers": list(handed.offers)} if handed.offers else None)
    return handed is not None


class SideAction(Action):
    """An action that answers one message: subclasses write `reply`. With a form open, the form asks again afterwards."""

    def name(self) -> str:
        """The action's name in the domain, from the class: ActionAnswer → action_answer."""
        letters = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__)
        return letters.lstrip("_")

    async def reply(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services
    ) -> list[EventType] | None:
        """Says what there is to say and returns events, if any; a `Refused` that it raises is said to the person."""
        raise NotImplementedError

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """Runs `reply`, unless the message goes to staff; whatever goes wrong, the person gets words."""
        events: list[EventType] | None = None
        try:
            services = current()
            if not await hand_over(dispatcher, tracker, services):
                events = await self.reply(dispatcher, tracker, services)
        except Refused as refusal:
            say(dispatcher, str(refusal))
        except (Unavailable, RedisError) as error:
            # the conversation then takes nothing of the turn, so that the message can be handed in again
            logger.error("action %s waits: %s", self.name(), type(error).__name__)
            say(dispatcher, SORRY, custom={"away": True})
        except BotError as error:
            logger.error("action %s failed: %s", self.name(), type(error).__name__)
            say(dispatcher, SORRY)
        except Exception as error:
            logger.error("action %s failed: %s", self.name(), where(error))
            say(dispatcher, SORRY)
        form = tracker.active_loop.get("name") if tracker.active_loop else None
        if any(event["event"] == "active_loop" for event in events or []):
            form = None  # the reply itself has put the form aside
        return [*(events or []), *([FollowupAction(form)] if form else [])]
