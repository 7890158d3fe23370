"""Staff ask for figures: in words, as a table, as a picture of a week."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import NotEntitled
from bot.services import summaries, summary_file
from bot.services.asked_part import AskedPart, Place, read_asked
from bot.services.context import Services
from bot.services.files import keep_file, shown_file, shown_image
from bot.services.people import Speaker
from bot.services.trend_picture import Day, draw_trend

_DAYS = 7
_PLACES = 5  # bubbles in one reply


class ActionSummary(SideAction):
    """今日汇总, 昨天三网格汇总, 汇总表格, 本周趋势."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Shows the figures of the places that are named, or of the speaker's own."""
        speaker = await speaker_of(services, tracker)
        verb = next(tracker.get_latest_entity_values("verb")).lower()
        words = next(tracker.get_latest_entity_values("words"), None)
        if not speaker.staff:
            raise NotEntitled("汇总和趋势是工作人员用的。您可以发“我的数据”看自己报过什么，防疫政策直接问我。")
        asked = await read_asked(services, speaker, words)
        if "趋势" in verb:
            await self._trend(dispatcher, services, speaker, asked)
        elif verb == "汇总":
            await self._figures(dispatcher, services, speaker, asked)
        else:
            kept = await summary_file.keep_summary(services, speaker, asked)
            shown = shown_file(services, speaker.channel, kept.path, kept.name)
            say(dispatcher, f"汇总表格做好了（含未报名单和异常名单，已记入审计）。\n{shown.line}", custom=shown.custom)

    async def _figures(
        self, dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, asked: AskedPart
    ) -> None:
        again = asked.words(services.today())
        buttons = [("表格", f"{again}汇总表格"), ("谁还没报", f"{again}谁还没报"), ("本周趋势", f"{again}本周趋势")]
        left = asked.places[_PLACES:]
        asked = AskedPart(asked.process, asked.day, asked.checks, asked.places[:_PLACES])
        texts = [one.text(services) for one in await summaries.summaries(services, speaker, asked)]
        if left:
            texts.append(f"另有{len(left)}处，请写地点的名字，例如：{left[0].name}今日汇总")
        for text in texts[:-1]:
            say(dispatcher, text)
        say(dispatcher, texts[-1], buttons)

    async def _trend(
        self, dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, asked: AskedPart
    ) -> None:
        for place in asked.places[:_PLACES]:
            days = await _trend_days(services, speaker, asked, place)
            words = "\n".join(
                f"{day.day.month}/{day.day.day}　已报{day.percent}%　未报{day.missing}　异常{day.abnormal}"
                for day in days
            )
            name = f"{place.name}趋势{days[-1].day.isoformat()}.png"
            picture = await asyncio.to_thread(draw_trend, days)
            path = await keep_file(services, speaker.person_id or 0, name, "image/png", picture)
            head = f"{place.name} 最近{_DAYS}天（上图绿线是上报率，下图灰柱是未报人次、红柱是异常人数）"
            shown = shown_image(services, speaker.channel, path, f"{head}：\n{words}")
            say(dispatcher, f"{head}：\n{words}\n{shown.line}", custom=shown.custom)


async def _trend_days(services: Services, speaker: Speaker, asked: AskedPart, place: Place) -> list[Day]:
    days = [asked.day - timedelta(days=ago) for ago in reversed(range(_DAYS))]
    seen = await summaries.figures_of_days(services, speaker, asked, place, days)
    return [
        Day(
            day,
            sum(count.expected for count in figures.checks.values()),
            sum(count.reported for count in figures.checks.values()),
            sum(count.missing for count in figures.checks.values()),
            figures.abnormal_people,
        )
        for day, figures in zip(days, seen, strict=True)
    ]
