"""Binding an account by an invitation code, or by name and phone."""

from __future__ import annotations

import re

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.services import binding, invitations
from bot.services.context import Services

_NAME_AND_PHONE = re.compile(r"(?P<name>[^0-9+]+?)[\s,，、:：]*(?P<phone>\+?[0-9][0-9 -]+)")


class ActionBind(SideAction):
    """绑定 ABCD-2345, 绑定 王小明 13812345678."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Binds, or says how to."""
        code, words = (next(tracker.get_latest_entity_values(name), "") for name in ("code", "words"))
        said = _NAME_AND_PHONE.fullmatch(words)
        if code:
            done = await invitations.redeem(services, await speaker_of(services, tracker), code)
        elif said:
            done = await binding.bind_by_phone(
                services, await speaker_of(services, tracker), said["name"], said["phone"]
            )
        else:
            say(dispatcher, binding.HOW_TO_BIND)
            return
        say(dispatcher, done, [("我能做什么", "帮助")])
