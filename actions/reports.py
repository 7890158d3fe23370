"""A class, a team or a family is reported at once; shown as it was understood, filed by 确认上报."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import Refused
from bot.processes.definition import Process
from bot.services import family_reports, group_reports
from bot.services.context import Services
from bot.services.family_reports import FamilyPlan
from bot.services.group_reports import GroupPlan, Unit
from bot.services.people import Speaker

WAITING = "waiting"
_GROUP, _FAMILY = "group", "family"
_CONFIRM, _GIVE_UP = "确认上报", "取消上报"
_BUTTONS = ((_CONFIRM, _CONFIRM), ("取消", _GIVE_UP))
_MOST = 20

Events = list[EventType] | None


class ActionReportOthers(SideAction):
    """全班正常, 三班 到42 缺1 …, 全家正常, 确认上报, 取消上报."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> Events:
        """Plans and shows, or files what was shown."""
        speaker = await speaker_of(services, tracker)
        verb = next(tracker.get_latest_entity_values("verb"), "")
        kept = tracker.get_slot(WAITING) or {}
        waits = kept if kept.get("kind") in (_GROUP, _FAMILY) else None
        if verb == _GIVE_UP:
            say(dispatcher, "好的，没有上报。" if waits else "现在没有等着上报的内容。")
            return [SlotSet(WAITING, None)] if waits else None
        if verb == _CONFIRM:
            if waits is None:
                raise Refused("没有等着上报的内容（可能已经报过了）。请重新发一次，例如：全班正常。")
            await _file(dispatcher, services, speaker, waits)
            return [SlotSet(WAITING, None)]
        if verb:
            return _show_family(dispatcher, await family_reports.plan_family(services, speaker))
        text = str(tracker.latest_message.get("text") or "")
        plan = await group_reports.plan_group(services, speaker, text)
        return (
            _show_group(dispatcher, services, plan, text)
            if isinstance(plan, GroupPlan)
            else _which(dispatcher, plan, text)
        )


def _which(dispatcher: CollectingDispatcher, units: list[Unit], text: str) -> Events:
    buttons = [(unit.name, f"地点{unit.id} {text}") for unit in units]
    say(dispatcher, f"您负责的不止一处，是哪一个？{group_reports.units_named(units)}", buttons)
    return None


def _show_group(dispatcher: CollectingDispatcher, services: Services, plan: GroupPlan, text: str) -> Events:
    process, settled = services.processes[plan.process], plan.settled
    lines = [f"{plan.unit.name}　{plan.check.title}　{plan.day:%m月%d日}"]
    lines.append(f"名单{settled.expected}人，到{settled.present}人，缺{settled.absent}人")
    known = [one for one in settled.exceptional if one.known and not one.unclear]
    for one in known[:_MOST]:
        said = "，".join(filter(None, [_shown(process, one.values) if one.abnormal else "", _place(one.absent)]))
        lines.append(f"・{one.name}：{said or '正常'}{'（会报给相关人员）' if one.abnormal else ''}")
    if len(known) > _MOST:
        lines.append(f"……另有{len(known) - _MOST}人")
    buttons: list[tuple[str, str]] = []
    for name, near in plan.strangers:
        lines.append(f"名单上没有“{name}”{'，是不是下面的人？' if near else '，请核对名字。'}")
        buttons += [(f"是{one}", text.replace(name, one)) for one in near]
    if plan.ready:
        lines.append(
            f"其余{plan.normal}人记为正常。" + (f"{plan.alone}人自己报过或有异常，不改。" if plan.alone else "")
        )
        say(dispatcher, "\n".join(lines), _BUTTONS)
        return [SlotSet(WAITING, {"kind": _GROUP, **plan.waiting()})]
    lines += [f"对不上：{problem}" for problem in plan.problems]
    lines.append("还没有上报，改好再发一次。")
    say(dispatcher, "\n".join(lines), buttons)
    return [SlotSet(WAITING, None)]


def _shown(process: Process, values: Any) -> str:
    fields = [process.by_name[name] for name in values if name in process.by_name]
    return "，".join(f"{f.short}{f.type.show(values[f.name], f.spec)}" for f in fields)


def _place(absent: str) -> str:
    return f"未到（{absent}）" if absent else ""


def _show_family(dispatcher: CollectingDispatcher, plan: FamilyPlan) -> Events:
    missing = [member for member in plan.members if not member.reported]
    lines = [f"・{member.who}：{'已报过，不改' if member.reported else '一切正常'}" for member in plan.members]
    if not missing:
        say(dispatcher, "\n".join(["全家今天都报过了：", *lines]))
        return [SlotSet(WAITING, None)]
    if plan.consent:
        lines.append(f"{plan.consent.rstrip('。')}。点“{_CONFIRM}”就表示同意，也代家人同意。")
    say(
        dispatcher,
        "\n".join(["为全家打卡，请核对：", *lines, "有人不舒服就单独报，例如：帮我妈打卡 37.8 咳嗽。"]),
        _BUTTONS,
    )
    return [SlotSet(WAITING, {"kind": _FAMILY, **plan.waiting()})]


async def _file(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, waits: dict[str, Any]) -> None:
    if waits["kind"] == _FAMILY:
        count = await family_reports.file_family(services, speaker, waits)
        say(dispatcher, f"已为全家{count}人打卡，谢谢您。" if count else "全家今天都报过了，没有重复记录。")
        return
    filed = await group_reports.file_group(services, speaker, waits)
    if not filed.records:
        say(dispatcher, f"{filed.unit}{filed.check.title}没有新的变化，之前报的都在。")
        return
    lines = [f"{filed.unit}{filed.check.title}已上报，记录{filed.records}人，谢谢。"]
    if filed.alerted:
        lines.append(f"{filed.alerted}人有异常，已告诉相关工作人员；发热的孩子或员工请先隔开、戴好口罩，通知家属就医。")
    if filed.late:
        lines.append(f"{filed.check.title}{filed.check.closes:%H:%M}截止，这次记为补报。")
    lines.append("要更正，把整行改好再发一次就行。")
    say(dispatcher, "\n".join(lines))
