"""Who owns a data folder: one process at a time, held as an flock on `<data_dir>/lock`.

The kernel drops an flock when its holder dies, however it dies, so there is no stale lock. Within the owning process
each embedded server has its own name under the one lock, so that it is not started twice on one folder either.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bot.errors import EmbeddedServerError

_fds: dict[Path, int] = {}
_names: dict[Path, set[str]] = {}


def hold_data_dir(data_dir: Path, name: str) -> None:
    """Takes `data_dir` (which exists, as a resolved path) for the server `name` of this process.

    Raises:
        EmbeddedServerError: another process has the folder, or this process already runs that server on it.
    """
    names = _names.setdefault(data_dir, set())
    if name in names:
        raise EmbeddedServerError(f"本进程已经在数据目录 {data_dir} 上启动了 {name}，不能重复启动。")
    if not names:
        _fds[data_dir] = _lock(data_dir)
    names.add(name)


def release_data_dir(data_dir: Path, name: str) -> None:
    """Gives `name` back; the folder is free again when the last name is given back. Doing it twice is harmless."""
    names = _names.get(data_dir, set())
    names.discard(name)
    if not names and data_dir in _fds:
        fd = _fds.pop(data_dir)
        # Not by closing alone: a worker that was forked meanwhile shares the lock, and would keep it.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def leave_data_dirs() -> None:
    """Lets go of the folders in a process that was forked: only the owner's own death or `release_data_dir` frees them.

    An flock lives as long as any process has the file open; a worker that outlives its parent for a moment would keep
    the next start away.
    """
    for fd in _fds.values():
        os.close(fd)
    _fds.clear()
    _names.clear()


def _lock(data_dir: Path) -> int:
    fd = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(fd, 20, 0).decode().strip() or "未知"
        os.close(fd)
        raise EmbeddedServerError(
            f"数据目录 {data_dir} 正被另一个进程（进程号 {holder}）使用。请先停止它，或用 BOT_DATA_DIR 另指一个目录。"
        ) from error
    os.ftruncate(fd, 0)
    os.pwrite(fd, str(os.getpid()).encode(), 0)
    return fd
