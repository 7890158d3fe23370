"""What a server's silence is called towards channels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import RedisError

from bot.channels.base import Away
from bot.errors import Unavailable


@contextmanager
def told_as_away() -> Iterator[None]:
    """Turns what PostgreSQL or Redis raise when they do not answer into `Away`; all else passes as it is."""
    try:
        yield
    except (Unavailable, RedisError, OSError) as error:
        raise Away from error
