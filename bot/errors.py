"""Every error that the bot raises on purpose.

BotError
├── SettingsError        a BOT_* variable is missing or wrong; shown at start, nothing runs
├── ContentError         a knowledge entry, process file or rule table is wrong; carries file and place
├── Refused              the person may not do this, or not now; `str(error)` is a Chinese sentence for them
│   ├── NotEntitled      role or place does not allow it
│   └── NotFound         there is no such thing, or none that this person may see
├── Unavailable          a server that we need (PostgreSQL, Redis) does not answer; worth a retry
├── SealBroken           sealed data cannot be opened: another key, another purpose, or damaged
└── EmbeddedServerError  an embedded PostgreSQL or Redis did not start or stop; carries the log's end
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence


class BotError(Exception):
    """Root of all errors that the bot raises on purpose."""


class SettingsError(BotError):
    """A setting is missing or wrong. The message names the variable and what to do, in Chinese, for the operator."""


class ContentError(BotError):
    """A content file is wrong. The message begins with the file's name.

    While a file is read: `path` leads to the mistake (keys and positions), and `more` are the others of the same file.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = (), more: Sequence[ContentError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.more = tuple(more)


class Refused(BotError):
    """A request that is understood and not granted; the message is shown to the person as it is."""


class NotEntitled(Refused):
    """The person's roles and places do not allow this."""


class NotFound(Refused):
    """There is no such thing, or none that this person may see (the two are not told apart)."""


class Unavailable(BotError):
    """A server that the bot depends on does not answer. Nothing was changed; the same call may be made again."""


class SealBroken(BotError):
    """Sealed data cannot be opened: it was sealed with another key or for another purpose, or it is damaged."""


class EmbeddedServerError(BotError):
    """An embedded server did not start or stop in time."""


def where(error: BaseException) -> str:
    """An error's type and the places it came through, for the log: its own words may quote what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames))
