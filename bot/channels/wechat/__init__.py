"""公众号: callbacks at /wechat, and messages outside of a turn by customer service, template or subscription notice."""

from bot.channels.wechat.account import Account
from bot.channels.wechat.channel import WeChatChannel
from bot.channels.wechat.sender import WeChatSender

__all__ = ["Account", "WeChatChannel", "WeChatSender"]
