"""What staff have to do, who is on duty, who stands in: 待办, 谁值班, 找物资组, 请假 … 由李四代."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.processes.fields.date import titled
from bot.services import desk, duty_desk, work_groups
from bot.services.context import Services
from bot.services.duty_words import read_days, read_leave
from bot.services.people import Speaker

_LISTED = 20
_GROUPS = 3  # of one name, in different places
_LEAVE_WORDS = ("请假", "代理")
_END_WORDS = ("取消代理", "结束代理", "撤销代理")
_HOW_TO_LEAVE = "安排代理请发：请假 1月22日到1月24日 由李四代，或：代理 李四 到1月24日"


class ActionDesk(SideAction):
    """待办, 谁值班, 找物资组, 请假, 代理, 取消代理."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Does what the verb says; without one it is the name of a work group."""
        speaker = await speaker_of(services, tracker)
        verb = next(tracker.get_latest_entity_values("verb"), "")
        words = next(tracker.get_latest_entity_values("words"), "")
        if verb == "待办":
            await _to_do(dispatcher, services, speaker)
        elif verb in ("值班", "当班", "带班"):
            await _on_duty(dispatcher, services, speaker, words)
        elif verb in _LEAVE_WORDS and words:
            await _appoint(dispatcher, services, speaker, verb, words)
        elif verb in _LEAVE_WORDS:
            await _deputies(dispatcher, services, speaker)
        elif verb in _END_WORDS:
            await _end_deputies(dispatcher, services, speaker)
        else:
            await _groups(dispatcher, services, speaker, words)


async def _to_do(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> None:
    waiting = await desk.to_do(services, speaker)
    if not waiting:
        nothing = "今天没有待办。" if speaker.staff else "您今天没有要做的事。有问题可以直接问我。"
        say(dispatcher, nothing, [("我能做什么", "帮助")])
        return
    lines = []
    for one in waiting:
        lines += [f"・{one.title}", *(f"　{line}" for line in one.lines)]
    part = await desk.part_of(services, speaker)
    head = f"待办（{part}，{services.local_now():%m月%d日 %H:%M}）：" if part else "待办："
    say(dispatcher, "\n".join([head, *lines]), list(dict.fromkeys(one.button for one in waiting)))


async def _on_duty(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, words: str) -> None:
    first, last = read_days(services, words)
    found = await duty_desk.on_duty(services, speaker, first, last)
    today = services.today()
    when = titled(first, today) if first == last else f"{titled(first, today)}到{titled(last, today)}"
    offices = duty_desk.office_phones(services, [one.where for one in found])
    lines = []
    if found:
        lines.append(f"{when}值班：")
        lines += _duty_lines(found, today, several=first != last)
        if any(one.phone for one in found):
            lines.append("（查看电话已记入审计）")
    else:
        lines.append(f"{when}没有登记值班安排。")
    if offices:
        lines.append(f"办公电话：{offices}")
    elif not any(one.phone for one in found):
        lines.append("要找人可以发“转人工”；情况紧急请拨打120。")
    buttons = [(word, f"谁值班 {word}") for word in ("明天", "本周") if word != words]
    say(dispatcher, "\n".join(lines), [*buttons, *([] if speaker.staff else [("转人工", "转人工")])])


def _duty_lines(found: Sequence[duty_desk.OnDuty], today: date, several: bool) -> list[str]:
    lines = []
    for one in found[:_LISTED]:
        day = f"{titled(one.day, today)}　" if several else ""
        who = "　".join(part for part in (one.title, one.name, one.phone or "") if part)
        lines.append(f"・{day}{one.where}：{who}")
    if len(found) > _LISTED:
        lines.append(f"……还有{len(found) - _LISTED}条，请按天查，例如：谁值班 明天")
    return lines


async def _appoint(
    dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, verb: str, words: str
) -> None:
    try:
        done = await duty_desk.appoint(services, speaker, read_leave(services, words))
    except duty_desk.SeveralColleagues as several:
        named = several.name
        buttons = [
            (f"{one.name} {one.what}", f"{verb} {words.replace(named, f'#{one.id}', 1)}") for one in several.colleagues
        ]
        say(dispatcher, str(several), buttons)
        return
    span = _span(done, services.today())
    say(
        dispatcher,
        f"已安排：{span}由{done.deputy}代理您的工作，已告诉对方。期间对方能看、能处理您负责的预警和名单，预警会发给您和对方。",
        [("取消代理", "取消代理")],
    )


async def _deputies(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> None:
    found = await duty_desk.deputies_around(services, speaker)
    if not found:
        say(dispatcher, f"现在没有代理安排。{_HOW_TO_LEAVE}")
        return
    lines = [f"・{_span(one, services.today())}　{one.person}由{one.deputy}代理" for one in found]
    say(dispatcher, "\n".join(["代理安排：", *lines]), [("取消代理", "取消代理")])


async def _groups(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, words: str) -> None:
    found = await work_groups.find_groups(services, speaker, words)
    if not found:
        others = await work_groups.find_groups(services, speaker) if words else []
        text = f"没有找到“{words}”。" if words else "还没有登记工作组。"
        if others:
            text += "现有的工作组："
        else:
            text += "要找人可以发“谁值班”或“转人工”。"
        buttons = [(one.name, f"找 {one.name}") for one in others[:_LISTED]]
        say(dispatcher, text, buttons or [("谁值班", "谁值班"), ("转人工", "转人工")])
        return
    if not words and len(found) > 1:
        say(dispatcher, "现有的工作组：", [(one.name, f"找 {one.name}") for one in found[:_LISTED]])
        return
    say(dispatcher, "\n\n".join(_group_text(one) for one in found[:_GROUPS]), [("谁值班", "谁值班")])


def _group_text(group: work_groups.GroupView) -> str:
    lines = [f"{group.name}（{group.place}）"]
    if group.duties:
        lines.append(f"职责：{group.duties}")
    for member in group.members[:_LISTED]:
        head = work_groups.HEAD_TITLE if member.is_head else "成员"
        lines.append(f"・{'　'.join(part for part in (head, member.name, member.duty, member.phone) if part)}")
    if len(group.members) > _LISTED:
        lines.append(f"……共{len(group.members)}人，全部名单请在电脑上导出。")
    if not group.members:
        lines.append(f"・{work_groups.HEAD_TITLE}：请打办公电话" if group.office_phone else "要找人请发“转人工”。")
    if group.office_phone:
        lines.append(f"办公电话：{group.office_phone}")
    return "\n".join(lines)


async def _end_deputies(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> None:
    ended = await duty_desk.end_deputies(services, speaker)
    lines = [f"・{_span(one, services.today())}　{one.person}由{one.deputy}代理" for one in ended]
    say(dispatcher, "\n".join(["已取消，并告诉了对方：", *lines]))


def _span(one: duty_desk.StandIn, today: date) -> str:
    if one.since == one.until:
        return titled(one.since, today)
    return f"{titled(one.since, today)}到{titled(one.until, today)}"
