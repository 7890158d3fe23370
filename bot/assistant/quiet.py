"""Rasa's voice turned down: its debug lines hold what people write, and its warnings would bury ours."""

from __future__ import annotations

import logging
import warnings

import structlog


def quiet_rasa() -> None:
    """Silences Rasa's debug and info lines (they print message texts and slot values) and third parties' warnings."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for name in ("rasa", "rasa_sdk", "apscheduler", "matplotlib", "asyncio", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
