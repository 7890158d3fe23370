"""One person of the roster by what the operator types: #12, a code, a name."""

from __future__ import annotations

import re

import sqlalchemy as sa

from bot.errors import NotFound, Refused
from bot.services.context import Services
from bot.services.identity import mask_phone, name_print, opened
from bot.services.people import mask_name
from bot.services.people_desk import places_of
from bot.storage.tables import people

_MOST = 20


async def find_one(services: Services, words: str) -> int:
    """The person's id. For the operator's command line.

    Raises:
        NotFound: nobody.
        Refused: several people of that name; they are listed, masked.
    """
    number = re.fullmatch(r"[#＃]([0-9]{1,12})", words.strip())
    standing = sa.and_(~people.c.is_guest, people.c.merged_into.is_(None))
    query = sa.select(people).where(standing).order_by(people.c.id).limit(_MOST)
    async with services.transaction() as connection:
        if number:
            rows = (await connection.execute(query.where(people.c.id == int(number[1])))).all()
        else:
            rows = (await connection.execute(query.where(people.c.code == words.strip()))).all()
            rows = (
                rows
                or (
                    await connection.execute(query.where(people.c.name_print == name_print(services.vault, words)))
                ).all()
            )
        if not rows:
            raise NotFound(f"花名册里没有“{words}”：可以写 #系统编号、编号（工号、学号）或姓名。")
        if len(rows) > 1:
            held = await places_of(connection, [row.id for row in rows])
            listed = "；".join(
                f"#{row.id} {mask_name(opened(services.vault, row, 'name'))} {mask_phone(opened(services.vault, row, 'phone'))} "
                f"{'、'.join(held.get(row.id, []))}"
                for row in rows
            )
            raise Refused(f"叫这个名字的不止一人，请写系统编号，例如 #{rows[0].id}：{listed}")
    return int(rows[0].id)
