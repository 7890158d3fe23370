"""Staff keep the knowledge up to date in chat. Every change is shown first and saved by 确认修改."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import Refused
from bot.knowledge.changes import repeats_facts, shortened
from bot.knowledge.entries import entry_of
from bot.knowledge.preview import preview, source_words, span_words
from bot.services import knowledge, knowledge_plans, questions
from bot.services.context import Services
from bot.services.editors import check_editor, may_edit
from bot.services.knowledge import Change
from bot.services.people import Speaker

CHANGE = "change"
"""The slot of the change that waits for 确认修改: what `Change.as_json` gives, and `said`, the command that planned it."""
_PAGE = 8
_KINDS = {"unanswered": "无答案", "disliked": "没帮上", "chosen": "选择"}
_SAME = re.compile(r"同\s*(?P<entry>[A-Za-z][A-Za-z0-9_-]*)")
_CONFIRM, _KEEP_REST, _GIVE_UP = "确认修改", "保留其余", "放弃"

Events = list[EventType] | None


class ActionKeepKnowledge(SideAction):
    """待答, 答复, 忽略; 看答, 版本; 改答, 加问法, 有效期, 停用, 恢复, 用文件, 用修改; 确认修改, 保留其余, 放弃."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> Events:
        """Does what the verb says."""
        by = await speaker_of(services, tracker)
        verb, code, words = (next(tracker.get_latest_entity_values(name), "") for name in ("verb", "code", "words"))
        waiting = tracker.get_slot(CHANGE)
        if verb == _GIVE_UP:
            say(dispatcher, "好的，没有修改。" if waiting else "好的。")
            return [SlotSet(CHANGE, None)]
        if verb == _CONFIRM and not waiting and not may_edit(by):
            say(dispatcher, "好的。")
            return None
        check_editor(by)
        if verb in _SHOWN:
            await _SHOWN[verb](dispatcher, services, by, code)
            return None
        if verb == _CONFIRM:
            return await _save(dispatcher, services, by, waiting)
        keep_rest = verb == _KEEP_REST and bool(waiting)
        if keep_rest:
            verb, code, words = waiting["said"]
        if verb not in _PLANNED:
            say(dispatcher, "现在没有等您确认的修改。")
            return None
        if verb in _EXAMPLES and not words:
            return await _explain(dispatcher, services, by, verb, code)
        change = await _PLANNED[verb](services, by, code, words, keep_rest)
        return _ask_to_confirm(dispatcher, change, [verb, code, words], keep_rest)


def _ask_to_confirm(
    dispatcher: CollectingDispatcher, change: Change, said: list[str], keep_rest: bool
) -> list[EventType]:
    buttons = [(_CONFIRM, _CONFIRM), (_GIVE_UP, _GIVE_UP)]
    if change.kind == "answer" and not keep_rest and repeats_facts(change.old or {}):
        buttons.insert(1, (_KEEP_REST, _KEEP_REST))
    shown = preview(change.old, change.body, change.notes)
    say(dispatcher, f"请核对，确认后马上生效：\n{shown}", buttons)
    return [SlotSet(CHANGE, {**change.as_json(), "said": said})]


async def _save(
    dispatcher: CollectingDispatcher, services: Services, by: Speaker, waiting: dict[str, Any] | None
) -> list[EventType]:
    if not waiting:
        say(dispatcher, "现在没有等您确认的修改。")
        return []
    change = Change(**{key: value for key, value in waiting.items() if key != "said"})
    try:
        entry = await knowledge.save(services, by, change)
    except Refused as refusal:
        say(dispatcher, str(refusal))
        return [SlotSet(CHANGE, None)]
    told = "，会告诉最近7天问过的人" if change.group is not None else ""
    say(
        dispatcher,
        f"已保存 {entry.id}（{entry.title}）{told}。下一条消息起按它回答。",
        [("看答", f"看答 {entry.id}"), ("版本", f"版本 {entry.id}"), ("待答", "待答")],
    )
    return [SlotSet(CHANGE, None)]


async def _list(dispatcher: CollectingDispatcher, services: Services, by: Speaker, code: str) -> None:
    page = max(int(code or 1), 1)
    total, groups = await questions.open_groups(services, by, (page - 1) * _PAGE, _PAGE)
    lines = [
        f"{entry_id} 的文件和工作人员的版本都改过，现在按工作人员的版本回答。发“用文件 {entry_id}”或“用修改 {entry_id}”。"
        for entry_id in await knowledge.conflicts(services, by)
    ]
    if total:
        lines.append(f"待答的问题{total}组，问得多的在前（第{page}页）：")
        lines += [_group_line(services, group) for group in groups]
        lines.append("发“答复 编号 内容”作答；发“答复 编号 同 T7”归到已有条目；发“忽略 编号”不再列出。")
    else:
        lines.append("现在没有待答的问题。")
    more = [("下一页", f"待答 {page + 1}")] if page * _PAGE < total else []
    say(dispatcher, "\n".join(lines), [*((f"答复 {g.id}", f"答复 {g.id}") for g in groups), *more])


def _group_line(services: Services, group: questions.Group) -> str:
    entry = services.entries.get(group.entry_id or "")
    about = f"，{entry.id} {entry.title}" if entry else ""
    return f"{group.id}　{shortened(group.text, 40)}（{group.count}次，{_KINDS[group.kind]}{about}）"


