"""Everybody looks after their own data: 我的数据, 导出, 更正, 删除."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import REQUESTED_SLOT

from actions.replies import SideAction, say, speaker_of
from bot.errors import Refused
from bot.processes.fields.base import Context, Filled, Spec, Wrong
from bot.processes.fields.phone import PHONE
from bot.services import erasing, files, my_data, tickets
from bot.services.context import Services
from bot.services.people import Speaker

WAITING = "waiting"
_DELETION = "deletion"
_BUTTONS = (("导出", "导出我的数据"), ("更正", "更正我的数据"), ("删除", "删除我的数据"), ("撤回同意", "撤回同意"))

Events = list[EventType] | None


class ActionMyData(SideAction):
    """我的数据, 导出我的数据, 更正我的手机号 138…, 删除我的数据, 确认删除, 不删了."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> Events:
        """Does what the verb says, for the speaker's own data alone."""
        speaker = await speaker_of(services, tracker)
        verb, code, words = (next(tracker.get_latest_entity_values(name), "") for name in ("verb", "code", "words"))
        text = str(tracker.latest_message.get("text") or "")
        if verb == "导出":
            await _export(dispatcher, services, speaker)
        elif verb in ("删除", "注销", "清除", "删掉"):
            return await _plan_deletion(dispatcher, services, speaker)
        elif verb in ("确认删除", "不删了"):
            waits = (tracker.get_slot(WAITING) or {}).get("kind") == _DELETION
            return await _end_deletion(dispatcher, services, speaker, verb, waits)
        elif verb.startswith("我的"):
            await _show(dispatcher, services, speaker)
        elif "名" in text:
            await _correct_name(dispatcher, services, speaker, words)
        elif "手机" in text or "电话" in text:
            await _correct_phone(dispatcher, services, speaker, code)
        else:
            say(dispatcher, _HOW_TO_CORRECT)
        return None


_HOW_TO_CORRECT = (
    "手机号自己就能改，例如：更正我的手机号 13800000000。\n姓名由工作人员核对后改，例如：更正我的姓名 王小芳。\n"
    "今天报错了，再发“打卡”重报一次就行。"
)


async def _show(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> None:
    held = await my_data.overview(services, speaker)
    settings = services.settings
    counted = [f"・{title}：{count}条" for title, count in held.counts.items()]
    lines = ["这里存着您的：", "・姓名、手机号等登记信息", *counted]
    if held.seen_by:
        lines.append(f"谁能看：负责您的{'、'.join(held.seen_by)}；别人看不到，每次查看电话都有记录。")
    lines.append(
        f"存多久：记录{settings.record_days}天，消息{settings.message_days}天，聊天14天，到期自动删除；全部加密保存。"
    )
    lines.append("您同意过收集信息。" if held.consented else "您现在没有同意收集信息，不会再收集。")
    say(dispatcher, "\n".join(lines), _BUTTONS)


async def _export(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> None:
    data, code = await my_data.export(services, speaker)
    name = f"我的数据-{services.today():%Y%m%d}.json"
    url = await files.keep_file(services, my_data.own_id(speaker), name, "application/json", data)
    shown = files.shown_file(services, speaker.channel, url, name)
    say(
        dispatcher,
        f"您的全部数据在这个文件里，半小时内可以下载，请自己保管好。\n{shown.line}\n回执：{code}",
        (),
        shown.custom,
    )


async def _correct_phone(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, said: str) -> None:
    my_data.own_id(speaker)
    if not said:
        say(dispatcher, "请把新号码一起发来，例如：更正我的手机号 13800000000。")
        return
    reading = PHONE.read(said, Spec("phone", "手机号"), Context(services.local_now(), services.settings.fever))
    if not isinstance(reading, Filled):
        raise Refused(reading.reason if isinstance(reading, Wrong) else "没看懂这个手机号，请发11位数字。")
    code = await my_data.correct_phone(services, speaker, str(reading.value))
    phone = str(reading.value)
    say(dispatcher, f"手机号已更正为{phone[:3]}****{phone[-4:]}。\n回执：{code}")


async def _correct_name(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, said: str) -> None:
    my_data.own_id(speaker)
    if not said:
        say(dispatcher, "请把正确的姓名一起发来，例如：更正我的姓名 王小芳。")
        return
    opened = await tickets.open_ticket(services, speaker)
    await tickets.hand_over(services, speaker, f"申请更正姓名为：{said}", urgent=False)
    leave = (tickets.LEAVE.title, tickets.LEAVE.payload)
    say(
        dispatcher,
        f"姓名要工作人员核对后才能改，已转给{opened.answerers}（工单{opened.number}），会在这里答复您。",
        [leave],
        {"ticket": opened.number},
    )


async def _plan_deletion(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> Events:
    plan = await erasing.plan_deletion(services, speaker)
    lines = ["删除后找不回来。会删掉：", "・姓名、手机号等登记信息，账号绑定"]
    lines += [f"・{title}：{count}条" for title, count in plan.held.counts.items()]
    if plan.waits:
        lines.append(f"按防控方案要先留着、结束后自动删除的：{'；'.join(plan.waits)}（只留与此有关的）。")
    lines.append("只留下不含内容的操作日志。想留底请先“导出我的数据”。确定要删吗？")
    say(dispatcher, "\n".join(lines), (("确认删除", "确认删除"), ("导出", "导出我的数据"), ("不删了", "不删了")))
    return [SlotSet(WAITING, {"kind": _DELETION})]


async def _end_deletion(
    dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, verb: str, waits: bool
) -> Events:
    if not waits:
        say(dispatcher, "现在没有等着确认的删除。要删除请发“删除我的数据”。")
        return None
    if verb == "不删了":
        say(dispatcher, "好的，什么都没有删。")
        return [SlotSet(WAITING, None)]
    code, later = await erasing.delete_my_data(services, speaker)
    told = "您的数据已删除。"
    if later:
        told = f"已删除。{'；'.join(later)}：与此有关的等结束后自动删除。"
    say(dispatcher, f"{told}\n回执：{code}，请记下。")
    return [SlotSet(WAITING, None), *forgotten(services)]


def forgotten(services: Services) -> list[EventType]:
    """Empties every form, and closes the one that is open."""
    slots = [p.slot(name) for p in services.processes.values() for name in (*p.by_name, "draft")]
    return [
        *(SlotSet(name, None) for name in slots),
        SlotSet("told", None),
        ActiveLoop(None),
        SlotSet(REQUESTED_SLOT, None),
    ]
