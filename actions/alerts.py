"""Staff take, look at and close alerts."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import NotEntitled
from bot.services import alerts
from bot.services.context import Services

_VERBS = {"收到": "take", "已处理": "close", "处理完": "close", "查看": "reveal", "打开": "reveal", "待处理": "list"}


class ActionHandleAlert(SideAction):
    """收到 A7K2, 已处理 A7K2, 查看 A7K2, 待处理."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Does what the verb says and confirms it."""
        speaker = await speaker_of(services, tracker)
        verb = _VERBS[next(tracker.get_latest_entity_values("verb"))]
        code = next(tracker.get_latest_entity_values("code"), None)
        if not speaker.staff:
            # residents say 收到 too: to them it is no command
            if code is None and verb == "take":
                say(dispatcher, "好的。")
                return
            raise NotEntitled("预警只有负责的工作人员可以处理。")
        if verb == "list" or (verb == "reveal" and code is None):
            await self._list(dispatcher, services, await alerts.standing(services, speaker))
        elif verb == "take":
            view = await alerts.take(services, speaker, code)
            if view.moved:
                told = "已记为您收到，并告诉了本人。"
            else:
                told = f"之前已由{view.handler or '他人'}{alerts.STATE_TITLES[view.state].removeprefix('已')}。"
            steps = [step for step in alerts_actions(view) if step[0] != "收到"]
            if view.state != "closed":
                steps.append(("查看", f"查看 {view.code}"))
            say(dispatcher, f"预警 {view.code}（{view.who}，{view.where}）{told}", steps, {"alert": view.code})
        elif verb == "close":
            view = await alerts.close(services, speaker, code)
            say(
                dispatcher,
                f"预警 {view.code}（{view.who}，{view.where}）{'已处理完毕，并告诉了本人。' if view.moved else '之前已处理过。'}",
                custom={"alert": view.code},
            )
        else:
            view = await alerts.reveal(services, speaker, str(code))
            say(
                dispatcher,
                f"预警 {view.code}（{alerts.STATE_TITLES[view.state]}）\n姓名：{view.name}\n电话：{view.phone or '未登记'}\n"
                f"地点：{view.where}\n情况：{view.text}\n（查看已记入审计）",
                alerts_actions(view),
                {"alert": view.code},
            )

    async def _list(self, dispatcher: CollectingDispatcher, services: Services, views: list[alerts.AlertView]) -> None:
        if not views:
            say(dispatcher, "您负责的范围内现在没有待处理的预警。")
            return
        lines = [f"{v.code}　{v.who}，{v.where}　{v.text}（{alerts.STATE_TITLES[v.state]}）" for v in views]
        say(
            dispatcher,
            f"待处理的预警{len(views)}条：\n" + "\n".join(lines),
            [(f"查看 {v.code}", f"查看 {v.code}") for v in views[:10]],
        )


def alerts_actions(view: alerts.AlertView) -> list[tuple[str, str]]:
    """The steps that an alert in this state still has."""
    buttons = [("收到", f"收到 {view.code}")] if view.state == "open" else []
    return [*buttons, ("已处理", f"已处理 {view.code}")] if view.state != "closed" else buttons
