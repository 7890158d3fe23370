"""A member of a corp on 企业微信: what they do, and what the platform knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.platforms.deliverer import Delivery
from tests.platforms.journal import Entry
from tests.platforms.media import MediaStore
from tests.platforms.wecom_corp import WeComApp
from tests.platforms.xml_form import Fields


@dataclass
class Card:
    """A template card as one member sees it now. `closed`: its buttons cannot be pressed any more."""

    task_id: str
    agentid: int
    content: Mapping[str, Any]
    closed: bool = False
    label: str = ""
    """What stands in the place of the buttons after an update."""

    @property
    def buttons(self) -> dict[str, str]:
        """The keys that call back, with their words."""
        if self.closed:
            return {}
        listed = self.content.get("button_list") or []
        submit = self.content.get("submit_button")
        return {button["key"]: button["text"] for button in [*listed, *([submit] if submit else [])] if "key" in button}


class MemberPlatform(Protocol):
    """What a member needs of the server."""

    media: MediaStore
    base_url: str

    @property
    def app(self) -> WeComApp:
        """The first app."""

    def heading(self, member: Member, kind: str, app: WeComApp) -> Fields:
        """The fields that all messages begin with."""

    def next_message_id(self) -> int:
        """The next MsgId."""

    def new_response_code(self, agentid: int, task_id: str) -> str:
        """A code to update a card once."""

    async def deliver(self, fields: Fields) -> Delivery:
        """Delivers a callback."""

    def app_of(self, agentid: int) -> WeComApp:
        """The app with this id."""

    def option_names(self) -> tuple[str, str]:
        """How the options of a card are spelled in callbacks."""


@dataclass(eq=False)
class Member:
    """`status`: 1 active, 2 disabled, 4 not activated, 5 left. All acts go to the first app unless told otherwise."""

    userid: str
    platform: MemberPlatform = field(repr=False)
    name: str = ""
    departments: list[int] = field(default_factory=lambda: [1])
    position: str = ""
    leads: list[int] = field(default_factory=list)
    status: int = 1
    cards: dict[tuple[int, str], Card] = field(default_factory=dict, repr=False)

    def card(self, task_id: str, agentid: int = 0) -> Card:
        """A card as it looks now."""
        return self.cards[agentid or self.platform.app.agentid, task_id]

    def message(self, kind: str, *, app: WeComApp | None = None, **content: Any) -> Fields:
        """A message as it will be delivered."""
        app = app or self.platform.app
        heading = self.platform.heading(self, kind, app)
        return {**heading, **content, "MsgId": self.platform.next_message_id(), "AgentID": str(app.agentid)}

    def event(self, event: str, *, app: WeComApp | None = None, **content: Any) -> Fields:
        """An event as it will be delivered."""
        app = app or self.platform.app
        return {**self.platform.heading(self, "event", app), "Event": event, **content, "AgentID": str(app.agentid)}

    async def says(self, text: str, *, app: WeComApp | None = None) -> Delivery:
        """Types a message."""
        return await self.platform.deliver(self.message("text", app=app, Content=text))

    async def sends_image(self, data: bytes = b"\xff\xd8\xffpicture", mime: str = "") -> Delivery:
        """Sends a picture."""
        media_id = self.platform.media.keep("image", data, "picture.jpg", mime)
        url = f"{self.platform.base_url}/simulated/media/{media_id}"
        return await self.platform.deliver(self.message("image", PicUrl=url, MediaId=media_id))

    async def sends_voice(self, data: bytes = b"#!AMR\nvoice", form: str = "amr") -> Delivery:
        """Speaks a message."""
        media_id = self.platform.media.keep("voice", data, "voice.amr")
        return await self.platform.deliver(self.message("voice", MediaId=media_id, Format=form))

    async def sends_location(self, latitude: float, longitude: float, label: str = "") -> Delivery:
        """Sends a place."""
        place: Fields = {
            "Location_X": latitude,
            "Location_Y": longitude,
            "Scale": 16,
            "Label": label,
            "AppType": "wxwork",
        }
        return await self.platform.deliver(self.message("location", **place))

    async def sends_link(self, title: str, url: str, description: str = "") -> Delivery:
        """Forwards an article."""
        link: Fields = {"Title": title, "Description": description, "Url": url, "PicUrl": ""}
        return await self.platform.deliver(self.message("link", **link))

    async def enters(self, *, app: WeComApp | None = None) -> Delivery | None:
        """Opens the app; None where the app does not want to know."""
        app = app or self.platform.app
        if not app.reports_entering:
            return None
        return await self.platform.deliver(self.event("enter_agent", app=app, EventKey=""))

    async def comes_into_view(self) -> Delivery:
        """Enters the visible range of the app."""
        return await self.platform.deliver(self.event("subscribe", EventKey=""))

    async def leaves_view(self) -> Delivery:
        """Leaves the visible range of the app."""
        return await self.platform.deliver(self.event("unsubscribe", EventKey=""))

    async def clicks(self, key: str) -> Delivery:
        """Presses a menu entry."""
        return await self.platform.deliver(self.event("click", EventKey=key))

    async def reports_position(self, latitude: float, longitude: float) -> Delivery:
        """The phone tells its position on its own."""
        place: Fields = {"Latitude": latitude, "Longitude": longitude, "Precision": 65, "AppType": "wxwork"}
        return await self.platform.deliver(self.event("LOCATION", **place))

    def press(self, entry: Entry, key: str, chosen: Mapping[str, Sequence[str]] | None = None) -> Fields:
        """The press of a card's button as it will be delivered; `chosen` are the options by question. Raises ValueError
        where this button cannot be pressed on the phone.
        """
        card = self._card_of(entry)
        if key not in card.buttons:
            raise ValueError(f"{self.userid} sees no button {key}: {card.buttons or card.label}")
        more: Fields = {}
        if chosen:
            ids, each = self.platform.option_names()
            items = [{"QuestionKey": key, ids: {each: list(options)}} for key, options in chosen.items()]
            more["SelectedItems"] = {"SelectedItem": items}
        return self._card_event("template_card_event", card, key, more)

    async def presses(self, entry: Entry, key: str, chosen: Mapping[str, Sequence[str]] | None = None) -> Delivery:
        """Presses a card's button."""
        return await self.platform.deliver(self.press(entry, key, chosen))

    async def picks(self, entry: Entry, key: str) -> Delivery:
        """Chooses from the menu in the corner of a card."""
        card = self._card_of(entry)
        actions = card.content.get("action_menu", {}).get("action_list", [])
        if key not in [action["key"] for action in actions]:
            raise ValueError(f"the card's menu has no {key}")
        return await self.platform.deliver(self._card_event("template_card_menu_event", card, key, {}))

    def _card_of(self, entry: Entry) -> Card:
        return self.cards[entry.agent, entry.content["template_card"]["task_id"]]

    def _card_event(self, event: str, card: Card, key: str, more: Fields) -> Fields:
        code = self.platform.new_response_code(card.agentid, card.task_id)
        return self.event(
            event,
            app=self.platform.app_of(card.agentid),
            EventKey=key,
            TaskId=card.task_id,
            CardType=card.content["card_type"],
            ResponseCode=code,
            **more,
        )
