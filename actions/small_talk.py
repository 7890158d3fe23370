"""Greeting, thanks, help."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.handing_over import is_cancel, with_staff
from actions.replies import SideAction, say, speaker_of
from bot.services import ticket_desk, tickets
from bot.services.context import Services
from bot.services.editors import may_edit
from bot.services.people import Speaker

_WITH_STAFF = "您正在和工作人员对话，您说的都会转给他们；打卡、申报照常能用。想回到小助手就发“退出人工”。"
_LEAVE = (tickets.LEAVE.title, tickets.LEAVE.payload)
_STAFF = (
    ("待办", "待办"),
    ("谁还没报", "谁还没报"),
    ("今日汇总", "今日汇总"),
    ("发通知", "发通知"),
    ("预警", "待处理"),
    ("随访", "随访"),
    ("谁值班", "谁值班"),
)
_RESIDENTS = (("我的数据", "我的数据"), ("谁值班", "谁值班"))
_QUESTIONS = ("黄码可以出行吗", "从外地回来要隔离吗", "家里聚餐最多几个人")
_STAFF_LINES = (
    "・看待办：发“待办”，预警、求助、随访、没报的人都在里面",
    "・催报：发“谁还没报”“催一下”“零报告”",
    "・看数：发“今日汇总”，或“昨天三网格汇总”",
    "・发通知：发“发通知”，或“发通知 三网格 今晚7点核酸检测”",
    "・处理预警：发“待处理”，或“收到 编号”“已处理 编号”“查看 编号”",
    "・随访隔离和监测的人：发“随访”",
    "・找人、请假：发“谁值班”“查 姓名”，“请假 1月22日到1月24日 由李四代”",
)


async def menu(services: Services, speaker: Speaker) -> tuple[list[tuple[str, str]], list[str]]:
    """What this speaker can do here, as buttons, and the ids of the processes among them; staff's own work comes first."""
    offered = [p for p in services.processes.values() if p.unbound or speaker.may_check_in()]
    buttons = [(process.title, process.start_words[0]) for process in offered]
    if speaker.staff:
        tickets_stand = await ticket_desk.any_standing(services, speaker)
        buttons = [*_STAFF, *([("工单", "工单")] if tickets_stand else []), *buttons]
    if may_edit(speaker):
        buttons.append(("待答问题", "待答"))
    return buttons, [process.id for process in offered]


class ActionGreet(SideAction):
    """Greets and shows what there is to do."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Short in the midst of a form, with buttons otherwise."""
        if tracker.active_loop:
            say(dispatcher, "您好，我在。")
            return
        speaker = await speaker_of(services, tracker)
        name = f"{speaker.name}，" if speaker.name and speaker.person_id else ""
        buttons, offers = await menu(services, speaker)
        say(
            dispatcher,
            f"{name}您好，我是网格小助手。防疫政策可以直接问我，也可以打卡、申报。",
            [*buttons, ("我能做什么", "帮助")],
            {"offers": offers},
        )


class ActionThank(SideAction):
    """Answers thanks."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """One short line."""
        say(dispatcher, "不客气，有事随时说。")


class ActionHelp(SideAction):
    """What can I do here."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """By what the speaker may do."""
        speaker = await speaker_of(services, tracker)
        buttons, offers = await menu(services, speaker)
        if with_staff(tracker):
            say(dispatcher, _WITH_STAFF, [*buttons, _LEAVE], {"offers": offers})
            return
        lines = ["我能帮您：", "・问政策：直接打字问，比如“黄码能坐车吗”，答案都注明依据"]
        if speaker.may_check_in():
            lines.append("・打卡：发“打卡”，或一句话报完“36.5 没症状 在家 绿码”")
        lines.append("・申报：从外地回来发“申报”")
        if speaker.staff:
            lines += _STAFF_LINES
            if ("工单", "工单") in buttons:
                lines.append("・答复居民：发“工单”，或“接单 编号”“回复 编号 您的话”“结束 编号”")
        if may_edit(speaker):
            lines.append("・维护答复：发“待答”看没答上的问题，“看答 编号”看一条答复")
        if speaker.person_id is None and not speaker.home:
            lines.append("・绑定身份：发“绑定 邀请码”")
        lines.append("・找人：发“谁值班”“转人工”")
        more = () if speaker.staff else (*_RESIDENTS, *((q, q) for q in _QUESTIONS))
        say(dispatcher, "\n".join(lines), [*buttons, *more, ("转人工", "转人工")], {"offers": offers})


class ActionStray(SideAction):
    """A word of forms while none is open."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Says that nothing is open and offers what can be begun."""
        if with_staff(tracker) and is_cancel(tracker):
            say(dispatcher, f"现在没有正在填的表。{_WITH_STAFF}", [_LEAVE])
            return
        buttons, offers = await menu(services, await speaker_of(services, tracker))
        say(dispatcher, "现在没有正在填的表。需要的话点下面开始：", buttons, {"offers": offers})
