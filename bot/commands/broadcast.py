"""python -m bot broadcast: send, list, progress, recall, for whoever has the machine."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.broadcasts import Draft
    from bot.services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]


def add_broadcast_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    broadcast = commands.add_parser("broadcast", help="群发通知：发送、查看进度、撤回").add_subparsers(
        required=True, metavar="操作"
    )
    send = broadcast.add_parser("send", help="发一条通知；先打印预览和人数，--dry-run 只看不发")
    send.add_argument("--place", type=int, required=True, help="地点编号：发给它下面的所有人")
    send.add_argument("--text", default="", help="通知的内容")
    send.add_argument("--role", action="append", default=[], help="只发给这个角色，可写多次，例如 worker、resident")
    send.add_argument("--guardians", action="store_true", help="发给这些人的家长（监护人），不发给本人")
    send.add_argument("--not-reported", default="", metavar="流程", help="只发给今天还没报的，例如 daily_report")
    send.add_argument(
        "--from", dest="region", default="", metavar="地区", help="只发给14天内申报从这里回来的，例如 西安"
    )
    send.add_argument("--at", default="", help='什么时候发，例如 "2022-01-20 18:00"；默认马上')
    send.add_argument("--urgent", action="store_true", help="加急：免打扰时段也发")
    send.add_argument("--again", action="store_true", help="同样的通知刚发过也再发")
    send.add_argument("--entry", default="", help="同时改这个条目的答案，例如 T7")
    send.add_argument("--answer-file", type=Path, help="写着新答案的文本文件（UTF-8）")
    send.add_argument("--dry-run", action="store_true", help="只看预览")
    send.set_defaults(run=with_services(_send))
    broadcast.add_parser("list", help="最近的通知").set_defaults(run=with_services(_list))
    for name, help_line, run in (
        ("progress", "送达、已阅、没送到的人数，按单位", _progress),
        ("recall", "撤回还没发出的", _recall),
    ):
        parser = broadcast.add_parser(name, help=help_line)
        parser.add_argument("number", type=int, help="通知编号")
        parser.set_defaults(run=with_services(run))


async def _send(services: Services, options: argparse.Namespace) -> None:
    from bot.errors import Refused  # here, as in all commands: the others need not wait for its imports
    from bot.services import broadcasts

    draft = await _draft(services, options)
    shown = await broadcasts.preview(services, None, draft)
    far = shown.people - shown.reachable
    print(
        f"{shown.message.text}\n———\n发给：{shown.audience}，{shown.people}人；发{shown.reachable}条消息，{far}人没有账号"
    )
    if options.dry_run:
        return
    try:
        number = await broadcasts.write(services, None, draft)
    except Refused as refusal:
        raise Refused(f"{refusal}（--urgent 表示加急，--again 表示再发一次）") from refusal
    at = draft.send_at
    print(
        f"通知 {number} {f'将在 {at:%Y-%m-%d %H:%M} 发出' if at else '由正在运行的服务马上发出'}。进度：broadcast progress {number}"
    )


async def _draft(services: Services, options: argparse.Namespace) -> Draft:
    from bot.errors import Refused
    from bot.services import knowledge, knowledge_plans
    from bot.services.audience_words import read_region
    from bot.services.audiences import Audience
    from bot.services.broadcasts import Draft
    from bot.services.roles import TITLES

    if unknown := [role for role in options.role if role not in TITLES]:
        raise Refused(f"没有角色 {unknown[0]}，可以写：{'、'.join(TITLES)}")
    process = services.processes.get(options.not_reported)
    if options.not_reported and (process is None or not process.checks):
        raise Refused(f"{options.not_reported} 不是每天要报的流程。")
    change = None
    if options.entry or options.answer_file:
        if not (options.entry and options.answer_file):
            raise Refused("--entry 和 --answer-file 要一起写。")
        await knowledge.refresh(services)
        change = await knowledge_plans.answer(services, None, options.entry, _read(options.answer_file))
    audience = Audience(
        options.place,
        tuple(options.role),
        options.guardians,
        options.not_reported,
        read_region(services, options.region) if options.region else None,
    )
    return Draft(options.text, audience, _moment(services, options.at), options.urgent, change, options.again)


def _moment(services: Services, text: str) -> datetime | None:
    from bot.errors import Refused

    try:
        return datetime.fromisoformat(text).replace(tzinfo=services.settings.timezone) if text else None
    except ValueError as error:
        raise Refused(f"时间“{text}”请写成 2022-01-20 18:00 的样子。") from error


def _read(file: Path) -> str:
    from bot.errors import Refused

    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"读不了文件 {file}：{error}") from error


async def _list(services: Services, options: argparse.Namespace) -> None:
    from bot.services.broadcast_desk import STATE_TITLES, mine

    found = await mine(services, None)
    for line in found:
        print(
            f"{line.number}\t{line.send_at:%Y-%m-%d %H:%M}\t{STATE_TITLES[line.state]}\t{line.total}人\t{line.audience}"
        )
    if not found:
        print("还没有发过通知。")


async def _progress(services: Services, options: argparse.Namespace) -> None:
    from bot.services.broadcast_desk import STATE_TITLES, progress

    done = await progress(services, None, options.number)
    print(f"通知 {options.number}（{STATE_TITLES[done.line.state]}），共{done.expected}人 {done.reason}".rstrip())
    print("单位\t人数\t送达\t已阅\t待送\t没送到")
    for unit in (done.whole, *done.units):
        failed = "、".join(f"{reason}{count}" for reason, count in unit.failed.most_common())
        print(f"{unit.name}\t{unit.people}\t{unit.delivered}\t{unit.read}\t{unit.waiting}\t{failed}")


async def _recall(services: Services, options: argparse.Namespace) -> None:
    from bot.services.broadcasts import recall

    done = await recall(services, None, options.number)
    print("之前已经撤回或没有发送。" if done.again else f"已撤回：{done.stopped}人不会再收到，{done.gone}人已经收到。")
    if done.entry_id is not None:
        print(f"{done.entry_id} 的答案已经换成新的；换回去：knowledge restore {done.entry_id} {done.version}")
