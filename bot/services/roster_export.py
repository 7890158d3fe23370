"""A roster out of the database as rows, as import reads them: importing them changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import sqlalchemy as sa

from bot.errors import NotFound
from bot.services import audit
from bot.services.context import Services
from bot.services.identity import mask_id_number, mask_phone, opened
from bot.services.people import mask_name
from bot.services.place_levels import RANKS
from bot.services.roles import SUBJECT
from bot.services.roles import TITLES as ROLE_TITLES
from bot.services.roster_columns import TITLES
from bot.services.roster_places import in_order
from bot.services.roster_storing import load_tree
from bot.storage.tables import kin, people, places, roles

_OWN = ("system_id", "name", "phone", "id_number", "code", "roles")
_GUARDIAN = ("guardian_name", "guardian_phone", "relation")


@dataclass(frozen=True)
class Exported:
    """`left_out`: places of kinds that rosters have no column for, so that their people do not stand in the rows."""

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    people: int
    left_out: tuple[str, ...]


async def export_roster(services: Services, place_id: int | None, private: bool) -> Exported:
    """Everybody with a role at a place under `place_id` (None: anywhere), one row a person and place, in the order of places.

    Names, phones and ID numbers are masked unless `private`. Further guardians of a person stand in further rows.
    For the operator's command line; audited.

    Raises:
        NotFound: there is no such place.
    """
    under = sa.true() if place_id is None else places.c.path.op("@>")(sa.cast([place_id], places.c.path.type))
    async with services.transaction() as connection:
        if place_id is not None and not await connection.scalar(sa.select(places.c.id).where(places.c.id == place_id)):
            raise NotFound(f"没有编号为 {place_id} 的地点；用 python -m bot people tree 查看编号。")
        tree = await load_tree(connection)
        held = (
            await connection.execute(
                sa.select(
                    people.c.id, people.c.name_sealed, people.c.phone_sealed, people.c.id_number_sealed, people.c.code,
                    roles.c.role, roles.c.place_id,
                )
                .select_from(roles.join(people, people.c.id == roles.c.person_id).join(places, places.c.id == roles.c.place_id))
                .where(under, ~people.c.is_guest, people.c.merged_into.is_(None))
                .order_by(places.c.path, people.c.id, roles.c.id)
            )
        ).all()  # fmt: skip
        ties = (
            await connection.execute(
                sa.select(kin.c.ward_id, kin.c.kind, people.c.name_sealed, people.c.phone_sealed)
                .join(people, people.c.id == kin.c.person_id)
                .where(people.c.phone_sealed.is_not(None))
                .order_by(kin.c.ward_id, kin.c.person_id)
            )
        ).all()
        scope = "all" if place_id is None else place_id
        await audit.note(services, connection, None, "exported_private" if private else "exported", "roster", scope)

    hide = _shown if private else _masked
    guardians = {
        ward: [(*hide(services, row, ("name", "phone")), row.kind) for row in rows]
        for ward, rows in groupby(ties, key=lambda row: row.ward_id)
    }
    paths = {row.place_id: tree.path(row.place_id) for row in held}
    kinds = in_order(kind for path in paths.values() for kind, _ in path)
    left_out = {place for place, path in paths.items() if not _fits([kind for kind, _ in path])}
    rows: list[tuple[str, ...]] = []
    written: set[int] = set()
    for (place, person), of_person in groupby(held, key=lambda row: (row.place_id, row.id)):
        if place in left_out:
            continue
        same = list(of_person)
        names = dict(paths[place])
        titles = "、".join(dict.fromkeys(ROLE_TITLES.get(row.role, row.role) for row in same))
        own = (str(person), *hide(services, same[0], ("name", "phone", "id_number")), same[0].code or "", titles)
        at = tuple(names.get(kind, "") for kind in kinds)
        ties_of = (
            guardians.get(person, []) if person not in written and any(row.role in SUBJECT for row in same) else []
        )
        rows += [(*own, *at, *tie) for tie in ties_of or [("", "", "")]]
        written |= {person} if ties_of else set()
    headings = tuple(TITLES[name] for name in (*_OWN, *kinds, *_GUARDIAN))
    return Exported(headings, rows, len({row[0] for row in rows}), tuple(sorted(map(tree.words, left_out))))


def _fits(kinds: Sequence[str]) -> bool:
    """Whether columns can hold a path: known kinds, each once, in the order in which import puts them into one another."""
    ranks = [RANKS.get(kind, -1) for kind in kinds]
    return -1 not in ranks and all(a < b for a, b in pairwise(ranks))


def _shown(services: Services, row: sa.engine.Row, names: Sequence[str]) -> list[str]:
    return [opened(services.vault, row, name) for name in names]


def _masked(services: Services, row: sa.engine.Row, names: Sequence[str]) -> list[str]:
    hidden = {"name": mask_name, "phone": mask_phone, "id_number": mask_id_number}
    return [hidden[name](value) if value else "" for name, value in zip(names, _shown(services, row, names))]
