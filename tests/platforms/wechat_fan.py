"""A fan of a 公众号: what they do, and what the platform knows of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.platforms.deliverer import Delivery
from tests.platforms.media import MediaStore
from tests.platforms.windows import Window
from tests.platforms.xml_form import Fields

_MENU_EVENTS = ("CLICK", "scancode_push", "scancode_waitmsg")


class FanPlatform(Protocol):
    """What a fan needs of the server."""

    media: MediaStore
    base_url: str

    def now(self) -> float:
        """Unix seconds."""

    def heading(self, fan: Fan, kind: str) -> Fields:
        """The fields that all messages begin with."""

    def next_message_id(self) -> int:
        """The next MsgId."""

    async def deliver(self, fields: Fields) -> Delivery:
        """Delivers a callback."""

    def scene_ticket(self, scene: str) -> str:
        """The ticket of a QR code with this scene."""


@dataclass(eq=False)
class Fan:
    """Switches may be set at any time: `blacklisted` by the account, `refuses_messages` of all accounts, `frozen`.

    `consents` counts the single messages consented to by template; `standing_consents` are those to long-term templates.
    """

    openid: str
    platform: FanPlatform = field(repr=False)
    window: Window = field(repr=False)
    name: str = ""
    following: bool = True
    followed_at: float = 0
    scene: str = ""
    blacklisted: bool = False
    refuses_messages: bool = False
    frozen: bool = False
    consents: Counter[str] = field(default_factory=Counter)
    standing_consents: set[str] = field(default_factory=set)
    mass_messages: Counter[str] = field(default_factory=Counter)
    """How many mass messages, by month or by day."""

    last_contact: float = float("-inf")
    typing_until: float = float("-inf")

    def message(self, kind: str, **content: Any) -> Fields:
        """A message as it will be delivered; sending it opens the window of 48 hours."""
        self._acts("menu" if "bizmsgmenuid" in content else "message")
        return {**self.platform.heading(self, kind), **content, "MsgId": self.platform.next_message_id()}

    def event(self, event: str, **content: Any) -> Fields:
        """An event as it will be delivered, with what it changes for the fan."""
        if event == "subscribe":
            self.following, self.followed_at = True, self.platform.now()
            self._acts("follow")
        elif event == "unsubscribe":
            self.following = False
            self.window.close()
        elif event == "SCAN":
            self._acts("scan")
        elif event in _MENU_EVENTS:
            self._acts("menu")
        return {**self.platform.heading(self, "event"), "Event": event, **content}

    def _acts(self, action: Any) -> None:
        self.last_contact = self.platform.now()
        self.window.open(action, self.last_contact)

    async def says(self, text: str) -> Delivery:
        """Types a message."""
        return await self.platform.deliver(self.message("text", Content=text))

    async def sends_voice(self, recognition: str = "", data: bytes = b"#!AMR\nvoice", form: str = "amr") -> Delivery:
        """Speaks a message; `recognition` as the platform understands it, empty where that is not switched on."""
        media_id = self.platform.media.keep("voice", data, "voice.amr")
        more = {"Recognition": recognition} if recognition else {}
        return await self.platform.deliver(self.message("voice", MediaId=media_id, Format=form, **more))

    async def sends_image(self, data: bytes = b"\xff\xd8\xffpicture", mime: str = "") -> Delivery:
        """Sends a picture."""
        media_id = self.platform.media.keep("image", data, "picture.jpg", mime)
        url = f"{self.platform.base_url}/simulated/media/{media_id}"
        return await self.platform.deliver(self.message("image", PicUrl=url, MediaId=media_id))

    async def sends_location(self, latitude: float, longitude: float, label: str = "") -> Delivery:
        """Sends a place."""
        place = {"Location_X": latitude, "Location_Y": longitude, "Scale": 16, "Label": label}
        return await self.platform.deliver(self.message("location", **place))

    async def sends_link(self, title: str, url: str, description: str = "") -> Delivery:
        """Forwards an article."""
        return await self.platform.deliver(self.message("link", Title=title, Description=description, Url=url))

    async def chooses(self, id: str, title: str) -> Delivery:
        """Presses an entry of a msgmenu: a text message with the entry's words and id."""
        return await self.platform.deliver(self.message("text", Content=title, bizmsgmenuid=id))

    async def follows(self, scene: str = "") -> Delivery:
        """Follows the account, by a QR code with a scene or without."""
        self.scene = scene
        more = {"Ticket": self.platform.scene_ticket(scene)} if scene else {}
        key = f"qrscene_{scene}" if scene else ""
        return await self.platform.deliver(self.event("subscribe", EventKey=key, **more))

    async def unfollows(self) -> Delivery:
        """Leaves the account."""
        return await self.platform.deliver(self.event("unsubscribe", EventKey=""))

    async def scans(self, scene: str) -> Delivery:
        """Scans a QR code with a scene; one who does not follow follows by it."""
        if not self.following:
            return await self.follows(scene)
        ticket = self.platform.scene_ticket(scene)
        return await self.platform.deliver(self.event("SCAN", EventKey=scene, Ticket=ticket))

    async def clicks(self, key: str) -> Delivery:
        """Presses a menu entry of type click."""
        return await self.platform.deliver(self.event("CLICK", EventKey=key))

    async def views(self, url: str) -> Delivery:
        """Presses a menu entry that opens a page."""
        return await self.platform.deliver(self.event("VIEW", EventKey=url, MenuId=1))

    async def reports_position(self, latitude: float, longitude: float) -> Delivery:
        """The phone tells its position on its own."""
        place = {"Latitude": latitude, "Longitude": longitude, "Precision": 119.4}
        return await self.platform.deliver(self.event("LOCATION", **place))

    async def answers_popup(self, template_id: str, accept: bool = True, *, standing: bool = False) -> Delivery:
        """Answers the question whether a subscription notice may be sent; `standing`: for a long-term template."""
        if accept and standing:
            self.standing_consents.add(template_id)
        elif accept:
            self.consents[template_id] += 1
        answer = {
            "TemplateId": template_id,
            "SubscribeStatusString": "accept" if accept else "reject",
            "PopupScene": 2,
        }
        return await self.platform.deliver(
            self.event("subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": answer})
        )

    def pays(self) -> None:
        """Pays something, which opens a window too; the account gets no callback."""
        self._acts("payment")
