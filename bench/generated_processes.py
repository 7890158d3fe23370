"""Many processes that nobody needs: they show whether slots and forms of others cost a turn anything."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

_KINDS: tuple[dict[str, Any], ...] = (
    {"type": "temperature"},
    {"type": "date"},
    {"type": "count"},
    {"type": "yes_no"},
    {"type": "text"},
    {"type": "choice", "choices": [{"value": "a", "title": "甲类"}, {"value": "b", "title": "乙类"}]},
)


def copy_with_generated_processes(content: Path, target: Path, processes: int = 20, fields: int = 12) -> None:
    """Copies a content folder and adds `processes` of `fields` fields each; the same files at each call, so that the
    model that is trained on them is found again."""
    shutil.copytree(content, target)
    for number in range(1, processes + 1):
        text = yaml.safe_dump(_process(number, fields), allow_unicode=True, sort_keys=False)
        (target / "processes" / f"generated_{number:02}.yml").write_text(text, encoding="utf-8")


def _process(number: int, fields: int) -> dict[str, Any]:
    title = f"第{number}号台账登记"
    return {
        "process": f"generated_{number:02}",
        "title": title,
        "start": {"words": [title, f"{number}号台账"], "asks": [f"我来登记第{number}号台账", f"填一下{number}号台账"]},
        "fields": [
            {
                "name": f"field_{place:02}",
                "label": f"第{place}项",
                "ask": f"第{place}项是什么？",
                **_KINDS[place % len(_KINDS)],
            }
            for place in range(1, fields + 1)
        ],
        "alerts": [{"id": "high", "when": "field_06 >= fever", "level": "watch", "text": "体温 {field_06}"}],
    }
