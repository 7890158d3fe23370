"""Staff keep the knowledge up to date in chat: what waits, answers, edits, dates, versions, rights."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
import sqlalchemy as sa
import yaml

from bot.assistant.host import Assistant
from bot.channels.base import end_tasks
from bot.clock.tick import tick
from bot.clock.upkeep import upkeep_for_ever
from bot.content import ROOT
from bot.errors import NotEntitled
from bot.knowledge.entries import load_entries
from bot.services import knowledge, knowledge_plans, people, questions
from bot.services.context import Services, build_services, use
from bot.services.knowledge_snapshot import export_snapshot, export_yaml, tell_of_training, wanted_file
from bot.settings import Settings
from bot.storage.tables import audit, question_groups
from bot.storage.tables import questions as questions_table
from tests.conftest import Clock
from tests.office import Office, Talker

ASKED = "核酸采样亭几点开门"  # stands among the examples of what the plans do not answer
ANSWER = "核酸采样亭每天9点到18点开门，要先扫码。"


async def _collected(office: Office) -> None:
    while await questions.collect_questions(office.services):
        pass


async def _group_of(office: Office, text: str) -> questions.Group:
    editor = await people.identify(office.services, "rest:demo-grid")
    _, groups = await questions.open_groups(office.services, editor, 0, 50)
    return next(group for group in groups if text in group.text)


@pytest_asyncio.fixture
async def another_process(
    office: Office, assistant: Assistant, settings: Settings, database_url: str, redis_url: str, clock: Clock
) -> AsyncIterator[Office]:
    """The same office as a second process has it, with a library of its own; `use` says which process is at work."""
    made = build_services(settings, database_url, redis_url, clock)
    yield Office(made, assistant)
    use(office.services)
    await made.engine.dispose()
    await made.redis.close()


@pytest.fixture
def own_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the content that a test may change."""
    copy = Path(shutil.copytree(ROOT / "nlu_data", tmp_path / "content"))
    monkeypatch.setenv("BOT_CONTENT_DIR", str(copy))
    return copy


@pytest.fixture
def editor(office: Office) -> Talker:
    return office.person("demo-grid")


class TestCollecting:
    async def test_questions_that_ask_the_same_wait_together_the_most_frequent_first(
        self, office: Office, editor: Talker
    ) -> None:
        await office.person("demo-worker").says("超市几点关门")
        for sender, text in (
            ("demo-resident", ASKED),
            ("guest", ASKED + "？"),
        ):
            assert "没有答案" in await office.person(sender).says(text)
        await questions.note_unanswered(office.services, "rest:demo-worker", "请问核酸采样亭是几点开门呀")
        await _collected(office)
        shown = await editor.says("待答")
        assert "待答的问题2组" in shown
        first, second = (line for line in shown.splitlines() if "次，" in line)
        assert ASKED in first
        assert "3次，无答案" in first
        assert "超市几点关门" in second

    async def test_collecting_again_or_beside_another_process_keeps_each_once(self, office: Office) -> None:
        services = office.services
        await questions.note_unanswered(services, "rest:demo-resident", ASKED)
        [line] = await services.redis.lrange(questions.WAITING_KEY, 0, -1)
        await _collected(office)
        await services.redis.rpush(questions.WAITING_KEY, line)  # as if the process had died after its commit
        await _collected(office)
        assert (await _group_of(office, "采样亭")).count == 1
        assert await services.redis.llen(questions.WAITING_KEY) == 0

    async def test_the_task_beside_the_turns_lays_out_the_training(self, office: Office, editor: Talker) -> None:
        await editor.says("加问法 T7 码色不对劲乘不乘得了大巴", "确认修改")
        wanted = wanted_file(office.services)
        wanted.unlink(missing_ok=True)

        async def done() -> None:
            while not wanted.exists():
                await asyncio.sleep(0)

        task = asyncio.create_task(upkeep_for_ever(office.services))
        try:
            await asyncio.wait_for(done(), 30)
        finally:
            await end_tasks([task])

    async def test_the_clock_collects_what_was_asked(self, office: Office) -> None:
        await questions.note_unanswered(office.services, "rest:demo-resident", ASKED)
        await tick(office.services)
        assert (await _group_of(office, "采样亭")).count == 1

    async def test_numbers_of_people_are_masked_and_texts_sealed(self, office: Office) -> None:
        await questions.note_unanswered(
            office.services, "rest:demo-resident", "我身份证610102199001011234电话138 0013 8000能办健康证吗"
        )
        await _collected(office)
        group = await _group_of(office, "健康证")
        assert group.text == "我身份证〔证件号〕电话〔号码〕能办健康证吗"
        async with office.services.transaction() as connection:
            for table in (questions_table, question_groups):
                [sealed] = await connection.scalars(sa.select(table.c.text_sealed))
                assert "健康证".encode() not in sealed

    async def test_an_ignored_question_does_not_come_back(self, office: Office, editor: Talker) -> None:
        resident = office.person("demo-resident")
        await resident.says(ASKED)
        await _collected(office)
        group = await _group_of(office, "采样亭")
        assert "不再列出" in await editor.says(f"忽略 {group.id}")
        await resident.says(ASKED)
        await _collected(office)
        assert "没有待答的问题" in await editor.says("待答")

    async def test_old_questions_are_deleted(self, office: Office, editor: Talker, clock: Clock) -> None:
        await office.person("demo-resident").says(ASKED)
        await _collected(office)
        clock.advance(days=181)
        assert await questions.delete_old_questions(office.services) == 1
        assert "没有待答的问题" in await editor.says("待答")

    async def test_the_list_has_pages(self, office: Office, editor: Talker) -> None:
        for number in "甲乙丙丁戊己庚辛壬":
            await questions.note_unanswered(office.services, "rest:x", f"{number}号楼的电梯归谁修")
        await _collected(office)
        await editor.says("待答")
        assert "下一页" in editor.buttons
        assert "第2页" in await editor.presses("下一页")


