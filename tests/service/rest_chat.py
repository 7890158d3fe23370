"""Somebody who talks to the running service over REST."""

from __future__ import annotations

from typing import Any

import aiohttp

CHECK_IN = ("打卡", "{temperature}", "没有症状", "在家", "绿码", "没有")
"""What a person says to report, up to the summary that waits for 确认提交."""


class RestChat:
    """One sender. The last reply is kept."""

    def __init__(self, url: str, sender: str) -> None:
        self.url = url
        self.sender = sender
        self.reply: list[dict[str, Any]] = []

    async def says(self, *texts: str, message_id: str | None = None) -> str:
        """Sends messages one after another; returns the last reply's text."""
        # a connection a message: a worker that has died must not be talked to on
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
            for text in texts:
                body = {"sender": self.sender, "message": text}
                if message_id is not None:
                    body["message_id"] = message_id
                async with http.post(f"{self.url}/webhooks/rest/webhook", json=body) as response:
                    assert response.status == 200, await response.text()
                    self.reply = await response.json()
        return self.text

    async def reports(self, temperature: str, confirmed: bool = True) -> str:
        """Checks in."""
        await self.says(*(text.format(temperature=temperature) for text in CHECK_IN))
        return await self.says("确认提交") if confirmed else self.text

    @property
    def text(self) -> str:
        """The last reply's text, bubbles joined by blank lines."""
        return "\n\n".join(part["text"] for part in self.reply)

    @property
    def custom(self) -> dict[str, Any]:
        """The custom data of the last reply, bubbles merged."""
        return {key: value for part in self.reply for key, value in part.get("custom", {}).items()}

    @property
    def buttons(self) -> dict[str, str]:
        """Titles and payloads of the last reply's buttons."""
        return {b["title"]: b["payload"] for part in self.reply for b in part.get("buttons", ())}

    async def pushed(self, after: int = 0) -> dict[str, Any]:
        """What was pushed to the sender after the cursor."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(
                f"{self.url}/webhooks/rest/messages", params={"sender": self.sender, "after": str(after)}
            ) as response,
        ):
            assert response.status == 200, await response.text()
            found: dict[str, Any] = await response.json()
            return found
