"""A folder for a server's unix socket whose path is short and plain enough to be one.

A unix socket's path has at most 107 bytes. The folder lies beside the data where that fits; else in the temporary
folder, under a name that nobody can guess and that is remembered beside the data, so that crashes do not pile them up.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

_LONGEST_SOCKET_PATH = 107
_PLAIN = re.compile(r"[\w./+-]+")  # PostgreSQL splits its list of folders at commas, URLs have their own signs


def make_socket_folder(beside: Path, socket_name: str, owner: int) -> Path:
    """A folder of the user `owner` that only this process and `owner` reach, for the socket `socket_name`.

    `beside` is the server's own folder, which must be closed to others (mode 700).
    """
    folder = beside / "socket"
    remembered = beside / "socket-folder"
    if not _fits(folder / socket_name):
        outer = _remembered_outer(remembered)
        if outer is None:
            outer = _new_outer(socket_name)
            remembered.write_text(str(outer), encoding="utf-8")
        # Two levels: the outer one is ours and closed, so that another process of the user `owner` does not get in.
        folder = outer / "s"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != owner:
        os.chown(folder, owner, -1)
    return folder


def remove_socket_folder(beside: Path) -> None:
    """Takes away what `make_socket_folder` made outside of `beside`."""
    remembered = beside / "socket-folder"
    outer = _remembered_outer(remembered)
    if outer is not None:
        shutil.rmtree(outer, ignore_errors=True)
    remembered.unlink(missing_ok=True)


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH and _PLAIN.fullmatch(str(path)) is not None


def _new_outer(socket_name: str) -> Path:
    outer = Path(tempfile.mkdtemp(prefix="bot-"))
    if not _fits(outer / "s" / socket_name):
        outer.rmdir()
        outer = Path(tempfile.mkdtemp(prefix="bot-", dir="/tmp"))
    return outer


def _remembered_outer(remembered: Path) -> Path | None:
    """The folder made before, if it still is ours: the temporary folder may have been emptied and its name taken."""
    try:
        outer = Path(remembered.read_text(encoding="utf-8"))
        state = outer.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) == 0o700
    return outer if ours else None
