"""Menu, QR codes, fans' data and quotas of the 公众号."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Clock
from tests.platforms.bare_calls import BareCalls
from tests.platforms.wechat_server import WeChatServer

CREATE, QR, INFO = "/cgi-bin/menu/create", "/cgi-bin/qrcode/create", "/cgi-bin/user/info"
CLICK = {"type": "click", "name": "每日健康", "key": "daily"}
VIEW = {"type": "view", "name": "查政策", "url": "https://example.org/"}


def below(*entries: dict[str, Any], name: str = "更多") -> dict[str, Any]:
    return {"name": name, "sub_button": list(entries)}


async def test_a_menu_is_kept_and_deleted(wechat: WeChatServer, api: BareCalls) -> None:
    assert (await api.get("/cgi-bin/menu/get"))["errcode"] == 46003
    assert await api.code(CREATE, {"button": [CLICK, below(VIEW)]}) == 0
    assert (await api.get("/cgi-bin/menu/get"))["menu"]["button"] == wechat.menu.buttons == [CLICK, below(VIEW)]
    assert (await api.get("/cgi-bin/menu/delete"))["errcode"] == 0
    assert wechat.menu.buttons == []


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([CLICK] * 4, 40016),
        ([{**CLICK, "type": "dance"}], 40017),
        ([{**CLICK, "name": "六个字的名字"}], 40018),
        ([{**CLICK, "key": "k" * 129}], 40019),
        ([{**VIEW, "url": "https://example.org/" + "x" * 1_024}], 40020),
        ([{**VIEW, "url": "ftp://example.org/"}], 40020),
        ([below(*[CLICK] * 6)], 40023),
        ([below(below(CLICK))], 40023),
        ([below({**CLICK, "type": "dance"})], 40024),
        ([below({**CLICK, "name": "字" * 21})], 40025),
        ([below({**CLICK, "key": ""})], 40026),
        ([below({**VIEW, "url": ""})], 40027),
        ([below(*({**VIEW, "url": f"https://{n}.example.org/"} for n in range(4)))], 65316),
        ([below({**CLICK, "name": "字" * 20})], 0),
    ],
)
async def test_limits_of_a_menu(api: BareCalls, buttons: list[Any], code: int) -> None:
    assert await api.code(CREATE, {"button": buttons}) == code


def scene(name: str, **scene: Any) -> dict[str, Any]:
    return {"action_name": name, "action_info": {"scene": scene}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (scene("QR_STR_SCENE", scene_str="grid-3"), 0),
        (scene("QR_SCENE", scene_id=2**32 - 1), 0),
        (scene("QR_LIMIT_STR_SCENE", scene_str="字" * 64), 0),
        (scene("QR_LIMIT_STR_SCENE", scene_str="字" * 65), 40053),
        (scene("QR_LIMIT_SCENE", scene_id=100_001), 40053),
        (scene("QR_SCENE", scene_id=0), 40053),
        (scene("QR_STR_SCENE", scene_str=""), 40053),
        (scene("QR_POEM", scene_str="x"), 40053),
        ({**scene("QR_STR_SCENE", scene_str="x"), "expire_seconds": 2_592_001}, 40035),
    ],
)
async def test_limits_of_a_qr_code(api: BareCalls, body: dict[str, Any], code: int) -> None:
    assert await api.code(QR, body) == code


async def test_a_qr_picture_lives_as_long_as_its_code(api: BareCalls, clock: Clock) -> None:
    short = await api.post(QR, scene("QR_STR_SCENE", scene_str="grid-3"))
    lasting = await api.post(QR, scene("QR_LIMIT_STR_SCENE", scene_str="grid-3"))
    assert short["expire_seconds"] == 60
    assert "expire_seconds" not in lasting
    api.token = str

    async def picture(ticket: str) -> tuple[int, bytes]:
        status, data, _ = await api.raw("GET", "/cgi-bin/showqrcode", ticket=ticket)
        return status, data[:4]

    assert await picture(short["ticket"]) == (200, b"\x89PNG")
    clock.advance(seconds=60)
    assert (await picture(short["ticket"]))[0] == 404
    assert (await picture(lasting["ticket"]))[0] == 200


async def test_what_is_told_of_a_fan(wechat: WeChatServer, api: BareCalls, clock: Clock) -> None:
    wechat.add_fan("o1", following=False)
    assert await api.get(INFO, openid="o1") == {"subscribe": 0, "openid": "o1"}
    await wechat.fans["o1"].follows("grid-3")
    told = await api.get(INFO, openid="o1", lang="zh_CN")
    assert (told["subscribe"], told["subscribe_time"], told["qr_scene_str"]) == (1, int(clock().timestamp()), "grid-3")
    assert "nickname" not in told
    assert (await api.get(INFO, openid="strange"))["errcode"] == 40003


async def test_the_list_of_fans_comes_in_pages(wechat: WeChatServer, api: BareCalls) -> None:
    for number in range(10_001):
        wechat.add_fan(f"o{number:05}")
    first = await api.get("/cgi-bin/user/get")
    assert (first["total"], first["count"], first["next_openid"]) == (10_001, 10_000, "o09999")
    second = await api.get("/cgi-bin/user/get", next_openid=first["next_openid"])
    assert second["data"]["openid"] == ["o10000"]
    assert (await api.get("/cgi-bin/user/get", next_openid="o10000"))["count"] == 0


async def test_quotas_are_told_and_cleared_ten_times_a_month(wechat: WeChatServer, api: BareCalls) -> None:
    for _ in range(3):
        await api.get(INFO, openid="o1")
    told = await api.post("/cgi-bin/openapi/quota/get", {"cgi_path": INFO})
    assert told["quota"] == {"daily_limit": 5_000_000, "used": 3, "remain": 4_999_997}
    assert await api.code("/cgi-bin/openapi/quota/get", {"cgi_path": "/nowhere"}) == 40035
    clear = {"appid": wechat.account.appid}
    assert [await api.code("/cgi-bin/clear_quota", clear) for _ in range(11)] == [0] * 10 + [48006]
    assert wechat.quotas.used(INFO) == 0
    assert await api.code("/cgi-bin/clear_quota", {"appid": "wx"}) == 40013


async def test_addresses_and_page_tickets(api: BareCalls, clock: Clock) -> None:
    assert (await api.get("/cgi-bin/getcallbackip"))["ip_list"]
    ticket = (await api.get("/cgi-bin/ticket/getticket", type="jsapi"))["ticket"]
    assert (await api.get("/cgi-bin/ticket/getticket", type="jsapi"))["ticket"] == ticket
    clock.advance(hours=1, minutes=59)
    assert (await api.get("/cgi-bin/ticket/getticket", type="jsapi"))["expires_in"] == 60
