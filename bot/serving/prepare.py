"""`python -m bot prepare`: what the databases need before anybody is served. A process of its own, because the libraries
for it are large and the supervisor lives long."""

from __future__ import annotations

from pathlib import Path

from redis.exceptions import RedisError

from bot.errors import EmbeddedServerError
from bot.services.context import current
from bot.services.identity import fill_prints
from bot.storage.migrate import migrate
from bot.storage.running_note import running_note


async def prepare(data_dir: Path) -> None:
    """Brings the tables up to date and loads the demo, on the servers that `running.json` names.

    Raises:
        BotError: a server does not answer, or the database is of a later version.
    """
    await migrate(running_note(data_dir)["database_url"])
    services = current()
    try:
        await services.redis.ping()
        if services.settings.demo:
            from bot.services.demo import load_demo

            await load_demo(services)
        await fill_prints(services)
    except (OSError, RedisError) as error:
        raise EmbeddedServerError(f"Redis 没有应答：{error}") from error
    finally:
        await services.engine.dispose()
        await services.redis.close()
