"""QR codes, fans' data, quotas, caller addresses and the page ticket (protocol sections 2.2, 2.7, 2.8, 2.10)."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping
from typing import Any

import segno
from aiohttp import web

from tests.platforms.api_desk import OK, ApiDesk, json_body
from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.quotas import Quotas
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan

LONGEST_LIFE = 2_592_000
PERMANENT_CODES = 100_000
_PAGE = 10_000
_IPS = ["127.0.0.1", "::1"]


class WeChatConsole:
    """What an operator's commands ask and set. `scenes` maps the tickets of QR codes to their scene and end."""

    def __init__(
        self, account: WeChatAccount, fans: Mapping[str, Fan], quotas: Quotas, clock: Clock, desk: ApiDesk
    ) -> None:
        self._account = account
        self._fans = fans
        self._quotas = quotas
        self._clock = clock
        self._ticket = ("", 0.0)
        self.scenes: dict[str, tuple[str, float]] = {}
        desk.add("POST", "/cgi-bin/qrcode/create", self._qrcode)
        desk.add("GET", "/cgi-bin/user/info", self._info)
        desk.add("GET", "/cgi-bin/user/get", self._list)
        desk.add("POST", "/cgi-bin/clear_quota", self._clear_quota)
        desk.add("POST", "/cgi-bin/openapi/quota/get", self._quota)
        desk.add("GET", "/cgi-bin/getcallbackip", self._ips)
        desk.add("GET", "/cgi-bin/get_api_domain_ip", self._ips)
        desk.add("GET", "/cgi-bin/ticket/getticket", self._page_ticket)

    async def _qrcode(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        info = body.get("action_info")
        scene = info.get("scene") if isinstance(info, dict) else None
        name = body.get("action_name")
        if name not in ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE") or not isinstance(
            scene, dict
        ):
            raise ApiError(40053)
        lasting = "LIMIT" in str(name)
        value = _scene(scene, by_number="STR" not in str(name), lasting=lasting)
        life = 0 if lasting else body.get("expire_seconds", 60)
        if not isinstance(life, int) or life > LONGEST_LIFE or (not lasting and life < 1):
            raise ApiError(40035, "expire_seconds")
        if lasting and sum(end == float("inf") for _, end in self.scenes.values()) >= PERMANENT_CODES:
            raise ApiError(45029)
        ticket = self.ticket(value, float("inf") if lasting else self._now() + life)
        answer = {"ticket": ticket, "url": f"http://weixin.qq.com/q/{ticket[:22]}"}
        return answer if lasting else {**answer, "expire_seconds": life}

    def ticket(self, scene: str, ends_at: float) -> str:
        """A new ticket for a scene."""
        # with characters that must be encoded in an address
        ticket = "gQ" + secrets.token_urlsafe(60) + "+/=="
        self.scenes[ticket] = (scene, ends_at)
        return ticket

    async def show_qrcode(self, request: web.Request) -> web.Response:
        """The picture of a ticket, without a token; 404 for one that is unknown or over."""
        ticket = request.query.get("ticket", "")
        if self._now() >= self.scenes.get(ticket, ("", 0.0))[1]:
            return web.Response(status=404)
        picture = io.BytesIO()
        segno.make(f"http://weixin.qq.com/q/{ticket[:22]}").save(picture, kind="png", scale=4)
        return web.Response(body=picture.getvalue(), content_type="image/png")

    async def _info(self, request: web.Request) -> dict[str, Any]:
        fan = self._fans.get(request.query.get("openid", ""))
        if fan is None:
            raise ApiError(40003)
        if not fan.following:
            return {"subscribe": 0, "openid": fan.openid}
        return {
            "subscribe": 1,
            "openid": fan.openid,
            "language": "zh_CN",
            "subscribe_time": int(fan.followed_at),
            "unionid": f"u{fan.openid}",
            "remark": "",
            "groupid": 0,
            "tagid_list": [],
            "subscribe_scene": "ADD_SCENE_QR_CODE" if fan.scene else "ADD_SCENE_SEARCH",
            "qr_scene": int(fan.scene) if fan.scene.isdigit() else 0,
            "qr_scene_str": "" if fan.scene.isdigit() else fan.scene,
        }

    async def _list(self, request: web.Request) -> dict[str, Any]:
        following = [openid for openid, fan in self._fans.items() if fan.following]
        after = request.query.get("next_openid", "")
        if after and after not in self._fans:
            raise ApiError(40003)
        start = following.index(after) + 1 if after in following else 0
        page = following[start : start + _PAGE]
        answer: dict[str, Any] = {"total": len(following), "count": len(page)}
        return {**answer, **({"data": {"openid": page}} if page else {}), "next_openid": page[-1] if page else ""}

    async def _clear_quota(self, request: web.Request) -> dict[str, Any]:
        if (await json_body(request)).get("appid") != self._account.appid:
            raise ApiError(40013)
        self._quotas.clear()
        return OK

    async def _quota(self, request: web.Request) -> dict[str, Any]:
        return {**OK, "quota": self._quotas.of_day(str((await json_body(request)).get("cgi_path", "")))}

    async def _ips(self, request: web.Request) -> dict[str, Any]:
        return {"ip_list": _IPS}

    async def _page_ticket(self, request: web.Request) -> dict[str, Any]:
        if request.query.get("type") != "jsapi":
            raise ApiError(40035, "type")
        if self._now() >= self._ticket[1]:
            self._ticket = (secrets.token_urlsafe(64), self._now() + 7_200)
        return {**OK, "ticket": self._ticket[0], "expires_in": int(self._ticket[1] - self._now())}

    def _now(self) -> float:
        return self._clock().timestamp()


def _scene(scene: Mapping[str, Any], *, by_number: bool, lasting: bool) -> str:
    if by_number:
        number = scene.get("scene_id")
        most = 100_000 if lasting else 2**32 - 1
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
            raise ApiError(40053)
        return str(number)
    text = scene.get("scene_str")
    if not isinstance(text, str) or not 1 <= len(text) <= 64:
        raise ApiError(40053)
    return text
