"""Binding an account by an invitation code."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.services import invitations
from bot.services.context import Services


class ActionBind(SideAction):
    """绑定 ABCD-2345."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Redeems the code, or says where to get one."""
        code = next(tracker.get_latest_entity_values("code"), None)
        if code is None:
            say(dispatcher, "请发送“绑定”和邀请码，例如：绑定 ABCD-2345。邀请码向网格员、班主任或单位要。")
            return
        done = await invitations.redeem(services, await speaker_of(services, tracker), code)
        say(dispatcher, done, [("我能做什么", "帮助")])
