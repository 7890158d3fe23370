"""Lists and summaries as Excel files, kept for who asked for them. Whole names stand in them, so making one is audited."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openpyxl import Workbook

from bot.processes.fields.date import titled
from bot.services import audit
from bot.services.abnormal import AbnormalPerson, abnormal_people
from bot.services.asked_part import AskedPart
from bot.services.chasing import MOST_IN_A_FILE
from bot.services.context import Services
from bot.services.figures import Count
from bot.services.files import keep_file
from bot.services.identity import mask_phone
from bot.services.missing import MissingPerson, begun_checks, missing_people
from bot.services.people import Speaker
from bot.services.summaries import Summary, summaries
from bot.services.summary_words import measure_title, rule_title

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_Row = Sequence[str | int]


@dataclass(frozen=True)
class Kept:
    """A file for one person: the path of its link, and its name."""

    path: str
    name: str


async def keep_summary(services: Services, by: Speaker, asked: AskedPart) -> Kept:
    """The summaries that were asked for as a workbook: 汇总, 未报名单, 异常. The figures are those of `summaries`.

    Raises:
        Refused: it would be too large.
    """
    seen = await summaries(services, by, asked)
    missing: list[MissingPerson] = []
    abnormal: list[AbnormalPerson] = []
    checks = begun_checks(services, asked.process, asked.day, asked.checks)
    async with services.transaction() as connection:
        for place in asked.places:
            of_place = (services, connection, asked.process, asked.day, place)
            missing += await missing_people(*of_place, checks, MOST_IN_A_FILE)
            abnormal += await abnormal_people(*of_place, MOST_IN_A_FILE)
            await audit.note(services, connection, by, "summary_exported", "place", place.id)
    sheets: dict[str, list[_Row]] = {
        "汇总": _summary_rows(services, seen),
        "未报名单": _missing_rows(missing, phones=False),
        "异常": [
            ("地点", "姓名", "检查", "异常", "预警编号", "预警状态"),
            *((one.where, one.name, one.check, one.what, one.alert, one.state) for one in abnormal),
        ],
    }
    return await _keep(services, by, asked, "汇总", sheets)


async def keep_missing(
    services: Services, by: Speaker, asked: AskedPart, found: Sequence[MissingPerson], phones: bool
) -> Kept:
    """A list of missing people that `chasing.all_missing` has found (and audited), with phone numbers or with masked ones."""
    return await _keep(
        services, by, asked, "电话名单" if phones else "未报名单", {"未报名单": _missing_rows(found, phones)}
    )


async def _keep(services: Services, by: Speaker, asked: AskedPart, what: str, sheets: dict[str, list[_Row]]) -> Kept:
    where = asked.places[0].name if len(asked.places) == 1 else f"{len(asked.places)}处"
    name = f"{where}{asked.process.short}{what}{asked.day.isoformat()}.xlsx"
    data = await asyncio.to_thread(workbook, sheets)
    return Kept(await keep_file(services, by.person_id or 0, name, EXCEL, data), name)


def workbook(sheets: dict[str, list[_Row]]) -> bytes:
    """An Excel file of these sheets; no text in it is taken for a formula."""
    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([_plain(cell) for cell in row])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _plain(cell: str | int) -> str | int:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _missing_rows(found: Iterable[MissingPerson], phones: bool) -> list[_Row]:
    return [
        ("检查", "地点", "姓名", "电话"),
        *(
            (one.check.title, one.where, one.name, one.phone if phones or not one.phone else mask_phone(one.phone))
            for one in found
        ),
    ]


def _summary_rows(services: Services, seen: Sequence[Summary]) -> list[_Row]:
    rows: list[_Row] = []
    for one in seen:
        if rows:
            rows.append(())
        rows.append((f"{one.place.name} {one.process.short}汇总", titled(one.day, services.today())))
        if one.closed_at is not None:
            at = one.closed_at.astimezone(services.settings.timezone)
            rows.append((f"{at:%H:%M}已上报的数字", f"截止后变化：{'，'.join(one.since) or '没有'}"))
        rows.append(("单位", "检查", "应报", "已报", "未报", "缺勤", "迟报", "更正"))
        for check in one.checks:
            if check.id in one.figures.checks:
                rows.append(("合计", check.title, *_cells(one.figures.checks[check.id])))
        for unit in one.figures.units:
            for check in one.checks:
                if check.id in unit.checks:
                    rows.append((unit.name, check.title, *_cells(unit.checks[check.id])))
        figures = one.figures
        rows.append(("异常人数", figures.abnormal_people))
        rows += [(f"　{rule_title(one.process, rule)}", people) for rule, people in figures.abnormal.items()]
        rows += [("未关闭预警", figures.alerts_open), ("当天关闭预警", figures.alerts_closed)]
        rows.append(("返回申报人数", sum(figures.returnees.values())))
        rows += [(f"　{measure_title(services.processes, key)}", people) for key, people in figures.returnees.items()]
        rows.append(("零报告处数", figures.zero_reports))
    return rows


def _cells(count: Count) -> tuple[int, ...]:
    return (count.expected, count.reported, count.missing, count.absent, count.late, count.corrected)
