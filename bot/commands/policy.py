"""python -m bot policy: import, list, withdraw policy documents."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import Refused

if TYPE_CHECKING:
    from bot.knowledge.passage_search import Document
    from bot.services.context import Services

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]
_PROGRESS_PAGES = 20


def add_policy_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    policy = commands.add_parser("policy", help="导入、查看、撤回政策文件").add_subparsers(
        required=True, metavar="操作"
    )
    add = policy.add_parser("import", help="导入一个政策文件（txt、md、docx、pdf），马上可以查到")
    add.add_argument("file", type=Path, help="文件；默认不超过 20 MB（BOT_DOCUMENT_MB）")
    add.add_argument("--title", default="", help="标题，默认是文件的第一行")
    add.add_argument("--issuer", required=True, help="发布单位，例如 某某区卫生健康局")
    add.add_argument("--number", default="", help="文号，例如 某卫发〔2022〕3号")
    add.add_argument("--effective", type=date.fromisoformat, default=None, help="施行日期，例如 2022-01-01；之前不引用")
    add.add_argument("--expires", type=date.fromisoformat, default=None, help="失效日期（最后一天），之后不引用")
    add.set_defaults(run=with_services(_import))
    policy.add_parser("list", help="现有的政策文件").set_defaults(run=with_services(_list))
    withdraw = policy.add_parser("withdraw", help="撤回一个政策文件，马上不再引用")
    withdraw.add_argument("id", type=int)
    withdraw.set_defaults(run=with_services(_withdraw))


async def _import(services: Services, options: argparse.Namespace) -> None:
    from bot.services import documents  # here, as in all commands: the others need not wait for its import

    data = _read(services, options.file)
    facts = documents.DocumentFacts(options.title, options.issuer, options.number, options.effective, options.expires)
    done = await documents.import_document(services, None, options.file.name, data, facts, _show_progress)
    where = f"编号 {done.document.id}，《{done.document.title}》"
    if done.again:
        print(f"这个文件已经导入过（{where}），没有改动。要换标题或日期，先撤回：policy withdraw {done.document.id}")
        return
    print(f"已导入：{where}，{done.passages}段，分属{done.sections}个标题；{_state(services, done.document)}。")
    if done.blank_pages:
        print(f"注意：有{done.blank_pages}页没有文字（多半是扫描页），没有收录。")


def _read(services: Services, file: Path) -> bytes:
    from bot.services import documents

    try:
        if not file.is_file():
            raise Refused(f"没有这个文件：{file}")
        documents.check_size(services, file.stat().st_size)
        return file.read_bytes()
    except OSError as error:
        raise Refused(f"文件读不了：{file}（{error.strerror}）") from error


def _show_progress(page: int, pages: int) -> None:
    if pages > _PROGRESS_PAGES and (page % _PROGRESS_PAGES == 0 or page == pages):
        print(f"已读 {page}/{pages} 页", file=sys.stderr, flush=True)


async def _list(services: Services, options: argparse.Namespace) -> None:
    from bot.services import documents

    listed = await documents.standing(services, None)
    for one in listed:
        document = one.document
        origin = "，".join(part for part in (document.issuer, document.number) if part)
        print(f"{document.id}\t《{document.title}》（{origin}）\t{one.passages}段\t{_state(services, document)}")
    if not listed:
        print("还没有导入政策文件。")


async def _withdraw(services: Services, options: argparse.Namespace) -> None:
    from bot.services import documents

    document = await documents.withdraw(services, None, options.id)
    print(f"已撤回：《{document.title}》，从下一条消息起不再引用。")


def _state(services: Services, document: Document) -> str:
    if document.holds_on(services.today()):
        return f"有效期到 {document.expires}" if document.expires else "长期有效"
    if document.effective and services.today() < document.effective:
        return f"{document.effective} 起才引用"
    return f"已于 {document.expires} 到期，不引用"
