"""What the commands of `python -m bot knowledge` do; bot/commands/knowledge.py declares them."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable

from bot.errors import Refused
from bot.knowledge.preview import preview, source_words, span_words
from bot.services import feedback, knowledge, knowledge_plans, questions
from bot.services.context import Services
from bot.services.knowledge import Change
from bot.services.knowledge_snapshot import export_yaml

_KINDS = {"unanswered": "无答案", "disliked": "没帮上", "chosen": "选择"}
_MOST_GROUPS = 1000


async def run(services: Services, options: argparse.Namespace) -> None:
    """Runs the command that `options.knowledge` names, on the entries as they are now."""
    await knowledge.refresh(services)
    await _COMMANDS[options.knowledge](services, options)


async def _save(services: Services, change: Change) -> None:
    print(preview(change.old, change.body, change.notes))
    entry = await knowledge.save(services, None, change)
    print(f"已保存 {entry.id}，下一条消息起按它回答。")


async def _list(services: Services, options: argparse.Namespace) -> None:
    if options.open:
        total, groups = await questions.open_groups(services, None, 0, _MOST_GROUPS)
        for group in groups:
            print(f"{group.id}\t{group.count}次\t{_KINDS[group.kind]}\t{group.entry_id or ''}\t{group.text}")
        print(f"待答的问题{total}组。")
        return
    changed = await knowledge.newest_versions(services)
    for entry in services.entries.values():
        print(f"{entry.id}\t{entry.title}\t{'工作人员改过' if entry.id in changed else '文件'}")


async def _show(services: Services, options: argparse.Namespace) -> None:
    last = (await knowledge.versions(services, None, options.entry))[-1]
    body = last.body
    print(f"{body['id']}　{body['title']}（第{last.number}版，{_made(services, last)}）\n{body['answer']}")
    print(f"出处：{source_words(body)}\n有效期：{span_words(body)}\n问法{len(body['ask'])}句：")
    print("\n".join(f"・{way}" for way in body["ask"]))


def _made(services: Services, version: knowledge.Version) -> str:
    if version.made_at is None:
        return version.by
    return f"{version.made_at.astimezone(services.settings.timezone):%Y-%m-%d %H:%M} {version.by}"


async def _edit(services: Services, options: argparse.Namespace) -> None:
    try:
        text = options.answer_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"读不了文件 {options.answer_file}：{error}") from error
    await _save(services, await knowledge_plans.answer(services, None, options.entry, text, options.keep_rest))


async def _answer(services: Services, options: argparse.Namespace) -> None:
    if options.same:
        change = await knowledge_plans.same(services, None, options.group, options.same)
    else:
        change = await knowledge_plans.reply(services, None, options.group, options.text)
    await _save(services, change)


async def _expire(services: Services, options: argparse.Namespace) -> None:
    await _save(
        services, await knowledge_plans.dates(services, None, options.entry, f"{options.first} 到 {options.last}")
    )


async def _ways(services: Services, options: argparse.Namespace) -> None:
    await _save(services, await knowledge_plans.more_ways(services, None, options.entry, options.add))


async def _versions(services: Services, options: argparse.Namespace) -> None:
    for version in await knowledge.versions(services, None, options.entry):
        first_line = version.body["answer"].splitlines()[0]
        print(f"第{version.number}版\t{_made(services, version)}\t{span_words(version.body)}\t{first_line}")


async def _restore(services: Services, options: argparse.Namespace) -> None:
    await _save(services, await knowledge_plans.restore(services, None, options.entry, options.version))


async def _conflicts(services: Services, options: argparse.Namespace) -> None:
    found = await knowledge.conflicts(services, None)
    for entry_id in found:
        print(f"{entry_id}\t{services.entries[entry_id].title}")
    print("文件和工作人员都改过，现在按工作人员的版本回答；用 keep 选定一边。" if found else "没有冲突。")


async def _keep(services: Services, options: argparse.Namespace) -> None:
    await _save(services, await knowledge_plans.keep(services, None, options.entry, options.file))


async def _export(services: Services, options: argparse.Namespace) -> None:
    changed = await export_yaml(services, None, options.folder)
    print(f"已写到 {options.folder}，其中{changed}条是工作人员改过或新增的。")


async def _stats(services: Services, options: argparse.Namespace) -> None:
    found = await feedback.votes(services, options.days)
    for entry_id, votes in sorted(found.items(), key=lambda item: -item[1].useless):
        entry = services.entries.get(entry_id)
        print(f"{entry_id}\t有用{votes.useful}\t没用{votes.useless}\t{entry.title if entry else ''}")
    if not found:
        print(f"最近{options.days}天没有人评价过答复。")


_COMMANDS: dict[str, Callable[[Services, argparse.Namespace], Awaitable[None]]] = {
    "list": _list,
    "show": _show,
    "edit": _edit,
    "answer": _answer,
    "expire": _expire,
    "ways": _ways,
    "versions": _versions,
    "restore": _restore,
    "conflicts": _conflicts,
    "keep": _keep,
    "export": _export,
    "stats": _stats,
}
