"""企业微信: callbacks at /wecom, and app messages outside of a turn: texts, and cards with buttons for what is to be handled."""

from bot.channels.wecom.app import App
from bot.channels.wecom.channel import WeComChannel
from bot.channels.wecom.sender import WeComSender

__all__ = ["App", "WeComChannel", "WeComSender"]
