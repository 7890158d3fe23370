"""A notice on its way: who gets it, each once; what is said of its progress; read, chased, recalled, corrected."""

from __future__ import annotations

import uuid
from datetime import date

import sqlalchemy as sa

from bot.services.broadcast_sending import send_due
from bot.services.messages import deliver_due
from bot.storage.tables import records
from tests.broadcasts.people import hired, row, said_to_send, sql
from tests.conftest import Clock
from tests.office import Office

TEXT = "今晚7点核酸检测，请带身份证"


async def settled(office: Office, place: str, count: int, role: str = "resident") -> list[int]:
    """New people without an account at a demo place; their ids."""
    name = office.services.vault.seal("陈新", "people.name")
    async with office.services.transaction() as connection:
        rows = await connection.execute(
            sa.text(
                "WITH born AS (INSERT INTO people (name_sealed, created_at, updated_at) "
                "SELECT :name, now(), now() FROM generate_series(1, :count) RETURNING id) "
                "INSERT INTO roles (person_id, role, place_id) SELECT born.id, :role, places.id FROM born, places "
                "WHERE places.code = :place RETURNING person_id"
            ),
            {"name": name, "count": count, "role": role, "place": place},
        )
        return [found.person_id for found in rows]


async def person_id(office: Office, sender: str) -> int:
    [(found,)] = await sql(
        office, f"SELECT person_id FROM accounts WHERE channel = 'rest' AND external_id = '{sender}'"
    )
    return int(found)


async def sent(office: Office, words: str, author: str = "demo-grid") -> None:
    """A notice that is out, and delivered."""
    await said_to_send(office.person(author), f"发通知 {words}")
    await send_due(office.services)
    while await deliver_due(office.services):
        pass


