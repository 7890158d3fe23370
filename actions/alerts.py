"""Staff take, pass on, note, close and open alerts again."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import NotEntitled
from bot.processes.outcomes import load_outcomes
from bot.services import alerts
from bot.services.alert_views import STATE_TITLES, AlertView, StepView
from bot.services.context import Services
from bot.services.people import Speaker

_LISTS = ("待处理", "预警", "预警列表")
_NEED_CODE = {"转给": "转给 A7K2 李四", "备注": "备注 A7K2 已电话联系", "结果": "结果 A7K2 已就医"}


class ActionHandleAlert(SideAction):
    """收到, 处理中, 转给, 备注, 上报, 已处理, 结果, 重新打开, 查看, 预警记录 with a code; 预警 without."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Does what the verb says and confirms it."""
        speaker = await speaker_of(services, tracker)
        verb = next(tracker.get_latest_entity_values("verb"))
        code = next(tracker.get_latest_entity_values("code"), None)
        words = next(tracker.get_latest_entity_values("words"), "")
        if not speaker.staff:
            # residents say 收到 too: to them it is no command
            if code is None and verb == "收到":
                say(dispatcher, "好的。")
                return
            raise NotEntitled("预警只有负责的工作人员可以处理。")
        if verb in _LISTS or (verb in ("查看", "打开") and code is None):
            _say_list(dispatcher, await alerts.standing(services, speaker))
        elif verb in _NEED_CODE and (code is None or not words):
            say(dispatcher, f"请写编号和内容，例如：{_NEED_CODE[verb]}")
        elif verb in ("查看", "打开", "预警记录"):
            await _show(dispatcher, services, speaker, verb, str(code))
        else:
            await _change(dispatcher, services, speaker, verb, code, words)


async def _change(
    dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, verb: str, code: str | None, words: str
) -> None:
    if verb == "收到":
        view = await alerts.take(services, speaker, code)
        _say_moved(dispatcher, view, "已记为您收到，并告诉了本人。")
    elif verb == "处理中":
        view = await alerts.work_on(services, speaker, code, words)
        _say_moved(dispatcher, view, "已记为您在处理。")
    elif verb in ("已处理", "处理完"):
        _say_closed(dispatcher, await alerts.close(services, speaker, code, words), bool(words))
    elif verb == "结果":
        view = await alerts.set_outcome(services, speaker, str(code), words)
        say(dispatcher, f"预警 {view.code} 的结果记为：{view.outcome}。", custom={"alert": view.code})
    elif verb == "转给":
        view = await alerts.pass_on(services, speaker, str(code), words)
        say(dispatcher, f"预警 {view.code} 已转给{view.handler}，并通知了对方。", custom={"alert": view.code})
    elif verb == "备注":
        view = await alerts.note(services, speaker, str(code), words)
        say(dispatcher, f"已记下预警 {view.code} 的备注。", alerts_actions(view), {"alert": view.code})
    elif verb == "上报":
        view = await alerts.report_up(services, speaker, str(code))
        told = f"已上报上一级，通知了{view.told}人。" if view.told else "已经没有更上一级可以上报。"
        say(dispatcher, f"预警 {view.code} {told}", alerts_actions(view), {"alert": view.code})
    else:
        view = await alerts.reopen(services, speaker, str(code))
        told = "已重新打开，由您处理。" if view.moved else "没有关闭，不用重新打开。"
        say(dispatcher, f"预警 {view.code} {told}", alerts_actions(view), {"alert": view.code})


async def _show(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, verb: str, code: str) -> None:
    if verb == "预警记录":
        view, steps = await alerts.history(services, speaker, code)
        say(
            dispatcher,
            f"预警 {view.code}（{view.who}，{view.where}）\n" + "\n".join(map(_step_line, steps)),
            alerts_actions(view),
            {"alert": view.code},
        )
        return
    view = await alerts.reveal(services, speaker, code)
    say(
        dispatcher,
        f"预警 {view.code}（{STATE_TITLES[view.state]}）\n姓名：{view.name}\n电话：{view.phone or '未登记'}\n"
        f"地点：{view.where}\n情况：{view.text}\n（查看已记入审计）",
        alerts_actions(view),
        {"alert": view.code},
    )


def _say_moved(dispatcher: CollectingDispatcher, view: AlertView, done: str) -> None:
    told = done if view.moved else f"之前已由{view.handler or '他人'}{STATE_TITLES[view.state].removeprefix('已')}。"
    steps = [step for step in alerts_actions(view) if step[0] != "收到"]
    if view.state != "closed":
        steps.append(("查看", f"查看 {view.code}"))
    say(dispatcher, f"预警 {view.code}（{view.who}，{view.where}）{told}", steps, {"alert": view.code})


def _say_closed(dispatcher: CollectingDispatcher, view: AlertView, named: bool) -> None:
    if not view.moved:
        say(dispatcher, f"预警 {view.code}（{view.who}，{view.where}）之前已处理过。", custom={"alert": view.code})
        return
    ask = "" if named else "\n结果是哪一种？点一下就记上；点错了处理可以重新打开。"
    buttons = [] if named else [(o.title, f"结果 {view.code} {o.title}") for o in load_outcomes()[1:]]
    result = f"（结果：{view.outcome}）" if named else ""
    say(
        dispatcher,
        f"预警 {view.code}（{view.who}，{view.where}）已处理完毕{result}，并告诉了本人。{ask}",
        [*buttons, ("重新打开", f"重新打开 {view.code}")],
        {"alert": view.code},
    )


def _step_line(step: StepView) -> str:
    who = f"　{step.who}" if step.who else ""
    return f"{step.at:%m月%d日 %H:%M}　{step.step}{who}{f'：{step.note}' if step.note else ''}"


def _say_list(dispatcher: CollectingDispatcher, views: Sequence[AlertView]) -> None:
    if not views:
        say(dispatcher, "您负责的范围内现在没有待处理的预警。")
        return
    lines = [f"{v.code}　{v.who}，{v.where}　{v.text}（{STATE_TITLES[v.state]}）" for v in views]
    say(
        dispatcher,
        f"待处理的预警{len(views)}条：\n" + "\n".join(lines),
        [(f"查看 {v.code}", f"查看 {v.code}") for v in views[:10]],
    )


def alerts_actions(view: AlertView) -> list[tuple[str, str]]:
    """The steps that an alert in this state still has."""
    if view.state == "closed":
        return [("重新打开", f"重新打开 {view.code}")]
    buttons = [("收到", f"收到 {view.code}")] if view.state == "open" else []
    return [*buttons, ("已处理", f"已处理 {view.code}")]
