"""The web chat at `/`: pages and WebSocket, the web chat's share of `bot/channels/`."""

from bot.channels.web.channel import WebChannel

__all__ = ["WebChannel"]
