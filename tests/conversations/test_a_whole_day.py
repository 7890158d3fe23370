"""One day of 第三网格 and 三班 from before dawn to the next morning, as all who take part in it write and read it."""

from __future__ import annotations

import re

import pytest

from bot.channels.base import Outgoing
from bot.clock.tick import tick
from bot.services.context import Services
from tests.alerts.reporting import add
from tests.conftest import Clock
from tests.office import Office, Talker
from tests.reports.school import fill_class

_CODE = re.compile(r"编号：([A-Z0-9]{4})")


class Day:
    """The people of the day, the time, and what each of them was sent since it was last looked at."""

    def __init__(self, office: Office, clock: Clock) -> None:
        self.office = office
        self.clock = clock
        self.sent: dict[str, list[Outgoing]] = {}
        self.people: dict[str, Talker] = {}

    def add(self, who: str, sender: str) -> Talker:
        self.people[who] = self.office.person(sender)
        self.sent[who] = []
        return self.people[who]

    async def comes(self, hour: str, day: str = "2022-01-20") -> None:
        """It is that time, and all that it starts is done."""
        self.clock.set_local(f"{day} {hour}")
        await tick(self.office.services)
        await self._look()

    async def got(self, who: str) -> list[str]:
        """The texts that somebody was sent since the last look."""
        await self._look()
        texts = [message.text for message in self.sent[who]]
        self.sent[who] = []
        return texts

    async def forget(self) -> None:
        """Whatever was sent so far is read."""
        await self._look()
        self.sent = {who: [] for who in self.sent}

    async def _look(self) -> None:
        for who, talker in self.people.items():
            self.sent[who] += await talker.pushed()


@pytest.fixture
async def day(office: Office, services: Services, clock: Clock) -> Day:
    await fill_class(services, 10)
    await add(services, "area", "何片长", ("area_head", "demo/area-4"))
    await add(services, "community", "陈社区", ("community", "demo/community"))
    await add(services, "school", "周校", ("school", "demo/school"))
    await add(services, "late", "孙晚起", ("resident", "demo/building-3"))
    made = Day(office, clock)
    for who in ("resident", "worker", "teacher", "grid"):
        made.add(who, f"demo-{who}")
    for who in ("area", "community", "school", "late"):
        made.add(who, who)
    await made.comes("05:55")
    await made.forget()
    return made


