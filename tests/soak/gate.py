"""A door before a server: open, shut (nobody answers), or stuck (connections hang)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal


class Gate:
    """Passes TCP connections on to the Unix socket `path` while it is open. Use as an async context manager."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._moves = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> Gate:
        await self.set("open")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.set("shut")

    async def set(self, state: Literal["open", "shut", "stuck"]) -> None:
        """Opens it; or shuts it and cuts all connections; or lets all stand still."""
        if state == "stuck":
            self._moves.clear()
            return
        self._moves.set()
        if state == "shut":
            if self._server is not None:
                self._server.close()
                self._server = None
            for task in list(self._tasks):
                task.cancel()
        elif self._server is None:
            self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            inner, outer = await asyncio.open_unix_connection(self._path)
            ways = [asyncio.create_task(self._pump(reader, outer)), asyncio.create_task(self._pump(inner, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                outer.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._moves.wait()
                writer.write(data)
                await writer.drain()
