"""Places of a staff member's part by the names that people type."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.people import Speaker
from bot.storage.tables import places

NUMBERED = re.compile(r"地点\s*(?P<id>[0-9]{1,9})")
"""What means one place alone where several share a name."""
_NUMERALS = str.maketrans("123456789", "一二三四五六七八九")
_DIGITS = str.maketrans("一二三四五六七八九", "123456789")


async def places_called(connection: AsyncConnection, by: Speaker, name: str, most: int) -> list[sa.engine.Row]:
    """The places of the speaker's part with that name (or 地点 and its id): id, name and path, at most so many, by id."""
    mine = places.c.path.op("&&")(sa.cast(by.in_charge_of(), places.c.path.type))
    if match := NUMBERED.fullmatch(name):
        chosen = places.c.id == int(match["id"])
    else:
        forms = _forms(name)
        # 第四片区 is short for 第四片区（加油站以南居民区）
        chosen = sa.or_(places.c.name.in_(forms), *(places.c.name.startswith(f"{form}（") for form in forms))
    query = sa.select(places.c.id, places.c.name, places.c.path).where(mine, chosen).order_by(places.c.id).limit(most)
    return list((await connection.execute(query)).all())


def _forms(name: str) -> list[str]:
    """The ways of writing a place's name: 三网格, 3网格 and 3号网格 are 第三网格; 三号楼 is 3号楼."""
    bare = name.removeprefix("第")
    forms = {bare, bare.translate(_DIGITS), bare.translate(_NUMERALS), bare.replace("号", "", 1)}
    forms |= {form.translate(_NUMERALS) for form in forms}
    return sorted(forms | {f"第{form}" for form in forms})
