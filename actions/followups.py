"""Staff follow up people under a measure, and keep the register of high-risk posts."""

from __future__ import annotations

import re
from datetime import date

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import SideAction, say, speaker_of
from bot.errors import Refused
from bot.processes.fields import FIELD_TYPES
from bot.processes.fields.base import Context, Filled, Spec
from bot.services import followup_desk, high_risk_posts
from bot.services.context import Services
from bot.services.followup_desk import RESULTS, FollowUpView
from bot.services.people import Speaker

_TEMPERATURE = re.compile(r"(?<![0-9.])(3[4-9]|4[0-3])(\.[0-9])?(?:\s*(?:℃|度))?(?![0-9])")
_SHOWN = 20


class ActionFollowUp(SideAction):
    """随访, 核酸, 解除, 延长, 高风险岗位."""

    async def reply(self, dispatcher: CollectingDispatcher, tracker: Tracker, services: Services) -> None:
        """Does what the verb says and shows what came of it."""
        speaker = await speaker_of(services, tracker)
        verb = next(tracker.get_latest_entity_values("verb"))
        code = next(tracker.get_latest_entity_values("code"), None)
        words = next(tracker.get_latest_entity_values("words"), "")
        if verb.startswith("高风险岗位"):
            await _register(dispatcher, services, speaker)
        elif code is None and verb == "核酸":
            await _test_of_person(dispatcher, services, speaker, words)
        elif code is None:
            await _list(dispatcher, services, speaker)
        elif verb == "随访" and not words:
            _say_whole(dispatcher, await followup_desk.look(services, speaker, int(code)))
        elif verb == "随访":
            await _contact(dispatcher, services, speaker, int(code), words)
        elif verb == "核酸":
            await _test(dispatcher, services, speaker, int(code), words)
        elif verb == "解除":
            view = await followup_desk.release(services, speaker, int(code), words)
            say(dispatcher, f"随访{view.id}（{view.who}，{view.kind}）已解除，并告诉了本人。", [("随访名单", "随访")])
        else:
            days = re.search(r"[0-9]+", words)
            view = await followup_desk.lengthen(services, speaker, int(code), int(days[0]) if days else 0)
            say(dispatcher, f"随访{view.id}（{view.who}）延长到{view.last_day:%m月%d日}，并告诉了本人。")


async def _list(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> None:
    views = await followup_desk.open_ones(services, speaker)
    if not views:
        say(dispatcher, "您负责的范围内现在没有要随访的人。")
        return
    waiting = sum(1 for view in views if not view.contacted)
    more = f"\n…还有{len(views) - _SHOWN}人，先处理上面的。" if len(views) > _SHOWN else ""
    say(
        dispatcher,
        f"随访{len(views)}人，今天还有{waiting}人没联系：\n"
        + "\n".join(map(_line, views[:_SHOWN]))
        + more
        + "\n登记联系：随访 编号 体温和情况，例如：随访 12 36.5 正常",
        [(f"随访 {view.id}", f"随访 {view.id}") for view in views[:5]],
    )


def _line(view: FollowUpView) -> str:
    days = f"第{view.day}/{view.days}天" if view.days else f"第{view.day}天"
    tests = f"　核酸{len(view.tests)}/{view.tests_due}" if view.tests_due else ""
    return f"{view.id}　{view.who}，{view.where}　{view.kind}{days}{tests}　{'已联系' if view.contacted else '未联系'}"


def _say_whole(dispatcher: CollectingDispatcher, view: FollowUpView) -> None:
    lines = [_line(view), f"电话：{view.phone or '未登记'}（查看已记入审计）"]
    if view.last_day:
        lines.append(f"到{view.last_day:%m月%d日}为止")
    lines += [f"核酸：{'；'.join(view.tests)}"] if view.tests else []
    lines += ["联系记录：", *view.notes] if view.notes else []
    say(
        dispatcher,
        "\n".join(lines),
        [("正常", f"随访 {view.id} 正常"), ("核酸阴性", f"核酸 {view.id} 阴性"), ("随访名单", "随访")],
    )


async def _contact(
    dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, followup_id: int, words: str
) -> None:
    said = _TEMPERATURE.search(words)
    temperature = float(said[1] + (said[2] or "")) if said else None
    view, code = await followup_desk.contact(services, speaker, followup_id, words, temperature)
    alert = f"\n体温达到发热阈值，已发预警 {code}。" if code else ""
    say(dispatcher, f"已登记今天的联系：{_line(view)}{alert}", [("随访名单", "随访")])


async def _test(
    dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, followup_id: int, words: str
) -> None:
    result, day = _read_test(services, words, f"核酸 {followup_id} 阴性 1月22日")
    view, code = await followup_desk.test(services, speaker, followup_id, result, day)
    alert = f"\n已发预警 {code}。" if code else ""
    say(dispatcher, f"已登记{day:%m月%d日}核酸{result}：{_line(view)}{alert}", [("随访名单", "随访")])


async def _test_of_person(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker, words: str) -> None:
    name = re.split(r"\s*(?:阴性|阳性|待出结果)", words)[0].strip()
    result, day = _read_test(services, words, "核酸 张三 阴性 1月22日")
    who = await high_risk_posts.test(services, speaker, name, result, day)
    say(dispatcher, f"已登记{who}{day:%m月%d日}核酸{result}。", [("高风险岗位", "高风险岗位")])


def _read_test(services: Services, words: str, example: str) -> tuple[str, date]:
    result = next((one for one in RESULTS if one in words), None)
    if result is None:
        raise Refused(f"请写结果（{'、'.join(RESULTS)}）和采样日期，例如：{example}")
    rest = words.partition(result)[2].strip()
    if not rest:
        return result, services.today()
    spec = Spec("day", "日期", options={"past_days": 60, "future_days": 0})
    reading = FIELD_TYPES["date"].read(rest, spec, Context(services.local_now(), services.settings.fever))
    if not isinstance(reading, Filled):
        raise Refused(f"没看懂日期“{rest}”，例如：{example}")
    value = reading.value
    return result, value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


async def _register(dispatcher: CollectingDispatcher, services: Services, speaker: Speaker) -> None:
    views = await high_risk_posts.register(services, speaker)
    if not views:
        say(dispatcher, "您负责的范围内没有登记高风险岗位人员；导入花名册时在“角色”一栏写“高风险岗位”。")
        return
    lines = []
    for view in views[:_SHOWN]:
        tested = f"{view.tested:%m月%d日}" if view.tested else "没有"
        late = "（超期）" if view.overdue else ""
        lines.append(f"{view.who}，{view.where}　今天{'已报' if view.reported else '未报'}　上次核酸：{tested}{late}")
    more = f"\n…还有{len(views) - _SHOWN}人。" if len(views) > _SHOWN else ""
    say(
        dispatcher,
        f"高风险岗位{len(views)}人，今天未报{sum(not v.reported for v in views)}人，核酸超期{sum(v.overdue for v in views)}人：\n"
        + "\n".join(lines)
        + more
        + "\n登记核酸：核酸 姓名 阴性 日期",
    )
