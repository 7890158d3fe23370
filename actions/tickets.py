"""转人工: opening and leaving a talk with staff, and the staff's words for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.replies import SideAction, say, speaker_of
from bot.errors import NotEntitled, Refused
from bot.services import ticket_desk, tickets
from bot.services.context import Services
from bot.services.people import Speaker
from bot.services.ticket_desk import STATE_TITLES, TicketView

_LEAVE = (tickets.LEAVE.title, tickets.LEAVE.payload)
_PERSON = ("转人工", "转人工")
_BUBBLE_CHARACTERS = 600  # below WeChat's 2,048 bytes


class ActionPerson(SideAction):
    """The person wants to talk to a person."""

    async def reply(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services
    ) -> list[EventType] | None:
        """Opens a ticket. A form that was open is put aside: from now on what is said is meant for the staff."""
        opened = await tickets.open_ticket(services, await speaker_of(services, tracker))
        parked = self._parked(tracker, services)
        lines = [_told(opened, services), *(f"正在填的{short}先放着，发“{word}”接着填。" for short, word, _ in parked)]
        buttons = [(f"接着{short}", word) for short, word, _ in parked]
        custom = {"ticket": opened.number, "offers": [process for *_, process in parked]}
        say(dispatcher, "\n".join(lines), [*buttons, _LEAVE], custom if parked else {"ticket": opened.number})
        return [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)] if parked else None

    def _parked(self, tracker: Tracker, services: Services) -> list[tuple[str, str, str]]:
        form = tracker.active_loop.get("name") if tracker.active_loop else None
        return [(p.short, p.start_words[0], p.id) for p in services.processes.values() if p.form == form]


class ActionLeavePerson(SideAction):
    """退出人工."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Ends the ticket; looks for one even where Redis knows of none."""
        number = await tickets.leave(services, await speaker_of(services, tracker))
        if number is not None:
            say(dispatcher, "已退出人工，后面由我来答。还要找人请再发“转人工”。", [_PERSON], {"ticket": number})
        elif "人工" in str(tracker.latest_message.get("text") or ""):
            say(dispatcher, "您现在没有在和工作人员对话，直接问我就行；要找人请发“转人工”。", [_PERSON])
        else:
            say(dispatcher, "好的，有事随时说。")


