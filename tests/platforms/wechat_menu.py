"""The menu of a 公众号 and its limits (protocol section 2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from tests.platforms.api_desk import OK, ApiDesk, json_body
from tests.platforms.errors import ApiError

_KEYED = (
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
)
_TYPES = (*_KEYED, "view", "miniprogram", "media_id", "view_limited", "article_id", "article_view_limited")
_KEY_BYTES = 128
_URL_BYTES = 1_024
_OUTSIDE_DOMAINS = 3


class WeChatMenu:
    """`buttons` is what a fan sees at the foot of the chat."""

    def __init__(self, desk: ApiDesk) -> None:
        self.buttons: list[dict[str, Any]] = []
        desk.add("POST", "/cgi-bin/menu/create", self._create)
        desk.add("GET", "/cgi-bin/menu/get", self._get)
        desk.add("GET", "/cgi-bin/menu/delete", self._delete)

    async def _create(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        buttons = body.get("button")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
            raise ApiError(40016)
        for button in buttons:
            _check_button(button)
        _check_domains(buttons)
        self.buttons = buttons
        return OK

    async def _get(self, request: web.Request) -> dict[str, Any]:
        if not self.buttons:
            raise ApiError(46003)
        return {"menu": {"button": self.buttons}}

    async def _delete(self, request: web.Request) -> dict[str, Any]:
        self.buttons = []
        return OK


def _check_button(button: object) -> None:
    if not isinstance(button, dict):
        raise ApiError(40016)
    _check_size(button.get("name"), 16, 40018)
    below = button.get("sub_button")
    if not below:
        _check_action(button, 40017, 40019, 40020)
        return
    if not isinstance(below, list) or len(below) > 5:
        raise ApiError(40023)
    for entry in below:
        if not isinstance(entry, dict) or entry.get("sub_button"):
            raise ApiError(40023)
        _check_size(entry.get("name"), 60, 40025)
        _check_action(entry, 40024, 40026, 40027)


def _check_action(button: Mapping[str, Any], bad_type: int, bad_key: int, bad_url: int) -> None:
    kind = button.get("type")
    if kind not in _TYPES:
        raise ApiError(bad_type)
    if kind in _KEYED:
        _check_size(button.get("key"), _KEY_BYTES, bad_key)
    elif kind in ("view", "miniprogram"):
        _check_size(button.get("url"), _URL_BYTES, bad_url)
        if urlsplit(button["url"]).scheme not in ("http", "https"):
            raise ApiError(bad_url)
        if kind == "miniprogram" and not (button.get("appid") and button.get("pagepath")):
            raise ApiError(40035, "miniprogram")
    elif not (button.get("media_id") or button.get("article_id")):
        raise ApiError(40007)


def _check_size(value: object, most: int, code: int) -> None:
    if not isinstance(value, str) or not 1 <= len(value.encode(errors="surrogatepass")) <= most:
        raise ApiError(code)


def _check_domains(buttons: list[dict[str, Any]]) -> None:
    entries = [entry for button in buttons for entry in (button.get("sub_button") or [button])]
    hosts = {urlsplit(entry["url"]).hostname for entry in entries if entry.get("type") == "view"}
    if len([host for host in hosts if host and not host.endswith((".qq.com", ".weixin.qq.com"))]) > _OUTSIDE_DOMAINS:
        raise ApiError(65316)
