"""python -m bot: serve, train, model, ask, risk, admin, knowledge, policy, settings."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from datetime import date
from pathlib import Path

# Before anything imports Rasa, which asks once and for all: nothing about the use of this program leaves the machine.
os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from bot.commands.audit import add_audit_commands
from bot.commands.broadcast import add_broadcast_commands
from bot.commands.duty import add_duty_commands
from bot.commands.knowledge import add_knowledge_commands
from bot.commands.model import add_model_commands
from bot.commands.people import add_people_commands, show_invitation
from bot.commands.policy import add_policy_commands
from bot.commands.process import add_process_commands
from bot.commands.wechat import add_wechat_commands
from bot.commands.wecom import add_wecom_commands
from bot.errors import BotError
from bot.settings import describe_settings, load_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status. Errors that we raise on purpose are one Chinese sentence on stderr."""
    options = _parser().parse_args(arguments)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        options.run(options)
    except BotError as error:
        print(f"错误：{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="网格小助手")
    commands = parser.add_subparsers(required=True, metavar="命令")

    commands.add_parser("serve", help="启动服务（make run）").set_defaults(run=_serve)
    train = commands.add_parser("train", help="训练模型（内容有变化时 serve 会自动训练）")
    train.add_argument("--until-gone", type=int, help=argparse.SUPPRESS)
    train.set_defaults(run=_train)
    generation = commands.add_parser("generation")  # what serve starts; without help it is not listed
    generation.add_argument("model", type=Path)
    generation.add_argument("fds", type=int, nargs=3)
    generation.set_defaults(run=_generation)
    prepare = commands.add_parser("prepare")  # ... and this one, before that
    prepare.add_argument("--until-gone", type=int)
    prepare.set_defaults(run=_prepare)
    commands.add_parser("settings", help="列出全部设置").set_defaults(run=lambda _: print(describe_settings()))

    ask = commands.add_parser("ask", help="在终端问一个问题，看机器人怎么理解")
    ask.add_argument("question")
    ask.set_defaults(run=_ask)

    add_model_commands(commands)

    risk = commands.add_parser("risk", help="查看、增加、结束风险地区").add_subparsers(required=True, metavar="操作")
    risk.add_parser("list", help="今天的风险地区").set_defaults(run=_with_services(_risk_list))
    add = risk.add_parser("add", help="增加一个风险地区")
    add.add_argument("name", help="地区，例如 陕西省西安市雁塔区")
    add.add_argument("level", choices=("high", "medium", "key_city"), help="高风险、中风险、辖区内有中高风险地区")
    add.add_argument("--since", type=date.fromisoformat, default=None, help="开始日期，默认今天")
    add.add_argument("--until", type=date.fromisoformat, default=None, help="结束日期，默认不限")
    add.add_argument("--source", default="命令行", help="依据，例如 卫健委通告")
    add.set_defaults(run=_with_services(_risk_add))
    end = risk.add_parser("end", help="结束一个风险地区")
    end.add_argument("id", type=int)
    end.add_argument("--last-day", type=date.fromisoformat, default=None, help="最后一天，默认昨天")
    end.set_defaults(run=_with_services(_risk_end))

    admin = commands.add_parser("admin", help="管理").add_subparsers(required=True, metavar="操作")
    invite = admin.add_parser("invite", help="生成邀请码：不带参数时为第一位管理员")
    invite.add_argument("--role", default="admin", help="角色，例如 grid_worker、community、resident")
    invite.add_argument("--place", type=int, default=None, help="地点编号，默认最上级；没有地点时会建一个")
    invite.add_argument("--place-name", default="指挥部", help="还没有任何地点时，最上级地点的名称")
    invite.add_argument("--url", default="", help="聊天页对外的地址，例如 https://chat.example.org；默认本机地址")
    invite.set_defaults(run=_with_services(_invite))

    add_knowledge_commands(commands, _with_services)
    add_policy_commands(commands, _with_services)
    add_process_commands(commands)
    add_people_commands(commands, _with_services)
    add_broadcast_commands(commands, _with_services)
    add_wechat_commands(commands, _with_services)
    add_wecom_commands(commands, _with_services)
    add_audit_commands(commands, _with_services)
    add_duty_commands(commands, _with_services)
    return parser


def _serve(options: argparse.Namespace) -> None:
    from bot.serving.supervisor import serve

    serve(load_settings())


def _generation(options: argparse.Namespace) -> None:
    from bot.serving.generation_main import run_generation

    sys.exit(run_generation(load_settings(), options.model, *options.fds))


def _end_with_supervisor(options: argparse.Namespace) -> None:
    if options.until_gone is not None:
        from bot.serving.child import end_with_supervisor

        end_with_supervisor(options.until_gone)


def _prepare(options: argparse.Namespace) -> None:
    _end_with_supervisor(options)
    from bot.serving.prepare import prepare

    asyncio.run(prepare(load_settings().data_dir))


def _train(options: argparse.Namespace) -> None:
    _end_with_supervisor(options)
    from bot.assistant.training import train

    print(f"模型已生成：{train().name}")


def _ask(options: argparse.Namespace) -> None:
    from bot.assistant.understanding_report import report

    print(report(options.question))


def _with_services(run):  # type: ignore[no-untyped-def]
    """A command on the databases that `make run` holds, or on those that BOT_DATABASE_URL and BOT_REDIS_URL name."""

    def call(options: argparse.Namespace) -> None:
        async def all_of_it() -> None:
            from bot.services.context import current

            services = current()
            try:
                if services.settings.database_url:  # an office's own database may not have met this version yet
                    from bot.storage.migrate import migrate

                    await migrate(services.settings.database_url)
                await run(services, options)
            finally:
                await services.engine.dispose()
                await services.redis.close()

        asyncio.run(all_of_it())

    return call


async def _risk_list(services, options):  # type: ignore[no-untyped-def]
    from bot.services.risks import LEVEL_TITLES, regions_on

    regions = await regions_on(services, services.today())
    for region in regions:
        print(
            f"{region.id}\t{region.name}\t{LEVEL_TITLES[region.level]}\t{region.since} 至 {region.until or '另行通知'}\t{region.source}"
        )
    if not regions:
        print("今天名单上没有风险地区。")


async def _risk_add(services, options):  # type: ignore[no-untyped-def]
    from bot.errors import Refused
    from bot.processes.fields import FIELD_TYPES
    from bot.processes.fields.base import Context, Filled, Spec, Unclear
    from bot.services.risks import add_region

    reading = FIELD_TYPES["place"].read(
        options.name, Spec("region", "地区"), Context(services.local_now(), services.settings.fever)
    )
    if isinstance(reading, Unclear):
        raise Refused(f"{reading.question}（{'、'.join(title for title, _ in reading.options)}）")
    if not isinstance(reading, Filled):
        raise Refused(f"没有认出“{options.name}”是哪里，请写全，例如 陕西省西安市雁塔区。")
    code = str(reading.value.get("code") or "").rstrip("0")
    code += "0" * (-len(code) % 2)  # an adcode is pairs of digits; the zeros at its end stand for “all below”
    region = await add_region(
        services,
        None,
        code,
        options.name,
        options.level,
        options.since or services.today(),
        options.until,
        options.source,
    )
    print(f"已加入名单，编号 {region}（行政区划代码 {code or '未知，按名称匹配'}）。半分钟内对所有人生效。")


async def _risk_end(services, options):  # type: ignore[no-untyped-def]
    from datetime import timedelta

    from bot.services.risks import end_region

    last = options.last_day or services.today() - timedelta(days=1)
    await end_region(services, None, options.id, last)
    print(f"编号 {options.id} 的风险地区到 {last} 为止。")


async def _invite(services, options):  # type: ignore[no-untyped-def]
    from bot.services.invitations import invite
    from bot.services.places import root_place

    place = options.place or await root_place(services, options.place_name)
    show_invitation(services, await invite(services, options.role, place), options.url, None)


if __name__ == "__main__":
    sys.exit(main())
