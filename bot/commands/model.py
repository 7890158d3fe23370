"""`python -m bot model …`: which models there are and which one is served; go back, choose, build."""

from __future__ import annotations

import argparse
import os
import secrets
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.assistant.training import content_hash
from bot.errors import BotError
from bot.serving.model_shelf import SUFFIX, ModelShelf, Order, Result
from bot.storage.running_note import running_note

_PATIENCE_SECONDS = 180.0  # a generation loads its model in some ten seconds, on a busy machine in a minute


def add_model_commands(commands: Any) -> None:
    """Adds `model` to the command line; `commands` is what `add_subparsers` returned."""
    model = commands.add_parser("model", help="查看、换回、换用模型").add_subparsers(required=True, metavar="操作")
    model.add_parser("list", help="在用的和保留的模型，训练与检查的结果").set_defaults(run=_list)
    model.add_parser("back", help="换回上一个模型（不停服务）").set_defaults(run=_back)
    use = model.add_parser("use", help="换用指定的模型（不停服务）")
    use.add_argument("model", metavar="名称", help="list 列出的名称，或它后一半的开头几位")
    use.set_defaults(run=_use)
    build = model.add_parser("build", help="把工作人员的修改训练成模型并检查（服务会自动做）")
    build.add_argument("--until-gone", type=int, help=argparse.SUPPRESS)
    build.set_defaults(run=_build)


def _data_dir() -> Path:
    return Path(os.environ.get("BOT_DATA_DIR") or "var")


def _list(options: argparse.Namespace) -> None:
    shelf = ModelShelf(_data_dir())
    serving = shelf.serving()
    results = {result.model: result for result in shelf.results()}
    names = dict.fromkeys(path.name.removesuffix(SUFFIX) for path in [*shelf.kept(), shelf.file(content_hash())])
    for name in names:
        if not shelf.file(name).exists():
            continue
        made = datetime.fromtimestamp(shelf.file(name).stat().st_mtime).strftime("%Y-%m-%d %H:%M")
        state = "在用" if serving and serving.model == name else "保留"
        state += "（固定）" if serving and serving.model == name and serving.pinned else ""
        about = _figures(results[name]) if name in results else "只含内容文件"
        print(f"{state}\t{name}\t{made}\t{about}")
    for result in results.values():
        if not result.accepted:
            print(f"未通过\t{result.model}\t{result.at}\t{'；'.join(result.reasons)}")
    if serving is None:
        print("服务还没有启动过。")
    elif not running_note(_data_dir()):
        print("服务没有运行；“在用”是下次启动时用的。")


def _figures(result: Result) -> str:
    figures = result.figures
    shares = f"验证题 {figures['before']:.1f}% → {figures['after']:.1f}%，" if "before" in figures else ""
    return f"{shares}必答题 {figures.get('must_answer', 0)} 个未丢，检查问题 {figures.get('checks', 0)} 个通过，用时 {result.seconds:.0f} 秒"


def _back(options: argparse.Namespace) -> None:
    _order(None)


def _use(options: argparse.Namespace) -> None:
    shelf = ModelShelf(_data_dir())
    names = {path.name.removesuffix(SUFFIX) for path in [*shelf.kept(), shelf.file(content_hash())]}
    named = [n for n in names if n == options.model] or [
        n for n in names if n.rpartition("-")[2].startswith(options.model)
    ]
    if len(named) != 1:
        raise BotError(f"没有找到唯一的模型 {options.model}；用 python -m bot model list 查看名称。")
    _order(named[0])


def _order(model: str | None) -> None:
    """Asks the running service and waits for its answer."""
    shelf = ModelShelf(_data_dir())
    if not running_note(_data_dir()):
        raise BotError("服务没有运行，不能换模型。")
    order = Order(secrets.token_hex(8), model)
    shelf.give_order(order)
    print("正在载入，换好后旧的才退出（约需十几秒）……", flush=True)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        serving = shelf.serving()
        if serving is not None and serving.order == order.id:
            if serving.failure:
                raise BotError(serving.failure)
            print(f"已换用 {serving.model}。")
            return
        time.sleep(0.1)
    raise BotError(f"服务在 {_PATIENCE_SECONDS:.0f} 秒内没有换好，请看它的日志。")


def _build(options: argparse.Namespace) -> None:
    if options.until_gone is not None:
        from bot.serving.child import end_with_supervisor

        end_with_supervisor(options.until_gone)
    from bot.serving.build import build

    result = build(_data_dir())
    print(f"{result.model}：{_figures(result) if result.accepted else '未通过：' + '；'.join(result.reasons)}")
