"""python -m bot audit: who changed or revealed what, and whether the record of it was touched."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING

from bot.errors import Refused

if TYPE_CHECKING:
    from bot.services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]


def add_audit_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    audit = commands.add_parser("audit", help="查看和校验审计记录").add_subparsers(required=True, metavar="操作")
    verify = audit.add_parser("verify", help="校验审计链：被改、被删、补写的都会指出来")
    verify.add_argument("--since", type=date.fromisoformat, help="只校验这一天及以后的，例如 2022-01-20")
    verify.add_argument("--head", help="以前记下的校验值")
    verify.add_argument("--count", type=int, help="以前记下的环数；和 --head 一起用，能看出末尾被截")
    verify.set_defaults(run=with_services(_verify))
    listing = audit.add_parser("list", help="列出审计记录，最新的在最后")
    listing.add_argument("--person", type=int, help="这个人做的，或关于这个人的（人员编号）")
    listing.add_argument("--object", help="关于什么，例如 alert/12")
    listing.add_argument("--day", type=date.fromisoformat, help="某一天，例如 2022-01-20")
    listing.add_argument("--most", type=int, default=100, help="最多列多少行，默认 100")
    listing.set_defaults(run=with_services(_list))


async def _verify(services: Services, options: argparse.Namespace) -> None:
    from bot.services.audit_chain import check_chain

    if (options.head is None) != (options.count is None):
        raise Refused("--head 和 --count 要一起写：它们是以前校验时记下的两个数。")
    found = await check_chain(services, options.since, options.head, options.count)
    part = f"（从{options.since}起）" if options.since else ""
    if not found.faults:
        print(f"审计链完好{part}：共{found.links}环。")
    else:
        print(f"审计链有问题{part}：共{found.links}环。")
        for fault in found.faults:
            print(f"・{fault}")
    print(f"请把这两个数记在别处，下次用它们核对末尾：--count {found.links} --head {found.head or '无'}")
    if found.faults:
        raise Refused("审计记录对不上，请保留现场，核对备份。")


async def _list(services: Services, options: argparse.Namespace) -> None:
    from bot.services.audit import noted

    about = None
    if options.object is not None:
        kind, found, number = options.object.partition("/")
        if not found or not number:
            raise Refused("--object 写成 alert/12 的样子。")
        about = kind, number
    rows = await noted(services, options.person, about, options.day, options.most)
    for row in rows:
        actor = f"人员{row.actor_id}" if row.actor_id is not None else "系统"
        linked = f"第{row.position}环" if row.position is not None else "待入链"
        print(f"{row.id}\t{row.at:%Y-%m-%d %H:%M:%S}\t{actor}\t{row.action}\t{row.object}/{row.object_id}\t{linked}")
    if not rows:
        print("没有符合的审计记录。")