class TestAnswering:
    async def test_an_answer_reaches_who_asked_and_the_next_who_asks_at_once(
        self, office: Office, editor: Talker
    ) -> None:
        resident, worker = office.person("demo-resident"), office.person("demo-worker")
        await resident.says(ASKED)
        await _collected(office)
        group = await _group_of(office, "采样亭")
        assert ASKED in await editor.says(f"答复 {group.id}")
        shown = await editor.says(f"答复 {group.id} {ANSWER}")
        assert "新条目" in shown
        assert ANSWER in shown
        assert editor.buttons == ["确认修改", "放弃"]
        assert "没有答案" in await worker.says(ASKED)
        await editor.presses("确认修改")

        [told] = await resident.pushed()
        assert ANSWER in told.text
        assert told.text.splitlines()[-1] == "依据：工作人员答复，第三网格，2022年1月20日"
        assert told.custom == {"entry": f"N{group.id}"}
        for text in (ASKED, "核酸采样亭几点开门呀", "请问核酸采样亭是几点开门的？"):
            assert ANSWER in await worker.says(text)
            assert worker.custom["entry"] == f"N{group.id}"
        assert ANSWER not in await worker.says("健康驿站几点开门")
        assert "没有待答" in await editor.says("待答")
        assert "已经答复过" in await editor.says(f"答复 {group.id} 别的")
        assert await resident.pushed() == []

    async def test_who_asked_long_ago_is_not_told(self, office: Office, editor: Talker, clock: Clock) -> None:
        resident = office.person("demo-resident")
        await resident.says(ASKED)
        await _collected(office)
        clock.advance(days=8)
        await editor.says(f"答复 {(await _group_of(office, '采样亭')).id} {ANSWER}", "确认修改")
        assert await resident.pushed() == []

    async def test_questions_can_be_ways_of_asking_an_entry(self, office: Office, editor: Talker) -> None:
        resident = office.person("demo-resident")
        await resident.says("码色不对劲乘不乘得了大巴")
        await questions.note_unanswered(office.services, "rest:demo-resident", "码色不对劲乘不乘得了大巴")
        await _collected(office)
        group = await _group_of(office, "大巴")
        assert "码色不对劲" in await editor.says(f"答复 {group.id} 同 t7")
        await editor.presses("确认修改")
        await resident.says("码色不对劲乘不乘得了大巴")
        assert resident.custom["entry"] == "T7"

    async def test_of_many_questions_every_fifth_is_held_back_to_check_the_model(
        self, office: Office, editor: Talker, clock: Clock
    ) -> None:
        many = [f"核酸采样亭几点开门{end}" for end in ("", "呢", "呀", "吧", "啊")]
        others = ["请问核酸采样亭几点开门", "核酸采样亭会几点开门"]
        for text in [*many, *others]:
            await questions.note_unanswered(office.services, "rest:x", text)
            clock.advance(minutes=1)
        await _collected(office)
        group = await _group_of(office, "采样亭")
        assert group.count == 7
        assert "留作检验" in await editor.says(f"答复 {group.id} {ANSWER}")
        await editor.says("确认修改")
        snapshot = orjson.loads((await export_snapshot(office.services)).read_bytes())
        [entry] = snapshot["entries"]
        assert snapshot["checks"] == {f"N{group.id}": [many[4]]}
        assert many[4] not in entry["ask"]
        assert len(entry["ask"]) == 6


