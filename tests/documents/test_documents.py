"""Imported documents in use: quoted in chat, in and out of force, by whom, and from the command line."""

from __future__ import annotations

import asyncio
import re
import secrets
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import NotEntitled, NotFound, Refused
from bot.services import documents
from bot.services.context import Services, build_services
from bot.services.documents import DocumentFacts, Imported
from bot.services.people import identify
from bot.storage.tables import audit
from tests.documents.texts import CARE_HOMES, LIBRARY, MARKETS
from tests.office import Office
from tests.service.running_service import command

FACTS = DocumentFacts("养老机构冬春季疫情防控通知", "市民政局", "民发〔2022〕3号", date(2022, 1, 10), date(2022, 1, 31))
ASKED = "去养老院看老人要预约吗"


async def imported(
    services: Services, text: str = CARE_HOMES, about: DocumentFacts = FACTS, by: str | None = None
) -> Imported:
    speaker = await identify(services, by) if by else None
    return await documents.import_document(services, speaker, "通知.txt", text.encode(), about)


async def test_a_document_answers_from_the_next_message_on(office: Office) -> None:
    person = office.person("demo-resident")
    await person.says(ASKED)
    assert "document" not in person.custom
    done = await imported(office.services)
    assert (done.passages, done.sections, done.again) == (8, 6, False)
    await person.says(ASKED)
    lines = person.text.splitlines()
    assert lines[0] == "文件里有这段："
    assert "提前3天电话预约" in lines[1]
    assert lines[-1] == (
        "来源：《养老机构冬春季疫情防控通知》（市民政局，民发〔2022〕3号），一、人员进出管理 › （一）探视，2022-01-10起施行"
    )
    assert person.custom["document"] == {
        "id": done.document.id,
        "title": FACTS.title,
        "section": "一、人员进出管理 › （一）探视",
    }
    assert "no_answer" not in person.custom
    assert "entry" not in person.custom
    assert "依据：" not in person.text
    assert "转人工" in person.buttons


async def test_typos_are_forgiven_and_entries_and_refusals_stay(office: Office) -> None:
    await imported(office.services)
    await imported(office.services, LIBRARY, DocumentFacts(issuer="市图书馆"))
    person = office.person("demo-resident")
    assert "公众号预约" in await person.says("图书管要预约吗")
    await person.says("黄码可以出行吗")
    assert "entry" in person.custom
    await person.says("养老金什么时候涨")
    assert person.custom.get("no_answer") is True


async def test_a_passage_that_covers_the_question_goes_before_an_entry_that_does_not(office: Office) -> None:
    person = office.person("demo-resident")
    question = "宠物能带进市场吗"
    await person.says(question)
    taken_for = person.custom.get("entry")
    await imported(office.services, MARKETS)
    assert "宠物不得带入市场" in await person.says(question)
    assert person.custom["document"]
    if taken_for:
        assert office.services.entries[taken_for].title in person.buttons


async def test_a_question_amid_a_form_is_answered_and_the_form_goes_on(office: Office) -> None:
    await imported(office.services)
    person = office.person("demo-worker")
    await person.says("打卡")
    asked_before = person.custom["field"]
    await person.says(ASKED)
    assert "提前3天电话预约" in person.reply[0].text
    assert person.reply[0].custom["document"]["title"] == FACTS.title
    assert not person.reply[0].buttons
    assert person.reply[-1].custom == {"process": "daily_report", "field": asked_before}


async def test_another_process_quotes_it_too_and_stops_when_it_is_withdrawn(
    office: Office, database_url: str, redis_url: str
) -> None:
    done = await imported(office.services)
    services = office.services
    other = build_services(services.settings, database_url, redis_url, services.clock)
    try:
        person = office.person("demo-resident")
        await person.says(ASKED)
        assert "document" in person.custom
        await documents.withdraw(other, None, done.document.id)
        await person.says(ASKED)
        assert "document" not in person.custom
        assert await documents.standing(other, None) == []
        with pytest.raises(NotFound):
            await documents.withdraw(other, None, done.document.id)
        again = await imported(other)
        assert not again.again
        await person.says(ASKED)
        assert person.custom["document"]["id"] == again.document.id
    finally:
        await other.engine.dispose()
        await other.redis.close()


async def test_only_between_its_dates(office: Office, clock) -> None:  # type: ignore[no-untyped-def]
    await imported(office.services)
    person = office.person("demo-resident")
    answered = {}
    for day in ("2022-01-09", "2022-01-10", "2022-01-31", "2022-02-01"):
        clock.set_local(f"{day} 12:00")
        await person.says(ASKED)
        answered[day] = "document" in person.custom
    assert list(answered.values()) == [False, True, True, False]


async def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    first = await imported(office.services)
    second = await imported(office.services, about=DocumentFacts("别的标题", "别的单位"))
    assert second == Imported(first.document, first.passages, first.sections, again=True)
    assert len(await documents.standing(office.services, None)) == 1


async def test_two_imports_of_one_file_at_once_make_one_document(office: Office) -> None:
    done = await asyncio.gather(*(imported(office.services) for _ in range(4)))
    assert sorted(one.again for one in done) == [False, True, True, True]
    assert len({one.document.id for one in done}) == 1


