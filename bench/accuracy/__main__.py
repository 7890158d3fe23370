"""`make eval`: what the understanding is worth on the test split, beside three other pipelines."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

# before anything imports Rasa and TensorFlow
os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from bench.accuracy import results
from bench.accuracy.pipelines import NAMES, OURS
from bench.accuracy.report import render
from bench.accuracy.results import say
from bot.content import ROOT

PAGE = ROOT / "docs" / "evaluation.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures what is not kept for the present data, prints the report and writes it to docs/evaluation.md.

    The page says which pipelines are missing, because they were left out and nothing is kept of them for the present data.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="train and measure all anew, whatever is kept")
    parser.add_argument(
        "--ours", action="store_true", help="measure ours alone, anew; the others only where they are kept"
    )
    parser.add_argument("--without", choices=NAMES, action="append", default=[], help="leave this pipeline out")
    options = parser.parse_args(arguments)
    found = []
    for name in NAMES:
        anew = options.fresh or (options.ours and name == OURS)
        result = None if anew else results.kept(name)
        if result:
            say(f"{name}: kept from {result.about['date']}, same data and code ({result.about['key']})")
        elif name not in options.without and (name == OURS or not options.ours):
            result = results.make(name)
        else:
            say(f"{name}: nothing is kept for the present data; left out (make eval measures it)")
        if result:
            found.append(result)
    page = render(found)
    print(page)
    PAGE.write_text(page, encoding="utf-8")
    say(f"{PAGE.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
