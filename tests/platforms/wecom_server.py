"""The 企业微信 platform: qyapi.weixin.qq.com and the callbacks of one corp's apps."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import Any

from aiohttp import web

from tests.platforms.api_desk import OK
from tests.platforms.deliverer import Answer, Delivery, Post, Verdict
from tests.platforms.driven_wait import Clock, Wait
from tests.platforms.envelope import Envelope, signature
from tests.platforms.errors import ApiError
from tests.platforms.media import WECOM_LIMITS, MediaStore
from tests.platforms.passive import ReplyRules, judge
from tests.platforms.phone import Phone
from tests.platforms.site import Site, UrlCheck
from tests.platforms.wechat_login import LoginRefused
from tests.platforms.wecom_corp import WeComApp, WeComCorp
from tests.platforms.wecom_login import WeComLogin
from tests.platforms.wecom_member import Member
from tests.platforms.wecom_phone import WeComPhone
from tests.platforms.wecom_rates import Limit
from tests.platforms.wecom_sends import WeComSends
from tests.platforms.wecom_tokens import WeComTokens
from tests.platforms.wecom_tree import Department, WeComTree
from tests.platforms.xml_form import Fields, write

_FIRST_MESSAGE_ID = 34_567_890_123_456_789
_MESSAGE_KINDS = frozenset({"text", "image", "voice", "video", "news"})
_CARD_KINDS = frozenset({"update_button", "update_template_card"})
_ANSWERABLE_EVENTS = (
    "subscribe enter_agent LOCATION click view view_miniprogram scancode_waitmsg template_card_menu_event".split()
)  # fmt: skip


class WeComServer(Site):
    """One corp with its members and apps; `app` is the first app. `media` holds uploads and what members sent."""

    def __init__(self, corp: WeComCorp, clock: Clock, wait: Wait = asyncio.sleep, *, port: int = 0) -> None:
        super().__init__(clock, wait, corp.callbacks, self._check_caller, self._check_token, port)
        self.corp = corp
        self.tokens = WeComTokens(corp, clock)
        self.media = MediaStore(WECOM_LIMITS, clock)
        self.tree = WeComTree(corp, self._desk)
        self.sends = WeComSends(corp, self.tree, self.journal, self.media, clock, self._desk)
        self.login = WeComLogin(corp, self.tree, clock, self._desk)
        self._message_ids = itertools.count(_FIRST_MESSAGE_ID)
        self._call_minutes = Limit(60, blocks=True)
        self._call_hours = Limit(3_600, blocks=True)
        self._desk.add("GET", "/cgi-bin/gettoken", self.tokens.gettoken, token=False)
        self._desk.add("GET", "/cgi-bin/getcallbackip", self._ips)
        self._desk.add("POST", "/cgi-bin/media/upload", self._upload)
        self._desk.add("GET", "/cgi-bin/media/get", self.media.download)

    @property
    def app(self) -> WeComApp:
        """The first app."""
        return self.corp.apps[0]

    def app_of(self, agentid: int) -> WeComApp:
        """The app with this id."""
        return next(app for app in self.corp.apps if app.agentid == agentid)

    # members and their callbacks

    def add_member(self, userid: str, *, name: str = "", departments: list[int] | None = None, **more: Any) -> Member:
        """A new member, without a callback; `more` are fields of `Member`."""
        member = Member(userid, self, name or userid, departments or [1], **more)
        self.tree.members[userid] = member
        return member

    def add_department(self, id: int, name: str, parentid: int = 1, *, leaders: tuple[str, ...] = ()) -> Department:
        """A new department."""
        self.tree.departments[id] = Department(id, name, parentid, leaders=leaders)
        return self.tree.departments[id]

    def heading(self, member: Member, kind: str, app: WeComApp) -> Fields:
        """The fields that all messages begin with."""
        return {
            "ToUserName": self.corp.corpid,
            "FromUserName": member.userid,
            "CreateTime": int(self.now()),
            "MsgType": kind,
        }

    def next_message_id(self) -> int:
        """The next MsgId."""
        return next(self._message_ids)

    def new_response_code(self, agentid: int, task_id: str) -> str:
        """A code to update a card once."""
        return self.sends.new_response_code(agentid, task_id)

    def option_names(self) -> tuple[str, str]:
        """How the options of a card are spelled in callbacks."""
        return ("OpitonIds", "OpitonId") if self.corp.misspelled_options else ("OptionIds", "OptionId")

    async def deliver(self, fields: Fields) -> Delivery:
        """Delivers a callback to its end, and shows the member what comes of it; nothing where there is no address."""
        app = self.app_of(int(fields["AgentID"]))
        if not app.callback_url:
            return Delivery(fields)
        delivery = await self._deliverer.deliver(
            app.callback_url, lambda: self.compose(fields), lambda body: self._judge(body, fields, app), fields
        )
        member = self.tree.members.get(fields["FromUserName"])
        if member is not None and delivery.reply is not None:
            self._show(member, app, delivery)
        return delivery

    def _show(self, member: Member, app: WeComApp, delivery: Delivery) -> None:
        reply = delivery.reply
        assert reply is not None, "only called with a reply"
        if reply.kind in _CARD_KINDS:
            task_id = delivery.fields["TaskId"]
            if (app.agentid, task_id) in member.cards:
                button = {"replace_name": reply.text} if reply.kind == "update_button" else None
                card = None if button else _card_of_reply(reply.content["TemplateCard"])
                self.sends.change_card(member, app.agentid, task_id, button, card)
                delivery.seen.append(self.journal.of(member.userid)[-1].text)
            return
        self.journal.add(member.userid, "passive", reply.kind, reply.text, reply.content, agent=app.agentid)
        delivery.seen.append(reply.text)

    def _judge(self, body: bytes, fields: Fields, app: WeComApp) -> Verdict:
        event = fields.get("Event", "")
        kinds = _MESSAGE_KINDS if not event or event in _ANSWERABLE_EVENTS else frozenset()
        keys = [key for key in (app.aes_key, app.previous_aes_key) if key]
        rules = ReplyRules(
            token=app.token,
            envelopes=tuple(Envelope(key, self.corp.corpid) for key in keys),
            to=fields["FromUserName"],
            by=fields["ToUserName"],
            sealed=True,
            cuts=True,
            success=False,
            kinds=_CARD_KINDS if event == "template_card_event" else kinds,
        )
        return judge(body, rules)

    def compose(
        self,
        fields: Fields,
        *,
        timestamp: str = "",
        nonce: str = "",
        corpid: str | None = None,
        aes_key: str = "",
        sealed: str | None = None,
    ) -> Post:
        """The POST of a callback. What is given by name replaces the right part; `sealed` is put in the place of `Encrypt`
        and signed as if it were the right one.
        """
        app = self.app_of(int(fields.get("AgentID", self.app.agentid)))
        timestamp = timestamp or str(int(self.now()))
        nonce = nonce or str(secrets.randbelow(2**31))
        if sealed is None:
            sealed = Envelope(aes_key or app.aes_key, self.corp.corpid).seal(write(fields), receiver=corpid)
        query = [
            ("msg_signature", signature(app.token, timestamp, nonce, sealed)),
            ("timestamp", timestamp),
            ("nonce", nonce),
        ]
        outside = {"ToUserName": self.corp.corpid, "AgentID": str(app.agentid), "Encrypt": sealed}
        return Post(query, write(outside).encode())

    async def post(self, post: Post, *, app: WeComApp | None = None) -> Answer:
        """One request to an app's callback address as it stands; status 0 where the connection was closed."""
        return await self.send_post((app or self.app).callback_url, post)

    async def check_url(self, echostr: str = "1616140317555161061", *, signed: bool = True) -> UrlCheck:
        """The console's verification of the address with an encrypted echo; `signed` False forges it."""
        app = self.app
        timestamp, nonce = str(int(self.now())), str(secrets.randbelow(2**31))
        envelope, sealed = Envelope(app.aes_key, self.corp.corpid), "/"
        # such characters are where addresses are decoded wrongly
        while not ("+" in sealed and "/" in sealed):
            sealed = envelope.seal(echostr)
        right = signature(app.token if signed else "another", timestamp, nonce, sealed)
        query = [("msg_signature", right), ("timestamp", timestamp), ("nonce", nonce), ("echostr", sealed)]
        answer = await self.send_post(app.callback_url, Post(query, None, {}), "GET")
        return UrlCheck(answer.status == 200 and answer.body == echostr.encode(), answer)

    def revoke_tokens(self, code: int = 42001) -> None:
        """All access tokens are dead at once."""
        self.tokens.revoke(code)

    def visits(self, member: Member, authorize_url: str) -> str:
        """Where the member's browser is led by the login page; raises LoginRefused."""
        return self.login.visit(member.userid, authorize_url)

    # the API's checks

    def _check_caller(self, request: web.Request, path: str) -> None:
        trusted = self.corp.trusted_ips
        if trusted is not None and request.remote not in trusted and path != "/cgi-bin/gettoken":
            raise ApiError(60020, f"from ip: {request.remote}")
        if self.corp.parallel and self._desk.under_way[path] > self.corp.parallel:
            raise ApiError(45033)
        within_hour = self._call_hours.take(path, self.corp.calls_hour, self.now())
        if not within_hour or not self._call_minutes.take(path, self.corp.calls_minute, self.now()):
            raise ApiError(45009)

    def _check_token(self, request: web.Request, path: str) -> None:
        app = self.tokens.app_of(request.query.get("access_token"))
        if app.disabled:
            raise ApiError(50003)
        request["app"] = app

    async def _ips(self, request: web.Request) -> dict[str, Any]:
        return {**OK, "ip_list": ["127.0.0.1"]}

    async def _upload(self, request: web.Request) -> dict[str, Any]:
        answer = await self.media.upload(request)
        return {**OK, **answer, "created_at": str(answer["created_at"])}

    # pages

    def more_routes(self) -> list[web.RouteDef]:
        """The login page, media by address, and the phone."""
        phone = Phone(WeComPhone(self))
        return [
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
        userid = request.cookies.get("simulated_person", "")
        if userid not in self.tree.members:
            return web.Response(status=403, text="请在企业微信客户端打开链接")
        try:
            # a browser never sends the part behind #
            return web.Response(
                status=302, headers={"Location": self.login.visit(userid, f"{request.url}#wechat_redirect")}
            )
        except LoginRefused as refusal:
            return web.Response(status=400, text=str(refusal))


def _card_of_reply(written: Any) -> dict[str, Any]:
    """A card as an API call writes it, from the names of a passive reply (CardType, MainTitle.Title)."""
    if isinstance(written, dict):
        return {_snake(name): _card_of_reply(value) for name, value in written.items()}
    return written


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("_")
