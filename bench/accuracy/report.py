"""The report in Markdown. Every figure in it is computed here from results; none is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from bench.accuracy.examples import OUT_OF_SCOPE
from bench.accuracy.figures import MOST_REFUSED, Figures, Row, accepted, figures, is_right
from bench.accuracy.pipelines import NAMES, OURS
from bench.accuracy.results import Result

# Why a miss happens, by question, where somebody has read it; the tool only puts it beside the miss.
READINGS = Path(__file__).with_name("readings.yml")

_INTRODUCTION = """# Evaluation

Written by `make eval` (`bench/accuracy/`); do not edit. All pipelines are trained on the same lines. The threshold below which a question is
refused is chosen for each pipeline on the validation split, so that at most {most} of the answerable questions there are refused; of several measures of how
surely a text can be answered, each pipeline gets the one that serves it best there. Everything below is of the test split, on which
nothing is tuned."""


def render(found: Sequence[Result]) -> str:
    """The page for these results; ours comes first where it is among them."""
    judged = {result.about["pipeline"]: figures(result.split("validation"), result.split("test")) for result in found}
    parts = [
        _INTRODUCTION.format(most=_percent(MOST_REFUSED)),
        _data(found),
        "## The pipelines",
        _missing(found),
        _comparison(found, list(judged.values())),
        _notes(found, list(judged.values())),
    ]
    for result in found:
        if result.about["pipeline"] == OURS:
            parts += _ours(result, judged[OURS])
    return "\n\n".join(part for part in parts if part) + "\n"


def _missing(found: Sequence[Result]) -> str:
    missing = [name for name in NAMES if name not in {result.about["pipeline"] for result in found}]
    return f"Not measured on the present data: {', '.join(missing)} (`make eval` does it)." if missing else ""


def _data(found: Sequence[Result]) -> str:
    splits = found[0].about["data"]
    lines = [
        f"| {name} | {split['lines']} | {split['left_out']} | `{split['digest']}` |" for name, split in splits.items()
    ]
    return "\n".join(
        ["| split | lines | left out: they stand in an earlier split | digest |", "|---|---|---|---|", *lines]
    )


def _comparison(found: Sequence[Result], judged: Sequence[Figures]) -> str:
    pairs = list(zip(found, judged))
    lines: list[tuple[str, Callable[[Result, Figures], str]]] = [
        (
            "**top-1 accuracy**, answerable questions: the reply reports the point that was meant, and holds all of it",
            lambda r, f: f"**{_percent(f.top1_held)}**",
        ),
        (
            "– the very entry, narrower ones that hold all of the meant one (`covers`) counted as wrong",
            lambda r, f: f"{_percent(f.top1)} ± {_percent(f.margin)}",
        ),
        ("– entries alone", lambda r, f: _percent(f.top1_entries)),
        ("– process starts alone", lambda r, f: _percent(f.top1_starts)),
        ("– small talk alone", lambda r, f: _percent(f.top1_talk)),
        ("top-3 accuracy", lambda r, f: _percent(f.top3)),
        ("right and not refused", lambda r, f: _percent(f.right_after_refusal)),
        ("macro-F1, refusals included", lambda r, f: f"{f.macro_f1:.3f}"),
        ("**out-of-scope recall** at the validation split's threshold", lambda r, f: f"**{_percent(f.recall)}**"),
        ("– false refusals there", lambda r, f: _percent(f.false_refusals)),
        (
            "– the same two on the validation split",
            lambda r, f: f"{_percent(f.validation_recall)} at ≤ {_percent(MOST_REFUSED)}",
        ),
        (
            f"recall at {_percent(MOST_REFUSED)} false refusals *of the test split* (threshold read off the test split)",
            lambda r, f: _percent(f.recall_at_own_threshold),
        ),
        ("calibration error (ECE, 10 bins)", lambda r, f: f"{f.ece:.3f}" if r.about["calibrated"] else "–"),
        ("time a message, median / p99, one core", lambda r, f: f"{r.about['ms_median']} / {r.about['ms_p99']} ms"),
        ("memory that the loaded model adds", lambda r, f: f"{r.about['memory_added']} MB"),
        ("memory of the process", lambda r, f: f"{r.about['memory_whole']} MB"),
        ("training", lambda r, f: f"{r.about['training_seconds']:.0f} s"),
        ("measured", lambda r, f: f"{r.about['date']}, `{r.about['key']}`"),
    ]
    head = "| | " + " | ".join(result.about["title"] for result in found) + " |"
    rows = [f"| {name} | " + " | ".join(cell(r, f) for r, f in pairs) + " |" for name, cell in lines]
    return "\n".join([head, "|---" * (len(found) + 1) + "|", *rows])


def _notes(found: Sequence[Result], judged: Sequence[Figures]) -> str:
    lines = [
        f"{judged[0].inside} answerable test questions, {judged[0].outside} out of scope. ± is half the 95 % interval. "
        "Top-1, top-3 and calibration are of the ranking before any refusal. "
        "Memory is the resident set's growth from before the model is loaded, libraries imported, to after the first messages.",
        "",
    ]
    for result, figure in zip(found, judged):
        about = result.about
        lines.append(
            f"- {about['title']}: {about['settings']}. Surety: {figure.surety}, refused below {figure.threshold:.3f}. "
            f"{about['machine']}; {', '.join(f'{name} {number}' for name, number in about['libraries'].items())}."
        )
        if figure.served:
            lines.append(
                f"  As configured: {_percent(figure.served.right)} of the answerable answered rightly, "
                f"{_percent(figure.served.wrong)} wrongly, {_percent(figure.served.asked_right + figure.served.asked_wrong)} asked back, "
                f"{_percent(figure.served.refused_near + figure.served.refused)} refused; "
                f"{_percent(figure.served.recall)} of what is out of scope refused."
            )
    return "\n".join(lines)


def _ours(result: Result, figure: Figures) -> list[str]:
    test = result.split("test")
    parts = ["## Ours: what people get", _served(figure), "## Ours: test files", _files(test)]
    parts += ["## Ours: reliability", _reliability(figure)]
    inside = [row for row in test if row["label"] != OUT_OF_SCOPE]
    readings = yaml.safe_load(READINGS.read_text(encoding="utf-8")) or {} if READINGS.exists() else {}
    confused = [row for row in inside if row["ranking"][0] not in accepted(row)]
    told = [row for row in test if row["label"] == OUT_OF_SCOPE and row["told"] != "none"]
    refused = [row for row in inside if row["told"] == "none" and is_right(row)]
    for title, rows, note in (
        ("confusions", confused, "The ranking's first is neither what was meant nor an entry that holds all of it."),
        ("out of scope and not refused", told, "What the plans do not hold, and what it was taken for."),
        ("refused wrongly", refused, "The ranking's first is right, and yet the person was refused."),
    ):
        parts += [f"## Ours: {title} ({len(rows)})", note, _misses(rows, readings)]
    return parts


def _served(figure: Figures) -> str:
    served = figure.served
    if served is None:
        return ""
    rows = [
        ("answered outright, rightly", served.right),
        ("answered outright, wrongly", served.wrong),
        ("asked back, the right one among the buttons", served.asked_right),
        ("asked back, the right one not among them", served.asked_wrong),
        ("refused, the right one among the near questions offered", served.refused_near),
        ("refused, the right one not among them", served.refused),
    ]
    return "\n".join(
        [
            "| answerable questions | share |",
            "|---|---|",
            *(f"| {name} | {_percent(share)} |" for name, share in rows),
            "",
            "Right is also an entry that holds all that the meant one says (`covers` in its file). What staff's own entries, imported "
            "documents and the day's risk list add in the service is not counted.",
            "",
            f"Of the questions out of scope {_percent(served.recall)} are refused.",
        ]
    )


def _files(test: Sequence[Row]) -> str:
    lines = ["| file | lines | top-1 | refused as configured |", "|---|---|---|---|"]
    for file in dict.fromkeys(row["file"] for row in test):
        rows = [row for row in test if row["file"] == file]
        inside = [row for row in rows if row["label"] != OUT_OF_SCOPE]
        top1 = _percent(sum(map(is_right, inside)) / len(inside)) if inside else "–"
        refused = sum(row["told"] == "none" for row in rows) / len(rows)
        lines.append(f"| {file} | {len(rows)} | {top1} | {_percent(refused)} |")
    return "\n".join(lines)


def _reliability(figure: Figures) -> str:
    lines = ["| confidence | answers | mean confidence | right |", "|---|---|---|---|"]
    for part in figure.bins:
        span = f"{part.low:.1f}–{part.high:.1f}"
        lines.append(f"| {span} | {part.count} | {_percent(part.confidence)} | {_percent(part.right)} |")
    return "\n".join(lines)


def _misses(rows: Sequence[Row], readings: dict[str, str]) -> str:
    lines = ["| meant | taken for | confidence | what came | question | reading |", "|---|---|---|---|---|---|"]
    for row in sorted(rows, key=lambda row: (row["label"], row["ranking"][0], row["text"])):
        text = row["text"].replace("|", "｜")
        lines.append(
            f"| {row['label']} | {row['ranking'][0]} | {row['confidence']:.2f} | {_came(row)} | {text} "
            f"| {readings.get(row['text'], '')} |"
        )
    return "\n".join(lines)


def _came(row: Row) -> str:
    held = set(row["held_by"]) & set(row["shown"])
    if row["told"] == "answer":
        return "right" if row["label"] in row["shown"] else "an entry that holds it" if held else "wrong"
    kind = "asked back" if row["told"] == "which" else "refused"
    return f"{kind}, right one shown" if row["label"] in row["shown"] or held else kind


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
