"""The chat history that Redis keeps of each account: written with each turn (bot/conversation/turn_store.py), read here."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from bot.storage.crypto import Vault


def history_key(account: str) -> str:
    """The Redis key of an account's chat history."""
    return f"history:{account}"


async def kept_turns(redis: Redis, vault: Vault, account: str, newest: int = 0) -> list[dict[str, Any]]:
    """The kept turns of a chat, oldest first: id, text, at (ISO 8601), parts (the reply's bubbles). `newest` 0: all."""
    lines = await redis.lrange(history_key(account), -newest, -1)
    return [vault.open_json(line, "history") for line in lines]
