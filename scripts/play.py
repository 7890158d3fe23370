"""Plays a talk over REST and prints it: `python scripts/play.py SENDER LINE [LINE ...]` against a running demo.

A line that begins with `@NAME ` is said by NAME; `?NAME` shows what has been pushed to NAME since.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.parse
import urllib.request
from typing import Any

BASE = os.environ.get("BOT_URL", "http://127.0.0.1:8080")


def _call(path: str, body: dict[str, str] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{BASE}{path}", data, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the address is the operator's own
        return json.load(answer)


def _show(who: str, bubble: dict[str, Any]) -> None:
    indented = bubble["text"].replace("\n", "\n    ")
    print(f"    {indented}")
    if bubble.get("buttons"):
        print("    " + " ".join(f"[{button['title']}]" for button in bubble["buttons"]))


def main(sender: str, lines: list[str]) -> None:
    """Says the lines one after another."""
    seen: dict[str, int] = {}
    for line in lines:
        if line.startswith("?"):
            name = line[1:]
            query = urllib.parse.urlencode({"sender": name, "after": seen.get(name, 0)})
            said = _call(f"/webhooks/rest/messages?{query}")
            seen[name] = said["cursor"]
            print(f"（推送给 {name}）")
            for message in said["messages"]:
                _show(name, message)
            continue
        who, text = (line[1:].split(" ", 1)) if line.startswith("@") else (sender, line)
        print(f"{who}：{text}")
        for bubble in _call("/webhooks/rest/webhook", {"sender": who, "message": text}):
            _show(who, bubble)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