class TestEditing:
    async def test_an_edit_is_shown_first_and_can_be_given_up(self, office: Office, editor: Talker) -> None:
        resident = office.person("demo-resident")
        before = await resident.says("黄码能走吗")
        shown = await editor.says("改答 t7 黄码先别走。\n等转绿码再说。")
        assert "原答案" in shown
        assert "新答案：黄码先别走。\n等转绿码再说。" in shown
        assert "提示句" in shown
        await editor.presses("放弃")
        assert "没有等您确认" in await editor.says("确认修改")
        assert await resident.says("黄码能走吗") == before

    async def test_an_edit_holds_in_every_process_from_its_next_message_on(
        self, office: Office, editor: Talker, another_process: Office
    ) -> None:
        resident = another_process.person("demo-resident")
        use(another_process.services)
        await resident.says("黄码能走吗")
        use(office.services)
        await editor.says("改答 T7 黄码先别走。\n依据：社区通知，2022年1月20日", "确认修改")
        use(another_process.services)
        assert await resident.says("黄码能走吗") == "黄码先别走。\n依据：社区通知，2022年1月20日"
        assert await resident.says("黄码要做核酸吗") == resident.text  # the old answer's leads went with it

    async def test_what_repeats_the_old_answer_can_be_kept(self, office: Office, editor: Talker) -> None:
        await editor.says("改答 T7 黄码先别走。")
        await editor.presses("保留其余")
        await editor.presses("确认修改")
        assert (await office.person("demo-resident").says("黄码要做核酸吗")).startswith("要做，应主动配合当地核酸检测")

    async def test_a_later_beginning_waits_for_its_day(self, office: Office, editor: Talker, clock: Clock) -> None:
        resident = office.person("demo-resident")
        before = await resident.says("黄码能走吗")
        await editor.says("改答 T7 二月的新规定。\n生效：2022年2月1日", "确认修改")
        assert "还没有到生效日" in await editor.says("看答 T7")
        assert await resident.says("黄码能走吗") == before
        clock.set_local("2022-02-01 08:00")
        assert "二月的新规定" in await resident.says("黄码能走吗")

    async def test_an_expired_entry_says_so_and_answers_no_more(
        self, office: Office, editor: Talker, clock: Clock
    ) -> None:
        resident = office.person("demo-resident")
        assert "2022-01-01 到 2022-01-25" in await editor.says("有效期 T7 到 2022-01-25")
        await editor.presses("确认修改")
        assert "依据：" in await resident.says("黄码能走吗")
        clock.set_local("2022-01-26 08:00")
        assert "已于2022年1月25日到期" in await resident.says("黄码能走吗")
        assert resident.custom["no_answer"]
        await editor.says("有效期 T7 到 不限", "确认修改")
        assert "依据：" in await resident.says("黄码能走吗")
        await editor.says("停用 T7", "确认修改")
        assert "到期" in await resident.says("黄码能走吗")

    async def test_ways_of_asking_are_added(self, office: Office, editor: Talker) -> None:
        resident = office.person("demo-resident")
        await editor.says("加问法 T7 码色不对劲乘不乘得了大巴\n码不绿是不是就歇菜了", "确认修改")
        for way in ("码色不对劲乘不乘得了大巴", "码不绿是不是就歇菜了？"):
            await resident.says(way)
            assert resident.custom["entry"] == "T7"
        assert "已经有了" in await editor.says("加问法 T7 码色不对劲乘不乘得了大巴")
        assert "已经是 T7" in await editor.says("加问法 T6 码色不对劲乘不乘得了大巴")

    async def test_versions_are_kept_and_one_can_come_back(self, office: Office, editor: Talker) -> None:
        resident = office.person("demo-resident")
        before = await resident.says("黄码能走吗")
        await editor.says("改答 T7 第二版的答案。", "确认修改", "改答 T7 第三版的答案。", "确认修改")
        shown = await editor.says("版本 T7")
        assert "共3版" in shown
        assert "第1版　文件" in shown
        assert "2022-01-20 08:00 赵*" in shown
        await editor.says("恢复 T7 2", "确认修改")
        assert "第二版的答案" in await resident.says("黄码能走吗")
        await editor.says("恢复 T7 1", "确认修改")
        assert await resident.says("黄码能走吗") == before
        assert "没有第9版" in await editor.says("恢复 T7 9")

    async def test_two_editors_do_not_overwrite_each_other(self, office: Office, editor: Talker) -> None:
        on_the_page = office.person("demo-grid", "web")
        await editor.says("改答 T7 甲的答案。")
        await on_the_page.says("改答 T7 乙的答案。", "确认修改")
        assert "刚刚被改过" in await editor.says("确认修改")
        assert "乙的答案" in await office.person("demo-resident").says("黄码能走吗")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            pytest.param("改答 T7 " + "很长" * 400, "太长", id="too long"),
            ("改答 T7 依据：某某", "还没有写"),
            ("改答 T7 依据：甲\n中间的话", "最后一行"),
            ("改答 T7 好。\n生效：二月三十", "没有认出日期"),
            ("改答 T7 好。\n生效：2022-03-01\n到期：2022-02-01", "早于"),
            ("改答 T999 好。", "没有编号为"),
            ("有效期 T7 明年", "没有认出日期"),
            ("答复 999 好。", "没有编号为"),
            ("用文件 N9", "没有编号为"),
            ("恢复 T7 二", "第几版"),
            ("加问法 T7", "一行一句"),
        ],
    )
    async def test_a_wrong_command_says_what_is_wrong(self, editor: Talker, text: str, said: str) -> None:
        assert said in await editor.says(text)
        assert "没有等您确认" in await editor.says("确认修改")

    async def test_every_change_leaves_an_audit_row(self, office: Office, editor: Talker) -> None:
        await editor.says("改答 T7 新的。", "确认修改", "停用 T7", "确认修改")
        async with office.services.transaction() as connection:
            rows = (await connection.execute(sa.select(audit.c.action, audit.c.object_id, audit.c.actor_id))).all()
        assert [(row.action, row.object_id) for row in rows] == [("knowledge_answer", "T7"), ("knowledge_stop", "T7")]
        assert all(row.actor_id for row in rows)