class ActionHandleTicket(SideAction):
    """工单, 接单 12, 回复 12 文字, 结束 12, 查看工单 12."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Does what the verb says and confirms it."""
        speaker = await speaker_of(services, tracker)
        if not speaker.staff:
            raise NotEntitled("工单只有负责的工作人员可以处理。您要找人请发“转人工”。")
        verb = next(tracker.get_latest_entity_values("verb"))
        code = next(tracker.get_latest_entity_values("code"), None)
        number = int(code) if code else None
        if verb == "接单":
            view = await ticket_desk.take(services, speaker, number)
            told = f"{_head(view)}归您处理，已告诉本人。\n{tickets.how_to_answer(view.number)}"
            say(dispatcher, told, _steps(view), {"ticket": view.number})
        elif verb == "回复":
            await self._answer(dispatcher, tracker, services, speaker, number)
        elif verb.startswith("结束"):
            view = await ticket_desk.close(services, speaker, number)
            say(dispatcher, f"{_head(view)}已结束，并告诉了本人。", custom={"ticket": view.number})
        elif number is not None:
            self._show(dispatcher, await ticket_desk.reveal(services, speaker, number))
        else:
            self._list(dispatcher, await ticket_desk.standing(services, speaker), services.today())

    async def _answer(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        services: Services,
        speaker: Speaker,
        number: int | None,
    ) -> None:
        words = next(tracker.get_latest_entity_values("words"), None)
        if not words:
            raise Refused(f"请把要说的话写在后面，例如：回复 {number or 12} 您好，我是网格员。")
        if number is None:
            meant = await ticket_desk.answerable(services, speaker)
            if not meant:
                raise Refused("您负责的范围内现在没有等您回复的工单。")
            if len(meant) > 1:
                lines = "\n".join(_line(view, services.today()) for view in meant)
                buttons = [(f"回复{view.number} {view.who}", f"回复 {view.number} {words}") for view in meant[:10]]
                say(dispatcher, f"这句话回复给哪一个？\n{lines}", buttons)
                return
            number = meant[0].number
        view = await ticket_desk.reply(services, speaker, number, words)
        say(dispatcher, f"已发给{view.who}（工单{view.number}）。", _steps(view), {"ticket": view.number})

    def _list(self, dispatcher: CollectingDispatcher, views: list[TicketView], today: date) -> None:
        if not views:
            say(dispatcher, "您负责的范围内现在没有工单。")
            return
        lines = "\n".join(_line(view, today) for view in views)
        buttons = [(f"查看工单 {view.number}", f"查看工单 {view.number}") for view in views[:10]]
        say(dispatcher, f"工单{len(views)}个：\n{lines}\n（答复请发：回复 编号 您的话）", buttons)

    def _show(self, dispatcher: CollectingDispatcher, view: TicketView) -> None:
        head = (
            f"工单{view.number}（{_state(view)}，{view.since:%m月%d日 %H:%M}转人工）\n姓名：{view.name}\n"
            f"电话：{view.phone or '未登记'}\n地点：{view.where}"
        )
        talk = [f"{line.at:%H:%M} {line.by}：{self._said(line)}" for line in view.lines]
        bubbles = _bubbles([head, "（查看已记入审计）", *talk])
        for bubble in bubbles[:-1]:
            say(dispatcher, bubble, custom={"ticket": view.number})
        say(dispatcher, bubbles[-1], _steps(view), {"ticket": view.number})

    @staticmethod
    def _said(line: ticket_desk.SaidLine) -> str:
        return tickets.shortened(line.text) if line.by == "助手" else line.text


def _told(opened: tickets.Opened, services: Services) -> str:
    if opened.new:
        told = f"已经告诉负责您的工作人员（{opened.answerers}），他们会在这里回复您（工单{opened.number}）。"
    elif opened.handler:
        told = f"您已经在和工作人员对话了（工单{opened.number}），{opened.handler}接了您的求助。"
    else:
        told = f"您已经转人工了（工单{opened.number}），工作人员（{opened.answerers}）看到后会在这里回复您。"
    if opened.opening:
        hours = services.settings.office_hours
        told += f"\n现在不是服务时间（每天{hours}），工作人员{opened.opening}起回复，您可以先留言。"
    told += "\n这段时间我不插话，您说的都会转给他们；打卡、申报照常能用。想回到小助手就发“退出人工”。"
    return told + "情况紧急请马上拨打120。"


def _head(view: TicketView) -> str:
    return f"工单{view.number}（{view.who}，{view.where}）"


def _state(view: TicketView) -> str:
    return f"{view.handler}{STATE_TITLES[view.state]}" if view.state == "taken" else STATE_TITLES[view.state]


def _line(view: TicketView, today: date) -> str:
    since = f"{view.since:%H:%M}" if view.since.date() == today else f"{view.since:%m月%d日 %H:%M}"
    return f"{view.number}　{view.who}，{view.where}　{since}起　{_state(view)}　{view.last_words}"


def _steps(view: TicketView) -> list[tuple[str, str]]:
    if view.state == "closed":
        return []
    take = [("接单", f"接单 {view.number}")] if view.state == "open" else []
    return [*take, ("查看", f"查看工单 {view.number}"), ("结束", f"结束 {view.number}")]


def _bubbles(lines: Iterable[str]) -> list[str]:
    """The lines in as few bubbles as their length allows; one line alone may be longer."""
    bubbles = [""]
    for line in lines:
        if bubbles[-1] and len(bubbles[-1]) + len(line) > _BUBBLE_CHARACTERS:
            bubbles.append("")
        bubbles[-1] += f"{line}\n"
    return [bubble.rstrip("\n") for bubble in bubbles]
