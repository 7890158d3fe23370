"""Staff's versions as the training reads them, and what staff are told of a training: files in BOT_DATA_DIR.

`knowledge/wanted.json` is written here and read by the supervisor's builder (bot/knowledge/snapshot.py gives its form);
`models/<digest>.json` is written by the builder and read here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from bot.channels.base import Outgoing
from bot.knowledge.bodies import Body, body_digest, file_body, write_all
from bot.services import messages
from bot.services.context import Services
from bot.services.editors import check_editor
from bot.services.knowledge import newest_versions
from bot.services.people import Speaker
from bot.storage.tables import knowledge_versions, outbox

_CHECKED_WAYS = 5  # of an entry without check questions so many of its new ways serve
_TOLD = timedelta(days=1)


def wanted_file(services: Services) -> Path:
    """Where the snapshot lies."""
    return services.settings.data_dir / "knowledge" / "wanted.json"


async def export_snapshot(services: Services) -> Path | None:
    """Writes what staff have changed where the training finds it; None where staff have never changed anything.

    The digest names what a model learns (ids, titles, ways, check questions): another answer needs no training.
    """
    today = services.today().isoformat()
    newest = await newest_versions(services)
    bodies = [
        body
        for entry_id, (body, _) in sorted(newest.items())
        if str(body.get("expires") or "9999") >= today and body_digest(body) != body_digest(file_body(entry_id))
    ]
    target = wanted_file(services)
    if not newest and not target.exists():
        return None
    checks = {body["id"]: body.get("check") or _new_ways(body)[:_CHECKED_WAYS] for body in bodies}
    content = orjson.dumps({"digest": _digest(bodies, checks), "entries": bodies, "checks": checks})
    if not target.exists() or target.read_bytes() != content:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = target.with_name(f"wanted.{os.getpid()}")
        making.write_bytes(content)
        os.replace(making, target)
    return target


def _digest(bodies: Iterable[Body], checks: Mapping[str, list[str]]) -> str:
    learned = [[b["id"], b["title"], b["ask"], bool(b.get("table"))] for b in bodies]
    return hashlib.sha256(orjson.dumps([learned, checks], option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _new_ways(body: Body) -> list[str]:
    of_file = set((file_body(body["id"]) or {"ask": []})["ask"])
    return [way for way in body["ask"] if way not in of_file] or [body["title"]]


async def tell_of_training(services: Services) -> bool:
    """Tells who has changed the knowledge within a day how the training on it ended, once; whether there was news."""
    target = wanted_file(services)
    if not target.exists():
        return False
    digest = str(orjson.loads(target.read_bytes())["digest"])
    result = services.settings.data_dir / "models" / f"{digest}.json"
    if not result.exists():
        return False
    told = _training_words(orjson.loads(result.read_bytes()))
    async with services.transaction() as connection:
        once = f"trained:{digest}:"
        # the lock is the digest's: two processes may come here at once
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(once, 0))))
        if await connection.scalar(sa.select(outbox.c.id).where(outbox.c.once_key.startswith(once)).limit(1)):
            return False
        editors = await connection.scalars(
            sa.select(knowledge_versions.c.made_by)
            .where(knowledge_versions.c.made_by.is_not(None), knowledge_versions.c.made_at >= services.now() - _TOLD)
            .distinct()
        )
        found = list(editors)
        for person_id in found:
            await messages.owe(services, connection, person_id, Outgoing(told), f"{once}{person_id}")
    await messages.announce(services)
    return bool(found)


def _training_words(result: Mapping[str, Any]) -> str:
    if result["accepted"]:
        return "您改过的问法已经训练上线。"
    reasons = "；".join(str(reason) for reason in result.get("reasons") or ["原因见服务日志"])
    return f"您改过的问法训练后没有通过检查，暂时没有上线（答案照常有效，原句和很像的问法照常能答）：{reasons}"


async def export_yaml(services: Services, by: Speaker | None, folder: Path) -> int:
    """Writes all entries as files into an empty folder, staff's newest version of each; returns how many staff changed.

    What staff have not changed is copied as it is.

    Raises:
        NotEntitled: the speaker does not keep the knowledge.
        Refused: the folder is not empty.
        ContentError: the files would not load together.
    """
    check_editor(by)
    return write_all({entry_id: body for entry_id, (body, _) in (await newest_versions(services)).items()}, folder)
