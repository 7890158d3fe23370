"""A generated town for measuring: 100,000 residents in 1,000 buildings of 100 grids with a grid worker each, and their reports
of ten days, today the last. Of each day's reports one in ten is missing, one in a hundred late, one in five hundred abnormal.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from bot.services.context import Services
from bot.services.places import add_place

COMMUNITIES, GRIDS, BUILDINGS = 10, 10, 10  # each under each of the level above

_PEOPLE = """
WITH building AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM places WHERE kind = 'building'),
born AS (
  INSERT INTO people (name_sealed, phone_sealed, phone_print, created_at, updated_at)
  SELECT :name, :phone, md5(n::text), now(), now() FROM generate_series(1, :people) AS n RETURNING id
)
INSERT INTO roles (person_id, role, place_id)
SELECT born.id, 'resident', building.id FROM born JOIN building ON building.n = born.id % (SELECT count(*) FROM building)
"""
_GRID_WORKERS = """
INSERT INTO roles (person_id, role, place_id)
SELECT min(r.person_id), 'grid_worker', p.parent_id FROM roles AS r JOIN places AS p ON p.id = r.place_id GROUP BY p.parent_id
"""
_ACCOUNTS = """
INSERT INTO accounts (channel, external_id, person_id, bound_at)
SELECT 'web', 'town-' || person_id, person_id, now() FROM roles WHERE role = 'resident' AND person_id % 10 <> 0
"""
_RECORDS = """
INSERT INTO records (id, process, process_version, person_id, reporter_id, place_id, day, at, values_sealed, check_id, late, rules)
SELECT gen_random_uuid(), 'daily_report', 'bench', r.person_id, r.person_id, r.place_id, d,
  (d + time '01:00') AT TIME ZONE 'UTC', :values, 'day', random() < 0.01,
  CASE WHEN random() < 0.002 THEN ARRAY['fever'] ELSE '{}'::text[] END
FROM roles AS r CROSS JOIN (SELECT CAST(:day AS date) AS d) AS one
WHERE r.role = 'resident' AND random() < 0.9
"""


async def build_town(services: Services, people: int = 100_000, days: int = 10) -> int:
    """Fills an empty database; returns the id of the street, the place above all."""
    vault = services.vault
    async with services.transaction() as connection:
        street = await add_place(connection, "street", "幸福街道", None, "bench")
        for c in range(1, COMMUNITIES + 1):
            community = await add_place(connection, "community", f"第{c}社区", street, None)
            for g in range(1, GRIDS + 1):
                grid = await add_place(connection, "grid", f"{c}-{g}网格", community, None)
                for b in range(1, BUILDINGS + 1):
                    await add_place(connection, "building", f"{c}-{g}-{b}号楼", grid, None)
        names = {"name": vault.seal("测试人", "people.name"), "phone": vault.seal("13800000000", "people.phone")}
        await connection.execute(sa.text(_PEOPLE), {**names, "people": people})
        await connection.execute(sa.text(_GRID_WORKERS))
        await connection.execute(sa.text(_ACCOUNTS))
    values = vault.seal_json({"symptoms": ["none"], "where": "local", "contact": False}, "records.values")
    for ago in range(days):
        async with services.transaction() as connection:
            day = services.today() - timedelta(days=ago)
            await connection.execute(sa.text(_RECORDS), {"values": values, "day": day})
    async with services.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in ("people", "roles", "accounts", "places", "records"):
            await connection.execute(sa.text(f"VACUUM ANALYZE {table}"))
    return street
