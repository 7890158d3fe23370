"""Messages that come while a server is away: taken, kept on disk, replayed once and in order."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import pytest_asyncio

from bot.channels.tencent.outage import CatchUp
from bot.channels.wechat import WeChatChannel
from bot.conversation.spool import check_spool
from bot.errors import SettingsError
from bot.services.context import Services
from tests.channels.little_bot import LittleBot
from tests.channels.wechat.conftest import Processes
from tests.conftest import Clock
from tests.platforms.wechat_server import WeChatServer

TAKEN = "系统正在恢复，这条消息已经收下"


async def _back() -> bool:
    return True


async def _still_away() -> bool:
    return False


@pytest_asyncio.fixture
async def channel(processes: Processes) -> WeChatChannel:
    return await processes.start()


@pytest.fixture
def catch_up(channel: WeChatChannel) -> CatchUp:
    return channel.catch_up(_back)


async def _all(catch_up: CatchUp) -> int:
    done = 0
    while now := await catch_up.once():
        done += now
    return done


async def test_what_comes_meanwhile_is_taken_and_done_once_in_order(
    channel: WeChatChannel, catch_up: CatchUp, wechat: WeChatServer, bot: LittleBot
) -> None:
    one, other = wechat.add_fan(), wechat.add_fan()
    bot.is_away = True
    first = one.message("text", Content="一")
    assert (await wechat.deliver(first)).seen[0].startswith(TAKEN)
    assert (await one.says("二")).seen[0].startswith(TAKEN)
    assert (await other.says("三")).seen[0].startswith(TAKEN)
    assert (await wechat.deliver(first)).seen[0].startswith(TAKEN)
    assert await channel.catch_up(_still_away).once() == 0
    bot.is_away = False
    assert (await one.says("四")).seen[0].startswith(TAKEN)  # not before what waits
    assert await _all(catch_up) == 4
    assert [heard.text for heard in bot.heard if heard.sender == one.openid] == ["一", "二", "四"]
    assert len(bot.heard) == 4
    assert [entry.text.split("\n")[0] for entry in wechat.journal.of(one.openid) if entry.way == "custom"] == [
        "收到：一",
        "收到：二",
        "收到：四",
    ]
    assert (await one.says("五")).seen[0].startswith("收到：五")


async def test_a_digit_means_what_it_meant_when_it_was_typed(
    catch_up: CatchUp, wechat: WeChatServer, bot: LittleBot
) -> None:
    fan = wechat.add_fan()
    await fan.says("你好")
    bot.is_away = True
    await fan.says("1")
    bot.is_away = False
    assert await _all(catch_up) == 1
    assert (bot.heard[-1].text, bot.heard[-1].shown) == ("/好", "好")


async def test_a_process_that_dies_amid_the_replay_costs_a_second_answer_at_most(
    catch_up: CatchUp, processes: Processes, wechat: WeChatServer, bot: LittleBot, clock: Clock
) -> None:
    fan = wechat.add_fan()
    bot.is_away = True
    await fan.says("报告")
    bot.is_away = False
    assert len(await processes.spool().claim(10)) == 1  # ... and dies
    assert await catch_up.once() == 0
    clock.advance(seconds=61)
    assert await _all(catch_up) == 1
    assert len(bot.heard) == 1


async def test_with_redis_away_it_is_kept_and_a_later_delivery_makes_no_double(
    processes: Processes, wechat: WeChatServer, bot: LittleBot
) -> None:
    await processes.start_without_redis()
    fan = wechat.add_fan()
    fields = fan.message("text", Content="报告")
    assert (await wechat.deliver(fields)).seen[0].startswith(TAKEN)
    assert (await fan.sends_image()).seen[0].startswith("图片收到了")
    assert (await fan.views("https://example.cn")).seen == []
    assert bot.heard == []
    channel = await processes.start()
    assert await _all(channel.catch_up(_back)) == 1
    assert (await wechat.deliver(fields)).seen[0].startswith("收到：报告")
    assert len(bot.heard) == 1


async def test_a_message_that_never_succeeds_is_given_up_with_words_and_holds_nobody_up(
    catch_up: CatchUp, wechat: WeChatServer, bot: LittleBot, clock: Clock
) -> None:
    fan = wechat.add_fan()
    bot.is_away = True
    await fan.says("一")
    for _ in range(8):
        assert await catch_up.once() == 0
        clock.advance(seconds=70)
    assert await catch_up.once() == 1
    assert [entry.text for entry in wechat.journal.of(fan.openid) if "请再发一次" in entry.text]
    bot.is_away = False
    assert (await fan.says("二")).seen[0].startswith("收到：二")


async def test_a_full_spool_says_so(processes: Processes, wechat: WeChatServer, bot: LittleBot, clock: Clock) -> None:
    channel = await processes.start()
    bot.is_away = True
    spool = processes.spool()
    for number in range(100):
        assert await spool.keep("somebody", str(number), {})
    assert "没有收下" in (await wechat.add_fan().says("报告")).seen[0]
    bot.is_away = False
    await spool.done(range(1, 10_000_000))
    assert await _all(channel.catch_up(_back)) == 0


async def test_what_is_kept_is_sealed_and_outlives_the_process(processes: Processes, services: Services) -> None:
    spool = processes.spool()
    assert await spool.keep("o1", "k", {"says": "体温三十九度"})
    assert await spool.keep("o1", "k", {"says": "体温三十九度"})
    path = services.settings.data_dir / "spool.sqlite3"
    assert path.stat().st_mode & 0o077 == 0
    rows = sqlite3.connect(path).execute("SELECT body FROM spooled WHERE sender = 'o1'").fetchall()
    assert len(rows) == 1
    assert "三十九度".encode() not in rows[0][0]
    [kept] = await processes.spool().claim(1)
    assert kept.body == {"says": "体温三十九度"}
    await spool.done([kept.id])


def test_a_folder_that_cannot_be_written_to_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite3").mkdir()
    with pytest.raises(SettingsError, match="不能写入"):
        check_spool(tmp_path)
