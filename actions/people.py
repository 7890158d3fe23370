"""Staff look after the roster: 查 张三, 查人 12, 邀请码 张三, 合并 12 15."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import Refused
from bot.services import duplicates, invitations, people_desk
from bot.services.context import Services
from bot.services.duplicates import Side
from bot.services.people import Speaker
from bot.services.people_desk import PersonView
from bot.services.reach import check_staff

WAITING = "waiting"
_MERGE = "merge"
_CONFIRM, _GIVE_UP = "确认合并", "不合并"
_EXPLAINED = {
    "查": "请写全名，例如：查 张三；同名的多就加上地点：查 张三 第三网格。",
    "查人": "请写全名或编号，例如：查人 张三，查人 12。",
    "邀请码": "请写给谁，例如：邀请码 张三，或先“查 张三”再发：邀请码 12。",
    "合并": "请写两个编号，先写留下的，例如：合并 12 15。编号用“查 张三”看。",
}

Events = list[EventType] | None


class ActionKeepPeople(SideAction):
    """查, 查人, 邀请码, 合并, 确认合并, 不合并."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> Events:
        """Does what the verb says."""
        by = await speaker_of(services, tracker)
        verb, code, words = (next(tracker.get_latest_entity_values(name), "") for name in ("verb", "code", "words"))
        if verb in (_CONFIRM, _GIVE_UP):
            kept = tracker.get_slot(WAITING) or {}
            return await _end_merge(dispatcher, services, by, verb, kept if kept.get("kind") == _MERGE else None)
        check_staff(by)
        if verb == "合并" and words:
            return await _plan_merge(dispatcher, services, by, words)
        if verb == "邀请码" and (code or words):
            await _invite(dispatcher, services, by, code, words)
        elif code:
            view = await people_desk.reveal_person(services, by, int(code))
            text = f"姓名：{view.name}\n电话：{view.phone or '未登记'}\n{_lines(view)}\n（查看已记入审计）"
            say(dispatcher, text, [(f"邀请码 {view.id}", f"邀请码 {view.id}"), *_alerts(view)])
        elif words:
            await _find(dispatcher, services, by, words)
        else:
            say(dispatcher, _EXPLAINED[verb])
        return None


async def _find(dispatcher: CollectingDispatcher, services: Services, by: Speaker, words: str) -> None:
    views = await people_desk.find_people(services, by, *words.split(maxsplit=1))
    buttons = [(f"看电话 {view.id}", f"查人 {view.id}") for view in views]
    buttons += [button for view in views for button in _alerts(view)]
    twins = {tuple(sorted((view.id, view.twin))) for view in views if view.twin is not None}
    buttons += [(f"合并 {kept} {gone}", f"合并 {kept} {gone}") for kept, gone in sorted(twins)]
    told = [f"找到{len(views)}人：" if len(views) > 1 else "", *(f"{view.who}　{_lines(view)}" for view in views)]
    if twins:
        told.append("手机号或证件号相同的，可能是同一个人登记了两次，核对后可以合并。")
    say(dispatcher, "\n".join(filter(None, told)), buttons)


def _lines(view: PersonView) -> str:
    lines = [f"编号 {view.id}"]
    lines += view.held
    if view.today:
        lines.append(f"今天：{'，'.join(view.today)}")
    if view.alerts:
        lines.append(f"未处理完的预警：{'、'.join(view.alerts)}")
    if view.followups:
        lines.append(f"正在随访：{'、'.join(view.followups)}")
    return "\n　".join(lines)


def _alerts(view: PersonView) -> list[tuple[str, str]]:
    return [(f"查看 {code}", f"查看 {code}") for code in view.alerts]


async def _invite(dispatcher: CollectingDispatcher, services: Services, by: Speaker, code: str, words: str) -> None:
    if code:
        person_id = int(code)
    else:
        views = await people_desk.find_people(services, by, *words.split(maxsplit=1))
        if len(views) > 1:
            listed = "\n".join(f"{view.who}　{_lines(view)}" for view in views)
            buttons = [(f"邀请码 {view.id}", f"邀请码 {view.id}") for view in views]
            say(dispatcher, f"叫这个名字的有{len(views)}人，请点是哪一位：\n{listed}", buttons)
            return
        person_id = views[0].id
    made = await invitations.invite_person(services, by, person_id)
    say(
        dispatcher,
        f"{made.who}（编号 {person_id}）的邀请码：{made.code}\n7天内有效，只能用一次；之前给这个人的邀请码作废。"
        f"请当面或打电话告诉本人，让他在聊天里发：绑定 {made.code}",
    )


async def _plan_merge(dispatcher: CollectingDispatcher, services: Services, by: Speaker, words: str) -> Events:
    kept, gone = (int(number) for number in re.findall(r"[0-9]+", words)[:2])
    preview = await duplicates.preview_merge(services, by, kept, gone)
    lines = ["请核对，合并后不能分开：", f"留下：{_side(preview.kept)}", f"并入：{_side(preview.gone)}"]
    if preview.differing:
        lines.append(f"注意：{'、'.join(preview.differing)}不同，以留下的为准。")
    say(dispatcher, "\n".join(lines), [(_CONFIRM, _CONFIRM), (_GIVE_UP, _GIVE_UP)])
    return [SlotSet(WAITING, {"kind": _MERGE, "kept": kept, "gone": gone})]


def _side(side: Side) -> str:
    known = "，".join(part for part in (side.who, side.phone, side.id_number) if part)
    held = "；".join(side.held) or "没有角色"
    return f"编号 {side.id}　{known}　{held}　账号{side.chats}个，记录{side.records}条"


async def _end_merge(
    dispatcher: CollectingDispatcher, services: Services, by: Speaker, verb: str, kept: dict[str, Any] | None
) -> Events:
    if kept is None:
        say(dispatcher, "现在没有等您确认的合并。" if by.staff else "好的。")
        return None
    if verb == _GIVE_UP:
        say(dispatcher, "好的，没有合并。")
        return [SlotSet(WAITING, None)]
    try:
        await duplicates.merge(services, by, kept["kept"], kept["gone"])
    except Refused as refusal:
        say(dispatcher, str(refusal))
        return [SlotSet(WAITING, None)]
    say(
        dispatcher,
        f"已合并：编号 {kept['gone']} 的记录、账号、角色都归到编号 {kept['kept']}。",
        [(f"查人 {kept['kept']}", f"查人 {kept['kept']}")],
    )
    return [SlotSet(WAITING, None)]