async def test_a_day_from_dawn_to_the_next_morning(day: Day) -> None:
    people = day.people
    resident, worker, teacher, late = (people[who] for who in ("resident", "worker", "teacher", "late"))
    grid, area, community = (people[who] for who in ("grid", "area", "community"))

    # a worker in one word, a guardian in one sentence and what it left open, a class in one line
    await day.comes("07:30")
    assert "打卡成功" in await worker.says("一切正常")
    await resident.says("帮我妈打卡 36.4 没症状")
    await resident.says("在家", "绿码", "没有")
    assert "已为刘*（母亲）打卡" in await resident.presses("确认提交")
    told = await teacher.says("三班 到7 缺3 王小明发热38.2咳嗽 赵一诺发热38咳嗽 赵浩然发热38.5咳嗽")
    assert "名单10人，到7人，缺3人" in told
    assert await day.got("school") == []
    assert "记录10人" in await teacher.presses("确认上报")

    # three of a class on one day are an event of its own; teacher and school know, and who has the pupil's home
    alerted = await day.got("school")
    assert len(alerted) == 4
    assert "同日聚集：1天内3人有相似情况" in alerted[1]
    assert sum("王*，演示小学 三班" in text for text in await day.got("grid")) == 1
    for text in await day.got("teacher"):
        assert "已记为您收到" in await teacher.says(f"收到 {_CODE.findall(text)[0]}")
    await day.forget()

    # a fever at home: advice for the person, the grid worker at once, and of the same household a second case
    await day.comes("08:00")
    told = await resident.says("打卡 38.4 发热 在家 绿码 没接触", "确认提交")
    assert "发热门诊" in told
    assert "120" in told
    alone, household = await day.got("grid")
    assert "体温 38.4 ℃" in alone
    assert "家庭聚集：3天内2人有相似情况" in household
    code = _CODE.findall(alone)[0]

    # nobody takes it: after ten minutes the area head, after twenty more the community
    await day.comes("08:09")
    assert await day.got("area") == []
    await day.comes("08:11")
    assert any("11分钟无人确认" in text and code in text for text in await day.got("area"))
    assert await day.got("community") == []
    await day.comes("08:32")
    assert any(code in text for text in await day.got("community"))
    await day.forget()
    await community.says(f"收到 {code}")
    assert any("陈*" in text and "已收到" in text for text in await day.got("resident"))
    assert "结果：已就医" in await grid.says(f"已处理 {code} 已就医")
    assert "上报给上一级" in await grid.says(f"预警记录 {code}")
    await grid.says(f"已处理 {_CODE.findall(household)[0]} 已就医")
    await day.comes("08:59")
    assert not any(code in text for text in await day.got("community"))  # closed alerts climb no further
    await day.forget()

    # nine o'clock: whoever has reported is left in peace
    await day.comes("09:00")
    assert await day.got("late") == ["【打卡提醒】您今天还没打卡，请在12:00前报。"]
    assert await day.got("worker") == []
    assert await day.got("resident") == ["【打卡提醒】王小明今天还没打卡，请在12:00前报。"]
    assert await day.got("area") == []

    # twelve o'clock: one digest to who sees to them, who chases; a late report is kept as late
    await day.comes("12:00")
    [digest] = await day.got("area")
    assert "打卡未报2人：王*（3号楼）、孙*（3号楼）" in digest
    assert "已提醒2人" in await area.says("催一下")
    assert await day.got("late") == ["【打卡提醒】您今天还没打卡，请补报。"]
    assert "补报" in await late.says("一切正常")

    # three o'clock: the same numbers at each level, and on demand
    await day.forget()
    await day.comes("15:00")
    numbers = "打卡：应报5，已报4，未报1（迟报1）"
    for who, place in (("grid", "第三网格"), ("area", "第四片区"), ("community", "茶坊社区")):
        summary = next(text for text in await day.got(who) if "网格汇总" in text)
        assert place in summary
        assert numbers in summary
        assert "未报：王*（3号楼）" in summary
    assert numbers in await community.says("今日汇总")
    assert "应报10，已报7，未报0（缺勤3）" in next(text for text in await day.got("school") if "单位汇总" in text)

    # a notice to the grid, and to nobody else; who has not read it is asked again
    preview = await grid.says("发通知 三网格 今晚7点核酸检测，请带身份证")
    assert "全体人员，3人" in preview
    await grid.presses("确认发送")
    await day.comes("15:10")
    for who in ("resident", "worker", "late"):
        assert any("今晚7点核酸检测" in text for text in await day.got(who))
    for who in ("teacher", "school"):
        assert not any("核酸检测" in text for text in await day.got(who))
    assert "已记录您看过了" in await resident.says("已阅")
    assert "合计：3人，送达3，已阅1" in await grid.says("通知 1")
    assert "已提醒2人" in await grid.presses("催阅")
    assert any("【催阅】" in text for text in await day.got("late"))
    assert not any("【催阅】" in text for text in await day.got("resident"))

    # over midnight: yesterday stands as it was reported, and a new day is owed
    await day.comes("17:00")
    await day.comes("00:01", "2022-01-21")
    assert numbers in await community.says("昨天汇总")
    await day.forget()
    await day.comes("09:00", "2022-01-21")
    assert await day.got("worker") == ["【打卡提醒】您今天还没打卡，请在12:00前报。"]
    assert "打卡成功" in await worker.says("同昨天")


async def test_a_resident_gets_of_the_staffs_words_what_a_resident_may_have(day: Day) -> None:
    resident = day.people["resident"]
    for words in ("谁还没报", "催一下", "今日汇总", "发通知 三网格 大家好", "待办", "预警", "收到 A7K2", "零报告"):
        told = await resident.says(words)
        assert "王*" not in told
        assert told, words
        assert "出错" not in told
    assert await day.got("late") == []
