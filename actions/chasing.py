"""Staff see who has not reported, remind them, and report that there is nothing to report."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import NotEntitled
from bot.processes.fields.date import titled
from bot.services import chasing, summary_file, zero_reports
from bot.services.asked_part import AskedPart, read_asked
from bot.services.chasing import AGAIN_AFTER, NAMED, MissingList
from bot.services.context import Services
from bot.services.figures import Unit
from bot.services.files import shown_file
from bot.services.missing import MissingPerson
from bot.services.people import Speaker, mask_name

_UNITS = 20


class ActionChase(SideAction):
    """谁还没报, 催一下, 电话名单, 全部名单, 零报告, 撤销零报告."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Does what the verb says for the places that are named, or for the speaker's own."""
        speaker = await speaker_of(services, tracker)
        verb = next(tracker.get_latest_entity_values("verb"))
        words = next(tracker.get_latest_entity_values("words"), None)
        if not speaker.staff:
            raise NotEntitled(
                "这是工作人员用的：看谁还没报、催报、零报告。您自己发“打卡”就能报，家人的发“帮我妈打卡”这样的话。"
            )
        asked = await read_asked(services, speaker, words)
        if "零报告" in verb:
            await self._zero(dispatcher, services, speaker, asked, withdraw=verb != "零报告")
        elif verb in ("电话名单", "全部名单", "完整名单"):
            await self._list(dispatcher, services, speaker, asked, phones=verb == "电话名单")
        elif "催" in verb or "提醒" in verb:
            await self._chase(dispatcher, services, speaker, asked)
        else:
            await self._who(dispatcher, services, asked)

    async def _who(self, dispatcher: CollectingDispatcher, services: Services, asked: AskedPart) -> None:
        lists = await chasing.who_is_missing(services, asked)
        again, today = asked.words(services.today()), services.today()
        day = "" if asked.day == today else titled(asked.day, today)
        if not lists:
            where = asked.places[0].name if len(asked.places) == 1 else "您负责的范围内"
            say(dispatcher, f"{where}{day}现在没有要报的人，或者还没到开始上报的时间。")
            return
        missing = sum(one.missing for one in lists)
        text = "\n".join(_list_text(one, day) for one in lists[:_UNITS])
        if len(lists) > _UNITS:
            text += f"\n…另有{len(lists) - _UNITS}处，请写地点的名字，例如：{lists[-1].place.name}谁还没报"
        if not missing:
            say(dispatcher, text, [("零报告", f"{again}零报告")] if not day else [])
            return
        buttons = [("电话名单", f"{again}电话名单")]
        if not day:
            buttons.insert(0, ("催一下", f"{again}催一下"))
        if missing > NAMED:
            buttons.append(("全部名单", f"{again}全部名单"))
        say(dispatcher, text, buttons)

    async def _chase(
        self, dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, asked: AskedPart
    ) -> None:
        done = await chasing.chase(services, speaker, asked)
        again = asked.words(services.today())
        if not (done.reminded or done.recently or done.unreachable):
            say(dispatcher, "都报了，不用催。", [("零报告", f"{again}零报告")])
            return
        lines = [f"已提醒{done.reminded}人" + (f"（其中{done.by_family}人由家人代收）。" if done.by_family else "。")]
        if done.recently:
            minutes = int(AGAIN_AFTER.total_seconds()) // 60
            lines.append(f"{done.recently}人{minutes}分钟内刚提醒过，这次没有再发。")
        if done.unreachable:
            lines.append(f"{done.unreachable}人没有可送达的账号，请打电话（发“电话名单”）。")
        buttons = [("谁还没报", f"{again}谁还没报")]
        if done.unreachable:
            buttons.insert(0, ("电话名单", f"{again}电话名单"))
        say(dispatcher, "\n".join(lines), buttons)

    async def _list(
        self,
        dispatcher: CollectingDispatcher,
        services: Services,
        speaker: Speaker,
        asked: AskedPart,
        phones: bool,
    ) -> None:
        found = await chasing.all_missing(services, speaker, asked, phones)
        if not found:
            say(dispatcher, "现在没有未报的人，不用打电话。" if phones else "现在没有未报的人。")
            return
        lines = [f"未报{len(found)}人{'次' if len({one.check.id for one in found}) > 1 else ''}（已记入审计）："]
        custom = None
        if phones:
            lines += [_phone_line(one) for one in found[:NAMED]]
        if not phones or len(found) > NAMED:
            kept = await summary_file.keep_missing(services, speaker, asked, found, phones)
            shown = shown_file(services, speaker.channel, kept.path, kept.name)
            lines += [f"…共{len(found)}人，全部见表格。", shown.line] if phones else [shown.line]
            custom = shown.custom
        say(dispatcher, "\n".join(lines), custom=custom)

    async def _zero(
        self,
        dispatcher: CollectingDispatcher,
        services: Services,
        speaker: Speaker,
        asked: AskedPart,
        withdraw: bool,
    ) -> None:
        again = asked.words(services.today())
        if withdraw:
            taken = await zero_reports.withdraw_zero(services, speaker, asked)
            lines = [f"{one.place.name}：{'零报告已撤销' if one.done else one.reason}。" for one in taken]
            say(dispatcher, "\n".join(lines), [("零报告", f"{again}零报告")] if any(one.done for one in taken) else [])
            return
        lines, buttons = [], []
        for one in await zero_reports.report_zero(services, speaker, asked):
            if one.done:
                still = f"还有{one.missing}人次没报，请继续催。" if one.missing else ""
                lines.append(f"{one.place.name}：今天零报告已记下。{still}")
                buttons = [("撤销零报告", f"{again}撤销零报告")]
                buttons += [("谁还没报", f"{again}谁还没报")] if one.missing else []
            else:
                lines.append(f"{one.place.name}：没有记零报告，{one.reason}。")
        say(dispatcher, "\n".join(lines), buttons or [("待处理预警", "待处理")])


def _list_text(one: MissingList, day: str) -> str:
    head = f"{one.place.name} {day}{one.check.title}："
    if not one.missing:
        return f"{head}{one.expected}人都报了。"
    lines = [f"{head}应报{one.expected}人，未报{one.missing}人"]
    if one.people:
        for where, people in groupby(one.people, key=lambda person: person.where):
            names = list(people)
            at = "" if where == one.place.name else f"{where} {len(names)}人："
            lines.append(at + "、".join(mask_name(person.name) for person in names))
        if one.missing > len(one.people):
            lines.append(f"…另有{one.missing - len(one.people)}人，发“全部名单”看表格")
    else:
        lines += _unit_lines(one.check.id, one.units)
    return "\n".join(lines)


def _unit_lines(check: str, units: Sequence[Unit]) -> list[str]:
    rows = [(unit.checks[check].missing, unit.name) for unit in units if check in unit.checks]
    rows = sorted((row for row in rows if row[0]), key=lambda row: -row[0])
    lines = [f"・{name} {missing}人" for missing, name in rows[:_UNITS]]
    if len(rows) > _UNITS:
        rest = sum(missing for missing, _ in rows[_UNITS:])
        lines.append(f"…另有{len(rows) - _UNITS}处共{rest}人，发“全部名单”看表格")
    return lines


def _phone_line(one: MissingPerson) -> str:
    return f"{one.name} {one.phone or '没有登记电话'}（{one.where}）"