async def test_rights_and_audit(office: Office) -> None:
    services = office.services
    for sender in ("rest:demo-resident", "rest:demo-teacher"):
        speaker = await identify(services, sender)
        with pytest.raises(NotEntitled):
            await imported(services, by=sender)
        with pytest.raises(NotEntitled):
            await documents.standing(services, speaker)
        with pytest.raises(NotEntitled):
            await documents.withdraw(services, speaker, 1)
    done = await imported(services, by="rest:demo-grid")
    editor = await identify(services, "rest:demo-grid")
    await documents.withdraw(services, editor, done.document.id)
    async with services.transaction() as connection:
        rows = await connection.execute(sa.select(audit).where(audit.c.object == "document").order_by(audit.c.id))
        noted = [(row.actor_id, row.action, row.object_id) for row in rows]
    number = str(done.document.id)
    assert noted == [(editor.person_id, "import", number), (editor.person_id, "withdraw", number)]


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (DocumentFacts("标题", ""), "发布单位"),
        (DocumentFacts("题" * 81, "单位"), "标题太长"),
        (DocumentFacts("标题", "单位", "号" * 41), "文号太长"),
        (DocumentFacts("标题", "单位", "", date(2022, 2, 1), date(2022, 1, 1)), "早于"),
    ],
)
async def test_facts_that_do_not_hold_are_refused(office: Office, about: DocumentFacts, said: str) -> None:
    with pytest.raises(Refused, match=said):
        await imported(office.services, about=about)
    assert await documents.standing(office.services, None) == []


async def test_the_title_is_the_first_line_unless_one_is_given(office: Office) -> None:
    done = await documents.import_document(
        office.services, None, "公告.md", LIBRARY.encode(), DocumentFacts(issuer="市图书馆")
    )
    assert done.document.title == "市图书馆恢复开放公告"
    person = office.person("demo-resident")
    await person.says("自习室有多少座位")
    assert person.text.endswith("来源：《市图书馆恢复开放公告》（市图书馆），开放时间")


async def test_a_quote_fits_a_message_and_ends_with_one_source_line(office: Office) -> None:
    rule = "绘本馆的读者须提前预约座位。" * 40
    text = f"绘本馆预约\n依据：上级文件。\n来源：绘本馆预约座位的说明。\n{rule}"
    done = await imported(office.services, text, DocumentFacts("标" * 80, "单" * 40, "号" * 40, date(2022, 1, 1)))
    assert done.passages > 1
    person = office.person("demo-resident")
    for question in ("绘本馆读者要预约吗", "绘本馆预约座位的说明"):
        await person.says(question)
        assert "document" in person.custom
        [bubble] = person.reply
        assert len(bubble.text.encode()) <= 2048
        assert not re.search(r"^依据：", bubble.text, re.MULTILINE)
        assert [line for line in bubble.text.splitlines() if line.startswith("来源：")] == [
            bubble.text.splitlines()[-1]
        ]


async def test_a_long_passage_is_shortened_at_the_end_of_a_sentence(office: Office) -> None:
    section = "\n".join(f"# {'绘本馆预约' * 7}{level}" for level in ("一", "二", "三"))
    text = section.replace("\n#", "\n##", 1).replace("二\n#", "二\n###") + "\n" + "绘本馆读者须提前两天预约座位。" * 33
    await imported(office.services, text, DocumentFacts("标" * 80, "单" * 40, "号" * 40, date(2022, 1, 1)))
    person = office.person("demo-resident")
    await person.says("绘本馆读者要预约吗")
    quoted, source = person.text.splitlines()[-2:]
    assert quoted.endswith("座位。（原文较长，只引到这里）")
    assert source.startswith("来源：《标标标")
    assert 1990 <= len(person.text.encode()) <= 2048


def test_the_command_line(tmp_path: Path, database_url: str, redis_url: str) -> None:
    environment = {
        "BOT_DATABASE_URL": database_url,
        "BOT_REDIS_URL": redis_url,
        "BOT_SECRET_KEY": secrets.token_hex(32),
        "BOT_DATA_DIR": str(tmp_path / "data"),
    }
    file = tmp_path / "通知.txt"
    file.write_text(CARE_HOMES, encoding="gbk")
    big = tmp_path / "大.pdf"
    with big.open("wb") as out:
        out.truncate(50 * 1024 * 1024)

    def run(*arguments: str) -> tuple[int, str]:
        done = command("policy", *arguments, environment=environment)
        assert "Traceback" not in done.stderr
        return done.returncode, (done.stdout + done.stderr).strip()

    status, said = run("import", str(file), "--issuer", "市民政局", "--expires", "2099-12-31")
    assert (status, said) == (
        0,
        "已导入：编号 1，《关于做好养老机构冬春季疫情防控工作的通知》，8段，分属6个标题；有效期到 2099-12-31。",
    )
    assert "已经导入过（编号 1" in run("import", str(file), "--issuer", "市民政局")[1]
    assert run("list")[1].startswith("1\t《关于做好养老机构冬春季疫情防控工作的通知》（市民政局）\t8段")
    assert run("import", str(big), "--issuer", "x") == (
        1,
        "错误：文件有50 MB，超过20 MB（BOT_DOCUMENT_MB）；请去掉图片或拆成几个文件再导入。",
    )
    assert "错误：没有这个文件" in run("import", str(tmp_path / "没有.txt"), "--issuer", "x")[1]
    assert run("withdraw", "1")[1].startswith("已撤回：《关于做好养老机构冬春季疫情防控工作的通知》")
