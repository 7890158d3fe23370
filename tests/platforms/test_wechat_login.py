"""Login on pages opened in WeChat."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.conftest import Clock
from tests.platforms.bare_calls import BareCalls
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_login import LoginRefused
from tests.platforms.wechat_server import WeChatServer

ACCESS = "/sns/oauth2/access_token"


@pytest.fixture
def fan(wechat: WeChatServer) -> Fan:
    return wechat.add_fan("o1", name="王秀英")


def authorize(wechat: WeChatServer, **other: str) -> str:
    query = {
        "appid": wechat.account.appid,
        "redirect_uri": "https://bot.example.org/login?next=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s1",
    }
    return f"https://open.weixin.qq.com/connect/oauth2/authorize?{urlencode({**query, **other})}#wechat_redirect"


def code_of(wechat: WeChatServer, fan: Fan, **other: str) -> str:
    return parse_qs(urlsplit(wechat.visits(fan, authorize(wechat, **other))).query)["code"][0]


async def trade(api: BareCalls, wechat: WeChatServer, code: str, **other: Any) -> dict[str, Any]:
    account = wechat.account
    query = {"appid": account.appid, "secret": account.secret, "code": code, "grant_type": "authorization_code"}
    return dict(await api.get(ACCESS, access_token="", **{**query, **other}))


async def test_a_code_tells_who_it_is_once(wechat: WeChatServer, api: BareCalls, fan: Fan) -> None:
    back = wechat.visits(fan, authorize(wechat))
    assert back.startswith("https://bot.example.org/login?next=1&code=")
    assert back.endswith("&state=s1")
    code = parse_qs(urlsplit(back).query)["code"][0]
    told = await trade(api, wechat, code)
    assert (told["openid"], told["scope"]) == ("o1", "snsapi_base")
    assert "is_snapshotuser" not in told
    assert (await trade(api, wechat, code))["errcode"] == 40163


async def test_codes_that_are_refused(wechat: WeChatServer, api: BareCalls, fan: Fan, clock: Clock) -> None:
    code = code_of(wechat, fan)
    assert (await trade(api, wechat, code, secret="guess"))["errcode"] == 40125
    assert (await trade(api, wechat, code, appid="wx"))["errcode"] == 40013
    assert (await trade(api, wechat, code, grant_type="x"))["errcode"] == 40002
    assert (await trade(api, wechat, "guess"))["errcode"] == 40029
    assert (await trade(api, wechat, ""))["errcode"] == 41008
    clock.advance(minutes=5)
    assert (await trade(api, wechat, code))["errcode"] == 40029


async def test_what_the_scopes_tell(wechat: WeChatServer, api: BareCalls, fan: Fan, clock: Clock) -> None:
    base = await trade(api, wechat, code_of(wechat, fan))
    full = await trade(api, wechat, code_of(wechat, fan, scope="snsapi_userinfo"))

    async def info(token: str, openid: str = "o1") -> dict[str, Any]:
        return dict(await api.get("/sns/userinfo", access_token=token, openid=openid))

    assert (await info(base["access_token"]))["errcode"] == 48001
    assert (await info(full["access_token"]))["nickname"] == "王秀英"
    assert (await info(full["access_token"], "o2"))["errcode"] == 40003
    assert (await info("guess"))["errcode"] == 40014
    clock.advance(hours=2)
    assert (await info(full["access_token"]))["errcode"] == 42001
    again = {"appid": wechat.account.appid, "grant_type": "refresh_token", "refresh_token": full["refresh_token"]}
    new = await api.get("/sns/oauth2/refresh_token", **again)
    assert (await api.get("/sns/auth", access_token=new["access_token"], openid="o1"))["errcode"] == 0
    clock.advance(days=30)
    assert (await api.get("/sns/oauth2/refresh_token", **again))["errcode"] == 42002


async def test_the_snapshot_of_a_page_is_nobody(wechat: WeChatServer, api: BareCalls, fan: Fan) -> None:
    wechat.login.snapshot.add("o1")
    assert (await trade(api, wechat, code_of(wechat, fan)))["is_snapshotuser"] == 1


@pytest.mark.parametrize(
    "other",
    [{"appid": "wx"}, {"scope": "all"}, {"response_type": "token"}, {"redirect_uri": ""}, {"state": "s" * 129}],
)
async def test_addresses_that_show_an_error_page(wechat: WeChatServer, fan: Fan, other: dict[str, str]) -> None:
    with pytest.raises(LoginRefused):
        wechat.visits(fan, authorize(wechat, **other))


async def test_only_the_named_domain_gets_a_code(wechat: WeChatServer, fan: Fan) -> None:
    wechat.account.oauth_domain = "bot.example.org"
    assert code_of(wechat, fan)
    with pytest.raises(LoginRefused):
        wechat.visits(fan, authorize(wechat, redirect_uri="https://evil.example.org/"))
    with pytest.raises(LoginRefused):
        wechat.visits(fan, authorize(wechat).removesuffix("#wechat_redirect"))
