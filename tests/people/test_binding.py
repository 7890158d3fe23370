"""绑定 姓名 手机号: who gets bound, who is sent for a code, and what a guesser learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.assistant.commands import read_command
from bot.services import people
from bot.services.context import Services
from bot.settings import Settings
from bot.storage.tables import audit
from tests.office import Office
from tests.people.rosters import HEAD, csv_file, imported, person

ROWS = [
    HEAD,
    ["茶坊社区", "第三网格", "", "王小芳", "13900000001", "", "", "居民"],
    ["茶坊社区", "第三网格", "", "赵网格", "13900000002", "", "", "网格员"],
    ["茶坊社区", "第三网格", "", "周门岗", "13900000003", "", "", "居民、门岗"],
    ["茶坊社区", "第三网格", "", "Jane Doe", "13900000004", "", "", "居民"],
]


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """An office outside of the demo."""
    return Settings(demo=False, data_dir=data_dir, secret_key="k" * 32, rate_limit=100_000)


@pytest.fixture
async def roster(services: Services, tmp_path: Path) -> Services:
    await imported(services, csv_file(tmp_path, ROWS))
    return services


async def test_name_and_phone_bind(office: Office, roster: Services) -> None:
    chat = office.person("one", "web")
    assert "绑定成功（王*）" in await chat.says("绑定 王小芳 13900000001")
    speaker = await people.identify(roster, "web:one")
    assert (speaker.name, speaker.title) == ("王小芳", "居民")
    await chat.says("打卡")
    assert chat.custom["process"] == "daily_report"
    async with roster.transaction() as connection:
        assert "bound_by_phone" in (await connection.scalars(sa.select(audit.c.action))).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("绑定王小芳13900000001", "王小芳13900000001"),
        ("绑定：王小芳，139 0000 0001", "王小芳,139 0000 0001"),
        ("绑定 jane doe +86 139-0000-0004", "jane doe +86 139-0000-0004"),
        ("绑定 ABCD-2345", None),
        ("绑定 A2345678", None),
    ],
)
def test_name_and_phone_are_told_from_a_code(text: str, words: str | None) -> None:
    intent, entities = read_command(text)
    assert (intent, entities.get("words")) == ("bind", words)
    assert ("code" in entities) is (words is None)


async def test_a_foreign_name_binds(office: Office, roster: Services) -> None:
    assert "绑定成功" in await office.person("one", "web").says("绑定 jane doe 13900000004")


async def test_a_wrong_phone_and_an_unknown_name_get_the_same_answer(office: Office, roster: Services) -> None:
    wrong = await office.person("one", "web").says("绑定 王小芳 13911111111")
    assert wrong == await office.person("two", "web").says("绑定 王大芳 13900000001")
    assert "邀请码" in wrong
    assert (await people.identify(roster, "web:one")).person_id is None


async def test_staff_need_a_code(office: Office, roster: Services) -> None:
    for text in ("绑定 赵网格 13900000002", "绑定 周门岗 13900000003"):
        assert "邀请码" in await office.person("one", "web").says(text)
        assert (await people.identify(roster, "web:one")).person_id is None


async def test_a_second_chat_of_one_channel_needs_a_code(office: Office, roster: Services) -> None:
    await office.person("one", "web").says("绑定 王小芳 13900000001")
    assert "要邀请码" in await office.person("two", "web").says("绑定 王小芳 13900000001")
    assert "绑定成功" in await office.person("two", "rest").says("绑定 王小芳 13900000001")
    assert "已经绑定过" in await office.person("two", "rest").says("绑定 王小芳 13900000001")


async def test_guessing_ends_by_account_and_by_name(office: Office, roster: Services, clock) -> None:
    guesser = office.person("guesser", "web")
    for n in range(5):
        assert "对不上" in await guesser.says(f"绑定 王小芳 1391111111{n}")
    assert "次数太多" in await guesser.says("绑定 王小芳 13900000001")
    for n in range(5):
        assert "对不上" in await office.person(f"guesser{n}", "web").says(f"绑定 王小芳 1391111112{n}")
    assert "次数太多" in await office.person("another", "web").says("绑定 王小芳 13900000001")
    assert "绑定成功" in await office.person("jane", "web").says("绑定 Jane Doe 13900000004")


async def test_how_to_bind_is_explained(office: Office, roster: Services) -> None:
    for text in ("绑定", "绑定 王小芳", "邀请码"):
        told = await office.person("one", "web").says(text)
        assert "例如：绑定 王小明 13812345678" in told
        assert "ABCD-2345" in told
    assert "没有读懂" in await office.person("one", "web").says("绑定 王小芳 1390000000")


async def test_what_a_guest_has_declared_goes_along(office: Office, roster: Services) -> None:
    chat = office.person("one", "web")
    await chat.says("返乡申报", "同意", "取消")
    guest = (await people.identify(roster, "web:one")).person_id
    assert "绑定成功" in await chat.says("绑定 王小芳 13900000001")
    speaker = await people.identify(roster, "web:one")
    assert speaker.consented
    assert speaker.person_id == (await person(roster, "王小芳"))["id"] != guest
