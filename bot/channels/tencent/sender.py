"""What the senders of both platforms have in common: calls with a token, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.channels.sending import Result, Sent
from bot.channels.tencent.api import Api, ApiError
from bot.channels.tencent.tokens import TokenOwner, TokenStore


class PlatformSender:
    """One account's calls; subclasses know the platform's messages and errors."""

    def __init__(self, api_base: str, tokens: TokenStore, clock: Callable[[], datetime]) -> None:
        self._api = Api(api_base)
        self._tokens = TokenOwner(tokens, self._fetch_token, clock)
        self._clock = clock

    async def close(self) -> None:
        """Ends the connections."""
        await self._api.close()

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of the API with the account's token. Raises ApiError, NoAnswer."""
        return await self._api.call(self._tokens, method, path, body=body)

    async def check_secret(self) -> None:
        """Asks for a token whatever is kept: a secret that is wrong now shows now. Raises ApiError, NoAnswer."""
        await self._fetch_token()

    def in_words(self, error: ApiError) -> str:
        """What an errcode means, for the operator."""
        judged = self._judged(error)
        return "" if isinstance(judged, Sent) else judged.reason

    def _judged(self, error: ApiError) -> Result:
        """What a refusal means for the message."""
        raise NotImplementedError

    async def _fetch_token(self) -> dict[str, Any]:
        """The platform's answer with `access_token` and `expires_in`. Raises ApiError, NoAnswer."""
        raise NotImplementedError
