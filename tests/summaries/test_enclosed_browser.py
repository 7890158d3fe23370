"""A file and a picture in the chat page: shown, reachable by keyboard, and fetched under the page's own policy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright, expect

from bot.channels.base import Incoming, Outgoing
from bot.channels.files import FileLinks
from bot.channels.web import WebChannel
from bot.services.context import Services
from bot.services.files import keep_file, open_file
from bot.services.trend_picture import Day, draw_trend
from tests.channels.little_bot import NOON, LittleBot

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
TREND = [Day(date(2022, 1, 19), 4, 3, 1, 0), Day(date(2022, 1, 20), 4, 4, 0, 1)]


class GivingBot(LittleBot):
    """Answers with a file, a picture, and a link that leads elsewhere."""

    def __init__(self, file: str, picture: str) -> None:
        super().__init__()
        self.gifts = [
            Outgoing("表格做好了", custom={"file": {"name": "汇总.xlsx", "url": file}}),
            Outgoing("趋势", custom={"image": {"url": picture, "alt": "1/19　已报75%"}}),
            Outgoing("别处", custom={"file": {"name": "x", "url": "javascript:alert(1)"}}),
        ]

    async def receive(self, incoming: Incoming) -> Sequence[Outgoing]:
        return self.gifts


@pytest_asyncio.fixture
async def page(services: Services) -> AsyncIterator[Page]:
    """The chat page of a demo person; an error on it fails the test."""
    bot = GivingBot(
        await keep_file(services, 1, "汇总.xlsx", "application/octet-stream", b"rows"),
        await keep_file(services, 1, "趋势.png", "image/png", draw_trend(TREND)),
    )
    chat = WebChannel(
        bot.receive,
        bot,
        bot,
        demo=True,
        allowed_hosts=(),
        secure_cookies=False,
        clock=lambda: NOON,
        timezone=ZoneInfo("Asia/Shanghai"),
    )
    application = web.Application()
    for channel in (chat, FileLinks(partial(open_file, services), allowed_hosts=())):
        application.add_routes(channel.routes())
    troubles: list[str] = []
    async with TestServer(application) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        opened = await browser.new_page(viewport={"width": 375, "height": 700}, locale="zh-CN")
        opened.on("pageerror", lambda error: troubles.append(str(error)))
        opened.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
        await opened.goto(f"{server.make_url('/')}?as=demo-grid")
        yield opened
        await browser.close()
        await chat.stop()
    assert troubles == []


async def test_a_file_can_be_saved_and_a_picture_seen(page: Page) -> None:
    await page.get_by_test_id("input").fill("今日汇总")
    await page.get_by_test_id("send").click()
    enclosed = page.get_by_test_id("enclosed")
    await expect(enclosed).to_have_count(2)  # what leads elsewhere is no link
    await expect(enclosed.first).to_have_text("保存文件：汇总.xlsx")
    picture = page.get_by_alt_text("1/19　已报75%")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.complete && image.naturalWidth") == 640
    assert await picture.evaluate("image => image.getBoundingClientRect().right <= innerWidth")
    await enclosed.first.focus()
    async with page.expect_download() as saving:
        await page.keyboard.press("Enter")
    assert (await saving.value).suggested_filename == "汇总.xlsx"
