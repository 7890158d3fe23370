"""`python -m bot people …` and `groups …`: the roster from and to files, invitations, people who stand in it twice, work groups."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import Refused

if TYPE_CHECKING:
    from bot.services.context import Services
    from bot.services.duplicates import Side
    from bot.services.roster import Imported

Command = Callable[["Services", argparse.Namespace], Awaitable[None]]
_LINES = 20


def add_people_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    with_services: Callable[[Command], Callable[[argparse.Namespace], None]],
) -> None:
    """Adds the commands to the command line; `with_services` runs one of them on the databases of the service."""
    people = commands.add_parser("people", help="花名册：导入、导出、邀请、查重、合并").add_subparsers(
        required=True, metavar="操作"
    )
    add = people.add_parser("import", help="从 .xlsx 或 CSV 导入人员和地点；同一个文件再导入一次不会有变化")
    add.add_argument("file", type=Path)
    add.add_argument("--dry-run", action="store_true", help="只看会怎样，不写入")
    add.add_argument("--failed", type=Path, default=None, help="有误的行写到哪里，默认 文件名.failed.csv")
    add.set_defaults(run=with_services(_import))
    export = people.add_parser("export", help="导出到 .xlsx 或 CSV，可以改了再导入；默认姓名、手机号、证件号打码")
    export.add_argument("file", type=Path)
    export.add_argument("--place", type=int, default=None, help="只要这个地点（编号）和它下面的")
    export.add_argument("--with-private", action="store_true", help="不打码；会记入审计，文件请妥善保管")
    export.set_defaults(run=with_services(_export))
    people.add_parser("tree", help="全部地点的编号和人数").set_defaults(run=with_services(_tree))
    invite = people.add_parser("invite", help="生成邀请链接、邀请码和二维码")
    invite.add_argument("--place", type=int, default=None, help="地点编号，见 people tree")
    invite.add_argument("--role", default=None, help="角色，例如 grid_worker、resident")
    invite.add_argument("--person", default=None, help="给花名册里的哪个人：#系统编号、编号（工号、学号）或姓名")
    invite.add_argument("--qr", type=Path, default=None, help="二维码另存为 .png 或 .svg 文件")
    invite.add_argument("--url", default="", help="聊天页对外的地址，例如 https://chat.example.org；默认本机地址")
    invite.set_defaults(run=with_services(_invite))
    people.add_parser("duplicates", help="可能重复登记的人").set_defaults(run=with_services(_duplicates))
    merge = people.add_parser("merge", help="把两个登记合并成一个人（不能撤销）")
    merge.add_argument("kept", type=int, help="留下的系统编号")
    merge.add_argument("gone", type=int, help="并进去的系统编号")
    merge.add_argument("--yes", action="store_true", help="确认合并；不写就只看会怎样")
    merge.set_defaults(run=with_services(_merge))

    groups = commands.add_parser("groups", help="工作组：导入").add_subparsers(required=True, metavar="操作")
    add = groups.add_parser("import", help="从 .xlsx 或 CSV 导入工作组：组、姓名、手机号、职务（组长/成员）、职责")
    add.add_argument("file", type=Path)
    add.add_argument("--place", type=int, default=None, help="哪个地点的工作组（编号），默认最上级")
    add.set_defaults(run=with_services(_import_groups))


async def _import(services: Services, options: argparse.Namespace) -> None:
    from bot.services.roster import import_roster  # here, as in all commands: the others need not wait for its import

    failed = options.failed or options.file.with_name(f"{options.file.name}.failed.csv")
    done = await import_roster(services, options.file, failed, options.dry_run, _progress)
    print("\n".join(_summary(done, options.dry_run)))
    if done.bad and not options.dry_run:
        print(f"有误的行已写到 {failed}，改好后可以直接再导入这个文件；用完请删除，里面有个人信息。")


def _progress(stage: str, done: int, of: int) -> None:
    print(f"{stage} {done}/{of}" if of else f"{stage}……", file=sys.stderr, flush=True)


def _summary(done: Imported, dry_run: bool) -> list[str]:
    lines = ["预览，没有写入："] if dry_run else []
    if dry_run:
        lines += done.shown
    guardians = f"（另有监护人{done.guardians}人）" if done.guardians else ""
    lines.append(
        f"{'会' if dry_run else '已'}新增{done.new}人{guardians}，更新{done.changed}人，不变{done.unchanged}人，"
        f"有误{len(done.bad)}行。"
    )
    lines += _cut(f"{'会' if dry_run else '已'}新建的地点", done.places)
    lines += _cut("可能重复登记的人（没有合并，请核对）", done.doubles)
    lines += _cut("有误的行", [f"第{row.number}行：{reason}" for row, reason in done.bad])
    if done.unused:
        lines.append(f"没有用到的列：{'、'.join(done.unused)}")
    return lines


def _cut(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  ……还有{len(lines) - _LINES}个"] if len(lines) > _LINES else []
    return [f"{title}{len(lines)}个：", *(f"  {line}" for line in lines[:_LINES]), *more]


async def _export(services: Services, options: argparse.Namespace) -> None:
    from bot.services.roster_export import export_roster
    from bot.services.roster_file import write_list

    done = await export_roster(services, options.place, options.with_private)
    write_list(options.file, done.headings, done.rows)
    print(f"已导出{done.people}人，{len(done.rows)}行，写到 {options.file}。")
    if options.with_private:
        print("文件里有没打码的个人信息，已记入审计；请妥善保管，用完删除。")
    if done.left_out:
        print(f"这些地点的层级没有对应的列，没有导出：{'、'.join(done.left_out)}")


async def _tree(services: Services, options: argparse.Namespace) -> None:
    from bot.services.place_levels import KIND_TITLES
    from bot.services.places import whole_tree

    branches = await whole_tree(services)
    for one in branches:
        print(f"{'  ' * one.depth}{one.id}\t{one.name}（{KIND_TITLES.get(one.kind, one.kind)}）\t{one.people}人")
    if not branches:
        print("还没有地点。用 people import 导入花名册，地点会一起建好。")


async def _invite(services: Services, options: argparse.Namespace) -> None:
    from bot.services.invitations import invite
    from bot.services.roster_search import find_one

    person = await find_one(services, options.person) if options.person else None
    code = await invite(services, options.role, options.place, person)
    show_invitation(services, code, options.url, options.qr)


def show_invitation(services: Services, code: str, url: str, qr_file: Path | None) -> None:
    """Prints the link, its QR code and what to say in the chat; the QR code also goes into a file.

    Raises:
        Refused: the file is neither .png nor .svg, or cannot be written.
    """
    import segno

    from bot.services.invitations import link_of

    link = link_of(services, code, url)
    qr = segno.make(link, error="m")
    if qr_file is not None:
        if qr_file.suffix.lower() not in (".png", ".svg"):
            raise Refused("二维码只能存成 .png 或 .svg 文件。")
        try:
            qr.save(str(qr_file), scale=8, border=4)
        except OSError as error:
            raise Refused(f"文件写不了：{qr_file}（{error.strerror}）") from error
    print(f"一次性链接（7天内有效，只能用一次）：{link}")
    print(f"也可以在聊天里发送：绑定 {code}")
    if qr_file is not None:
        print(f"二维码已写到 {qr_file}")
    qr.terminal(sys.stdout, compact=True)


async def _duplicates(services: Services, options: argparse.Namespace) -> None:
    from bot.services.duplicates import find_doubles

    groups = await find_doubles(services)
    for why, sides in groups:
        print(f"{why}：")
        for side in sides:
            print(f"  {_side(side)}")
    if groups:
        print(f"共{len(groups)}组。核对后合并：python -m bot people merge 留下的编号 并进去的编号")
    else:
        print("没有发现重复登记的人。")


def _side(side: Side) -> str:
    known = "，".join(part for part in (side.who, side.phone, side.id_number, side.code) if part)
    held = "；".join(side.held) or "没有角色"
    return f"#{side.id}\t{known}\t{held}\t绑定账号{side.chats}个，记录{side.records}条"


async def _merge(services: Services, options: argparse.Namespace) -> None:
    from bot.services.duplicates import merge, preview_merge

    preview = await preview_merge(services, None, options.kept, options.gone)
    print(f"留下：{_side(preview.kept)}\n并入：{_side(preview.gone)}")
    if preview.differing:
        print(f"注意：两个登记的{'、'.join(preview.differing)}不同，合并后以留下的为准。")
    if not options.yes:
        print("还没有合并。确认无误后加上 --yes 再运行一次（合并不能撤销）。")
        return
    await merge(services, None, options.kept, options.gone)
    print("已合并，记录、账号、角色都归到留下的编号。")


async def _import_groups(services: Services, options: argparse.Namespace) -> None:
    from bot.services.group_roster import import_groups
    from bot.services.places import root_place

    place = options.place or await root_place(services, "指挥部")
    done = await import_groups(services, options.file, place)
    for number, reason in done.bad:
        print(f"第{number}行：{reason}", file=sys.stderr)
    if done.bad:
        raise Refused(f"有{len(done.bad)}行有误，全部没有导入；改好后再导入一次。")
    new = f"，其中{done.new_people}人不在花名册里，已新增" if done.new_people else ""
    print(f"已导入{len(done.groups)}个组（{'、'.join(done.groups)}），{done.members}人{new}。")
    if done.left:
        print(f"不再是组员：{'、'.join(done.left)}")
