"""Messages that came while a server was away: on this machine's disk until they are replayed.

SQLite, because it is durable at each commit, shared by all workers of the machine, and whole after a kill or a power cut.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.channels.tencent.outage import Spooled
from bot.errors import SettingsError
from bot.storage.crypto import Vault

logger = logging.getLogger(__name__)

_LEASE_SECONDS = 60.0
_TABLE = """
CREATE TABLE IF NOT EXISTS spooled (
  id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, sender TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,
  at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
  UNIQUE (channel, sender, key)
)
"""
# the oldest of each sender alone: the others wait for it
_DUE = """
SELECT id, body, at, attempts FROM spooled s WHERE channel = ? AND not_before <= ?
AND NOT EXISTS (SELECT 1 FROM spooled o WHERE o.channel = s.channel AND o.sender = s.sender AND o.id < s.id)
ORDER BY id LIMIT ?
"""


class DiskSpool:
    """The spool of one channel; see `Spool` of the channels. Bodies are sealed; senders are the platform's ids."""

    def __init__(self, folder: Path, channel: str, most: int, vault: Vault, clock: Callable[[], datetime]) -> None:
        self._path = folder / "spool.sqlite3"
        self._channel = channel
        self._most = most
        self._vault = vault
        self._clock = clock
        # commits wait for the disk: in a thread of their own, one after another
        self._writing = ThreadPoolExecutor(1, "spool")
        self._writer = _open(self._path)
        self._reader = _open(self._path)

    def close(self) -> None:
        """Ends the connections."""
        self._writing.shutdown()
        self._writer.close()
        self._reader.close()

    def holds(self, sender: str) -> bool:
        """See `Spool`. From memory mapped pages: cheap enough for each callback."""
        query = "SELECT 1 FROM spooled WHERE channel = ? AND sender = ? LIMIT 1"
        return self._reader.execute(query, (self._channel, sender)).fetchone() is not None

    def count(self) -> int:
        """How many wait."""
        query = "SELECT count(*) FROM spooled WHERE channel = ?"
        return int(self._reader.execute(query, (self._channel,)).fetchone()[0])

    async def keep(self, sender: str, key: str, body: dict[str, Any]) -> bool:
        """See `Spool`."""
        try:
            return await self._in_thread(self._keep, sender, key, self._vault.seal_json(body, "spool"))
        except sqlite3.Error as error:
            logger.error("a message could not be spooled: %s", error)
            return False

    async def claim(self, most: int) -> Sequence[Spooled]:
        """See `Spool`."""
        rows = await self._in_thread(self._claim, most)
        now = self._now()
        return [
            Spooled(id, self._vault.open_json(body, "spool"), now - at, attempts) for id, body, at, attempts in rows
        ]

    async def done(self, ids: Collection[int]) -> None:
        """See `Spool`."""
        await self._in_thread(self._write, "DELETE FROM spooled WHERE id = ?", [(id,) for id in ids])

    async def later(self, ids: Collection[int], seconds: float, counted: bool) -> None:
        """See `Spool`."""
        statement = "UPDATE spooled SET not_before = ?, attempts = attempts + ? WHERE id = ?"
        await self._in_thread(self._write, statement, [(self._now() + seconds, int(counted), id) for id in ids])

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work, *arguments)

    def _keep(self, sender: str, key: str, body: bytes) -> bool:
        known = "SELECT 1 FROM spooled WHERE channel = ? AND sender = ? AND key = ?"
        if self._writer.execute(known, (self._channel, sender, key)).fetchone() is not None:
            return True
        if self._writer.execute("SELECT count(*) FROM spooled").fetchone()[0] >= self._most:
            logger.error("the spool is full")
            return False
        statement = "INSERT OR IGNORE INTO spooled (channel, sender, key, body, at) VALUES (?, ?, ?, ?, ?)"
        self._write(statement, [(self._channel, sender, key, body, self._now())])
        return True

    def _claim(self, most: int) -> list[tuple[int, bytes, float, int]]:
        with self._writer:
            self._writer.execute("BEGIN IMMEDIATE")
            rows = self._writer.execute(_DUE, (self._channel, self._now(), most)).fetchall()
            until = self._now() + _LEASE_SECONDS
            statement = "UPDATE spooled SET not_before = ? WHERE id = ?"
            self._writer.executemany(statement, [(until, row[0]) for row in rows])
        return rows

    def _write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._writer:
            self._writer.execute("BEGIN IMMEDIATE")
            self._writer.executemany(statement, rows)

    def _now(self) -> float:
        return self._clock().timestamp()


def check_spool(folder: Path) -> None:
    """Sees that messages can be kept in this folder.

    Raises:
        SettingsError: they cannot.
    """
    connection = _open(folder / "spool.sqlite3")
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM spooled WHERE 0")
            connection.execute("PRAGMA user_version = 1")
    except sqlite3.Error as error:
        raise _cannot(folder, error) from error
    finally:
        connection.close()


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=3, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a message that was taken outlives a power cut
        connection.execute(_TABLE)
    except (sqlite3.Error, OSError) as error:
        raise _cannot(path.parent, error) from error
    return connection


def _cannot(folder: Path, error: Exception) -> SettingsError:
    return SettingsError(
        f"数据目录 {folder} 里不能写入暂存的消息（{error}）：数据库中断时微信的消息要存在这里。请检查目录权限和磁盘空间。"
    )
