"""A fan's phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tests.platforms.journal import Entry, Journal
from tests.platforms.phone import Touch
from tests.platforms.wechat_fan import Fan
from tests.platforms.wechat_menu import WeChatMenu


class FanSide(Protocol):
    """What the phone needs of the server."""

    fans: dict[str, Fan]
    journal: Journal
    menu: WeChatMenu


class WeChatPhone:
    """The chat with the 公众号."""

    title = "公众号"

    def __init__(self, server: FanSide) -> None:
        self._server = server

    def people(self) -> list[tuple[str, str]]:
        """The fans."""
        return [(fan.openid, fan.name) for fan in self._server.fans.values()]

    def entries(self, person: str) -> list[Entry]:
        """What the fan got."""
        return self._server.journal.of(person)

    def touches(self, person: str, entry: Entry) -> Sequence[Touch]:
        """The entries of a msgmenu, and the page of a template message."""
        if entry.kind == "msgmenu":
            return [Touch(item["content"], "choose", str(item["id"])) for item in entry.content["msgmenu"]["list"]]
        return [Touch("打开网页", "view", entry.content["url"])] if entry.content.get("url") else []

    def menu(self, person: str) -> Sequence[Touch]:
        """The account's menu, and what a person can do beside it."""
        fan = self._server.fans[person]
        buttons = [touch for button in self._server.menu.buttons for touch in _menu_touches(button)]
        follow = Touch("取消关注", "unfollow") if fan.following else Touch("关注", "follow")
        return [*buttons, follow, Touch("发位置", "locate"), Touch("发图片", "picture")]

    async def act(self, person: str, act: str, value: str) -> None:
        """Types or presses."""
        fan = self._server.fans[person]
        if act == "say":
            await fan.says(value)
        elif act == "choose":
            words = _choices(self._server.journal.of(person))
            await fan.chooses(value, words.get(value, value))
        elif act == "click":
            await fan.clicks(value)
        elif act == "view":
            await fan.views(value)
        elif act == "follow":
            await fan.follows(value)
        elif act == "unfollow":
            await fan.unfollows()
        elif act == "locate":
            await fan.sends_location(34.27, 108.95, "陕西省西安市")
        elif act == "picture":
            await fan.sends_image()
        else:
            raise ValueError(act)


def _menu_touches(button: Mapping[str, Any]) -> list[Touch]:
    entries = button.get("sub_button") or [button]
    acts = {"click": "key", "view": "url"}
    return [
        Touch(entry["name"], entry["type"], entry[acts[entry["type"]]]) for entry in entries if entry["type"] in acts
    ]


def _choices(entries: Sequence[Entry]) -> dict[str, str]:
    menus = [entry.content["msgmenu"]["list"] for entry in entries if entry.kind == "msgmenu"]
    return {str(item["id"]): item["content"] for menu in menus for item in menu}
