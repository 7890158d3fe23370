"""Every dependency has its reason in docs/dependencies.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_required_package_has_its_reason() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for file in ("run.in", "test.in", "overrides.txt"):
        for line in (ROOT / "requirements" / file).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name = re.split(r"[=<>~!\[ ]", line)[0]
                assert f"| `{name}` |" in page, f"{name} of requirements/{file} has no line in docs/dependencies.md"
