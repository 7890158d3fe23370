"""`python -m bot wechat doctor|menu|qr`, against the simulated platform."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.commands.wechat import add_wechat_commands
from bot.errors import Refused
from bot.services.context import Services
from tests.channels.wechat.conftest import Processes
from tests.platforms.wechat_server import WeChatServer


@pytest_asyncio.fixture
async def set_up(services: Services, wechat: WeChatServer, processes: Processes) -> AsyncIterator[Services]:
    """The services of an operator who has done all that docs/wechat.md says."""
    await processes.start()
    account = wechat.account
    yield replace(
        services,
        settings=replace(
            services.settings,
            wechat_appid=account.appid,
            wechat_secret=account.secret,
            wechat_token=account.token,
            wechat_aes_key=(account.aes_key,),
            wechat_api_base=wechat.base_url,
            public_url=account.callback_url.removesuffix("/wechat"),
        ),
    )


async def run(services: Services, *arguments: str) -> None:
    """Runs one command on these services."""
    found = []
    parser = argparse.ArgumentParser()
    add_wechat_commands(parser.add_subparsers(), lambda command: lambda options: found.append((command, options)))
    options = parser.parse_args(["wechat", *arguments])
    options.run(options)
    [(command, options)] = found
    await command(services, options)


async def test_the_doctor_leads_from_step_to_step(
    set_up: Services, wechat: WeChatServer, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(set_up, "doctor")
    printed = capsys.readouterr().out
    assert "还没有菜单" in printed
    assert "都好了" in printed
    await run(set_up, "menu")
    await run(set_up, "doctor")
    assert "菜单已创建" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"wechat_secret": "wrong"}, "AppSecret 不对"),
        ({"wechat_token": "another"}, "Token 不一致"),
        ({"wechat_aes_key": ()}, "✗ 有 EncodingAESKey"),
        ({"public_url": "http://127.0.0.1:1"}, "从外面打不开"),
        ({"wechat_api_base": "http://127.0.0.1:1"}, "连不上微信接口"),
    ],
)
async def test_the_doctor_says_what_is_wrong(
    set_up: Services, capsys: pytest.CaptureFixture[str], wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(Refused, match="处要改"):
        await run(replace(set_up, settings=replace(set_up.settings, **wrong)), "doctor")
    assert said in capsys.readouterr().out


async def test_an_address_that_is_not_allowed_is_named(
    set_up: Services, wechat: WeChatServer, capsys: pytest.CaptureFixture[str]
) -> None:
    wechat.account.allowed_ips = {"10.0.0.1"}
    with pytest.raises(Refused):
        await run(set_up, "doctor")
    printed = capsys.readouterr().out
    assert "白名单" in printed
    assert "127.0.0.1" in printed


async def test_without_an_account_the_commands_say_what_to_set(services: Services) -> None:
    for command in ("doctor", "menu"):
        with pytest.raises(Refused, match="BOT_WECHAT_APPID"):
            await run(services, command)


async def test_a_code_of_a_place_and_of_an_invitation(
    set_up: Services, wechat: WeChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "grid.png"
    await run(set_up, "qr", "--place", "4", "--file", str(file))
    assert await asyncio.to_thread(file.read_bytes)
    await run(set_up, "qr", "--bind", "aaaa-bbbb")
    assert sorted(scene for scene, _ in wechat.console.scenes.values()) == ["bind_AAAA-BBBB", "place_4"]
    with pytest.raises(Refused, match="没有编号为 99999"):
        await run(set_up, "qr", "--place", "99999")
    with pytest.raises(Refused, match="8位"):
        await run(set_up, "qr", "--bind", "1")
