"""The audit's chain: whoever changes, deletes or adds afterwards shows."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import date

import pytest
import sqlalchemy as sa

from bot.services import audit
from bot.services.audit_chain import check_chain, link_left_behind, link_new
from bot.services.context import Services
from bot.storage.crypto import Vault
from tests.conftest import Clock

ROWS = 8


async def _note(services: Services, count: int = 1) -> None:
    async with services.transaction() as connection:
        for number in range(count):
            await audit.note(services, connection, None, "alert_revealed", "alert", number)


async def _sql(services: Services, statement: str) -> None:
    async with services.transaction() as connection:
        await connection.execute(sa.text(statement))


@pytest.fixture
async def chain(services: Services) -> Services:
    """Eight rows, linked."""
    await _note(services, ROWS)
    assert await link_new(services) == ROWS
    assert await link_new(services) == 0
    return services


async def test_an_empty_chain_is_sound(services: Services) -> None:
    found = await check_chain(services)
    assert (found.links, found.faults) == (0, ())


async def test_what_nobody_touched_is_sound_and_grows(chain: Services) -> None:
    before = await check_chain(chain)
    assert (before.links, before.faults) == (ROWS, ())
    await _note(chain)
    await link_new(chain)
    after = await check_chain(chain, head=before.head, count=before.links)
    assert (after.links, after.faults) == (ROWS + 1, ())
    assert after.head != before.head


@pytest.mark.parametrize(
    ("tampering", "broken_at", "said"),
    [
        ("UPDATE audit SET action = 'looked' WHERE id = 3", 3, "审计行3被改过"),
        ("UPDATE audit SET actor_id = (SELECT min(id) FROM people) WHERE id = 3", 3, "审计行3被改过"),
        ("UPDATE audit SET at = at - interval '1 day' WHERE id = 8", 8, "最后一环"),
        ("DELETE FROM audit WHERE id = 4", 4, "审计行4不见了"),
        ("DELETE FROM audit_links WHERE position = 5", 5, "第5环不见了"),
        ("DELETE FROM audit WHERE id = 5; DELETE FROM audit_links WHERE position = 5", 5, "第5环不见了"),
        ("DELETE FROM audit WHERE id = 1; DELETE FROM audit_links WHERE position = 1", 1, "第1环不见了"),
        ("UPDATE audit_links SET hash = repeat('0', 64) WHERE position = 2", 2, "第2环被改过"),
        (
            "UPDATE audit_links SET audit_id = -6 WHERE position = 6; UPDATE audit_links SET audit_id = 6 WHERE position = 7;"
            "UPDATE audit_links SET audit_id = 7 WHERE position = 6",
            6,
            "第6环起对不上",
        ),
        (
            "DELETE FROM audit_links WHERE position = 5; UPDATE audit_links SET position = position - 1 WHERE position > 5",
            5,
            "第5环起对不上",
        ),
        ("INSERT INTO audit_links VALUES (9, 999, repeat('0', 64))", 9, "审计行999不见了"),
    ],
)
async def test_tampering_shows(chain: Services, tampering: str, broken_at: int, said: str) -> None:
    for statement in tampering.split(";"):
        await _sql(chain, statement)
    found = await check_chain(chain)
    assert found.broken_at == broken_at
    assert said in found.faults[0]


async def test_a_tail_that_is_cut_off_shows_against_a_head_that_was_noted(chain: Services) -> None:
    noted = await check_chain(chain)
    await _sql(chain, "DELETE FROM audit_links WHERE position > 6")
    await _sql(chain, "DELETE FROM audit WHERE id > 6")
    assert (await check_chain(chain)).faults == ()
    assert (
        "截短：记下的时候有8环，现在只有6环" in (await check_chain(chain, head=noted.head, count=noted.links)).faults[0]
    )
    await _note(chain, 2)  # ... also when others have been written since
    await link_new(chain)
    assert "第8环的校验值" in (await check_chain(chain, head=noted.head, count=noted.links)).faults[0]


async def test_links_that_are_cut_off_are_made_again_for_the_same_rows(chain: Services, clock: Clock) -> None:
    noted = await check_chain(chain)
    await _sql(chain, "DELETE FROM audit_links WHERE position > 6")
    clock.advance(minutes=2)
    assert "有2行超过一分钟还没有入链" in (await check_chain(chain)).faults[0]
    await link_new(chain)
    assert (await check_chain(chain, head=noted.head, count=noted.links)).faults == ()


async def test_a_row_that_is_slipped_in_with_an_older_date_shows(chain: Services, clock: Clock) -> None:
    clock.advance(hours=3)
    await _note(chain)
    await link_new(chain)
    await _sql(
        chain,
        "INSERT INTO audit (at, action, object, object_id) SELECT at, action, object, '77' FROM audit WHERE id = 1",
    )
    assert "还没有入链" in (await check_chain(chain)).faults[0]
    await link_new(chain)
    found = await check_chain(chain)
    assert found.broken_at == ROWS + 2
    assert "事后补写" in found.faults[0]


async def test_a_row_that_is_committed_late_is_linked_in_order_of_arrival(services: Services) -> None:
    async with services.transaction() as slow:
        await audit.note(services, slow, None, "first", "alert", 1)
        await _note(services, 3)
        assert await link_new(services) == 3
    assert await link_new(services) == 1
    assert (await check_chain(services)).faults == ()


async def test_what_very_many_have_overtaken_is_linked_at_night(services: Services) -> None:
    async with services.transaction() as slow:
        await audit.note(services, slow, None, "first", "alert", 1)
        await _sql(services, "SELECT setval('audit_id_seq', 10000)")
        await _note(services)
        await link_new(services)
    assert await link_new(services) == 0
    assert await link_left_behind(services) == 1
    assert (await check_chain(services)).faults == ()


async def test_two_processes_at_once_make_one_chain(services: Services) -> None:
    await _note(services, 50)
    assert sum(await asyncio.gather(*(link_new(services) for _ in range(5)))) == 50
    assert (await check_chain(services)).faults == ()


async def test_only_the_days_that_are_asked_for_are_looked_at(chain: Services, clock: Clock) -> None:
    await _sql(chain, "UPDATE audit SET action = 'looked' WHERE id = 3")
    clock.advance(days=1)
    await _note(chain, 2)
    await link_new(chain)
    assert (await check_chain(chain)).broken_at == 3
    today = await check_chain(chain, since=date(2022, 1, 21))
    assert (today.links, today.faults) == (ROWS + 2, ())
    assert (await check_chain(chain, since=date(2022, 1, 22))).faults == ()


async def test_who_has_not_the_key_makes_no_links_that_fit(chain: Services) -> None:
    forger = dataclasses.replace(chain, vault=Vault("another key" * 4))
    await _sql(chain, "DELETE FROM audit_links WHERE position > 5")
    await link_new(forger)
    assert (await check_chain(chain)).broken_at == 6
