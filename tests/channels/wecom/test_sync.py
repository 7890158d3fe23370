"""`python -m bot wecom doctor|sync` against the simulated platform: departments and members in the org tree."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.commands.wecom import add_wecom_commands
from bot.errors import Refused
from bot.services.context import Services
from bot.services.people import identify
from bot.services.people_desk import places_of
from tests.conftest import Clock
from tests.platforms.wecom_corp import WeComCorp
from tests.platforms.wecom_server import WeComServer


@pytest_asyncio.fixture
async def wecom(clock: Clock) -> AsyncIterator[WeComServer]:
    async with WeComServer(WeComCorp(), clock) as server:
        server.add_department(2, "机械厂")
        server.add_department(3, "一车间", 2)
        server.add_member("zhangsan", name="张三", departments=[3])
        server.add_member("lisi", name="李四", departments=[3, 2], leads=[3])
        yield server


@pytest.fixture
def set_up(services: Services, wecom: WeComServer) -> Services:
    app = wecom.app
    return replace(
        services,
        settings=replace(
            services.settings,
            wecom_corpid=wecom.corp.corpid,
            wecom_agentid=app.agentid,
            wecom_secret=app.secret,
            wecom_token=app.token,
            wecom_aes_key=(app.aes_key,),
            wecom_api_base=wecom.base_url,
            public_url="https://chat.example.cn",
        ),
    )


async def run(services: Services, name: str) -> None:
    """Runs one command on these services."""
    found = []
    parser = argparse.ArgumentParser()
    add_wecom_commands(parser.add_subparsers(), lambda command: lambda options: found.append((command, options)))
    options = parser.parse_args(["wecom", name])
    options.run(options)
    [(command, options)] = found
    await command(services, options)


async def held(services: Services, userid: str) -> list[str]:
    """What the person with this account is where."""
    speaker = await identify(services, f"wecom:{userid}")
    assert speaker.person_id is not None
    async with services.transaction() as connection:
        return sorted((await places_of(connection, [speaker.person_id]))[speaker.person_id])


async def test_departments_and_members_become_places_and_people_once(
    set_up: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(set_up, "sync")
    assert "新建地点3个，改名、调动0处，新增2人，新绑定2个账号" in capsys.readouterr().out
    assert await held(set_up, "zhangsan") == ["机械厂 一车间 员工"]
    assert await held(set_up, "lisi") == ["机械厂 一车间 班组长、员工", "网格办 机械厂 员工"]
    await run(set_up, "sync")
    assert "新建地点0个，改名、调动0处，新增0人，新绑定0个账号，离开0人" in capsys.readouterr().out


async def test_who_has_the_userid_as_their_number_is_that_person_and_a_name_alone_is_nobody(
    set_up: Services, wecom: WeComServer
) -> None:
    async with set_up.transaction() as connection:
        await connection.execute(
            sa.text("UPDATE people SET code = 'zhangjianguo' WHERE id = (SELECT min(id) + 2 FROM people)")
        )
        known = await connection.scalar(sa.text("SELECT id FROM people WHERE code = 'zhangjianguo'"))
    wecom.add_member("zhangjianguo", name="张建国", departments=[3])
    wecom.add_member("another", name="张建国", departments=[3])
    await run(set_up, "sync")
    assert (await identify(set_up, "wecom:zhangjianguo")).person_id == known
    assert (await identify(set_up, "wecom:another")).person_id not in (known, None)


async def test_moves_and_leaving_follow_and_what_the_office_gave_stays(
    set_up: Services, wecom: WeComServer, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(set_up, "sync")
    person = (await identify(set_up, "wecom:lisi")).person_id
    async with set_up.transaction() as connection:
        await connection.execute(
            sa.text("INSERT INTO roles (person_id, role, place_id) SELECT :p, 'health_officer', id FROM places"
                    " WHERE code = 'wecom/2'"), {"p": person}
        )  # fmt: skip
    wecom.tree.departments[3].name = "二车间"
    wecom.tree.departments[3].parentid = 1
    wecom.tree.members["lisi"].leads = []
    del wecom.tree.members["zhangsan"]
    await run(set_up, "sync")
    assert "离开1人" in capsys.readouterr().out.splitlines()[-1]
    assert await held(set_up, "lisi") == ["网格办 二车间 员工", "网格办 机械厂 员工、卫生专管员"]
    assert (await identify(set_up, "wecom:zhangsan")).person_id is None
    async with set_up.transaction() as connection:
        path = await connection.scalar(sa.text("SELECT path FROM places WHERE code = 'wecom/3'"))
        root = await connection.scalar(sa.text("SELECT id FROM places WHERE code = 'wecom/1'"))
        stayed = await connection.scalar(sa.text("SELECT count(*) FROM people WHERE code = 'zhangsan'"))
    assert path[0] == root
    assert len(path) == 2
    assert stayed == 1


async def test_an_empty_reading_changes_nothing(set_up: Services, wecom: WeComServer) -> None:
    await run(set_up, "sync")
    wecom.app.visible = set()
    with pytest.raises(Refused, match="什么都没有改"):
        await run(set_up, "sync")
    assert await held(set_up, "zhangsan") == ["机械厂 一车间 员工"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"wecom_secret": "wrong"}, "Secret 不对"),
        ({"wecom_agentid": 1}, "不是同一个应用"),
        ({"wecom_api_base": "http://127.0.0.1:1"}, "连不上"),
    ],
)
async def test_the_doctor_says_what_is_wrong(
    set_up: Services, capsys: pytest.CaptureFixture[str], wrong: dict[str, object], said: str
) -> None:
    await run(set_up, "doctor")
    assert "都好了" in capsys.readouterr().out
    with pytest.raises(Refused, match="处要改"):
        await run(replace(set_up, settings=replace(set_up.settings, **wrong)), "doctor")
    assert said in capsys.readouterr().out
