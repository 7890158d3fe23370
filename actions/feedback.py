"""有用 and 没用, said to an answer."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.asked import TOLD
from actions.choices import PERSON
from actions.replies import SideAction, account_of, say, speaker_of
from bot.knowledge.answering import related_titles
from bot.services import feedback, questions
from bot.services.context import Services

_ANOTHER_WAY = ("换个问法", "换个问法")


class ActionFeedback(SideAction):
    """有用, 没用, and 换个问法 after it."""

    async def reply(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services
    ) -> list[EventType] | None:
        """Thanks for it, counts it, and passes a question on whose answer was of no use. The same answer counts once."""
        verb = next(tracker.get_latest_entity_values("verb"), None)
        if verb == _ANOTHER_WAY[1]:
            say(
                dispatcher,
                "请用一句话说清：谁、什么情况、想做什么。例如“黄码的人能坐高铁吗”“孩子从外地回来几天能上学”。",
                [PERSON],
            )
            return None
        told = tracker.get_slot(TOLD) or {}
        entry = services.entries.get(told.get("entry") or "")
        if entry is None:
            say(dispatcher, "好的。您问我问题，我答完后再点“有用”或“没用”，我就知道答得好不好。")
            return None
        if "vote" in told:
            say(dispatcher, "这一条已经记下了，谢谢。")
            return None
        await feedback.count_vote(services, entry.id, verb == "有用")
        if verb == "有用":
            say(dispatcher, "谢谢，能帮上您就好。")
        else:
            await questions.note_disliked(services, account_of(tracker), told["question"], entry.id)
            bound = (await speaker_of(services, tracker)).person_id is not None
            later = "，有了更好的答复会告诉您" if bound else ""
            near = [(title, title) for title in related_titles(entry, services.entries)]
            say(
                dispatcher,
                f"抱歉没帮上。您的问题已转给维护答复的工作人员{later}。您可以换个问法再问，也可以转人工。",
                [] if tracker.active_loop else [*near, _ANOTHER_WAY, PERSON],
            )
        return [SlotSet(TOLD, {**told, "vote": verb})]
