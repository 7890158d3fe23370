"""How a program that refuses to run as root is run when we are root, without opening a folder to other users.

It runs as `nobody` with one capability, to pass through folders that are closed to everyone (a data folder or an
environment under /root): so no permission changes and no user account is made. What belongs to it lies in a folder of
mode 700 that is root's, through which only that capability leads, so that other processes of `nobody` do not get there.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from bot.errors import EmbeddedServerError

_CAPABILITIES = (
    ("dac_read_search", 2),
    ("dac_override", 1),
)  # the narrower first; Docker's default gives the second only


def unprivileged_user() -> int:
    """The user id to run as: our own, or that of `nobody` when we are root."""
    return os.geteuid() or pwd.getpwnam("nobody").pw_uid


def as_user(user: int) -> list[str]:
    """What to put before a command so that it runs as `user`; nothing when that is who we are.

    Raises:
        EmbeddedServerError: this root may not, or lacks the tool to, change the user.
    """
    if user == os.geteuid():
        return []
    setpriv = shutil.which("setpriv")
    capability = _first_held_capability()
    if setpriv is None or capability is None:
        lacking = "系统缺少 setpriv（util-linux）" if setpriv is None else "容器去掉了所需的权限"
        raise EmbeddedServerError(f"内嵌 PostgreSQL 不能以 root 身份运行，而{lacking}。请改用普通用户运行。")
    return [
        setpriv,
        f"--reuid={user}",
        f"--regid={_group_of(user)}",
        "--clear-groups",
        f"--inh-caps=-all,+{capability}",
        f"--ambient-caps=-all,+{capability}",
        "--no-new-privs",
        "--",
    ]


def _group_of(user: int) -> int:
    try:
        return pwd.getpwuid(user).pw_gid
    except KeyError:  # the folder came from another machine
        return user


def _first_held_capability() -> str | None:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapPrm:"):
            held = int(line.split()[1], 16)
            return next((name for name, bit in _CAPABILITIES if held >> bit & 1), None)
    return None