class TestRights:
    @pytest.mark.parametrize("text", ["待答", "看答 T7", "改答 T7 随便", "停用 T7", "答复 1 随便", "忽略 1", "版本 T7"])
    async def test_others_are_refused(self, office: Office, text: str) -> None:
        for sender in ("demo-resident", "demo-teacher"):
            assert "您的身份不能" in await office.person(sender).says(text)

    async def test_the_services_refuse_by_themselves(self, services: Services) -> None:
        resident = await people.identify(services, "rest:demo-resident")
        change = await knowledge_plans.stop(services, None, "T7")
        for refused in (
            knowledge.save(services, resident, change),
            knowledge_plans.answer(services, resident, "T7", "随便"),
            knowledge.versions(services, resident, "T7"),
            questions.open_groups(services, resident, 0, 5),
            questions.dismiss(services, resident, 1),
            export_yaml(services, resident, Path("nowhere")),
        ):
            with pytest.raises(NotEntitled):
                await refused


class TestFeedback:
    async def test_useless_is_noted_with_the_question_and_counts_once(self, office: Office, editor: Talker) -> None:
        resident = office.person("demo-resident")
        await resident.says("黄码能走吗")
        assert "抱歉" in await resident.says("没用")
        assert "转人工" in resident.buttons
        assert "已经记下" in await resident.says("没用")
        await _collected(office)
        group = await _group_of(office, "黄码能走吗")
        assert (group.kind, group.entry_id, group.count) == ("disliked", "T7", 1)
        assert "没帮上，T7" in await editor.says("待答")
        assert "现在的答案（T7）" in await editor.says(f"答复 {group.id}")
        await editor.says(f"答复 {group.id} 黄码先别走，转绿再走。", "确认修改")
        [told] = await resident.pushed()
        assert "转绿再走" in told.text

    async def test_useful_is_thanked_for(self, office: Office) -> None:
        resident = office.person("demo-resident")
        await resident.says("黄码能走吗")
        assert "谢谢" in await resident.says("有用")
        await _collected(office)
        assert await office.services.redis.hgetall("feedback:2022-01-20") == {b"T7/useful": b"1"}

    async def test_without_an_answer_before_it_gets_a_kind_word(self, office: Office) -> None:
        assert "您问我问题" in await office.person("demo-resident").says("有用")


