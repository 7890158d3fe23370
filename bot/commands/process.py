"""python -m bot process: check a process file by line, and play it in the terminal. Neither needs a database nor a model."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.errors import ContentError
from bot.processes import dialogue
from bot.processes.definition import Process, load_processes, read_process
from bot.processes.dialogue import Meaning, Step
from bot.processes.rules import NoRisks, World, holds
from bot.settings import load_settings

_FEW_ASKS = 10
_PRIVATE = ("person_name", "phone", "id_number", "document_number", "plate", "address")
_LEAVE = frozenset("退出 quit exit q".split())


def add_process_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands to the command line."""
    process = commands.add_parser("process", help="检查、试用流程文件").add_subparsers(required=True, metavar="操作")
    check = process.add_parser("check", help="检查流程文件，逐行说明哪里不对")
    check.add_argument("files", type=Path, nargs="+", metavar="文件")
    check.set_defaults(run=_check)
    play = process.add_parser("try", help="在终端里试用一个流程文件，不用训练，也不保存")
    play.add_argument("file", type=Path, metavar="文件")
    play.set_defaults(run=_try)


def _check(options: argparse.Namespace) -> None:
    wrong: list[str] = []
    for path in options.files:
        try:
            process = _read(path)
        except ContentError as error:
            wrong.append(str(error))
            continue
        print(f"✓ {path.name}：{process.title}，{len(process.fields)} 个字段，没有错误。")
        for hint in hints(process, _others(path)):
            print(f"  建议：{hint}")
    if wrong:
        raise ContentError("流程文件有错误：\n" + "\n".join(wrong))


def hints(process: Process, others: Iterable[Process]) -> list[str]:
    """What is no mistake and yet unlikely to be meant."""
    found = []
    if len(process.start_asks) < _FEW_ASKS:
        found.append(
            f"start asks 只有 {len(process.start_asks)} 句，最好写 {_FEW_ASKS} 句以上各不相同的说法，居民换个说法才认得出"
        )
    for other in others:
        if shared := sorted(set(process.start_words) & set(other.start_words)):
            found.append(f"“{'”“'.join(shared)}”也是{other.title}的开始词，只有一个会打开")
    for field in process.fields:
        if field.type.name in _PRIVATE and not field.private:
            found.append(f"{field.label}是个人信息，最好加上 private: true，别人看到的会打码")
    return found


def _others(path: Path) -> list[Process]:
    return [process for process in load_processes().values() if process.id != path.stem]


def _read(path: Path) -> Process:
    try:
        return read_process(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path} 打不开：{error}（文件要存成 UTF-8）") from error


def _try(options: argparse.Namespace) -> None:
    process = _read(options.file)
    print(f"试用“{process.title}”。先发开始词，例如：{process.start_words[0]}；按钮直接打编号；发“退出”结束。")
    play(process, _typed(), print, lambda: datetime.now(load_settings({"BOT_DEMO": "1"}).timezone))


def _typed() -> Iterable[str]:
    while True:
        try:
            yield input("> ")
        except EOFError:
            return


def play(process: Process, said: Iterable[str], show: Callable[[str], None], clock: Callable[[], datetime]) -> None:
    """Plays the form with what is typed; at its end shows what would be told, and whom it would alert. Nothing is filed."""
    step: Step | None = None
    offered: tuple[tuple[str, str], ...] = ()
    for text in said:
        text = text.strip()
        if text in _LEAVE:
            return
        if text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= len(offered):
            text = offered[int(text) - 1][1]
        world = World(clock(), load_settings({"BOT_DEMO": "1"}).fever, NoRisks())
        if step is None:
            step = dialogue.begin(process, text, None, {}, world)
        else:
            step = dialogue.hear(process, step.draft, text, Meaning(), world)
        for line in step.lines:
            show(line.text)
        offered = step.lines[-1].options if step.lines else ()
        for number, (title, _) in enumerate(offered, 1):
            show(f"  {number}. {title}")
        if step.end == "submit":
            values = dict.fromkeys(process.by_name)
            _show_end(process, {**values, **dialogue.final_values(process, step.draft, world)}, world, show)
        if step.end in ("submit", "cancel"):
            step, offered = None, ()


def _show_end(process: Process, values: Mapping[str, Any], world: World, show: Callable[[str], None]) -> None:
    show(process.told)
    for measure in process.measures:
        if holds(measure.when, values, world):
            show(f"・{measure.text}（依据：{measure.source}）")
    for rule in process.alerts:
        if holds(rule.when, values, world):
            show(f"［会发预警：{'紧急' if rule.level == 'urgent' else '关注'}，{rule.id}］")
    show("（试用到此结束，没有保存。再发开始词可以重来。）")
