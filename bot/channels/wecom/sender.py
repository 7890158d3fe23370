"""App messages of 企业微信: a card with buttons where there is something to press, else a text."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.base import Away, Outgoing
from bot.channels.sending import Failed, Later, Result, Sent, Standing, renewed_at, spent_up, spent_words
from bot.channels.tencent.api import ApiError, NoAnswer
from bot.channels.tencent.callbacks import CallbackStore, Memo
from bot.channels.tencent.sender import PlatformSender
from bot.channels.tencent.texts import TEXT_BYTES, as_text, first_part
from bot.channels.tencent.tokens import TokenStore
from bot.channels.wecom.app import App

logger = logging.getLogger(__name__)

_MOST_BUTTONS = 6
_KEY_BYTES = 1024
_TITLE, _REST = 36, 112  # characters that a card shows whole
_MINUTE = timedelta(minutes=1)
_BEIJING = ZoneInfo("Asia/Shanghai")  # the platform's day, whatever ours is
_LINK = re.compile(r"https?://[!-~]+")

_GONE = {
    40003: "成员不存在",
    60111: "成员不存在",
    301021: "成员不存在",
    81013: "成员不存在或不在应用的可见范围内",
    82001: "成员不存在",
    50002: "成员不在应用的可见范围内",
    60011: "成员不在应用的可见范围内",
    43004: "成员没有关注微信插件",
}
_REFUSED = {
    44004: "内容为空",
    45002: "内容太长",
    40008: "消息类型不对",
    40058: "参数有误",
    42014: "卡片编号已用过",
    42017: "按钮有误",
    42018: "按钮有误",
    42019: "按钮有误",
}
_SETUP = {
    40001: "应用的 Secret 不对",
    40013: "CorpID 不对",
    40091: "Secret 不属于这个企业",
    40056: "AgentId 不对",
    301002: "Secret 和 AgentId 不是同一个应用",
    50003: "应用已停用",
    60020: "服务器IP不在应用的企业可信IP里",
    43012: "应用没有设置接收消息服务器",
}


class WeComSender(PlatformSender):
    """The calls of one app."""

    name = "wecom"
    most_at_once = 1000

    def __init__(self, app: App, tokens: TokenStore, store: CallbackStore, clock: Callable[[], datetime]) -> None:
        super().__init__(app.api_base, tokens, clock)
        self._app = app
        self._store = store

    async def send(self, to: str, message: Outgoing, standing: Standing) -> Result:
        """A card where an alert has buttons that fit on one, a text card for what leads to a page, else markdown or a text with
        numbered buttons."""
        if not standing.following:
            return Failed("not_reachable", "不在应用的可见范围内")
        quota = spent_up(self._app.quotas, "app", standing)
        if quota is not None:
            now = self._clock()
            return Later(renewed_at(quota, now, _BEIJING), spent_words(quota), whole_channel=True)
        return (await self.send_many([to], message))[to]

    async def send_many(self, to: Sequence[str], message: Outgoing) -> Mapping[str, Result]:
        """The same to at most a thousand members; each has an end of their own."""
        if message.buttons and message.purpose == "alert" and _fits(message):
            return await self._tried(to, {"msgtype": "template_card", "template_card": _card(message)})
        page = _page(message)
        if page is not None:
            return await self._tried(to, {"msgtype": "textcard", "textcard": page})
        whole, offered = as_text([message])
        if self._app.markdown and not offered and len(whole.encode()) <= TEXT_BYTES - len("****"):
            title, _, rest = whole.partition("\n")
            content = f"**{title}**\n{rest}" if rest else whole
            return await self._tried(to, {"msgtype": "markdown", "markdown": {"content": content}})
        head, rest = first_part(whole)
        results = await self._tried(to, {"msgtype": "text", "text": {"content": head}})
        if offered or rest:
            for one in to:
                if isinstance(results[one], Sent):
                    with suppress(Away):  # it has gone out; without the memo its numbers are just numbers
                        await self._store.keep_memo(one, Memo(tuple(offered), rest))
        return results

    async def custom(self, to: str, message: str) -> bool:
        """One text, for an answer that came too late for its callback; whether the platform took it."""
        results = await self._tried([to], {"msgtype": "text", "text": {"content": message}})
        return isinstance(results[to], Sent)

    async def who_came(self, code: str) -> str:
        """Whose login this code is, as userid; '' for somebody who is no member. Raises ApiError, NoAnswer."""
        answer = await self._api.call(self._tokens, "GET", "/cgi-bin/auth/getuserinfo", {"code": code})
        return str(answer.get("userid") or "")

    async def _tried(self, to: Sequence[str], content: dict[str, Any]) -> dict[str, Result]:
        body = {"touser": "|".join(to), "agentid": self._app.agentid, **content}
        try:
            answer = await self.call("POST", "/cgi-bin/message/send", body)
        except NoAnswer as trouble:
            if trouble.maybe_done:
                return dict.fromkeys(to, Failed("unknown_outcome", "企业微信没有回应，不确定有没有发出"))
            return dict.fromkeys(to, Later(self._clock() + _MINUTE, "连不上企业微信，稍后再发", whole_channel=True))
        except ApiError as error:
            return dict.fromkeys(to, self._judged(error))
        results: dict[str, Result] = dict.fromkeys(to, Sent("app", str(answer.get("msgid", ""))))
        # errcode 0 with the receiver in a list of those who did not get it; ids come back in small letters
        for name, reason in (
            ("invaliduser", "成员不存在或不在应用的可见范围内"),
            ("unlicenseduser", "成员没有激活账号"),
        ):
            unreached = str(answer.get(name) or "").lower().split("|")
            results |= {one: Failed("not_reachable", reason) for one in to if one.lower() in unreached}
        return results

    def _judged(self, error: ApiError) -> Result:
        code = error.code
        if code in _GONE:
            return Failed("not_reachable", _GONE[code])
        if code in _REFUSED:
            return Failed("content_refused", _REFUSED[code])
        if code in (-1, 45033):
            return Later(self._clock() + timedelta(seconds=2), "企业微信系统繁忙")
        if code == 45009:
            return Later(self._clock() + _MINUTE, "企业微信限制了发送次数", whole_channel=True)
        logger.error("the API of 企业微信 refuses: %d", code)
        if code in _SETUP:
            return Failed("misconfigured", _SETUP[code])
        if code == 48002:
            return Failed("not_allowed", "应用没有这个接口的权限")
        return Failed("content_refused", f"企业微信返回错误 {code}")

    async def _fetch_token(self) -> dict[str, Any]:
        query = {"corpid": self._app.corpid, "corpsecret": self._app.secret}
        return await self._api.bare("GET", "/cgi-bin/gettoken", query)


def _fits(message: Outgoing) -> bool:
    keys = [button.payload for button in message.buttons]
    return (
        len(keys) <= _MOST_BUTTONS
        and len(set(keys)) == len(keys)
        and all(0 < len(key.encode()) <= _KEY_BYTES for key in keys)
        and len(message.text) <= _TITLE + _REST
    )


def _page(message: Outgoing) -> dict[str, str] | None:
    """A text card for a message without buttons that names one page and is short enough to stand on it."""
    links = _LINK.findall(message.text)
    if message.buttons or len(links) != 1:
        return None
    title, _, rest = _LINK.sub("", message.text).strip().partition("\n")
    card = {"title": title.strip("：: "), "description": rest.strip() or "点开查看", "url": links[0], "btntxt": "查看"}
    fits = len(card["title"].encode()) <= 128 and len(card["description"].encode()) <= 512 and len(links[0]) <= 2048
    return card if fits and card["title"] else None


def _card(message: Outgoing) -> dict[str, Any]:
    """A card whose buttons send what they would send typed."""
    title, _, rest = message.text.strip().partition("\n")
    if len(title) > _TITLE:
        title, rest = title[:_TITLE], title[_TITLE:] + ("\n" + rest if rest else "")
    buttons = [
        {"text": button.title, "key": button.payload, "style": 1 if n == 0 else 2}
        for n, button in enumerate(message.buttons)
    ]
    return {
        "card_type": "button_interaction",
        "task_id": secrets.token_hex(16),
        "main_title": {"title": title},
        "sub_title_text": rest,
        "button_list": buttons,
    }
