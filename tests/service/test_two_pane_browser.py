"""The demo in a real browser: what one person reports on the left is at once with another on the right, who reminds and tells in turn."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Page, async_playwright, expect

from bot.content import ROOT
from tests.service.running_service import RunningService

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE_WIDTH = 375
_PATIENCE = 15_000

expect.set_options(timeout=_PATIENCE)


@pytest_asyncio.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture
async def page(browser: Browser, demo: RunningService) -> AsyncIterator[Page]:
    """A page whose errors fail the test."""
    context = await browser.new_context(base_url=demo.url, viewport={"width": 1280, "height": 800}, locale="zh-CN")
    opened = await context.new_page()
    opened.set_default_timeout(_PATIENCE)
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
    yield opened
    await context.close()
    assert troubles == []


class Pane:
    """One of the two chats."""

    def __init__(self, page: Page, side: str) -> None:
        self.page = page
        self.side = side
        self.frame: FrameLocator = page.frame_locator(f'iframe[name="{side}"]')
        self.lines = self.frame.get_by_test_id("line")

    async def types(self, text: str) -> None:
        """Types a message, sends it and waits for the reply."""
        replies = await self._replies()
        await self.frame.get_by_test_id("input").fill(text)
        await self.frame.get_by_test_id("send").click()
        await self._answered(replies)

    async def presses(self, title: str) -> None:
        """Presses the newest button of that name and waits for the reply."""
        replies = await self._replies()
        await self.frame.locator('[data-testid="chip"]:enabled').get_by_text(title, exact=True).last.click()
        await self._answered(replies)

    async def reads(self, *words: str) -> str:
        """Waits for a line of the bot that holds all these words, and returns it."""
        found = self.frame.locator('[data-testid="line"][data-by="bot"]')
        for word in words:
            found = found.filter(has_text=word)
        await expect(found.last).to_be_visible()
        return str(await found.last.get_by_test_id("bubble").inner_text())

    async def written(self) -> list[tuple[str | None, str]]:
        """Id and text of all lines, in order."""
        return [
            (await line.get_attribute("data-id"), await line.get_by_test_id("bubble").inner_text())
            for line in await self.lines.all()
        ]

    async def _replies(self) -> int:
        return int(await self.frame.locator('[data-testid="line"][data-by="person"]').count())

    async def _answered(self, before: int) -> None:
        own = self.frame.locator('[data-testid="line"][data-by="person"]')
        await expect(own).to_have_count(before + 1)
        await expect(self.frame.get_by_test_id("typing")).to_be_hidden()
        await expect(own.last.locator(".note")).to_have_count(0)


async def test_a_report_on_the_left_is_an_alert_on_the_right(page: Page) -> None:
    await page.goto("/")
    await page.get_by_test_id("two").click()
    resident, staff = Pane(page, "left"), Pane(page, "right")
    await expect(resident.frame.get_by_test_id("face")).to_contain_text("居民")
    await expect(staff.frame.get_by_test_id("face")).to_contain_text("网格员")

    await resident.types("我健康码变黄了还能坐火车吗")
    answer = await resident.reads("依据：")
    assert "绿码" in answer
    assert answer.splitlines()[-1].startswith("依据：篇五")

    await resident.types("打卡")
    await resident.types("38.2")
    for button in ("没有症状", "在家", "绿码", "没有"):
        await resident.presses(button)
    await resident.reads("请核对", "38.2")
    await resident.presses("确认提交")
    await resident.reads("打卡成功")

    await staff.reads("王*", "38.2", "3号楼")
    alert = staff.lines.filter(has_text="38.2").last
    assert await alert.get_by_test_id("chip").all_inner_texts() == ["收到", "已处理", "查看"]
    await staff.presses("收到")
    await resident.reads("赵*", "已收到")
    if os.environ.get("SCREENSHOT") == "1":  # the README's; its alert needs an emoji font (fonts-noto-color-emoji)
        await page.mouse.move(0, 0)
        await page.screenshot(path=ROOT / "docs" / "screenshot.png", animations="disabled")
    await staff.presses("查看")
    await staff.reads("王小芳", "13800000001")
    assert not any("王小芳" in text for _, text in await resident.written())

    await staff.types("谁还没报")
    await staff.reads("3号楼", "刘*")
    await staff.presses("催一下")
    await resident.reads("【打卡提醒】", "刘桂兰")
    await staff.types("发通知 三网格 今晚7点核酸检测，请带身份证")
    await staff.reads("请核对", "第三网格")
    await staff.presses("确认发送")
    notice = await resident.reads("【通知】今晚7点核酸检测")
    assert "网格员赵*" in notice
    await resident.presses("已阅")
    await resident.reads("已记录您看过了")
    await staff.presses("看进度")
    await staff.reads("已阅1")

    before = await resident.written()
    ids = [line_id for line_id, _ in before]
    assert len(set(ids)) == len(ids)
    left = page.frame(name="left")
    assert left is not None
    await left.goto(left.url)
    await expect(resident.lines).to_have_count(len(before))
    assert await resident.written() == before


async def test_two_panes_are_two_tabs_on_a_phone(page: Page) -> None:
    await page.set_viewport_size({"width": PHONE_WIDTH, "height": 720})
    await page.goto("/?view=two&left=demo-worker&right=demo-teacher")
    worker, teacher = Pane(page, "left"), Pane(page, "right")
    left, right = page.get_by_test_id("tab-left"), page.get_by_test_id("tab-right")
    await expect(page.get_by_test_id("pane-left")).to_be_visible()
    await expect(page.get_by_test_id("pane-right")).to_be_hidden()
    await worker.types("密切接触者要隔离几天，可以居家隔离吗")
    await _fits(page)

    await right.click()
    await expect(right).to_have_attribute("aria-selected", "true")
    await expect(left).to_have_attribute("aria-selected", "false")
    await expect(page.get_by_test_id("pane-left")).to_be_hidden()
    await teacher.types("帮助")
    await _fits(page)

    await left.click()
    await expect(page.get_by_test_id("pane-left")).to_be_visible()
    await expect(worker.lines.first).to_be_visible()


@pytest.mark.parametrize("address", ["/", "/?as=demo-teacher", "/?as=guest"])
@pytest.mark.parametrize("large", [False, True], ids=["plain", "large type"])
async def test_a_phone_needs_no_sideways_scrolling(page: Page, address: str, large: bool) -> None:
    await page.set_viewport_size({"width": PHONE_WIDTH, "height": 720})
    await page.goto(address)
    if large:
        await page.get_by_test_id("large-type").click()
    if address == "/":
        await expect(page.get_by_test_id("demo-teacher")).to_be_visible()
    else:
        await page.get_by_test_id("input").fill("帮助")
        await page.get_by_test_id("send").click()
        await expect(page.locator('[data-testid="line"][data-by="bot"]').last).to_be_visible()
    await _fits(page)


async def _fits(page: Page) -> None:
    """No document of the page is wider than the phone."""
    for frame in page.frames:
        width = await frame.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE_WIDTH, f"{frame.url} is {width} wide"
        scroll = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).overflowX !== 'visible'"
        scroll += " && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1).map(e => e.id || e.className)"
        wide = await frame.evaluate(scroll)
        assert wide == [], f"{frame.url} scrolls sideways in {wide}"


async def test_an_invitations_link_says_its_code_once(page: Page) -> None:
    await page.goto("/?as=guest&bind=AAAA-BBBB")
    said = page.locator('[data-testid="line"][data-by="person"]')
    await expect(said.get_by_test_id("bubble")).to_have_text(["绑定 AAAA-BBBB"])
    await expect(page.locator('[data-testid="line"][data-by="bot"]').last).to_contain_text("邀请码不对")
    assert "bind" not in page.url
    await page.reload()
    await expect(said).to_have_count(1)


@pytest.mark.parametrize("code", ["<script>", "A", "打卡", ""])
async def test_a_link_that_holds_no_code_says_nothing(page: Page, code: str) -> None:
    await page.goto("/?" + urlencode({"as": "guest", "bind": code}))
    await expect(page.locator("html")).to_have_attribute("data-connection", "up")
    await expect(page.locator('[data-testid="line"][data-by="person"]')).to_have_count(0)
