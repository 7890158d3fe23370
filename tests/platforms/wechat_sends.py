"""Customer-service messages, typing, template messages and subscription notices (protocol sections 2.3 to 2.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.platforms.api_desk import OK, ApiDesk, json_body
from tests.platforms.driven_wait import Clock
from tests.platforms.errors import ApiError
from tests.platforms.journal import Dropped, Journal
from tests.platforms.media import MediaStore
from tests.platforms.readable import articles, lines, picture
from tests.platforms.wechat_account import WeChatAccount
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_jobs import Jobs

TYPING_SECONDS = 15.0
TYPING_CONTACT_SECONDS = 30.0

# What a value of a notice may be, by the kind of its field: the lengths that are commonly reported.
_VALUE_FORMS = {
    "thing": re.compile(r"(?s).{1,20}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z ,.'-]{1,20}"),
    "number": re.compile(r"-?[0-9]{1,32}(\.[0-9]+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r".{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "phone_number": re.compile(r"[0-9+() -]{1,17}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "time": re.compile(r".*\d{1,2}:\d{2}.*|.*\d{4}[年/-].*"),
    "date": re.compile(r".*\d{4}[年/.-]\d{1,2}.*"),
    "amount": re.compile(r"[¥￥]?[0-9]{1,10}(\.[0-9]+)?元?"),
    "const": re.compile(r".{1,20}"),
}


class WeChatSends:
    """The calls that put something on one fan's phone."""

    def __init__(
        self,
        account: WeChatAccount,
        fans: Mapping[str, Fan],
        journal: Journal,
        media: MediaStore,
        jobs: Jobs,
        clock: Clock,
        desk: ApiDesk,
    ) -> None:
        self._account = account
        self._fans = fans
        self._journal = journal
        self._media = media
        self._jobs = jobs
        self._clock = clock
        self._template_keys: dict[tuple[str, str], tuple[float, int]] = {}
        desk.add("POST", "/cgi-bin/message/custom/send", self._custom)
        desk.add("POST", "/cgi-bin/message/custom/typing", self._typing)
        desk.add("POST", "/cgi-bin/message/template/send", self._template)
        desk.add("POST", "/cgi-bin/message/subscribe/bizsend", self._notice)

    async def _custom(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        self._certified()
        fan = self._fan(body)
        kind = body.get("msgtype")
        text = self._custom_text(kind, body.get(kind) if isinstance(kind, str) else None)
        if not fan.following:
            raise ApiError(45015)
        self._reaches(fan)
        fan.window.take(self._now())
        self._journal.add(fan.openid, "custom", str(kind), text, body)
        return OK

    def _custom_text(self, kind: object, part: object) -> str:
        """What can be read of the body, after all of its limits."""
        known = "text image voice video music news mpnews mpnewsarticle msgmenu wxcard miniprogrampage".split()
        if kind not in known:
            raise ApiError(40008)
        if not isinstance(part, dict):
            raise ApiError(47001)
        if kind == "text":
            return self._limited(part.get("content"))
        if kind == "msgmenu":
            entries = part.get("list")
            if not isinstance(entries, list) or not entries:
                raise ApiError(40035, "msgmenu.list")
            for entry in entries:
                if not isinstance(entry, dict) or not entry.get("id") or not entry.get("content"):
                    raise ApiError(40035, "msgmenu.list")
            words = [entry["content"] for entry in entries]
            return self._limited(lines(part.get("head_content"), *words, part.get("tail_content")))
        if kind == "news":
            items = part.get("articles")
            if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
                raise ApiError(40035, "news.articles")
            if len(items) > 1:
                raise ApiError(45008)
            return self._limited(articles(items))
        if kind in ("image", "voice", "video"):
            self._media.get(part.get("media_id"))
        return str(part.get("title") or picture(str(kind)))

    def _limited(self, content: object) -> str:
        if not isinstance(content, str) or not content:
            raise ApiError(44004)
        if len(content.encode(errors="surrogatepass")) > self._account.custom_text_bytes:
            raise ApiError(45002)
        return content

    async def _typing(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        self._certified()
        fan = self._fan(body)
        command = body.get("command")
        if command not in ("Typing", "CancelTyping"):
            raise ApiError(45072)
        if self._now() - fan.last_contact > TYPING_CONTACT_SECONDS:
            raise ApiError(45080)
        if command == "CancelTyping":
            fan.typing_until = self._now()
        elif self._now() < fan.typing_until:
            raise ApiError(45081)
        else:
            fan.typing_until = self._now() + TYPING_SECONDS
        return OK

    async def _template(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        if self._account.kind != "service":
            raise ApiError(48001)
        self._certified()
        fan = self._fan(body)
        template = body.get("template_id")
        if not isinstance(template, str) or template not in self._account.templates:
            raise ApiError(40037)
        values = _values(body.get("data"), self._account.templates[template])
        if template in self._account.restricted_templates:
            raise ApiError(43116)
        if template in self._account.marketing_templates:
            raise ApiError(40249)
        if not fan.following:
            raise ApiError(43004)
        self._reaches(fan)
        text = lines(*values.values())
        known = self._known_key(fan, body.get("client_msg_id"))
        if known is not None:
            self._journal.dropped.append(Dropped(fan.openid, text, "duplicate"))
            return {**OK, "msgid": known}
        msgid = self._jobs.next_id()
        if key := body.get("client_msg_id"):
            self._template_keys[fan.openid, str(key)] = (self._now(), msgid)
        await self._jobs.template(fan, msgid, lambda: self._show(fan, "template", template, text, body, msgid))
        return {**OK, "msgid": msgid}

    def _known_key(self, fan: Fan, key: object) -> int | None:
        at, msgid = self._template_keys.get((fan.openid, str(key)), (float("-inf"), 0)) if key else (float("-inf"), 0)
        return msgid if self._now() - at < self._account.template_key_seconds else None

    async def _notice(self, request: web.Request) -> dict[str, Any]:
        body = await json_body(request)
        self._certified()
        fan = self._fan(body)
        template = body.get("template_id")
        if not isinstance(template, str) or template not in self._account.notice_templates:
            raise ApiError(40037)
        values = _values(body.get("data"), self._account.notice_templates[template])
        if self._account.field_rules:
            for name, value in values.items():
                form = _VALUE_FORMS.get(name.rstrip("0123456789"))
                if form is not None and not form.fullmatch(value):
                    raise ApiError(47003, f"data.{name}.value invalid")
        self._reaches(fan)
        if template not in fan.standing_consents:
            if not fan.consents[template]:
                raise ApiError(43101)
            fan.consents[template] -= 1
        msgid = self._jobs.next_id()
        text = lines(*values.values())
        await self._jobs.notice(fan, template, msgid, lambda: self._show(fan, "subscribe", template, text, body, msgid))
        return dict(OK)

    def _show(self, fan: Fan, way: Any, template: str, text: str, body: dict[str, Any], msgid: int) -> None:
        self._journal.add(fan.openid, way, template, text, body, str(msgid))

    def _certified(self) -> None:
        if not self._account.certified:
            raise ApiError(48001)

    def _fan(self, body: Mapping[str, Any]) -> Fan:
        openid = body.get("touser")
        fan = self._fans.get(openid) if isinstance(openid, str) else None
        if fan is None:
            raise ApiError(40003)
        return fan

    def _reaches(self, fan: Fan) -> None:
        if fan.blacklisted:
            raise ApiError(43019)
        if fan.refuses_messages:
            raise ApiError(48002)
        if fan.frozen:
            raise ApiError(50002)

    def _now(self) -> float:
        return self._clock().timestamp()


def _values(data: object, wanted: tuple[str, ...]) -> dict[str, str]:
    """The values of a template's fields; ApiError 47003 names the field that is empty or missing."""
    given = data if isinstance(data, dict) else {}
    values = {}
    for name in wanted:
        part = given.get(name)
        value = part.get("value") if isinstance(part, dict) else None
        if value is None or not str(value).strip():
            raise ApiError(47003, f"data.{name}.value is empty")
        values[name] = str(value)
    return values
