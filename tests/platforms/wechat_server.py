"""The 公众号 platform: api.weixin.qq.com and the callbacks of one account."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections import ChainMap
from typing import Any

from aiohttp import web

from tests.platforms.api_desk import json_body
from tests.platforms.deliverer import Answer, Delivery, Post, Verdict
from tests.platforms.driven_wait import Clock, Wait
from tests.platforms.envelope import Envelope, signature
from tests.platforms.errors import ApiError
from tests.platforms.media import WECHAT_LIMITS, MediaStore
from tests.platforms.passive import ReplyRules, judge
from tests.platforms.phone import Phone
from tests.platforms.quotas import DAY_QUOTAS, MINUTE_QUOTAS, Quotas
from tests.platforms.site import Site, UrlCheck
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_console import WeChatConsole
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_jobs import Jobs
from tests.platforms.wechat_login import LoginRefused, WeChatLogin
from tests.platforms.wechat_mass import WeChatMass
from tests.platforms.wechat_menu import WeChatMenu
from tests.platforms.wechat_phone import WeChatPhone
from tests.platforms.wechat_sends import WeChatSends
from tests.platforms.wechat_tokens import WeChatTokens
from tests.platforms.windows import Window
from tests.platforms.xml_form import Fields, write

SORRY = "该公众号暂时无法提供服务，请稍后再试"
_FIRST_MESSAGE_ID = 23_456_789_012_345_678


class WeChatServer(Site):
    """One account with its fans. `media` holds uploads and what fans sent, `menu` what stands below the chat."""

    def __init__(self, account: WeChatAccount, clock: Clock, wait: Wait = asyncio.sleep, *, port: int = 0) -> None:
        super().__init__(clock, wait, account.callbacks, self._check_caller, self._check_token, port)
        self.account = account
        self.fans: dict[str, Fan] = {}
        self.quotas = Quotas(
            clock, ChainMap(account.day_quotas, DAY_QUOTAS), ChainMap(account.minute_quotas, MINUTE_QUOTAS)
        )
        self.tokens = WeChatTokens(account, clock)
        self.media = MediaStore(WECHAT_LIMITS, clock)
        self.jobs = Jobs(account, self.deliver)
        self.menu = WeChatMenu(self._desk)
        self.console = WeChatConsole(account, self.fans, self.quotas, clock, self._desk)
        self.login = WeChatLogin(account, self.fans, clock, self._desk)
        self._message_ids = itertools.count(_FIRST_MESSAGE_ID)
        self._desk.add("GET", "/cgi-bin/token", self._token, token=False)
        self._desk.add("POST", "/cgi-bin/stable_token", self._stable_token, token=False)
        self._desk.add("POST", "/cgi-bin/media/upload", self.media.upload)
        self._desk.add("GET", "/cgi-bin/media/get", self.media.download)
        WeChatSends(account, self.fans, self.journal, self.media, self.jobs, clock, self._desk)
        WeChatMass(account, self.fans, self.journal, self.media, self.jobs, clock, self._desk, self)

    # fans and their callbacks

    def add_fan(self, openid: str = "", *, name: str = "", following: bool = True) -> Fan:
        """A new fan, without a callback and without an open window."""
        openid = openid or "o" + secrets.token_urlsafe(20)[:27]
        window = Window(self.account.windows, self.account.payment_messages)
        fan = Fan(openid, self, window, name or openid, following, self.now() if following else 0)
        self.fans[openid] = fan
        return fan

    def heading(self, fan: Fan, kind: str) -> Fields:
        """The fields that all messages begin with."""
        return {
            "ToUserName": self.account.original_id,
            "FromUserName": fan.openid,
            "CreateTime": int(self.now()),
            "MsgType": kind,
        }

    def next_message_id(self) -> int:
        """The next MsgId."""
        return next(self._message_ids)

    def scene_ticket(self, scene: str) -> str:
        """The ticket of a QR code with this scene, made where there is none."""
        known = next((ticket for ticket, (value, _) in self.console.scenes.items() if value == scene), None)
        return known or self.console.ticket(scene, float("inf"))

    async def deliver(self, fields: Fields) -> Delivery:
        """Delivers a callback to its end, and shows the fan what comes of it; nothing where there is no address."""
        url = self.account.callback_url
        if not url:
            return Delivery(fields)
        delivery = await self._deliverer.deliver(
            url, lambda: self.compose(fields), lambda body: self._judge(body, fields), fields
        )
        fan = self.fans.get(fields["FromUserName"])
        if fan is None or not fan.following:
            return delivery
        if delivery.reply is not None and delivery.reply.text:
            self.journal.add(fan.openid, "passive", delivery.reply.kind, delivery.reply.text, delivery.reply.content)
            delivery.seen.append(delivery.reply.text)
            if self.account.passive_reply_counts:
                self._charge(fan)
        elif not delivery.taken and _answers_person(fields):
            self.journal.add(fan.openid, "notice", "text", SORRY)
            delivery.seen.append(SORRY)
        return delivery

    def _charge(self, fan: Fan) -> None:
        try:
            fan.window.take(self.now())
        except ApiError:
            return

    def _judge(self, body: bytes, fields: Fields) -> Verdict:
        account = self.account
        keys = [key for key in (account.aes_key, account.previous_aes_key) if key]
        rules = ReplyRules(
            token=account.token,
            envelopes=tuple(Envelope(key, account.appid) for key in keys),
            to=fields["FromUserName"],
            by=fields["ToUserName"],
            sealed={"plain": False, "compatible": None, "safe": True}[account.mode],
            json=account.json,
        )
        return judge(body, rules)

    def compose(
        self,
        fields: Fields,
        *,
        timestamp: str = "",
        nonce: str = "",
        appid: str | None = None,
        aes_key: str = "",
        mode: str = "",
        sealed: str | None = None,
    ) -> Post:
        """The POST of a callback as the account's mode has it. What is given by name replaces the right part; `sealed`
        is put in the place of `Encrypt` and signed as if it were the right one.
        """
        account = self.account
        mode = mode or account.mode
        timestamp = timestamp or str(int(self.now()))
        nonce = nonce or str(secrets.randbelow(2**31))
        write_body = _as_json if account.json else write
        query = [
            ("signature", signature(account.token, timestamp, nonce)),
            ("timestamp", timestamp),
            ("nonce", nonce),
            ("openid", str(fields.get("FromUserName", ""))),
        ]
        document = dict(fields)
        if mode != "plain":
            if sealed is None:
                sealed = Envelope(aes_key or account.aes_key, account.appid).seal(write_body(fields), receiver=appid)
            query += [
                ("encrypt_type", "aes"),
                ("msg_signature", signature(account.token, timestamp, nonce, sealed)),
            ]
            outside = fields if mode == "compatible" else {"ToUserName": fields.get("ToUserName", "")}
            document = {**outside, "Encrypt": sealed}
        headers = {"Content-Type": "application/json" if account.json else "text/xml"}
        return Post(query, write_body(document).encode(), headers)

    async def post(self, post: Post) -> Answer:
        """One request to the callback address as it stands; status 0 where the connection was closed."""
        return await self.send_post(self.account.callback_url, post)

    async def check_url(self, echostr: str = "4375120948345356249", *, signed: bool = True) -> UrlCheck:
        """The console's verification of the address; `signed` False forges it."""
        timestamp, nonce = str(int(self.now())), str(secrets.randbelow(2**31))
        right = signature(self.account.token if signed else "another", timestamp, nonce)
        query = [("signature", right), ("timestamp", timestamp), ("nonce", nonce), ("echostr", echostr)]
        answer = await self.send_post(self.account.callback_url, Post(query, None, {}), "GET")
        return UrlCheck(answer.status == 200 and answer.body == echostr.encode(), answer)

    async def finish_jobs(self) -> list[Delivery]:
        """Delivers the queued outcomes of template, notice and mass sends."""
        return await self.jobs.finish()

    @property
    def job_status(self) -> str:
        """The outcome of the next template messages and notices."""
        return self.jobs.status

    @job_status.setter
    def job_status(self, status: str) -> None:
        self.jobs.status = status

    def revoke_tokens(self, code: int = 40001) -> None:
        """All access tokens are dead at once."""
        self.tokens.revoke(code)

    def visits(self, fan: Fan, authorize_url: str) -> str:
        """Where the fan's browser is led by the login page; raises LoginRefused."""
        return self.login.visit(fan.openid, authorize_url)

    # the API's checks and tokens

    def _check_caller(self, request: web.Request, path: str) -> None:
        account = self.account
        if account.allowed_ips is not None and request.remote not in account.allowed_ips:
            raise ApiError(40164, f"{request.remote} ipv6 ::ffff:{request.remote}, not in whitelist")
        if path in account.banned_paths:
            raise ApiError(48004)

    def _check_token(self, request: web.Request, path: str) -> None:
        self.tokens.check(request.query.get("access_token"))
        # a cleared quota must be clearable
        if path != "/cgi-bin/clear_quota":
            self.quotas.count(path)

    async def _token(self, request: web.Request) -> dict[str, Any]:
        self._check_secret(dict(request.query))
        self.quotas.count("/cgi-bin/token")
        return self.tokens.plain()

    async def _stable_token(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        self._check_secret(body)
        self.quotas.count("/cgi-bin/stable_token")
        return self.tokens.stable(force=body.get("force_refresh") is True)

    def _check_secret(self, given: dict[str, Any]) -> None:
        account = self.account
        if not given.get("appid"):
            raise ApiError(41002)
        if not given.get("secret"):
            raise ApiError(41004)
        if given.get("grant_type") != "client_credential":
            raise ApiError(40002)
        if given["appid"] != account.appid:
            raise ApiError(40013)
        if given["secret"] != account.secret:
            raise ApiError(40125)
        if account.secret_frozen:
            raise ApiError(40243)
        if account.confirm_caller:
            raise ApiError(account.confirm_caller)

    # pages

    def more_routes(self) -> list[web.RouteDef]:
        """The QR picture, the login page, media by address, and the phone."""
        phone = Phone(WeChatPhone(self))
        return [
            web.get("/cgi-bin/showqrcode", self.console.show_qrcode),
            web.get("/simulated/media/{media_id}", self._media_page),
            web.get("/connect/oauth2/authorize", self._login_page),
            *phone.routes(),
        ]

    async def _media_page(self, request: web.Request) -> web.Response:
        try:
            medium = self.media.get(request.match_info["media_id"])
        except ApiError:
            return web.Response(status=404)
        return web.Response(body=medium.data, content_type=medium.mime)

    async def _login_page(self, request: web.Request) -> web.Response:
        openid = request.cookies.get("simulated_person", "")
        if openid not in self.fans:
            return web.Response(status=403, text="请在微信客户端打开链接")
        try:
            # a browser never sends the part behind #
            return web.Response(
                status=302, headers={"Location": self.login.visit(openid, f"{request.url}#wechat_redirect")}
            )
        except LoginRefused as refusal:
            return web.Response(status=400, text=str(refusal))

    async def stop(self) -> None:
        """Serves no longer."""
        await self.jobs.close()
        await super().stop()


def _answers_person(fields: Fields) -> bool:
    """Whether the fan waits for an answer: not with the events that their phone sends on its own or the platform."""
    silent = ("unsubscribe", "LOCATION", "TEMPLATESENDJOBFINISH", "MASSSENDJOBFINISH", "VIEW")
    event = str(fields.get("Event", ""))
    return event not in silent and not event.startswith(("subscribe_msg", "user_"))


def _as_json(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False)
