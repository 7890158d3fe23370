"""python -m bot duty: the duty roster."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]


def add_duty_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    duty = commands.add_parser("duty", help="值班表").add_subparsers(required=True, metavar="操作")
    load = duty.add_parser("import", help="导入值班表（.xlsx 或 CSV）；文件里写到的日期和地点以文件为准")
    load.add_argument("file", type=Path, help="表头：日期、地点（或 组）、姓名、手机号")
    load.set_defaults(run=with_services(_import))
    listing = duty.add_parser("list", help="列出值班表")
    listing.add_argument("--day", type=date.fromisoformat, help="从哪天起，默认今天")
    listing.add_argument("--days", type=int, default=7, help="列多少天，默认 7")
    listing.set_defaults(run=with_services(_list))


async def _import(services: Services, options: argparse.Namespace) -> None:
    from bot.services.duty_import import import_duty

    done = await import_duty(services, options.file)
    print(f"值班表已导入：{done.days}份（按日期和地点计），{done.people}人次。")
    if done.bad:
        print(f"有{len(done.bad)}行没有导入：")
        print("\n".join(done.bad))


async def _list(services: Services, options: argparse.Namespace) -> None:
    from bot.services.duty_import import list_duty

    first = options.day or services.today()
    rows = await list_duty(services, first, first + timedelta(days=max(options.days, 1) - 1))
    for row in rows:
        print(f"{row.day}\t{row.where}\t{row.who}")
    if not rows:
        print("这些天没有排班。")
