"""What the operator sees of the service's life, each line with the seconds since its start."""

from __future__ import annotations

import time

_BEGAN = time.monotonic()


def say(text: str) -> None:
    """Writes one line to the operator."""
    print(f"[{time.monotonic() - _BEGAN:5.1f} 秒] {text}", flush=True)