class TestWhoGetsIt:
    async def test_a_mother_of_two_pupils_gets_a_class_message_once(self, office: Office) -> None:
        teacher, mother = office.person("demo-teacher"), office.person("demo-resident")
        [sister] = await settled(office, "demo/class-3", 1, "student")
        await sql(office, f"INSERT INTO kin VALUES ({await person_id(office, 'demo-resident')}, {sister}, '女儿')")
        for words, audience in (("全班家长", "家长"), ("三班", "全体人员")):
            shown = await teacher.says(f"发通知 {words} 明天停课，请{audience}知悉")
            assert f"演示小学 三班 {audience}，1人" in shown
            await teacher.says("确认发送")
            assert await send_due(office.services) == 1
            assert len(await mother.pushed()) == 1

    async def test_who_has_two_roles_gets_it_once(self, office: Office) -> None:
        worker = await person_id(office, "demo-worker")
        await sql(
            office,
            f"INSERT INTO roles (person_id, role, place_id) SELECT {worker}, 'worker', id FROM places WHERE code = 'demo/area-1'",
        )
        await said_to_send(office.person("demo-grid"), f"发通知 {TEXT}")
        await send_due(office.services)
        assert len(await office.person("demo-worker").pushed()) == 1

    async def test_who_has_reported_is_not_asked_to(self, office: Office) -> None:
        resident, worker = office.person("demo-resident"), office.person("demo-worker")
        await resident.says("打卡 36.5 没症状 在家 绿码 没接触", "确认提交")
        assert len(await office.records("daily_report")) == 1
        await said_to_send(office.person("demo-grid"), "发通知 3号楼没打卡的居民 请尽快打卡")
        await send_due(office.services)
        # her mother, whom she reports for, has not reported: so she is told as well
        assert [len(await one.pushed()) for one in (resident, worker)] == [1, 1]
        await sql(office, f"DELETE FROM kin WHERE person_id = {await person_id(office, 'demo-resident')}")
        await said_to_send(office.person("demo-grid"), "发通知 3号楼没打卡的居民 请今天打卡")
        await send_due(office.services)
        assert [len(await one.pushed()) for one in (resident, worker)] == [0, 1]

    async def test_who_came_from_a_city_within_14_days(self, office: Office, clock: Clock) -> None:
        services = office.services
        came = {
            "demo-resident": ({"province": "陕西省", "city": "西安市", "code": "610113"}, date(2022, 1, 7)),
            "demo-worker": ({"province": "陕西省", "city": "西安市", "code": "610100"}, date(2022, 1, 6)),
            "demo-grid": ({"province": "河南省", "city": "郑州市", "code": "410100"}, date(2022, 1, 19)),
        }
        async with services.transaction() as connection:
            await connection.execute(
                sa.text(
                    "INSERT INTO roles (person_id, role, place_id) SELECT person_id, 'resident', place_id FROM roles WHERE role = 'grid_worker'"
                )
            )
        for sender, (place, day) in came.items():
            person = await person_id(office, sender)
            async with services.transaction() as connection:
                await connection.execute(
                    records.insert().values(
                        id=uuid.uuid4(),
                        process="return_declaration",
                        process_version="1",
                        person_id=person,
                        reporter_id=person,
                        day=day,
                        at=services.now(),
                        values_sealed=services.vault.seal_json({"from_place": place}, "records.values"),
                    )
                )
        grid = office.person("demo-grid")
        assert "14天内申报从西安回来的人员，1人" in await grid.says("发通知 三网格从西安回来的 请做核酸")
        assert "从河南回来的人员，1人" in await grid.says("发通知 从河南回来的 请做核酸")
        assert "现在没有符合条件的人" in await grid.says("发通知 从上海回来的 请做核酸")
        assert "不止一个" in await grid.says("发通知 从鼓楼区回来的 请做核酸")
        await said_to_send(grid, "发通知 从西安回来的 请做核酸")
        assert await send_due(services) == 1
        assert len(await office.person("demo-resident").pushed()) == 1

    async def test_without_an_account_it_ends_with_the_reason(self, office: Office) -> None:
        await settled(office, "demo/area-1", 3)
        grid = office.person("demo-grid")
        shown = await grid.says(f"发通知 {TEXT}")
        assert "5人" in shown
        assert "聊天可送达2人，发2条消息；3人没有账号" in shown
        await grid.says("确认发送")
        await send_due(office.services)
        while await deliver_due(office.services):
            pass
        ended = await sql(
            office, "SELECT state, reason, count(*) FROM outbox WHERE broadcast_id = 1 GROUP BY 1, 2 ORDER BY 1"
        )
        assert [tuple(one) for one in ended] == [("failed", "没有可送达的账号", 3), ("sent", None, 2)]

    async def test_more_people_than_a_chunk_holds_get_it_once_each(self, office: Office) -> None:
        await settled(office, "demo/area-1", 10_001)
        await said_to_send(office.person("demo-grid"), f"发通知 第一片区 {TEXT}")
        assert await send_due(office.services) == 10_001
        assert await send_due(office.services) == 0
        [(people, rows)] = await sql(
            office, "SELECT count(DISTINCT person_id), count(*) FROM outbox WHERE broadcast_id = 1"
        )
        assert (people, rows) == (10_001, 10_001)
        sent_row = await row(office, 1)
        assert (sent_row.state, sent_row.total) == ("sent", 10_001)


