"""docs/dependencies.md: what `pip check` may report, and no address in the lock."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Each with its reason in docs/dependencies.md.
KNOWN_CONFLICTS = {("rasa", "aiohttp"), ("rasa", "matplotlib"), ("aiogram", "aiohttp"), ("sanic", "multidict")}


def test_pip_check_reports_the_overrides_and_no_other_conflict() -> None:
    report = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False).stdout
    conflicts = set(re.findall(r"^(\S+) \S+ has requirement ([A-Za-z0-9_.-]+?)[<>=!~ ]", report, flags=re.MULTILINE))
    missing = re.findall(r"requires .* which is not installed", report)
    assert conflicts == KNOWN_CONFLICTS
    assert missing == []


def test_every_package_of_the_lock_has_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements/uv.lock"):
        lock = (ROOT / name).read_text()
        assert "://" not in lock
        blocks = re.split(r"\n(?=[a-z0-9])", lock)
        assert [block.split()[0] for block in blocks if block.strip() and "--hash=sha256:" not in block] == []
