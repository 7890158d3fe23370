"""发通知: staff write to many people, and see what came of it; everybody says 已阅."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import broadcast_draft
from actions.broadcast_draft import KIND, WAITING, Events, Writing
from actions.replies import SideAction, say, speaker_of
from bot.errors import Refused
from bot.knowledge.changes import shortened
from bot.services import broadcast_desk, broadcasts, files
from bot.services.broadcast_desk import STATE_TITLES, Line, Unit
from bot.services.broadcast_file import unread_file
from bot.services.context import Services
from bot.services.people import Speaker

_LINES = 20
_PERSON = ("转人工", "转人工")


class ActionBroadcast(SideAction):
    """发通知 and the steps of writing; 通知, 已阅, 催阅, 未读名单, 撤回通知, 发更正."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> Events | None:
        """Does what the verb says."""
        by = await speaker_of(services, tracker)
        verb, code, words = (next(tracker.get_latest_entity_values(name), "") for name in ("verb", "code", "words"))
        if verb == "已阅":
            await _mark_read(dispatcher, services, by, code)
            return None
        if not by.staff:
            await _for_residents(dispatcher, services, by, verb)
            return None
        kept = tracker.get_slot(WAITING) or {}
        turn = Writing(dispatcher, services, by, words, dict(kept) if kept.get("kind") == KIND else {})
        if verb.startswith("发") and verb.endswith("通知"):
            return await broadcast_draft.begin(turn)
        if verb == "发更正" and code:
            return await broadcast_draft.begin_correction(turn, int(code))
        if verb in _WRITING:
            if not turn.kept:
                say(dispatcher, "现在没有正在写的通知。要写一条请发“发通知”。", [("发通知", "发通知")])
                return None
            return await _WRITING[verb](turn)
        if verb == "通知" and not code:
            await _list(dispatcher, services, by)
            return None
        if not code:
            lines = [line for line in await broadcast_desk.mine(services, by) if line.state in ("sent", "sending")]
            buttons = [(f"{verb} {line.number}", f"{verb} {line.number}") for line in lines[:5]]
            example = f"请带上通知的编号，例如：{verb} {lines[0].number}。" if lines else ""
            say(dispatcher, example or "您的范围里还没有发出的通知。", buttons)
            return None
        await _STEPS[verb](dispatcher, services, by, int(code))
        return None


_WRITING: dict[str, Callable[[Writing], Awaitable[Events]]] = {
    "通知内容": broadcast_draft.take_text,
    "发给": broadcast_draft.take_audience,
    "定时": broadcast_draft.take_time,
    "确认发送": broadcast_draft.confirm,
    "仍然发送": broadcast_draft.confirm_again,
    "加急发送": broadcast_draft.confirm_urgent,
    "修改通知": broadcast_draft.ask_what_to_change,
    "取消通知": broadcast_draft.give_up,
    "改内容": broadcast_draft.ask_text_again,
    "改对象": broadcast_draft.ask_audience_again,
    "改时间": broadcast_draft.ask_time_again,
}


async def _for_residents(dispatcher: CollectingDispatcher, services: Services, by: Speaker, verb: str) -> None:
    """What somebody who is in charge of nothing gets for these words: the notices that they have received."""
    if verb == "通知":
        await _list_received(dispatcher, services, by)
    elif verb in _WRITING:
        say(dispatcher, "好的。")
    else:
        say(dispatcher, "群发通知由网格员、班主任等工作人员来做。您有事要告诉大家，可以转人工请他们发。", [_PERSON])


async def _mark_read(dispatcher: CollectingDispatcher, services: Services, by: Speaker, code: str) -> None:
    number = int(code) if code else None
    if number is None:
        fresh = [one for one, _, read in await broadcast_desk.received(services, by) if not read]
        if len(fresh) != 1:
            buttons = [(f"已阅 {one}", f"已阅 {one}") for one in fresh]
            say(dispatcher, "请点是哪一条：" if fresh else "好的。", buttons)
            return
        number = fresh[0]
    told = {
        "now": "谢谢，已记录您看过了。",
        "before": "您之前已经点过“已阅”了，已记录。",
        "not_theirs": "好的。（没有找到发给您的这条通知，不用理会。）",
    }
    say(dispatcher, told[await broadcast_desk.mark_read(services, by, number)])


async def _list_received(dispatcher: CollectingDispatcher, services: Services, by: Speaker) -> None:
    found = await broadcast_desk.received(services, by)
    if not found:
        say(dispatcher, "最近没有发给您的通知。")
        return
    lines = [f"{number}　{shortened(text, 60)}（{'已阅' if read else '未阅'}）" for number, text, read in found]
    say(
        dispatcher,
        "最近发给您的通知：\n" + "\n".join(lines),
        [(f"已阅 {number}", f"已阅 {number}") for number, _, read in found if not read],
    )