class TestProgress:
    async def test_delivered_failed_read_and_not_yet_by_place(self, office: Office) -> None:
        await settled(office, "demo/area-1", 2)
        grid, resident = office.person("demo-grid"), office.person("demo-resident")
        await sent(office, TEXT)
        await resident.says("已阅 1")
        shown = await grid.says("通知 1")
        assert "合计：4人，送达2，已阅1，没送到：没有可送达的账号2" in shown
        lines = shown.splitlines()
        assert "第一片区（长安汽车对面居民区）　2人，送达0，已阅0，没送到：没有可送达的账号2" in lines
        assert "第四片区（加油站以南居民区）　2人，送达2，已阅1" in lines
        assert grid.buttons == ["催阅", "未读名单", "发更正"]
        await grid.presses("未读名单")
        assert "没有已阅的3人" in grid.text
        assert "第四片区（加油站以南居民区）　张*（已送达，未阅）" in grid.text
        assert "第一片区（长安汽车对面居民区）　陈*（没有可送达的账号）" in grid.text
        assert "张建国" not in grid.text

    async def test_a_long_list_is_cut_and_handed_over_as_a_file(self, office: Office) -> None:
        await settled(office, "demo/area-1", 30)
        await sent(office, TEXT)
        grid = office.person("demo-grid")
        shown = await grid.says("未读名单 1")
        assert "没有已阅的32人" in shown
        assert "另有12人" in shown
        assert grid.custom["file"]["name"] == "通知1未读名单.xlsx"

    async def test_the_list_holds_those_of_ones_own_part(self, office: Office) -> None:
        await sent(office, TEXT)
        grid, teacher = office.person("demo-grid"), office.person("demo-teacher")
        listed = await grid.says("通知")
        assert "1　01月20日 08:00 已发出　【通知】今晚7点核酸检测" in listed
        assert "还没有发过通知" in await teacher.says("通知")
        for words in ("通知 1", "撤回通知 1", "催阅 1", "未读名单 1", "发更正 1"):
            assert "没有编号为 1 的通知，或不在您负责的范围内" in await teacher.says(words)
        above = await hired(office, "above", "community", "demo/community")
        assert "【通知】今晚7点核酸检测" in await above.says("通知")

    async def test_wrong_use_is_helped(self, office: Office) -> None:
        grid = office.person("demo-grid")
        assert "还没有发出的通知" in await grid.says("催阅")
        assert "没有编号为 9 的通知" in await grid.says("通知 9")
        await sent(office, TEXT)
        assert "请带上通知的编号，例如：发更正 1" in await grid.says("发更正")
        assert "请带上通知的编号，例如：催阅 1" in await grid.says("催阅")
        assert grid.buttons == ["催阅 1"]


class TestReading:
    async def test_it_is_noted_once(self, office: Office) -> None:
        resident, stranger = office.person("demo-resident"), office.person("demo-teacher")
        await sent(office, TEXT)
        assert "1　【通知】今晚7点核酸检测" in await resident.says("通知")
        assert "已记录您看过了" in await resident.presses("已阅 1")
        [(first,)] = await sql(office, "SELECT read_at FROM outbox WHERE read_at IS NOT NULL")
        assert "之前已经点过" in await resident.says("已阅 1")
        assert [(first,)] == [
            tuple(one) for one in await sql(office, "SELECT read_at FROM outbox WHERE read_at IS NOT NULL")
        ]
        assert "没有找到发给您的这条通知" in await stranger.says("已阅 1")
        assert "（已阅）" in await resident.says("通知")

    async def test_without_a_number_it_is_the_only_one(self, office: Office) -> None:
        worker = office.person("demo-worker")
        await sent(office, TEXT)
        assert "已记录您看过了" in await worker.says("已阅")
        assert await worker.says("已阅") == "好的。"
        await sent(office, "明天停水")
        await sent(office, "后天停电")
        assert "哪一条" in await worker.says("已阅")
        assert worker.buttons == ["已阅 3", "已阅 2"]

    async def test_in_the_midst_of_a_form_and_beside_a_ticket(self, office: Office) -> None:
        resident, worker = office.person("demo-resident"), office.person("demo-worker")
        await sent(office, TEXT)
        await resident.says("打卡")
        assert "已记录您看过了" in await resident.says("已阅 1")
        assert resident.custom["process"] == "daily_report"
        await worker.says("转人工")
        assert "已记录您看过了" in await worker.says("已阅 1")


