"""What the doctors of both platforms share: steps that are ticked off, and refusals in words."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from bot.errors import Refused

Answer = TypeVar("Answer")


class Caller(Protocol):
    """Who calls a platform's API."""

    def in_words(self, error: Any) -> str:
        """What an errcode means, for the operator."""


class Checklist:
    """Prints each step with ✓ or ✗ and counts what is left to do."""

    def __init__(self) -> None:
        self._troubles = 0

    def say(self, well: bool, words: str) -> None:
        """One step."""
        self._troubles += not well
        print(("✓ " if well else "✗ ") + words)

    def end(self, page: str, words: str) -> None:
        """All steps are done.

        Raises:
            Refused: some of them were not well; `page` says more.
        """
        if self._troubles:
            raise Refused(f"还有{self._troubles}处要改，见 {page}。")
        print(f"都好了。{words}")


async def in_words(platform: str, setting: str, caller: Caller, call: Awaitable[Answer]) -> Answer:
    """One call; `setting` holds the platform's address.

    Raises:
        Refused: in words for the operator.
    """
    from bot.channels.tencent.api import ApiError, NoAnswer

    try:
        return await call
    except ApiError as error:
        raise Refused(f"{platform}拒绝了：{caller.in_words(error)}（{error}）") from error
    except NoAnswer as error:
        raise Refused(f"连不上{platform}接口：{error}。请检查网络和 {setting}。") from error
