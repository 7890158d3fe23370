"""Consent is withdrawn as easily as it was given."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.my_data import forgotten
from actions.replies import SideAction, say, speaker_of
from bot.services import my_data
from bot.services.context import Services


class ActionWithdrawConsent(SideAction):
    """撤回同意."""

    async def reply(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services
    ) -> list[EventType] | None:
        """Ends the consent, says what that means, and drops what was being filled in."""
        code = await my_data.withdraw(services, await speaker_of(services, tracker))
        if code is None:
            say(dispatcher, "您没有同意过收集信息，不需要撤回。")
            return None
        say(
            dispatcher,
            f"已撤回同意（{services.local_now():%Y-%m-%d %H:%M}），回执：{code}。以后不再收集您的信息，没填完的表也不要了；"
            "再打卡或申报时会重新征求同意。\n已经存的还在，要一起删掉吗？",
            (("删除我的数据", "删除我的数据"), ("看看存了什么", "我的数据")),
        )
        return forgotten(services)
