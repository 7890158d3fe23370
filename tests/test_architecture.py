"""The floor plan of docs/architecture.md: imports run downwards only."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What each part may import of the bot beside itself. app.py puts the parts together.
MAY_IMPORT = {
    "bot.errors": set(),
    "bot.content": set(),
    "bot.office_hours": set(),
    "bot.phones": set(),
    "bot.quiet_hours": set(),
    "bot.settings": {"bot.errors", "bot.office_hours", "bot.phones", "bot.quiet_hours"},
    "bot.processes": {"bot.errors", "bot.content"},
    "bot.knowledge": {"bot.errors", "bot.content"},
    "bot.storage": {"bot.errors"},
    # services speak to people in the channels' words (Outgoing), which base.py declares for all
    "bot.services": {
        "bot.errors", "bot.settings", "bot.processes", "bot.knowledge", "bot.storage", "bot.channels.base", "bot.channels.sending",
    },
    "bot.channels": {"bot.channels.base"},
    "bot.delivery": {"bot.services", "bot.errors", "bot.channels.sending"},
    "bot.clock": {"bot.services", "bot.errors"},
    "bot.assistant": {"bot.errors", "bot.content", "bot.processes", "bot.knowledge", "bot.services.context", "bot.channels.base"},
    "actions": {"bot.services", "bot.processes", "bot.knowledge", "bot.errors"},
    "bot.conversation": {
        "bot.assistant", "bot.services", "bot.storage", "bot.channels.base", "bot.channels.tencent.callbacks",
        "bot.channels.tencent.outage", "bot.errors",
    },
    "bot.platforms": {"bot.channels", "bot.clock.jobs", "bot.conversation", "bot.services", "bot.settings"},
    "bot.metrics": {"bot.channels.base"},
    "bot.serving": {
        "bot.app", "bot.assistant", "bot.services", "bot.knowledge", "bot.storage", "bot.channels.base", "bot.content",
        "bot.conversation.spool",
        "bot.settings", "bot.errors",
    },
    "bot.commands": {
        "bot.services", "bot.knowledge", "bot.errors", "bot.serving", "bot.assistant.training", "bot.storage.running_note",
        "bot.platforms", "bot.processes", "bot.settings", "bot.channels",
    },
}  # fmt: skip
TOP = {"bot.app", "bot.__main__"}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("bot", "actions")}


def _within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def test_imports_run_downwards_only() -> None:
    wrong = []
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "actions").rglob("*.py")]:
        module = _module(path)
        if module in TOP or module == "bot":
            continue
        part = max((p for p in MAY_IMPORT if _within(module, p)), key=len, default=None)
        assert part is not None, f"{module} stands in no room of the floor plan"
        for name in _imports(path):
            if not any(_within(name, allowed) for allowed in MAY_IMPORT[part] | {part}):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_the_table_names_only_what_there_is() -> None:
    modules = {_module(path) for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "actions").rglob("*.py")]}
    assert [part for part in MAY_IMPORT if not any(_within(module, part) for module in modules)] == []


def test_only_services_write_to_the_database() -> None:
    """No module outside of services (and the storage below them) knows a table."""
    outside = [
        _module(path)
        for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "actions").rglob("*.py")]
        if any(name.startswith("bot.storage.tables") for name in _imports(path))
        and not _module(path).startswith(("bot.services", "bot.storage"))
    ]
    assert outside == []