class TestFilesAndVersions:
    async def test_the_snapshot_holds_what_staff_changed_and_has_not_expired(
        self, office: Office, editor: Talker
    ) -> None:
        wanted_file(office.services).unlink(missing_ok=True)
        assert await export_snapshot(office.services) is None
        await editor.says("加问法 T7 码色不对劲乘不乘得了大巴", "确认修改", "停用 T6", "确认修改")
        first = orjson.loads((await export_snapshot(office.services)).read_bytes())
        assert [entry["id"] for entry in first["entries"]] == ["T7"]
        assert first["checks"] == {"T7": ["码色不对劲乘不乘得了大巴"]}
        await editor.says("改答 T7 别的答案。", "确认修改")
        second = orjson.loads((await export_snapshot(office.services)).read_bytes())
        assert second["entries"][0]["answer"] == "别的答案。"
        assert second["digest"] == first["digest"]  # nothing new to learn

    @pytest.mark.parametrize(("accepted", "said"), [(True, "训练上线"), (False, "没有通过检查")])
    async def test_editors_are_told_once_how_the_training_ended(
        self, office: Office, editor: Talker, accepted: bool, said: str
    ) -> None:
        await editor.says(f"加问法 T7 码色不对劲{accepted}", "确认修改")
        wanted = orjson.loads((await export_snapshot(office.services)).read_bytes())
        result = office.services.settings.data_dir / "models" / f"{wanted['digest']}.json"
        result.parent.mkdir(exist_ok=True)
        result.write_bytes(orjson.dumps({"accepted": accepted, "reasons": ["必答问题错了1个"]}))
        assert await tell_of_training(office.services)
        assert not await tell_of_training(office.services)
        [told] = await editor.pushed()
        assert said in told.text
        assert ("必答问题" in told.text) is not accepted

    async def test_yaml_comes_out_as_it_is_answered(self, office: Office, editor: Talker, tmp_path: Path) -> None:
        await office.person("demo-resident").says(ASKED)
        await _collected(office)
        group = await _group_of(office, "采样亭")
        await editor.says(f"答复 {group.id} {ANSWER}", "确认修改")
        await editor.says("改答 T7 第一行。\n第二行：有冒号。\n到期：2022-03-01", "确认修改", "看答 T7")
        out = tmp_path / "content" / "knowledge"
        assert await export_yaml(office.services, None, out) == 2
        assert yaml.safe_load((out / "travel" / "T7.yml").read_text())["answer"] == "第一行。\n第二行：有冒号。"
        assert load_entries(out) == dict(office.services.entries)

    async def test_where_file_and_staff_have_both_changed_staff_choose(
        self, office: Office, editor: Talker, own_content: Path
    ) -> None:
        resident = office.person("demo-resident")
        await editor.says("改答 T7 工作人员的答案。", "确认修改")
        assert "都改过" not in await editor.says("待答")
        path = own_content / "knowledge" / "travel" / "T7.yml"
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**body, "answer": "文件的新答案。"}, allow_unicode=True), encoding="utf-8")
        assert "T7 的文件和工作人员的版本都改过" in await editor.says("待答")
        assert "工作人员的答案" in await resident.says("黄码能走吗")
        await editor.says("用修改 T7", "确认修改")
        assert "都改过" not in await editor.says("待答")
        path.write_text(yaml.safe_dump({**body, "answer": "文件的再新答案。"}, allow_unicode=True), encoding="utf-8")
        assert "都改过" in await editor.says("待答")
        await editor.says("用文件 T7", "确认修改")
        assert "都改过" not in await editor.says("待答")
        assert "文件的再新答案" in await resident.says("黄码能走吗")