async def _ignore(dispatcher: CollectingDispatcher, services: Services, by: Speaker, code: str) -> None:
    group = await questions.dismiss(services, by, int(code))
    say(dispatcher, f"{group.id} 号（{shortened(group.text, 40)}）不再列出。", [("待答", "待答")])


async def _show(dispatcher: CollectingDispatcher, services: Services, by: Speaker, code: str) -> None:
    entry_id = knowledge.known_id(services, code)
    last = (await knowledge.versions(services, by, entry_id))[-1]
    body, in_force = last.body, services.entries[entry_id]
    lines = [
        f"{entry_id}　{body['title']}（第{last.number}版，{_made(services, last)}）",
        body["answer"],
        f"出处：{source_words(body)}",
        f"有效期：{span_words(body)}；问法{len(body['ask'])}句",
    ]
    if entry_of(body, entry_id) != in_force:
        lines.append(f"这一版还没有到生效日，现在的答案是：{in_force.answer}")
    lines.append(f"发“改答 {entry_id} 新的答案”修改，“加问法 {entry_id} …”“有效期 {entry_id} …”“停用 {entry_id}”。")
    say(dispatcher, "\n".join(lines), [("版本", f"版本 {entry_id}")])


async def _list_versions(dispatcher: CollectingDispatcher, services: Services, by: Speaker, code: str) -> None:
    entry_id = knowledge.known_id(services, code)
    found = await knowledge.versions(services, by, entry_id)
    lines = [f"第{v.number}版　{_made(services, v)}　{shortened(v.body['answer'], 30)}" for v in found[-10:]]
    earlier = [(f"恢复第{v.number}版", f"恢复 {entry_id} {v.number}") for v in found[-6:-1]]
    say(dispatcher, f"{entry_id} 共{len(found)}版：\n" + "\n".join(lines), earlier)


def _made(services: Services, version: knowledge.Version) -> str:
    if version.made_at is None:
        return version.by
    return f"{version.made_at.astimezone(services.settings.timezone):%Y-%m-%d %H:%M} {version.by}"


async def _reply(services: Services, by: Speaker, code: str, words: str, keep_rest: bool) -> Change:
    if same := _SAME.fullmatch(words):
        return await knowledge_plans.same(services, by, int(code), same["entry"])
    return await knowledge_plans.reply(services, by, int(code), words, keep_rest)


async def _answer(services: Services, by: Speaker, code: str, words: str, keep_rest: bool) -> Change:
    return await knowledge_plans.answer(services, by, code, words, keep_rest)


async def _ways(services: Services, by: Speaker, code: str, words: str, _: bool) -> Change:
    return await knowledge_plans.more_ways(services, by, code, words.splitlines())


async def _dates(services: Services, by: Speaker, code: str, words: str, _: bool) -> Change:
    return await knowledge_plans.dates(services, by, code, words)


async def _stop(services: Services, by: Speaker, code: str, words: str, _: bool) -> Change:
    return await knowledge_plans.stop(services, by, code)


async def _restore(services: Services, by: Speaker, code: str, words: str, _: bool) -> Change:
    if not words.isdecimal():
        raise Refused(f"请写第几版，例如：恢复 {code} 2。发“版本 {code}”看有哪几版。")
    return await knowledge_plans.restore(services, by, code, int(words))


async def _use_file(services: Services, by: Speaker, code: str, words: str, _: bool) -> Change:
    return await knowledge_plans.keep(services, by, code, file=True)


async def _use_mine(services: Services, by: Speaker, code: str, words: str, _: bool) -> Change:
    return await knowledge_plans.keep(services, by, code, file=False)


async def _explain(dispatcher: CollectingDispatcher, services: Services, by: Speaker, verb: str, code: str) -> Events:
    """What a command wants that came without its words; for 答复 the questions of the group and the present answer."""
    lines = []
    if verb == "答复":
        group, texts = await questions.group_with_texts(services, by, int(code))
        lines.append(_group_line(services, group))
        lines += [f"・{shortened(text, 60)}" for text in dict.fromkeys(texts)][:10]
        if entry := services.entries.get(group.entry_id or ""):
            lines.append(f"现在的答案（{entry.id}）：{entry.answer}")
    lines.append(_EXAMPLES[verb].replace("%", code))
    say(dispatcher, "\n".join(lines))
    return None


_SHOWN: dict[str, Callable[[CollectingDispatcher, Services, Speaker, str], Awaitable[None]]] = {
    "待答": _list,
    "忽略": _ignore,
    "看答": _show,
    "版本": _list_versions,
}
_PLANNED: dict[str, Callable[[Services, Speaker, str, str, bool], Awaitable[Change]]] = {
    "答复": _reply,
    "改答": _answer,
    "加问法": _ways,
    "有效期": _dates,
    "停用": _stop,
    "恢复": _restore,
    "用文件": _use_file,
    "用修改": _use_mine,
}
_EXAMPLES = {
    "答复": "请在一条消息里写：答复 % 内容。最后几行可以写“依据：…”“生效：2022-02-01”“到期：2022-03-15”；"
    "要归到已有条目就写：答复 % 同 T7。",
    "改答": "请在一条消息里写：改答 % 新的答案。最后几行可以写“依据：…”“生效：2022-02-01”“到期：2022-03-15”。",
    "加问法": "请写：加问法 % 新的问法（一行一句）。",
    "有效期": "请写：有效期 % 2022-01-01 到 2022-03-15（哪一头不改就不写，取消期限写“不限”）。",
}
