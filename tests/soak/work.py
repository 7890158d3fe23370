"""What is killed: `python -m tests.soak.work` forks for each job that it reads, and says how the child ended.

It imports everything once and forks before it has a loop or a thread, so that a kill and a new start cost milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.services import alerts, people, records
from bot.services.broadcast_sending import send_due
from bot.services.context import Services, build_services
from bot.services.messages import deliver_due
from bot.settings import Settings


async def _broadcast(services: Services, job: dict[str, Any]) -> None:
    await send_due(services)
    await _deliver(services, job)


async def _deliver(services: Services, job: dict[str, Any]) -> None:
    while await deliver_due(services):
        pass


async def _report(services: Services, job: dict[str, Any]) -> None:
    process = services.processes["daily_report"]
    for sender, draft_id, values in job["reports"]:
        await records.submit(services, await people.identify(services, f"web:{sender}"), process, draft_id, values)


async def _escalate(services: Services, job: dict[str, Any]) -> None:
    await alerts.escalate_due(services)
    await _deliver(services, job)


JOBS: dict[str, Callable[[Services, dict[str, Any]], Awaitable[None]]] = {
    "broadcast": _broadcast,
    "report": _report,
    "escalate": _escalate,
    "deliver": _deliver,
}


async def _run(services: Services, job: dict[str, Any]) -> None:
    moment = datetime.fromisoformat(job["now"])
    await JOBS[job["kind"]](replace(services, clock=lambda: moment), job)


def main() -> None:
    """Answers each job (a line of JSON) with the child's process id, and once it has ended with its status.

    The first line names the servers. Nothing connects before the fork.
    """
    servers = json.loads(sys.stdin.readline())
    settings = Settings(demo=True, data_dir=Path(servers["data_dir"]))
    services = build_services(settings, servers["database_url"], servers["redis_url"])
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(_run(services, json.loads(line)))
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
