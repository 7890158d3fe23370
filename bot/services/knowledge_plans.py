"""Plans changes of entries: what would be saved, for whoever asks to see it first. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from bot.errors import ContentError, NotFound, Refused
from bot.knowledge.bodies import Body, body_digest, file_body
from bot.knowledge.changes import (
    check_dates,
    new_body,
    read_span,
    read_written,
    repeats_facts,
    shortened,
    ways_and_checks,
    with_answer,
    with_dates,
    with_ways,
)
from bot.knowledge.entries import entry_of
from bot.services import questions
from bot.services.context import Services
from bot.services.editors import check_editor
from bot.services.knowledge import Change, Newest, known_id, newest_version, versions
from bot.services.people import Speaker
from bot.storage.tables import places

_MOST_BYTES = 1900  # of 2,048 that a WeChat text takes; the rest is for what stands before a pushed answer


async def answer(
    services: Services, by: Speaker | None, entry_id: str, text: str, keep_rest: bool = False, group: int | None = None
) -> Change:
    """改答: another answer. Its last lines may say 依据, 生效 and 到期.

    Raises:
        NotEntitled, NotFound: as for all plans.
        Refused: the text cannot be an answer.
    """
    entry_id, newest = await _newest(services, by, entry_id)
    written = read_written(text, services.today())
    notes = []
    if repeats_facts(newest.body) and not keep_rest:
        notes.append("这一条原有的提示句、表格等会重复旧答案里的事实，将一并去掉；要保留请点“保留其余”。")
    body = with_answer(newest.body, written, keep_rest)
    return _change(services, "answer", newest, body, notes, group)


async def more_ways(services: Services, by: Speaker | None, entry_id: str, ways: Iterable[str]) -> Change:
    """加问法: more ways of asking an entry.

    Raises:
        NotEntitled, NotFound: as for all plans.
        Refused: a way is another entry's, or all are known.
    """
    entry_id, newest = await _newest(services, by, entry_id)
    given = [way.strip() for way in ways if way.strip()]
    for way in given:
        owner = _owner(services, way, entry_id)
        if owner:
            raise Refused(f"“{way}”已经是 {owner}（{services.entries[owner].title}）的问法，一句话只能问一件事。")
    body = with_ways(newest.body, given)
    if body["ask"] == newest.body["ask"]:
        raise Refused("这些问法已经有了。")
    return _change(services, "ways", newest, body)


async def dates(services: Services, by: Speaker | None, entry_id: str, text: str) -> Change:
    """有效期: from which day to which day an entry holds; `text` as `read_span` takes it.

    Raises:
        NotEntitled, NotFound: as for all plans.
        Refused: the dates cannot be read, or end before they begin.
    """
    entry_id, newest = await _newest(services, by, entry_id)
    span = read_span(text, services.today())
    notes = []
    if (span.get("effective") or "") > services.today().isoformat():
        notes.append("在生效日之前，仍按现在的答案回答。")
    return _change(services, "dates", newest, with_dates(newest.body, span), notes)


async def stop(services: Services, by: Speaker | None, entry_id: str) -> Change:
    """停用: from now on the entry says that it has expired.

    Raises:
        NotEntitled, NotFound: as for all plans.
    """
    entry_id, newest = await _newest(services, by, entry_id)
    yesterday = services.today() - timedelta(days=1)
    body = with_dates(newest.body, {"expires": yesterday.isoformat()})
    if str(body.get("effective") or "") > body["expires"]:
        del body["effective"]  # it never came into force
    return _change(services, "stop", newest, body)


async def restore(services: Services, by: Speaker | None, entry_id: str, number: int) -> Change:
    """恢复: an earlier version becomes the newest again.

    Raises:
        NotEntitled, NotFound: as for all plans; there is no such version.
    """
    entry_id, newest = await _newest(services, by, entry_id)
    for version in await versions(services, by, entry_id):
        if version.number == number:
            return _change(services, "restore", newest, version.body)
    raise NotFound(f"{entry_id} 没有第{number}版，发“版本 {entry_id}”看列表。")


async def keep(services: Services, by: Speaker | None, entry_id: str, file: bool) -> Change:
    """用文件 or 用修改: settles which holds where the file and staff have both changed an entry.

    Raises:
        NotEntitled, NotFound: as for all plans; the entry has no file.
    """
    entry_id, newest = await _newest(services, by, entry_id)
    of_file = file_body(entry_id)
    if of_file is None:
        raise NotFound(f"{entry_id} 没有对应的文件，只有工作人员的版本。")
    return _change(services, "keep_file" if file else "keep_mine", newest, of_file if file else newest.body)


async def reply(services: Services, by: Speaker | None, group_id: int, text: str, keep_rest: bool = False) -> Change:
    """答复: a new entry for questions without an answer; for an answer that was of no use, another answer.

    Raises:
        NotEntitled, NotFound: as for all plans; there is no such group.
        Refused: it is settled already, or the text cannot be an answer.
    """
    group, texts = await questions.group_with_texts(services, by, group_id)
    _check_open(group)
    if group.kind == "disliked" and group.entry_id is not None and group.entry_id in services.entries:
        return await answer(services, by, group.entry_id, text, keep_rest, group_id)
    entry_id = f"N{group_id}"
    written = read_written(text, services.today())
    ways, check = ways_and_checks(texts)
    ways, notes = _free(services, ways or [shortened(group.text, 40)], entry_id)
    if not ways:
        raise Refused("这些问题已经是别的条目的问法了。" + "".join(notes))
    body = new_body(entry_id, ways[0], ways, check, written, await _source(services, by))
    if check:
        notes.append(f"另有{len(check)}句留作检验新模型：{'、'.join(check)}")
    return _change(services, "new", Newest(0, {}), body, notes, group_id)


async def same(services: Services, by: Speaker | None, group_id: int, entry_id: str) -> Change:
    """答复 … 同 …: the questions of a group are ways of asking an entry.

    Raises:
        NotEntitled, NotFound: as for all plans; there is no such group.
        Refused: it is settled already.
    """
    entry_id, newest = await _newest(services, by, entry_id)
    group, texts = await questions.group_with_texts(services, by, group_id)
    _check_open(group)
    ways, check = ways_and_checks(texts)
    ways, notes = _free(services, ways, entry_id)
    if check:
        notes.append(f"另有{len(check)}句留作检验新模型：{'、'.join(check)}")
    return _change(services, "ways", newest, with_ways(newest.body, ways, check), notes, group_id)


async def _newest(services: Services, by: Speaker | None, entry_id: str) -> tuple[str, Newest]:
    check_editor(by)
    entry_id = known_id(services, entry_id)
    async with services.transaction() as connection:
        newest = await newest_version(connection, entry_id)
    if newest is None:
        raise NotFound(f"没有编号为 {entry_id} 的条目。")
    return entry_id, newest


def _change(
    services: Services,
    kind: str,
    newest: Newest,
    body: Body,
    notes: Iterable[str] = (),
    group: int | None = None,
) -> Change:
    """Checks a new body as the loader would, and the reply that it makes.

    Raises:
        Refused: the body would be no good entry.
    """
    check_dates(body)
    try:
        entry = entry_of(body, body["id"])
    except ContentError as error:
        raise Refused(f"这样改不行：{error}") from error
    longest = max((len(lead.text.encode()) + 1 for lead in entry.leads), default=0)
    size = len(f"{entry.answer}\n{entry.source_line}".encode()) + longest
    if size > _MOST_BYTES:
        raise Refused(f"答复太长：一条微信最多{_MOST_BYTES // 3}个汉字左右，现在约{size // 3}个，请缩短。")
    more = list(notes)
    waiting = (newest.body.get("effective") or "") > services.today().isoformat()
    if waiting and (body.get("effective") or "") <= services.today().isoformat():
        more.append(f"原来等到 {newest.body['effective']} 才生效的版本将不再生效。")
    return Change(kind, entry.id, newest.row, body, body_digest(file_body(entry.id)), group, newest.body or None, more)


def _check_open(group: questions.Group) -> None:
    if group.state == "answered":
        raise Refused(f"{group.id} 号问题已经答复过了（{group.entry_id}），要改请发“改答 {group.entry_id} 新的答复”。")


def _free(services: Services, ways: Iterable[str], entry_id: str) -> tuple[list[str], list[str]]:
    """The ways that are no other entry's, and a note on each that is."""
    free, notes = [], []
    for way in ways:
        owner = _owner(services, way, entry_id)
        if owner:
            notes.append(f"“{way}”已经是 {owner}（{services.entries[owner].title}）的问法，没有加入。")
        else:
            free.append(way)
    return free, notes


def _owner(services: Services, way: str, entry_id: str) -> str | None:
    """The other entry whose way of asking this is."""
    owner = services.library.owner(way)
    return owner if owner in services.entries and owner != entry_id else None


async def _source(services: Services, by: Speaker | None) -> dict[str, str]:
    day = services.today()
    place = "命令行"
    if by is not None:
        async with services.transaction() as connection:
            place = await connection.scalar(sa.select(places.c.name).where(places.c.id == by.roles[0].place_id))
    return {"plan": "工作人员答复", "item": f"{place}，{day.year}年{day.month}月{day.day}日"}
