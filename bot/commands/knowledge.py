"""python -m bot knowledge: what staff can do in chat, for whoever has the machine."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]


def add_knowledge_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    known = commands.add_parser("knowledge", help="查看和维护答复").add_subparsers(
        dest="knowledge", required=True, metavar="操作"
    )

    def add(name: str, help_line: str, *entry: str) -> argparse.ArgumentParser:
        parser = known.add_parser(name, help=help_line)
        for argument in entry:
            parser.add_argument(argument, help="条目编号，例如 T7")
        parser.set_defaults(run=with_services(_run))
        return parser

    listing = add("list", "条目及最近修改；--open 列待答的问题")
    listing.add_argument("--open", action="store_true", help="待答的问题，问得多的在前")
    add("show", "看一个条目", "entry")
    edit = add("edit", "换一个答案（末尾可写 依据：、生效：、到期：）", "entry")
    edit.add_argument("--answer-file", type=Path, required=True, help="写着新答案的文本文件（UTF-8）")
    edit.add_argument("--keep-rest", action="store_true", help="保留原有的提示句和表格")
    answer = add("answer", "答复一组待答的问题")
    answer.add_argument("group", type=int, help="待答编号")
    what = answer.add_mutually_exclusive_group(required=True)
    what.add_argument("--text", help="答复的内容")
    what.add_argument("--same", help="归到这个条目，例如 T7")
    expire = add("expire", "设定有效期", "entry")
    expire.add_argument("--from", dest="first", default="", help="生效日，例如 2022-01-01；不限 表示取消")
    expire.add_argument("--to", dest="last", default="", help="到期日（当天仍有效）；不限 表示取消")
    ways = add("ways", "增加问法", "entry")
    ways.add_argument("--add", nargs="+", required=True, help="新的问法")
    add("versions", "一个条目的各版", "entry")
    restore = add("restore", "恢复到某一版", "entry")
    restore.add_argument("version", type=int, help="第几版")
    add("conflicts", "文件和工作人员都改过的条目")
    keep = add("keep", "两边都改过时选定一边", "entry")
    side = keep.add_mutually_exclusive_group(required=True)
    side.add_argument("--file", dest="file", action="store_true", help="用文件")
    side.add_argument("--mine", dest="file", action="store_false", help="用工作人员的修改")
    export = add("export", "把全部条目写成 YAML（每条取最新一版）")
    export.add_argument("folder", type=Path, help="空文件夹")
    stats = add("stats", "各条目的 有用 与 没用")
    stats.add_argument("--days", type=int, default=30, help="最近多少天，默认 30")


async def _run(services: Services, options: argparse.Namespace) -> None:
    from bot.commands import knowledge_work  # only now: other commands need not wait for its imports

    await knowledge_work.run(services, options)