async def _list(dispatcher: CollectingDispatcher, services: Services, by: Speaker) -> None:
    lines = await broadcast_desk.mine(services, by)
    if not lines:
        say(dispatcher, "您的范围里还没有发过通知。要写一条请发“发通知”。", [("发通知", "发通知")])
        return
    shown = [f"{line.number}　{_when(line)}　{shortened(line.text, 30)}（{line.audience}）" for line in lines]
    buttons = [(f"通知 {line.number}", f"通知 {line.number}") for line in lines[:6]]
    say(dispatcher, "最近的通知：\n" + "\n".join(shown), [*buttons, ("发通知", "发通知")])


def _when(line: Line) -> str:
    return f"{line.send_at:%m月%d日 %H:%M} {STATE_TITLES[line.state]}"


async def _progress(dispatcher: CollectingDispatcher, services: Services, by: Speaker, number: int) -> None:
    done = await broadcast_desk.progress(services, by, number)
    line = done.line
    shown = [f"通知 {number}（{_when(line)}）", f"发给：{line.audience}", shortened(line.text, 80)]
    if done.reason:
        shown.append(f"原因：{done.reason}")
    if line.state == "scheduled":
        shown.append(f"按现在的名单会发给{done.expected}人。")
    elif done.whole.people:
        of = f"（共{done.expected}人，正在写入）" if line.state == "sending" else ""
        shown.append(f"合计：{_counts(done.whole)}{of}")
        if len(done.units) > 1:
            shown += [f"{unit.name}　{_counts(unit)}" for unit in done.units[:_LINES]]
        if len(done.units) > _LINES:
            shown.append(f"另有{len(done.units) - _LINES}个单位，未读的更少；名单发“未读名单 {number}”。")
    buttons = []
    if line.state in ("scheduled", "sending") or done.whole.waiting:
        buttons.append(("撤回", f"撤回通知 {number}"))
    if done.whole.delivered > done.whole.read:
        buttons.append(("催阅", f"催阅 {number}"))
    if done.whole.people > done.whole.read:
        buttons.append(("未读名单", f"未读名单 {number}"))
    if done.whole.delivered:
        buttons.append(("发更正", f"发更正 {number}"))
    say(dispatcher, "\n".join(shown), buttons, {"broadcast": number})


def _counts(unit: Unit) -> str:
    told = f"{unit.people}人，送达{unit.delivered}，已阅{unit.read}"
    if unit.waiting:
        told += f"，待送{unit.waiting}"
    if unit.failed:
        told += "，没送到：" + "、".join(f"{reason}{count}" for reason, count in unit.failed.most_common())
    return told


async def _chase(dispatcher: CollectingDispatcher, services: Services, by: Speaker, number: int) -> None:
    count = await broadcast_desk.chase(services, by, number)
    say(dispatcher, f"已提醒{count}人看通知 {number}。没有账号的请打电话。", [("未读名单", f"未读名单 {number}")])


async def _unread(dispatcher: CollectingDispatcher, services: Services, by: Speaker, number: int) -> None:
    total, found = await broadcast_desk.unread(services, by, number, _LINES)
    if not total:
        say(dispatcher, f"通知 {number} 大家都已阅。")
        return
    lines = [f"通知 {number} 没有已阅的{total}人：", *(f"{one.where}　{one.name}（{one.why}）" for one in found)]
    custom = {}
    if total > len(found):
        path, name = await unread_file(services, by, number)
        shown = files.shown_file(services, by.channel, path, name)
        lines += [f"另有{total - len(found)}人，都在文件里。", shown.line]
        custom = shown.custom
    say(dispatcher, "\n".join(lines), [("催阅", f"催阅 {number}"), ("看进度", f"通知 {number}")], custom)


async def _recall(dispatcher: CollectingDispatcher, services: Services, by: Speaker, number: int) -> None:
    done = await broadcasts.recall(services, by, number)
    if done.again:
        raise Refused(f"通知 {number} 之前已经撤回或没有发送。")
    nothing_left = f"通知 {number} 已经全部发出，没有可以拦下的。"
    lines = [f"通知 {number} 已撤回：{done.stopped}人不会再收到。" if done.stopped else nothing_left]
    buttons = [("看进度", f"通知 {number}")]
    if done.gone:
        lines.append(f"{done.gone}人已经收到，收不回来；要告诉他们请点“发更正”。")
        buttons.append(("发更正", f"发更正 {number}"))
    if done.entry_id is not None:
        lines.append(f"{done.entry_id} 的答案已经换成新的，没有跟着撤回；要换回去请点下面。")
        buttons.append((f"恢复 {done.entry_id}", f"恢复 {done.entry_id} {done.version}"))
    say(dispatcher, "\n".join(lines), buttons, {"broadcast": number})


_STEPS: dict[str, Callable[[CollectingDispatcher, Services, Speaker, int], Awaitable[None]]] = {
    "通知": _progress,
    "催阅": _chase,
    "未读名单": _unread,
    "撤回通知": _recall,
}
