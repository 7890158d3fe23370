"""A week's figures as a picture. It holds digits and dates only: no Chinese font needs to be there, the words stand beside it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing

_INK, _GREEN, _GREY, _RED = "#333333", "#07823f", "#9aa5ad", "#c4291c"


@dataclass(frozen=True)
class Day:
    """One day of a trend: people who owed a report, who reported, who is missing, who reported something abnormal."""

    day: date
    expected: int
    reported: int
    missing: int
    abnormal: int

    @property
    def percent(self) -> int:
        """How many of a hundred have reported; 100 means all, not nearly all."""
        return 100 if not self.expected else self.reported * 100 // self.expected


def draw_trend(days: Sequence[Day]) -> bytes:
    """A PNG: above, how many of a hundred reported each day (green line); below, missing (grey) and abnormal (red) people.

    Takes a tenth of a second: call it in a thread.
    """
    drawing = Drawing(figsize=(6.4, 5.6), dpi=100, facecolor="white", layout="tight")
    FigureCanvasAgg(drawing)
    above, below = drawing.subplots(2, 1, sharex=True)
    at = range(len(days))
    percents = [day.percent for day in days]
    above.plot(at, percents, color=_GREEN, marker="o", linewidth=2)
    for place, percent in enumerate(percents):
        above.annotate(f"{percent}%", (place, percent), textcoords="offset points", xytext=(0, 9), ha="center")
    above.set_ylim(0, 118)
    above.set_yticks([0, 50, 100])
    missing, abnormal = [day.missing for day in days], [day.abnormal for day in days]
    bars = (
        below.bar([place - 0.2 for place in at], missing, 0.38, color=_GREY),
        below.bar([place + 0.2 for place in at], abnormal, 0.38, color=_RED),
    )
    for one in bars:
        below.bar_label(one, padding=2, color=_INK)
    below.set_ylim(0, max(*missing, *abnormal, 1) * 1.2)
    below.set_yticks([])
    below.set_xticks(list(at), [f"{day.day.month}/{day.day.day}" for day in days])
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_INK)
    made = io.BytesIO()
    drawing.savefig(made, format="png")
    return made.getvalue()
