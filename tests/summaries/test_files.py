"""Files given in a chat: who has the link may fetch them, for half an hour."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.channels.files import FileLinks
from bot.errors import Refused
from bot.services.context import Services
from bot.services.files import KEPT_FOR, drop_files, keep_file, link_to, open_file, shown_file
from tests.channels.little_bot import client_of

Client = TestClient[web.Request, web.Application]
SECRET = "王小芳 13800000001".encode()


@pytest_asyncio.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    async with client_of(FileLinks(partial(open_file, services), allowed_hosts=("chat.example.com",))) as made:
        yield made


async def test_a_file_is_saved_and_runs_nothing(services: Services, client: Client) -> None:
    path = await keep_file(services, 1, "三班 名单.csv", "text/csv", SECRET)
    assert path.startswith("/files/")
    response = await client.get(path)
    assert response.status == 200
    assert await response.read() == SECRET
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''%E4%B8%89%E7%8F%AD%20%E5%90%8D%E5%8D%95.csv"
    )
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_picture_is_shown_and_a_page_is_not(services: Services, client: Client) -> None:
    picture = await client.get(await keep_file(services, 1, "a.png", "image/png", b"\x89PNG"))
    assert picture.headers["Content-Disposition"].startswith("inline")
    page = await client.get(await keep_file(services, 1, "a.html", "text/html", b"<script>alert(1)</script>"))
    assert page.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path", ["/files/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x", "/files/short/x", "/files/..%2f..%2fetc/x"]
)
async def test_a_link_that_is_none_gets_a_sentence(client: Client, path: str) -> None:
    response = await client.get(path)
    assert response.status == 404
    assert "再要一次" in await response.text()


async def test_another_site_cannot_fetch_it(services: Services, client: Client) -> None:
    path = await keep_file(services, 1, "a.csv", "text/csv", SECRET)
    assert (await client.get(path, headers={"Origin": "https://evil.example"})).status == 403
    assert (await client.get(path, headers={"Host": "evil.example"})).status == 400


async def test_it_lapses_is_sealed_and_goes_with_its_person(services: Services) -> None:
    path = await keep_file(services, 7, "a.csv", "text/csv", SECRET)
    token = path.split("/")[2]
    for key in await services.redis.keys("file*"):
        assert token.encode() not in key
        assert 0 < await services.redis.ttl(key) <= KEPT_FOR.total_seconds()
        if await services.redis.type(key) == b"hash":
            assert SECRET not in b"".join((await services.redis.hgetall(key)).values())
    other = await keep_file(services, 8, "b.csv", "text/csv", SECRET)
    await drop_files(services, 7)
    assert await open_file(services, token) is None
    assert await open_file(services, other.split("/")[2]) is not None


async def test_a_file_too_large_is_refused(services: Services) -> None:
    with pytest.raises(Refused, match="5 MB"):
        await keep_file(services, 1, "a.csv", "text/csv", b"x" * (5 * 1024 * 1024 + 1))


async def test_a_name_is_never_a_path(services: Services) -> None:
    path = await keep_file(services, 1, '../../a<b>"c".csv', "text/csv", b"x")
    assert path.count("/") == 3
    assert ".." not in path


def test_outside_of_the_page_the_link_is_a_whole_address(services: Services) -> None:
    shown = shown_file(services, "wechat", "/files/t/a.csv", "a.csv")
    assert "http://127.0.0.1:8080/files/t/a.csv" in shown.line
    assert shown.custom == {"file": {"name": "a.csv", "url": "/files/t/a.csv"}}
    public = replace(services, settings=replace(services.settings, public_url="https://chat.example.cn"))
    assert link_to(public, "/files/t/a.csv") == "https://chat.example.cn/files/t/a.csv"
    assert "http" not in shown_file(services, "web", "/files/t/a.csv", "a.csv").line
