"""The one door to bm25s."""

from __future__ import annotations

import logging
import sys

# At its import bm25s starts JAX where it finds it, for a choice of best hits that nothing here asks for: three seconds, and
# threads of which a process that forks later would know nothing. JAX is only there because TensorFlow wants it installed.
_jax = sys.modules.get("jax")
sys.modules["jax"] = None  # type: ignore[assignment]
try:
    from bm25s import BM25
finally:
    del sys.modules["jax"]
    if _jax is not None:
        sys.modules["jax"] = _jax

logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets itself to DEBUG

__all__ = ["BM25"]
