"""Tokens of the 公众号: two isolated kinds, their ends, and who may get one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Clock
from tests.platforms import faults
from tests.platforms.bare_calls import BareCalls
from tests.platforms.wechat_server import WeChatServer

TOKEN, STABLE, ASK = "/cgi-bin/token", "/cgi-bin/stable_token", "/cgi-bin/getcallbackip"


def secret(wechat: WeChatServer, **other: Any) -> dict[str, Any]:
    account = wechat.account
    given = {"grant_type": "client_credential", "appid": account.appid, "secret": account.secret, **other}
    return {name: value for name, value in given.items() if value is not None}


async def use(api: BareCalls, token: str) -> int:
    """The error code of a call with this token."""
    return int((await api.get(ASK, access_token=token)).get("errcode", 0))


async def plain(api: BareCalls, wechat: WeChatServer) -> str:
    return str((await api.get(TOKEN, access_token="", **secret(wechat)))["access_token"])


async def stable(api: BareCalls, wechat: WeChatServer, **other: Any) -> dict[str, Any]:
    return dict(await api.post(STABLE, secret(wechat, **other)))


async def test_a_token_of_512_characters_works_for_two_hours(
    wechat: WeChatServer, api: BareCalls, clock: Clock
) -> None:
    token = await plain(api, wechat)
    assert len(token) == 512
    clock.advance(seconds=7_199)
    assert await use(api, token) == 0
    clock.advance(seconds=1)
    assert await use(api, token) == 42001


async def test_a_new_plain_token_ends_the_one_before_in_five_minutes(
    wechat: WeChatServer, api: BareCalls, clock: Clock
) -> None:
    first, second = await plain(api, wechat), await plain(api, wechat)
    assert first != second
    clock.advance(seconds=299)
    assert [await use(api, first), await use(api, second)] == [0, 0]
    clock.advance(seconds=1)
    assert [await use(api, first), await use(api, second)] == [40001, 0]


async def test_the_stable_token_stays_the_same_until_its_last_five_minutes(
    wechat: WeChatServer, api: BareCalls, clock: Clock
) -> None:
    first = await stable(api, wechat)
    assert 0 < first["expires_in"] <= 7_200
    clock.advance(seconds=6_899)
    again = await stable(api, wechat)
    assert again == {"access_token": first["access_token"], "expires_in": 301}
    clock.advance(seconds=1)
    new = await stable(api, wechat)
    assert new["access_token"] != first["access_token"]
    assert new["expires_in"] == 7_200
    assert [await use(api, first["access_token"]), await use(api, new["access_token"])] == [0, 0]
    clock.advance(seconds=300)
    assert await use(api, first["access_token"]) == 42001


async def test_forcing_kills_the_old_one_at_once_but_not_twice_within_half_a_minute(
    wechat: WeChatServer, api: BareCalls, clock: Clock
) -> None:
    first = (await stable(api, wechat))["access_token"]
    second = (await stable(api, wechat, force_refresh=True))["access_token"]
    assert [await use(api, first), await use(api, second)] == [40001, 0]
    clock.advance(seconds=29)
    assert (await stable(api, wechat, force_refresh=True))["access_token"] == second
    clock.advance(seconds=1)
    assert (await stable(api, wechat, force_refresh=True))["access_token"] != second


async def test_forcing_works_twenty_times_a_day(wechat: WeChatServer, api: BareCalls, clock: Clock) -> None:
    tokens = set()
    for _ in range(25):
        tokens.add((await stable(api, wechat, force_refresh=True))["access_token"])
        clock.advance(seconds=30)
    assert len(tokens) == 20


async def test_the_two_kinds_leave_each_other_alone(wechat: WeChatServer, api: BareCalls, clock: Clock) -> None:
    lasting = (await stable(api, wechat))["access_token"]
    await plain(api, wechat)
    other = await plain(api, wechat)
    await stable(api, wechat, force_refresh=True)
    clock.advance(minutes=6)
    assert [await use(api, lasting), await use(api, other)] == [40001, 0]


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "guess"}, 40125),
        ({"appid": None}, 41002),
        ({"secret": None}, 41004),
    ],
)
async def test_a_wrong_secret_gets_no_token(
    wechat: WeChatServer, api: BareCalls, other: dict[str, Any], code: int
) -> None:
    assert (await api.get(TOKEN, access_token="", **secret(wechat, **other)))["errcode"] == code
    assert (await stable(api, wechat, **other))["errcode"] == code


async def test_the_console_can_refuse_callers(wechat: WeChatServer, api: BareCalls) -> None:
    wechat.account.confirm_caller = 89503
    assert (await stable(api, wechat))["errcode"] == 89503
    wechat.account.confirm_caller = 0
    wechat.account.secret_frozen = True
    assert (await stable(api, wechat))["errcode"] == 40243
    wechat.account.allowed_ips = {"203.0.113.9"}
    refused = await stable(api, wechat)
    assert refused["errcode"] == 40164
    assert "127.0.0.1" in refused["errmsg"]
    assert (await api.get(ASK))["errcode"] == 40164


async def test_stable_token_wants_a_post_with_json(wechat: WeChatServer, api: BareCalls) -> None:
    assert (await api.get(STABLE, **secret(wechat)))["errcode"] == 43002
    assert await api.code(STABLE, b"") == 44002
    assert await api.code(STABLE, b"{") == 47001
    assert await api.code(STABLE, b"[1]") == 47001


async def test_calls_without_a_good_token_say_which_way_it_is_bad(wechat: WeChatServer, api: BareCalls) -> None:
    assert await use(api, "") == 41001
    assert await use(api, "garbage") == 40014
    for code in (40001, 40014, 42001):
        token = (await stable(api, wechat))["access_token"]
        wechat.revoke_tokens(code)
        assert await use(api, token) == code
    refused = await api.get(ASK, access_token="garbage")
    assert " rid: " in refused["errmsg"]


async def test_the_quota_of_the_day_comes_back_at_midnight_in_beijing(
    wechat: WeChatServer, api: BareCalls, clock: Clock
) -> None:
    wechat.account.day_quotas[TOKEN] = 2
    codes = [(await api.get(TOKEN, access_token="", **secret(wechat))).get("errcode", 0) for _ in range(3)]
    assert codes == [0, 0, 45009]
    clock.set_local("2022-01-20 23:59")
    assert (await api.get(TOKEN, access_token="", **secret(wechat)))["errcode"] == 45009
    clock.set_local("2022-01-21 00:00")
    assert await plain(api, wechat)


@pytest.mark.parametrize("code", [-1, 45009, 45011, 50004, 50007])
async def test_the_token_endpoint_fails_on_demand(wechat: WeChatServer, api: BareCalls, code: int) -> None:
    wechat.faults.next(STABLE, faults.errcode(code))
    assert (await stable(api, wechat))["errcode"] == code
    assert "access_token" in await stable(api, wechat)