class TestChasing:
    async def test_only_the_unread_are_reminded_and_once_an_hour(self, office: Office, clock: Clock) -> None:
        grid, resident, worker = (office.person(f"demo-{who}") for who in ("grid", "resident", "worker"))
        await sent(office, TEXT)
        await resident.says("已阅 1")
        await resident.pushed()
        await worker.pushed()
        assert "已提醒1人看通知 1" in await grid.says("催阅 1")
        [push] = await worker.pushed()
        assert push.text.startswith("【催阅】")
        assert TEXT in push.text
        assert push.purpose == "reminder"
        assert await resident.pushed() == []
        assert "09:00以后可以再催" in await grid.says("催阅 1")
        clock.advance(minutes=61)
        await worker.says("已阅 1")
        assert "没有要催的人" in await grid.says("催阅 1")
        # what reminds of it is not counted as the notice
        assert "合计：2人，送达2，已阅2" in await grid.says("通知 1")

    async def test_nobody_is_reminded_at_night(self, office: Office, clock: Clock) -> None:
        await sent(office, TEXT)
        clock.set_local("2022-01-20 23:00")
        assert "07:00以后再催" in await office.person("demo-grid").says("催阅 1")


class TestRecall:
    async def test_before_its_time_nobody_gets_it(self, office: Office, clock: Clock) -> None:
        grid, resident = office.person("demo-grid"), office.person("demo-resident")
        await said_to_send(grid, f"发通知 {TEXT}", "定时 今晚7点")
        assert "已撤回：2人不会再收到" in await grid.presses("撤回")
        clock.set_local("2022-01-20 19:00")
        assert await send_due(office.services) == 0
        assert await resident.pushed() == []
        assert "之前已经撤回" in await grid.says("撤回通知 1")

    async def test_what_is_owed_is_stopped_and_what_is_gone_is_said(self, office: Office) -> None:
        grid, resident, worker = (office.person(f"demo-{who}") for who in ("grid", "resident", "worker"))
        await said_to_send(grid, f"发通知 {TEXT}")
        await send_due(office.services)
        # the author is told first: replies go before broadcasts
        while (await sql(office, "SELECT count(*) FROM outbox WHERE state = 'sent'"))[0][0] < 2:
            await deliver_due(office.services, most=1)
        assert "已撤回：1人不会再收到。\n1人已经收到" in await grid.says("撤回通知 1")
        assert len(await resident.pushed()) + len(await worker.pushed()) == 1
        assert "发更正" in grid.buttons

    async def test_what_has_all_gone_stays_sent(self, office: Office) -> None:
        await sent(office, TEXT)
        told = await office.person("demo-grid").says("撤回通知 1")
        assert "已经全部发出" in told
        assert "2人已经收到" in told
        assert (await row(office, 1)).state == "sent"

    async def test_a_correction_goes_to_those_who_had_it(self, office: Office) -> None:
        grid, resident = office.person("demo-grid"), office.person("demo-resident")
        await sent(office, TEXT)
        newcomer = await hired(office, "newcomer", "area_head", "demo/area-4")
        await resident.pushed()
        assert "内容" in await grid.says("发更正 1")
        shown = await grid.says("核酸检测改到8点")
        assert "收到过通知 1 的人，2人" in shown
        assert "【更正】核酸检测改到8点" in shown
        await grid.says("确认发送")
        assert await send_due(office.services) == 2
        [push] = await resident.pushed()
        assert push.text.startswith("【更正】核酸检测改到8点")
        assert await newcomer.pushed() == []


class TestBesideAlerts:
    async def test_an_alert_is_delivered_before_a_backlog(self, office: Office) -> None:
        grid, resident = office.person("demo-grid"), office.person("demo-resident")
        await settled(office, "demo/area-1", 3_000)
        await said_to_send(grid, f"发通知 {TEXT}")
        await send_due(office.services)
        await resident.says("打卡 38.5 咳嗽 在家 绿码 没接触", "确认提交")
        await deliver_due(office.services)
        count = "SELECT count(*) FROM outbox WHERE"
        [(told,)] = await sql(office, f"{count} state = 'sent' AND purpose = 'alert'")
        [(waiting,)] = await sql(office, f"{count} state = 'due' AND purpose = 'alert'")
        [(behind,)] = await sql(office, f"{count} state = 'due' AND purpose = 'broadcast'")
        assert told > 0
        assert waiting == 0
        assert behind > 0
