"""Tokens, the org tree, login and frequency limits of 企业微信."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.conftest import Clock
from tests.platforms import faults
from tests.platforms.bare_calls import BareCalls
from tests.platforms.wechat_login import LoginRefused
from tests.platforms.wecom_server import WeComServer

GET, SEND, AGENT = "/cgi-bin/gettoken", "/cgi-bin/message/send", "/cgi-bin/agent/get"


async def gettoken(wecom: WeComServer, api: BareCalls, **other: str) -> dict[str, Any]:
    query = {"corpid": wecom.corp.corpid, "corpsecret": wecom.app.secret, **other}
    return dict(await api.get(GET, access_token="", **query))


async def use(api: BareCalls, token: str, agentid: int = 1_000_002) -> int:
    return int((await api.get(AGENT, access_token=token, agentid=agentid))["errcode"])


async def test_a_token_stays_the_same_while_it_lives(wecom: WeComServer, qyapi: BareCalls, clock: Clock) -> None:
    first = await gettoken(wecom, qyapi)
    assert (len(first["access_token"]), first["expires_in"]) == (512, 7_200)
    clock.advance(seconds=7_199)
    assert await gettoken(wecom, qyapi) == {**first, "expires_in": 1}
    clock.advance(seconds=1)
    assert await use(qyapi, first["access_token"]) == 42001
    assert (await gettoken(wecom, qyapi))["access_token"] != first["access_token"]


@pytest.mark.parametrize(
    ("other", "code"),
    [({"corpid": "ww"}, 40013), ({"corpsecret": "x"}, 40001), ({"corpid": ""}, 41002), ({"corpsecret": ""}, 41004)],
)
async def test_a_wrong_secret_gets_no_token(
    wecom: WeComServer, qyapi: BareCalls, other: dict[str, str], code: int
) -> None:
    assert (await gettoken(wecom, qyapi, **other))["errcode"] == code


async def test_bad_tokens(wecom: WeComServer, qyapi: BareCalls) -> None:
    assert await use(qyapi, "") == 41001
    assert await use(qyapi, "guess") == 40014
    token = (await gettoken(wecom, qyapi))["access_token"]
    for code in (40014, 42001):
        wecom.revoke_tokens(code)
        assert await use(qyapi, token) == code
        token = (await gettoken(wecom, qyapi))["access_token"]
    wecom.app.disabled = True
    assert await use(qyapi, token) == 50003


async def test_the_token_of_one_app_is_none_of_another(wecom: WeComServer, qyapi: BareCalls) -> None:
    wecom.add_member("zhaomin")
    other = (await gettoken(wecom, qyapi, corpsecret="another-secret"))["access_token"]
    assert await use(qyapi, other) == 301002
    body = {"touser": "zhaomin", "msgtype": "text", "text": {"content": "x"}, "agentid": wecom.app.agentid}
    assert await qyapi.code(SEND, body, access_token=other) == 301002


async def test_only_trusted_addresses_may_call(wecom: WeComServer, qyapi: BareCalls) -> None:
    wecom.corp.trusted_ips = {"203.0.113.9"}
    refused = await qyapi.get(AGENT, agentid=wecom.app.agentid)
    assert refused["errcode"] == 60020
    assert "from ip: 127.0.0.1" in refused["errmsg"]


async def test_too_many_calls_shut_an_api_for_a_minute(wecom: WeComServer, qyapi: BareCalls, clock: Clock) -> None:
    wecom.corp.calls_minute = 2
    assert [await use(qyapi, wecom.tokens.current(wecom.app)) for _ in range(3)] == [0, 0, 45009]
    clock.advance(seconds=59)
    assert await use(qyapi, wecom.tokens.current(wecom.app)) == 45009
    assert (await gettoken(wecom, qyapi))["errcode"] == 0
    clock.advance(seconds=1)
    assert await use(qyapi, wecom.tokens.current(wecom.app)) == 0


async def test_too_many_calls_at_once(wecom: WeComServer, qyapi: BareCalls) -> None:
    wecom.corp.parallel = 1
    wecom.faults.next(AGENT, faults.slow(1_000))
    held = asyncio.create_task(qyapi.get(AGENT, agentid=wecom.app.agentid))
    while not wecom.calls[AGENT]:
        await asyncio.sleep(0.001)
    assert await use(qyapi, wecom.tokens.current(wecom.app)) == 45033
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)


@pytest.fixture
def town(wecom: WeComServer) -> WeComServer:
    wecom.add_department(2, "第三网格", leaders=("zhaomin",))
    wecom.add_department(3, "一号楼", 2)
    wecom.add_department(9, "没有上级的部门", 77)
    wecom.add_member("zhaomin", name="赵敏", departments=[2], leads=[2])
    wecom.add_member("liqiang", name="李强", departments=[3, 9], position="楼长")
    return wecom


async def test_the_tree_as_an_app_reads_it(town: WeComServer, qyapi: BareCalls) -> None:
    departments = (await qyapi.get("/cgi-bin/department/list"))["department"]
    assert [(d["id"], d["parentid"], d["name"]) for d in departments] == [
        (1, 0, "网格办"),
        (2, 1, "第三网格"),
        (3, 2, "一号楼"),
        (9, 77, "没有上级的部门"),
    ]
    assert departments[1]["department_leader"] == ["zhaomin"]
    below = (await qyapi.get("/cgi-bin/department/simplelist", id=2))["department_id"]
    assert below == [{"id": 2, "parentid": 1, "order": 0}, {"id": 3, "parentid": 2, "order": 0}]
    assert (await qyapi.get("/cgi-bin/department/get", id=3))["department"]["name"] == "一号楼"
    assert (await qyapi.get("/cgi-bin/department/get", id=4))["errcode"] == 60003


async def test_members_as_an_app_reads_them(town: WeComServer, qyapi: BareCalls) -> None:
    users = (await qyapi.get("/cgi-bin/user/simplelist", department_id=2))["userlist"]
    assert users == [{"userid": "zhaomin", "name": "赵敏", "department": [2]}]
    both = (await qyapi.get("/cgi-bin/user/list", department_id=2, fetch_child=1))["userlist"]
    assert [user["userid"] for user in both] == ["zhaomin", "liqiang"]
    assert both[0]["is_leader_in_dept"] == [1]
    one = await qyapi.get("/cgi-bin/user/get", userid="LiQiang")
    assert (one["position"], one["status"], "mobile" in one) == ("楼长", 1, False)
    assert (await qyapi.get("/cgi-bin/user/get", userid="nobody"))["errcode"] == 60111
    town.corp.list_limit = 0
    assert (await qyapi.get("/cgi-bin/user/list", department_id=2))["errcode"] == 45029


async def test_an_app_sees_its_range_only(town: WeComServer, qyapi: BareCalls) -> None:
    town.app.visible = {"liqiang"}
    assert (await qyapi.get("/cgi-bin/user/get", userid="zhaomin"))["errcode"] == 60011
    assert (await qyapi.get("/cgi-bin/user/list", department_id=2))["userlist"] == []
    seen = (await qyapi.get(AGENT, agentid=town.app.agentid))["allow_userinfos"]["user"]
    assert seen == [{"userid": "liqiang"}]


def authorize(wecom: WeComServer, **other: str) -> str:
    query = {
        "appid": wecom.corp.corpid,
        "redirect_uri": "https://bot.example.org/login",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s1",
    }
    return f"https://open.weixin.qq.com/connect/oauth2/authorize?{urlencode({**query, **other})}#wechat_redirect"


async def test_login_of_a_member(town: WeComServer, qyapi: BareCalls, clock: Clock) -> None:
    member = town.tree.members["zhaomin"]

    def code(**other: str) -> str:
        return parse_qs(urlsplit(town.visits(member, authorize(town, **other))).query)["code"][0]

    first = code()
    assert (await qyapi.get("/cgi-bin/auth/getuserinfo", code=first))["userid"] == "zhaomin"
    assert (await qyapi.get("/cgi-bin/auth/getuserinfo", code=first))["errcode"] == 42022
    assert (await qyapi.get("/cgi-bin/user/getuserinfo", code=code()))["UserId"] == "zhaomin"
    late = code()
    private = await qyapi.get(
        "/cgi-bin/auth/getuserinfo", code=code(scope="snsapi_privateinfo", agentid=str(town.app.agentid))
    )
    ticket = {"user_ticket": private["user_ticket"]}
    assert (await qyapi.post("/cgi-bin/auth/getuserdetail", ticket))["userid"] == "zhaomin"
    clock.advance(minutes=5)
    assert (await qyapi.get("/cgi-bin/auth/getuserinfo", code=late))["errcode"] == 40029
    clock.advance(minutes=25)
    assert await qyapi.code("/cgi-bin/auth/getuserdetail", ticket) == 40029


@pytest.mark.parametrize(
    "other",
    [
        {"appid": "ww"},
        {"scope": "snsapi_privateinfo"},
        {"state": "with-sign"},
        {"redirect_uri": "https://evil.example.org/"},
    ],
)
async def test_addresses_that_show_an_error_page(town: WeComServer, other: dict[str, str]) -> None:
    town.corp.login_domain = "bot.example.org"
    with pytest.raises(LoginRefused):
        town.visits(town.tree.members["zhaomin"], authorize(town, **other))


async def test_one_who_is_no_member_has_an_openid(town: WeComServer, qyapi: BareCalls) -> None:
    code = parse_qs(urlsplit(town.login.visit("oStranger", authorize(town))).query)["code"][0]
    assert (await qyapi.get("/cgi-bin/auth/getuserinfo", code=code))["openid"] == "oStranger"
