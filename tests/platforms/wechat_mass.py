"""Mass messages to all fans, a tag, or a list (protocol section 2.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.platforms.api_desk import ApiDesk, json_body
from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.journal import Journal
from tests.platforms.media import MediaStore
from tests.platforms.quotas import beijing
from tests.platforms.readable import picture
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan, FanPlatform
from tests.platforms.wechat_jobs import Jobs

KEY_BYTES = 64
AGAIN_SECONDS = 60.0
A_MONTH = 4
LIST_SIZES = range(2, 10_001)


class WeChatMass:
    """A fan of a service account gets at most four a month; a subscription account sends once a day."""

    def __init__(
        self,
        account: WeChatAccount,
        fans: Mapping[str, Fan],
        journal: Journal,
        media: MediaStore,
        jobs: Jobs,
        clock: Clock,
        desk: ApiDesk,
        platform: FanPlatform,
    ) -> None:
        self._account = account
        self._fans = fans
        self._journal = journal
        self._media = media
        self._jobs = jobs
        self._clock = clock
        self._platform = platform
        self._keys: dict[str, tuple[int, float]] = {}
        self._status: dict[int, str] = {}
        self._days: Counter[str] = Counter()
        desk.add("POST", "/cgi-bin/message/mass/sendall", self._to_all)
        desk.add("POST", "/cgi-bin/message/mass/send", self._to_list)
        desk.add("POST", "/cgi-bin/message/mass/get", self._get)

    async def _to_all(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        chosen = body.get("filter")
        if not isinstance(chosen, dict) or not (chosen.get("is_to_all") or chosen.get("tag_id") is not None):
            raise ApiError(40035, "filter")
        # the simulator keeps no tags: every fan has every tag
        return await self._send(body, list(self._fans))

    async def _to_list(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        people = body.get("touser")
        if not isinstance(people, list) or len(people) not in LIST_SIZES:
            raise ApiError(40032)
        if not all(isinstance(openid, str) and openid in self._fans for openid in people):
            raise ApiError(40003)
        return await self._send(body, people)

    async def _send(self, body: dict[str, Any], people: list[str]) -> dict[str, Any]:
        if not self._account.certified:
            raise ApiError(48001)
        text = self._text(body)
        key = body.get("clientmsgid")
        self._check_key(key)
        local = beijing(self._clock())
        day, month = local.strftime("%Y%m%d"), local.strftime("%Y%m")
        if self._account.kind == "subscription" and self._days[day]:
            raise ApiError(45028)
        msgid = self._jobs.next_id()
        reached = [fan for fan in (self._fans[openid] for openid in people) if self._reaches(fan, month)]
        self._days[day] += 1
        if key:
            self._keys[str(key)] = (msgid, self._clock().timestamp())
        self._status[msgid] = "SEND_SUCCESS" if self._jobs.mass_status == "send success" else "SEND_FAIL"
        for fan in reached if self._jobs.mass_status == "send success" else []:
            fan.mass_messages[month] += 1
            self._journal.add(fan.openid, "mass", str(body["msgtype"]), text, body, str(msgid))
        if reached:
            heading = self._platform.heading(reached[0], "event")
            await self._jobs.mass(heading, msgid, len(people), len(reached))
        return {"errcode": 0, "errmsg": "send job submission success", "msg_id": msgid, "msg_data_id": msgid}

    def _reaches(self, fan: Fan, month: str) -> bool:
        willing = fan.following and not (fan.blacklisted or fan.refuses_messages or fan.frozen)
        return willing and (self._account.kind == "subscription" or fan.mass_messages[month] < A_MONTH)

    def _text(self, body: dict[str, Any]) -> str:
        kind = body.get("msgtype")
        if kind not in ("mpnews", "text", "voice", "image", "images", "mpvideo", "wxcard"):
            raise ApiError(40008)
        part = body.get(kind)
        if not isinstance(part, dict):
            raise ApiError(47001)
        if kind != "text":
            return picture(str(kind))
        content = part.get("content")
        if not isinstance(content, str) or not content:
            raise ApiError(44004)
        if len(content.encode(errors="surrogatepass")) > self._account.custom_text_bytes:
            raise ApiError(45002)
        return content

    def _check_key(self, key: object) -> None:
        if not key:
            return
        if len(str(key).encode()) > KEY_BYTES:
            raise ApiError(45067)
        if str(key) in self._keys:
            msgid, at = self._keys[str(key)]
            now = self._clock().timestamp()
            self._keys[str(key)] = (msgid, now)
            if now - at < AGAIN_SECONDS:
                raise ApiError(45066)
            raise ApiError(45065, msg_id=msgid)

    async def _get(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        msgid = body.get("msg_id")
        if not str(msgid).isdigit() or int(str(msgid)) not in self._status:
            raise ApiError(40035, "msg_id")
        return {"msg_id": msgid, "msg_status": self._status[int(str(msgid))]}
