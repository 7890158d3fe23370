"""Messages of a 公众号 outside of a turn: a customer-service message while the window is open, else a subscription notice that
was granted, else a template message (protocol: 客服消息, 订阅通知, 模板消息).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.base import Away, Outgoing
from bot.channels.sending import Failed, Later, Quota, Result, Sent, Standing, renewed_at, spent_up, spent_words
from bot.channels.tencent.api import ApiError, NoAnswer
from bot.channels.tencent.callbacks import CallbackStore, Memo
from bot.channels.tencent.sender import PlatformSender
from bot.channels.tencent.texts import as_text, first_part
from bot.channels.tencent.tokens import TokenStore
from bot.channels.wechat.account import Account, Template

logger = logging.getLogger(__name__)

# What the last act of a person allows: how many messages, within which time. A second is kept back for the way there.
_WINDOWS = {
    "message": (5, timedelta(hours=48)),
    "menu": (3, timedelta(minutes=1)),
    "follow": (3, timedelta(minutes=1)),
    "scan": (3, timedelta(minutes=1)),
}
_SPARE = timedelta(seconds=1)
_BUSY = timedelta(seconds=2)
_MINUTE = timedelta(minutes=1)
_SHORT = 20  # characters of a field of a notice (thing)

_GONE = {
    40003: "账号不存在或已更换",
    43004: "没有关注公众号",
    43019: "已被公众号拉黑",
    46004: "账号不存在",
    48002: "已关闭消息接收",
    50002: "账号受限",
    50005: "没有关注公众号",
}
_CLOSED = {45015: "超过48小时没有互动", 45047: "这次互动后能发的条数已用完", 43101: "没有同意接收订阅通知"}
_REFUSED = {
    45001: "内容太大",
    45002: "内容太长",
    47001: "格式有误",
    47003: "模板字段不合规定",
    40249: "模板内容被判为营销",
    43116: "模板受限",
}
_SETUP = {
    40001: "AppSecret 不对或令牌无效", 40013: "AppID 不对", 40037: "模板编号不对", 40125: "AppSecret 不对", 40164: "服务器IP不在公众号的IP白名单里",
    40243: "AppSecret 已冻结", 89503: "要管理员在微信里确认调用", 89506: "管理员拒绝了调用，24小时后再试", 89507: "管理员拒绝了调用，1小时后再试",
}  # fmt: skip
_RIGHTS = {48001: "公众号没有这个接口的权限", 48004: "接口被封禁"}


class WeChatSender(PlatformSender):
    """The calls of one account."""

    name = "wechat"
    most_at_once = 1  # mass messages reach each follower four times a month at most; these are for one person each

    def __init__(
        self, account: Account, tokens: TokenStore, store: CallbackStore, clock: Callable[[], datetime], zone: ZoneInfo
    ) -> None:
        super().__init__(account.api_base, tokens, clock)
        self._account = account
        self._store = store
        self._zone = zone

    async def send(self, to: str, message: Outgoing, standing: Standing) -> Result:
        """By the way that costs least and is open to this person now."""
        if not standing.following:
            return Failed("not_reachable", "没有关注公众号")
        whole, offered = as_text([message])
        ways: list[tuple[str, Callable[[], Awaitable[Sent]]]] = []
        if self._account.certified and self._open(standing):
            ways.append(("custom", lambda: self._custom(to, whole, tuple(offered))))
        notice = self._account.notices.get(message.purpose)
        if notice is not None and standing.popups.get(notice.id, 0) > 0:
            ways.append(("subscribe", lambda: self._notice(to, notice, message.text)))
        template = self._account.templates.get(message.purpose)
        if template is not None:
            ways.append(("template", lambda: self._template(to, template, message.text)))
        result: Result = Failed("window_closed", "超过48小时没有互动，也没有可用的模板")
        for name, way in ways:
            quota = spent_up(self._account.quotas, name, standing)
            if quota is not None:
                now = self._clock()
                result = Later(renewed_at(quota, now, self._zone), spent_words(quota))
                continue
            result = await self._tried(way)
            if not isinstance(result, Failed) or result.failure not in (
                "window_closed",
                "not_allowed",
                "misconfigured",
            ):
                return result
        return result

    async def send_many(self, to: Sequence[str], message: Outgoing) -> Mapping[str, Result]:
        """The platform has no such call for single messages."""
        raise NotImplementedError

    async def custom(self, to: str, message: str) -> bool:
        """One customer-service text, for an answer that came too late for its callback; whether the platform took it."""
        return isinstance(await self._tried(lambda: self._custom_text(to, message)), Sent)

    async def who_came(self, code: str) -> str:
        """Whose login this code is, as openid; '' where the platform shows the page to a stand-in (快照页). Raises ApiError, NoAnswer."""
        query = {"appid": self._account.appid, "secret": self._account.secret, "code": code}
        answer = await self._api.bare("GET", "/sns/oauth2/access_token", {**query, "grant_type": "authorization_code"})
        return "" if str(answer.get("is_snapshotuser") or "0") == "1" else str(answer.get("openid") or "")

    def _open(self, standing: Standing) -> bool:
        if standing.heard is None or standing.heard_by not in _WINDOWS:
            return False
        count, time = _WINDOWS[standing.heard_by]
        return standing.sent_since < count and self._clock() < standing.heard + time - _SPARE

    async def _custom(self, to: str, whole: str, offered: tuple[tuple[str, str], ...]) -> Sent:
        head, rest = first_part(whole)
        sent = await self._custom_text(to, head)
        if offered or rest:
            with suppress(Away):  # it has gone out; without the memo its numbers are just numbers
                await self._store.keep_memo(to, Memo(offered, rest))
        return sent

    async def _custom_text(self, to: str, words: str) -> Sent:
        body = {"touser": to, "msgtype": "text", "text": {"content": words}}
        await self._api.call(self._tokens, "POST", "/cgi-bin/message/custom/send", body=body)
        return Sent("custom")

    async def _notice(self, to: str, notice: Template, words: str) -> Sent:
        body = {"touser": to, "template_id": notice.id, "data": self._filled(notice, words, _SHORT)}
        await self._api.call(self._tokens, "POST", "/cgi-bin/message/subscribe/bizsend", body=body)
        return Sent("subscribe", notice.id)

    async def _template(self, to: str, template: Template, words: str) -> Sent:
        body = {"touser": to, "template_id": template.id, "data": self._filled(template, words, _SHORT)}
        answer = await self._api.call(self._tokens, "POST", "/cgi-bin/message/template/send", body=body)
        return Sent("template", str(answer.get("msgid", "")))

    def _filled(self, template: Template, words: str, most: int) -> dict[str, dict[str, str]]:
        now = self._clock().astimezone(self._zone)
        plain = " ".join(words.split())
        short = plain if len(plain) <= most else plain[: most - 1] + "…"
        return {
            name: {"value": form.replace("{text}", short).replace("{time}", f"{now:%Y-%m-%d %H:%M}")}
            for name, form in template.fields.items()
        }

    async def _tried(self, way: Callable[[], Awaitable[Sent]]) -> Result:
        try:
            result = await way()
        except NoAnswer as trouble:
            if trouble.maybe_done:
                return Failed("unknown_outcome", "微信没有回应，不确定有没有发出")
            return Later(self._clock() + _MINUTE, "连不上微信，稍后再发", whole_channel=True)
        except ApiError as error:
            return self._judged(error)
        return result

    def _judged(self, error: ApiError) -> Result:
        now, code = self._clock(), error.code
        for table, failure in (
            (_GONE, "not_reachable"), (_CLOSED, "window_closed"), (_REFUSED, "content_refused"), (_SETUP, "misconfigured"),
            (_RIGHTS, "not_allowed"),
        ):  # fmt: skip
            if code in table:
                if failure in ("misconfigured", "not_allowed"):
                    logger.error("the 公众号's API refuses: %d", code)
                return Failed(failure, table[code])  # type: ignore[arg-type]
        if code == -1:
            return Later(now + _BUSY, "微信系统繁忙")
        if code == 45011:
            return Later(now + _MINUTE, "微信限制了每分钟的次数", whole_channel=True)
        if code == 45009:
            tomorrow = renewed_at(Quota("", 0, "日"), now, self._zone)
            return Later(tomorrow, "今天的发送次数已用完", whole_channel=True)
        logger.error("the 公众号's API refuses: %d", code)
        return Failed("content_refused", f"微信返回错误 {code}")

    async def _fetch_token(self) -> dict[str, Any]:
        body = {"grant_type": "client_credential", "appid": self._account.appid, "secret": self._account.secret}
        return await self._api.bare("POST", "/cgi-bin/stable_token", body=body)
