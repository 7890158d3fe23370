"""Consent is withdrawn as easily as it was given."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.services import people
from bot.services.context import Services


class ActionWithdrawConsent(SideAction):
    """撤回同意."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Ends the consent and says what that means."""
        done = await people.withdraw_consent(services, await speaker_of(services, tracker))
        if done:
            say(
                dispatcher,
                f"已撤回同意（{services.local_now():%Y-%m-%d %H:%M}）。以后不再收集您的信息；再打卡或申报时会重新征求同意。",
            )
        else:
            say(dispatcher, "您没有同意过收集信息，不需要撤回。")
