"""Pages opened in WeChat and 企业微信 know the person, and nobody becomes somebody else by a link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import ClientResponse, DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from bot.platforms import login_pages, wechat_sender, wecom_sender
from bot.services.context import Services
from bot.services.people import identify
from bot.storage.tables import accounts, people
from tests.conftest import Clock
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_server import WeChatServer
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_server import WeComServer

FAILED = "没有登录成功，请回到微信里重新打开这个页面。"


@dataclass
class Town:
    """A browser at our pages, and the platform's login page. `visits(url)` is where the platform leads the person's browser then;
    after `stand_in` the platform names a stand-in (快照页) or somebody who is no member."""

    services: Services
    channel: str
    person_there: str
    client: TestClient[web.Request, web.Application]
    visits: Callable[[str], str]
    stand_in: Callable[[], None]

    async def back(self, address: str, cookies: Mapping[str, str]) -> ClientResponse:
        """The browser comes back from the platform with these cookies."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        return await self.client.get(address, headers=headers, allow_redirects=False)

    async def begin(self) -> tuple[str, dict[str, str]]:
        """Opens the page; returns where the platform leads back to, and the browser's cookies."""
        response = await self.client.get(f"/{self.channel}/page", allow_redirects=False)
        assert response.status == 302
        back = self.visits(response.headers["Location"])
        assert back.startswith(f"https://bot.example.cn/{self.channel}/back?")
        return back.removeprefix("https://bot.example.cn"), _cookies(response)

    async def bind(self) -> int:
        """Somebody of the roster has this account."""
        now, vault = self.services.now(), self.services.vault
        async with self.services.transaction() as connection:
            person = await connection.scalar(
                people.insert()
                .values(name_sealed=vault.seal("李建国", "people.name"), created_at=now, updated_at=now)
                .returning(people.c.id)
            )
            await connection.execute(
                accounts.insert().values(
                    channel=self.channel, external_id=self.person_there, person_id=person, bound_at=now
                )
            )
        return int(person)

    async def browsers(self) -> list[str]:
        """The browsers that belong to people; the demo's have names of their own."""
        async with self.services.transaction() as connection:
            return list(
                await connection.scalars(
                    sa.select(accounts.c.external_id)
                    .where(accounts.c.channel == "web", accounts.c.external_id.like("visitor-%"))
                    .order_by(accounts.c.id)
                )
            )


@pytest_asyncio.fixture(params=["wechat", "wecom"])
async def town(request: pytest.FixtureRequest, services: Services, clock: Clock) -> AsyncIterator[Town]:
    settings = replace(services.settings, public_url="https://bot.example.cn", https=False)
    async with AsyncExitStack() as stack:
        if request.param == "wechat":
            account = WeChatAccount(mode="safe", oauth_domain="bot.example.cn")
            wechat = await stack.enter_async_context(WeChatServer(account, clock))
            fan = wechat.add_fan()
            settings = replace(
                settings, wechat_appid=account.appid, wechat_secret=account.secret, wechat_token=account.token,
                wechat_api_base=wechat.base_url,
            )  # fmt: skip
            ours = replace(services, settings=settings)
            sender = wechat_sender(ours)
            there, visits = fan.openid, lambda url: wechat.visits(fan, url)
            snapshot = lambda: wechat.login.snapshot.add(fan.openid)  # noqa: E731
        else:
            corp = WeComCorp(login_domain="bot.example.cn")
            wecom = await stack.enter_async_context(WeComServer(corp, clock))
            member = wecom.add_member("zhangsan")
            settings = replace(
                settings, wecom_corpid=corp.corpid, wecom_agentid=wecom.app.agentid, wecom_secret=wecom.app.secret,
                wecom_token=wecom.app.token, wecom_aes_key=(wecom.app.aes_key,), wecom_api_base=wecom.base_url,
            )  # fmt: skip
            ours = replace(services, settings=settings)
            sender = wecom_sender(ours)  # type: ignore[assignment]
            there, holder = member.userid, [member.userid]
            visits = lambda url: wecom.login.visit(holder[0], url)  # noqa: E731
            snapshot = lambda: holder.__setitem__(0, "somebody-outside")  # noqa: E731
        stack.push_async_callback(sender.close)
        app = web.Application()
        app.add_routes(list(login_pages(ours, sender).routes()))
        client = await stack.enter_async_context(TestClient(TestServer(app), cookie_jar=DummyCookieJar()))
        yield Town(ours, request.param, there, client, visits, snapshot)


def _cookies(response: ClientResponse) -> dict[str, str]:
    return {name: morsel.value for name, morsel in response.cookies.items()}


async def test_the_browser_becomes_the_persons_and_no_more_than_five_stay(town: Town) -> None:
    person = await town.bind()
    for _ in range(6):
        back, cookies = await town.begin()
        response = await town.back(back, cookies)
        assert (response.status, response.headers["Location"]) == (302, "/")
        assert _cookies(response)["chat"]
    browsers = await town.browsers()
    assert len(browsers) == 5
    assert (await identify(town.services, f"web:{browsers[-1]}")).person_id == person


async def test_who_is_bound_to_nobody_stays_a_visitor(town: Town) -> None:
    back, cookies = await town.begin()
    assert (await town.back(back, cookies)).status == 302
    assert await town.browsers() == []


async def test_a_link_that_somebody_else_sends_logs_nobody_in(town: Town) -> None:
    await town.bind()
    back, _ = await town.begin()
    for cookies in ({}, {f"{town.channel}-login": "0" * 32}):
        response = await town.back(back, cookies)
        assert (response.status, await response.text()) == (403, FAILED)
    assert await town.browsers() == []


async def test_a_code_is_good_once_and_a_wrong_one_never(town: Town) -> None:
    await town.bind()
    back, cookies = await town.begin()
    assert (await town.back(back, cookies)).status == 302
    assert (await town.back(back, cookies)).status == 403
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert (await town.back(f"/{town.channel}/back?code=made-up&state={state}", cookies)).status == 403
    assert (await town.back(f"/{town.channel}/back?state={state}", cookies)).status == 403
    assert len(await town.browsers()) == 1


async def test_a_stand_in_or_an_outsider_is_nobody(town: Town) -> None:
    town.stand_in()
    await town.bind()
    back, cookies = await town.begin()
    assert (await town.back(back, cookies)).status == 403
    assert await town.browsers() == []


async def test_the_secret_of_the_login_is_for_this_site_and_short(town: Town) -> None:
    response = await town.client.get(f"/{town.channel}/page", allow_redirects=False)
    morsel = response.cookies[f"{town.channel}-login"]
    assert (morsel["httponly"], morsel["secure"], morsel["samesite"], morsel["max-age"]) == (True, True, "Lax", "300")
