"""Files that were given to somebody in a chat, fetched by their link (bot/services/files.py keeps them)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

from aiohttp import web

from bot.channels.base import StoredFile, refuse_foreign

_SHOWN = ("image/png",)


class FileLinks:
    """Serves `/files/<token>/<name>`: pictures to be looked at, everything else to be saved."""

    name = "files"

    def __init__(
        self, open_file: Callable[[str], Awaitable[StoredFile | None]], *, allowed_hosts: tuple[str, ...]
    ) -> None:
        self._open = open_file
        self._allowed_hosts = allowed_hosts

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The one address. The name in it is for people and programs that save the file; the token alone counts."""
        return [web.get("/files/{token}/{name}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        if refusal := refuse_foreign(request, self._allowed_hosts):
            return _words(*refusal)
        file = await self._open(request.match_info["token"])
        if file is None:
            return _words(404, "这个文件没有了：链接只在半小时内有效。请回到聊天里再要一次。")
        disposition = "inline" if file.mime in _SHOWN else "attachment"
        return web.Response(
            body=file.data,
            content_type=file.mime,
            headers={**_GUARDS, "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(file.name, safe='')}"},
        )


_GUARDS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def _words(status: int, reason: str) -> web.Response:
    return web.Response(status=status, text=reason, headers=_GUARDS)
