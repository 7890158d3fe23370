"""People who stand in the roster twice: found, shown, and made one by staff (合并 12 15) or by the operator."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import NotFound, Refused
from bot.services import audit
from bot.services.binding import forget_chats
from bot.services.context import Services
from bot.services.identity import mask_id_number, mask_phone, opened
from bot.services.merging import absorb
from bot.services.people import Speaker, mask_name
from bot.services.people_desk import places_of
from bot.services.reach import check_no_rights_above, check_staff, in_reach
from bot.storage.tables import accounts, people, records


@dataclass(frozen=True)
class Side:
    """One of two who may be the same, masked: the number of chats bound to them and of reports about them."""

    id: int
    who: str
    phone: str
    id_number: str
    code: str
    held: tuple[str, ...]
    chats: int
    records: int


@dataclass(frozen=True)
class Preview:
    """What 合并 would do: `gone` becomes part of `kept`. `differing` names what is not the same: 姓名, 手机号."""

    kept: Side
    gone: Side
    differing: tuple[str, ...]


_COMPARED = (("姓名", "name_print"), ("手机号", "phone_print"), ("证件号", "id_number_print"), ("编号", "code"))


async def preview_merge(services: Services, by: Speaker | None, kept: int, gone: int) -> Preview:
    """Both people as they stand, if the speaker may merge them (None: the operator's command line).

    Raises:
        NotEntitled: the speaker is in charge of nothing, or one of them has rights that are not theirs to give.
        NotFound: one of them is not there, or not in the speaker's part.
        Refused: nothing shows that they are one person.
    """
    async with services.transaction() as connection:
        one, other = await _checked(connection, by, kept, gone)
        sides = {side.id: side for side in await _sides(services, connection, [kept, gone])}
    return Preview(sides[kept], sides[gone], _differing(one, other))


async def merge(services: Services, by: Speaker | None, kept: int, gone: int) -> None:
    """Makes the two one person; see `merging.absorb` for what that means. Audited. Raises as `preview_merge` does."""
    async with services.transaction() as connection:
        await _checked(connection, by, kept, gone)
        chats = await absorb(connection, gone, kept, services.now())
        for one in (kept, gone):
            await audit.note(services, connection, by, "merged", "person", one)
    await forget_chats(services, chats)


async def find_doubles(services: Services) -> list[tuple[str, list[Side]]]:
    """Groups of people of the roster who may be one, with what they share. For the operator's command line."""
    found: list[tuple[str, list[Side]]] = []
    standing = sa.and_(~people.c.is_guest, people.c.merged_into.is_(None))
    async with services.transaction() as connection:
        for title, keys in (("证件号相同", ("id_number_print",)), ("同名同手机号", ("name_print", "phone_print"))):
            columns = [people.c[key] for key in keys]
            ids = sa.func.array_agg(people.c.id)
            groups = await connection.scalars(
                sa.select(ids)
                .where(standing, *(column.is_not(None) for column in columns))
                .group_by(*columns)
                .having(sa.func.count() > 1)
                .order_by(sa.func.min(people.c.id))
            )
            for group in groups.all():
                if not any(set(group) <= {side.id for side in sides} for _, sides in found):
                    found.append((title, await _sides(services, connection, sorted(group))))
    return found


async def _sides(services: Services, connection: AsyncConnection, ids: list[int]) -> list[Side]:
    rows = await connection.execute(sa.select(people).where(people.c.id.in_(ids)).order_by(people.c.id))
    held = await places_of(connection, ids)
    return [
        Side(
            row.id,
            mask_name(opened(services.vault, row, "name")),
            mask_phone(opened(services.vault, row, "phone")),
            mask_id_number(opened(services.vault, row, "id_number")),
            row.code or "",
            tuple(held.get(row.id, ())),
            await _count(connection, accounts, row.id),
            await _count(connection, records, row.id),
        )
        for row in rows
    ]


async def _checked(
    connection: AsyncConnection, by: Speaker | None, kept: int, gone: int
) -> tuple[sa.engine.Row, sa.engine.Row]:
    if by is not None:
        check_staff(by)
    if kept == gone:
        raise Refused("两个编号是同一个人，不用合并。")
    allowed = in_reach(by) if by is not None else people.c.merged_into.is_(None)
    rows = (await connection.execute(sa.select(people).where(people.c.id.in_([kept, gone]), allowed))).all()
    found = {row.id: row for row in rows}
    for one in (kept, gone):
        if one not in found:
            raise NotFound(f"{'您负责的范围里' if by else ''}没有编号为 {one} 的人（已经合并掉的也不算）。")
    if found[kept].is_guest:
        raise Refused(f"{kept} 是还没登记的访客，不能留下它；请反过来写：{gone} {kept}。")
    if by is not None:
        await check_no_rights_above(connection, by, [kept, gone])
        _check_alike(found[kept], found[gone])
    return found[kept], found[gone]


def _check_alike(one: sa.engine.Row, other: sa.engine.Row) -> None:
    """Nothing brings two people apart again, so staff merge only those who share a name, a phone or an ID number."""
    if one.id_number_print and other.id_number_print and one.id_number_print != other.id_number_print:
        raise Refused("这两个人的证件号不同，不是同一个人，不能合并。证件号登记错了的，请先更正。")
    if not any(
        getattr(one, key) and getattr(one, key) == getattr(other, key)
        for key in ("name_print", "phone_print", "id_number_print")
    ):
        raise Refused("这两个人的姓名、手机号、证件号没有一样相同，不能合并。请核对编号。")


def _differing(one: sa.engine.Row, other: sa.engine.Row) -> tuple[str, ...]:
    return tuple(
        title
        for title, key in _COMPARED
        if getattr(one, key) and getattr(other, key) and getattr(one, key) != getattr(other, key)
    )


async def _count(connection: AsyncConnection, table: sa.Table, person_id: int) -> int:
    counted = sa.select(sa.func.count()).select_from(table).where(table.c.person_id == person_id)
    return int(await connection.scalar(counted))
