"""`make bench`: messages a second and waiting times over REST, with the content as it is and with 20 more processes."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.generated_processes import copy_with_generated_processes
from bench.script import CHECK_INS, Said, scripts
from bench.service import running_service
from bot.content import content_dir

_SENDERS = 200
_WARM_UP = 40
_ALONE = 10  # senders of the unhurried round, one after the other


@dataclass(frozen=True)
class Round:
    """What one round came to: messages a second, and the waiting times in milliseconds."""

    rate: float
    waits: list[float]
    wrong: list[str]

    def wait(self, share: float) -> float:
        """The waiting time that `share` of the messages stayed below."""
        return sorted(self.waits)[min(len(self.waits) - 1, int(share * len(self.waits)))]


async def play(address: str, label: str, spoken: Sequence[Sequence[Said]], at_once: bool) -> Round:
    """All senders speak: each waits for its reply before it goes on; at once, or one sender after the other."""
    waits: list[float] = []
    wrong: list[str] = []

    async def speak(session: aiohttp.ClientSession, sender: str, script: Sequence[Said]) -> None:
        for number, said in enumerate(script):
            body = {"sender": sender, "message": said.text, "message_id": f"{sender}-{number}"}
            began = time.perf_counter()
            async with session.post(f"{address}/webhooks/rest/webhook", json=body) as answer:
                reply = await answer.json()
            waits.append((time.perf_counter() - began) * 1000)
            if answer.status != 200 or not reply or not said.right(reply):
                wrong.append(f"{said.kind} {said.text!r}: HTTP {answer.status} {str(reply)[:200]}")

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        senders = [speak(session, f"bench-{label}-{number}", script) for number, script in enumerate(spoken)]
        began = time.perf_counter()
        if at_once:
            await asyncio.gather(*senders)
        else:
            for sender in senders:
                await sender
        return Round(len(waits) / (time.perf_counter() - began), waits, wrong)


async def undelivered_alerts(address: str, raised: int) -> int:
    """How many of the `raised` alerts have not reached the grid worker; the cursor of the mailbox counts what has."""
    async with aiohttp.ClientSession() as session:
        for _ in range(50):
            async with session.get(f"{address}/webhooks/rest/messages", params={"sender": "demo-grid"}) as answer:
                cursor = (await answer.json())["cursor"]
            if cursor >= raised:
                return 0
            await asyncio.sleep(0.2)
    return raised - int(cursor)


def show(title: str, rounds: Sequence[Round]) -> None:
    """One block of figures, each as min / median / max over the rounds."""
    print(f"\n{title}: {len(rounds)} round(s) of {len(rounds[0].waits)} messages", flush=True)
    figures = (
        ("messages/s", [r.rate for r in rounds]),
        ("p50 ms", [r.wait(0.50) for r in rounds]),
        ("p99 ms", [r.wait(0.99) for r in rounds]),
    )
    for name, values in figures:
        print(f"  {name:<11} {min(values):8.1f} / {statistics.median(values):8.1f} / {max(values):8.1f}")


def main() -> int:
    """Runs the bench; the exit status is 1 when any reply was not what it should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.rest", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(
        f"{_SENDERS} senders, 40 % questions, 50 % check-in turns, 10 % other; {os.cpu_count()} cores, shared with the load",
        flush=True,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bot-bench-")))
        generated = folder / "content"
        copy_with_generated_processes(content_dir(), generated)
        print("starting two services (a model that is missing is trained first)", flush=True)
        contents = {"plain": content_dir().resolve(), "generated": generated}
        addresses = {
            label: stack.enter_context(running_service(folder / label, content)) for label, content in contents.items()
        }
        wrong = asyncio.run(_measure(addresses, rounds))
    for said, count in Counter(line.partition(": ")[0] for line in wrong).most_common(10):
        example = next(line for line in wrong if line.startswith(said))
        print(f"WRONG {count} times: {example}", file=sys.stderr)
    print(f"\nwrong replies: {len(wrong)}")
    return 1 if wrong else 0


async def _measure(addresses: dict[str, str], rounds: int) -> list[str]:
    wrong: list[str] = []
    titles = {"plain": "content as it is", "generated": "with 20 more processes of 12 fields"}
    alone = {}
    for label, address in addresses.items():
        warm = await play(address, f"{label}-warm", scripts(_WARM_UP, seed=0), at_once=True)
        alone[label] = await play(address, f"{label}-alone", scripts(_ALONE, seed=1), at_once=False)
        wrong += warm.wrong + alone[label].wrong
    hurried: dict[str, list[Round]] = {label: [] for label in addresses}
    for number in range(rounds):
        # turn about, so that whatever else the machine does meets both alike
        for label, address in addresses.items():
            made = await play(address, f"{label}-{number}", scripts(_SENDERS, seed=2 + number), at_once=True)
            hurried[label].append(made)
            wrong += made.wrong
    for label, address in addresses.items():
        show(f"{titles[label]}, all senders at once", hurried[label])
        show(f"{titles[label]}, one message at a time", [alone[label]])
        alerting = (_WARM_UP + _ALONE + _SENDERS * rounds) // len(CHECK_INS)
        if missing := await undelivered_alerts(address, alerting):
            wrong.append(f"{missing} alerts of {alerting} did not reach the grid worker ({label})")
    rates = {label: statistics.median(r.rate for r in made) for label, made in hurried.items()}
    print(f"\nmessages/s with 20 more processes, relative to without: {rates['generated'] / rates['plain']:.2f}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
