"""A notice is written step by step: what, to whom, when; then it is shown, and sent once it is confirmed.

The draft lies in the slot `waiting`. While a step waits for free text, `reads_as` names the exact word that a message is
read after (bot/conversation/conversation.py), so that no likeness to a question can swallow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import say
from bot.errors import NotEntitled, Refused
from bot.knowledge.changes import repeats_facts, shortened
from bot.services import audience_words, broadcasts, knowledge_plans
from bot.services.audience_words import WhichPlace
from bot.services.audiences import Audience
from bot.services.broadcasts import Draft, Preview
from bot.services.context import Services
from bot.services.knowledge import Change
from bot.services.people import Speaker
from bot.services.send_times import WhichTime, read_send_time

WAITING = "waiting"
"""The slot of what waits for a confirmation; `kind` says whose it is."""
KIND = "broadcast"
CANCEL = ("取消", "取消通知")
_PATIENCE = timedelta(minutes=30)
_CHANGES = re.compile(r"\s*同时改答\s*[#＃]?(?P<entry>[A-Za-z][A-Za-z0-9_-]{0,30})\s+(?P<answer>.+)$", re.DOTALL)
_HEAD = re.compile(r"(?P<head>[^\s:：,，]+)[\s:：,，]+(?P<rest>.+)", re.DOTALL)
_WHOM = (("我负责的全部", "发给 全体"), ("工作人员", "发给 工作人员"), ("没打卡的", "发给 没打卡的"))
_PARENTS = ("家长", "发给 家长")
_OF_SCHOOLS = ("class_teacher", "school", "bureau")
_WHEN = (("现在就发", "定时 现在"), ("今晚7点", "定时 今晚7点"), ("明早8点", "定时 明早8点"))

Events = list[EventType]


@dataclass
class Writing:
    """One turn of somebody who writes a notice."""

    dispatcher: CollectingDispatcher
    services: Services
    by: Speaker
    words: str
    kept: dict[str, Any] = field(default_factory=dict)
    """The draft as it lies in the slot; empty when there is none."""

    def say(self, text: str, buttons: Iterable[tuple[str, str]] = ()) -> None:
        """One bubble."""
        say(self.dispatcher, text, buttons, {"draft": KIND})

    @property
    def audience(self) -> Audience | None:
        """For whom the draft is, as far as that is known."""
        stored = self.kept.get("audience")
        return Audience.from_json(stored) if stored else None

    def draft(self) -> Draft:
        """The draft when all of it is known."""
        assert self.audience is not None
        send_at, change = self.kept.get("send_at"), self.kept.get("change")
        return Draft(
            self.kept.get("text", ""),
            self.audience,
            datetime.fromisoformat(send_at) if send_at else None,
            bool(self.kept.get("urgent")),
            Change(**change) if change else None,
            bool(self.kept.get("again")),
        )

    def keep(self, reads_as: str | None = None) -> Events:
        """The event that keeps the draft; the next message is read after the word `reads_as`."""
        until = self.services.now() + _PATIENCE
        state = {**self.kept, "kind": KIND, "until": until.isoformat(), "reads_as": reads_as}
        return [SlotSet(WAITING, state)]


async def begin(turn: Writing) -> Events:
    """发通知, alone or with everything in one message: 发通知 三网格 今晚7点核酸检测，请带身份证."""
    turn.kept = {}
    rest = turn.words
    if not rest:
        return await _go_on(turn)
    turn.kept["timed"] = True
    while (match := _HEAD.fullmatch(rest)) and audience_words.looks_like_audience(match["head"]):
        found = await audience_words.read_audience(turn.services, turn.by, match["head"], turn.audience)
        rest = match["rest"]
        if isinstance(found, WhichPlace):
            await _keep_text(turn, rest)
            return _ask_place(turn, found)
        turn.kept["audience"] = found.as_json()
    await _keep_text(turn, rest)
    if turn.audience is None:
        found = await audience_words.own_audience(turn.services, turn.by)
        if isinstance(found, WhichPlace):
            return _ask_place(turn, found)
        turn.kept["audience"] = found.as_json()
    return await _go_on(turn)


async def begin_correction(turn: Writing, number: int) -> Events:
    """发更正 12: to those who have had notice 12."""
    audience = await broadcasts.correction_audience(turn.services, turn.by, number)
    turn.kept = {"audience": audience.as_json(), "timed": True}
    if turn.words:
        await _keep_text(turn, turn.words)
    return await _go_on(turn)


async def take_text(turn: Writing) -> Events:
    """通知内容 …: the text, or another one."""
    await _keep_text(turn, turn.words)
    return await _go_on(turn)


async def take_audience(turn: Writing) -> Events:
    """发给 …: for whom it is."""
    found = await audience_words.read_audience(turn.services, turn.by, turn.words, turn.audience)
    if isinstance(found, WhichPlace):
        return _ask_place(turn, found)
    turn.kept["audience"] = found.as_json()
    return await _go_on(turn)


async def take_time(turn: Writing) -> Events:
    """定时 …: when it goes out."""
    found = read_send_time(turn.services, turn.words)
    if isinstance(found, WhichTime):
        turn.say(found.question, [*((title, f"定时 {words}") for title, words in found.options), CANCEL])
        return turn.keep("定时")
    turn.kept |= {"timed": True, "send_at": found.isoformat() if found else None}
    return await _go_on(turn)


async def confirm(turn: Writing) -> Events:
    """确认发送."""
    if turn.audience is None:
        raise Refused("这条通知还没有写完，请接着写，或者发“取消通知”。")
    draft = turn.draft()
    try:
        number = await broadcasts.write(turn.services, turn.by, draft)
    except NotEntitled:
        raise
    except Refused:
        # what stands in the way stands in the preview too, with the buttons that help
        return await _go_on(turn, "还没有发出。请核对：")
    if draft.send_at is None:
        told = f"已确认，通知 {number} 马上发出。"
    else:
        told = f"已定时，通知 {number} 将在 {_clock(turn, draft.send_at)} 发出，在那之前可以撤回。"
    turn.say(told, [("看进度", f"通知 {number}"), ("撤回", f"撤回通知 {number}")])
    return [SlotSet(WAITING, None)]


async def confirm_again(turn: Writing) -> Events:
    """仍然发送: the same was sent minutes ago, and that is known."""
    turn.kept["again"] = True
    return await confirm(turn)


async def confirm_urgent(turn: Writing) -> Events:
    """加急发送: in quiet hours too."""
    turn.kept["urgent"] = True
    return await confirm(turn)


async def ask_what_to_change(turn: Writing) -> Events:
    """修改通知."""
    turn.say("改哪一项？", [("内容", "改内容"), ("发给谁", "改对象"), ("什么时候发", "改时间"), CANCEL])
    return turn.keep()


async def ask_text_again(turn: Writing) -> Events:
    """改内容."""
    return _ask_text(turn)


async def ask_audience_again(turn: Writing) -> Events:
    """改对象."""
    return _ask_audience(turn)


async def ask_time_again(turn: Writing) -> Events:
    """改时间."""
    return _ask_time(turn)


async def give_up(turn: Writing) -> Events:
    """取消通知."""
    turn.say("好的，这条通知不发了。")
    return [SlotSet(WAITING, None)]


async def _keep_text(turn: Writing, words: str) -> None:
    """Keeps the text, and the change of an answer that stands behind it (… 同时改答 T7 新的答案)."""
    match = _CHANGES.search(words)
    turn.kept["change"] = None
    if match:
        change = await knowledge_plans.answer(turn.services, turn.by, match["entry"], match["answer"])
        turn.kept |= {"change": change.as_json(), "loses": repeats_facts(change.old or {})}
    turn.kept["text"] = (words[: match.start()] if match else words).strip()
    turn.kept["again"] = False


async def _go_on(turn: Writing, head: str = "请核对：") -> Events:
    """Asks for what is missing; with everything there, shows the whole."""
    if not turn.kept.get("text") and not turn.kept.get("change"):
        return _ask_text(turn)
    if turn.audience is None:
        return _ask_audience(turn)
    if not turn.kept.get("timed"):
        return _ask_time(turn)
    try:
        shown = await broadcasts.preview(turn.services, turn.by, turn.draft())
    except Refused as refusal:
        # the draft stays: one part of it is to be said otherwise
        turn.say(str(refusal), [("改内容", "改内容"), ("改对象", "改对象"), ("改时间", "改时间"), CANCEL])
        return turn.keep()
    _show(turn, shown, head)
    return turn.keep()


def _ask_text(turn: Writing) -> Events:
    turn.say("请写通知的内容，一条消息写完。", [CANCEL])
    return turn.keep("通知内容")


def _ask_audience(turn: Writing) -> Events:
    parents = [_PARENTS] if any(held.role in _OF_SCHOOLS for held in turn.by.roles) else []
    buttons = [*_WHOM, *parents, CANCEL]
    turn.say("发给谁？可以点下面的，也可以写，例如：三网格、3号楼没打卡的、从西安回来的。", buttons)
    return turn.keep("发给")


def _ask_place(turn: Writing, found: WhichPlace) -> Events:
    turn.say(
        f"“{found.named}”有几个地方，发给哪一个？", [*((t, f"发给 {words}") for t, words in found.options), CANCEL]
    )
    return turn.keep("发给")


def _ask_time(turn: Writing) -> Events:
    turn.say("什么时候发？可以点下面的，也可以写，例如：今晚7点、1月22日上午9点。", [*_WHEN, CANCEL])
    return turn.keep("定时")


def _show(turn: Writing, shown: Preview, head: str) -> None:
    draft = turn.draft()
    far = shown.people - shown.reachable
    lines = [
        head,
        shown.message.text,
        "———",
        f"发给：{shown.audience}，{shown.people}人",
        f"聊天可送达{shown.reachable}人，发{shown.reachable}条消息"
        + (f"；{far}人没有账号，发出后见“未读名单”，请打电话" if far else ""),
        f"时间：{_clock(turn, draft.send_at) if draft.send_at else '确认后马上发'}",
    ]
    if draft.change is not None:
        lines.append(
            f"发出的同时 {draft.change.entry_id} 的答案换成新的：{shortened(draft.change.body['answer'], 160)}"
        )
    if turn.kept.get("loses"):
        lines.append("注意：这一条原有的提示句、表格等会重复旧答案，将一并去掉；要保留请先用“改答”修改，再发通知。")
    buttons = [("确认发送", "确认发送")]
    if shown.twin is not None:
        lines.append(f"注意：同样的通知刚发过（通知 {shown.twin}）。要再发一次请点“仍然发送”。")
        buttons = [("仍然发送", "仍然发送")]
    if shown.morning is not None and not draft.urgent:
        lines.append("注意：这个时间在免打扰时段。可以早上再发；紧急的请点“加急发送”。")
        at = f"{shown.morning:%Y-%m-%d %H:%M}"
        buttons = [(f"{_clock(turn, shown.morning)}发", f"定时 {at}"), ("加急发送", "加急发送")]
    turn.say("\n".join(lines), [*buttons, ("修改", "修改通知"), CANCEL])


def _clock(turn: Writing, moment: datetime) -> str:
    local = moment.astimezone(turn.services.settings.timezone)
    return f"{local:%m月%d日 %H:%M}"
