"""The columns of a roster, by the headings that offices give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import Refused
from bot.services.place_levels import KIND_TITLES, LEVELS
from bot.services.roster_file import heading

# What export writes, and the further headings that import understands.
TITLES = {
    "system_id": "系统编号",
    "name": "姓名",
    "phone": "手机号",
    "id_number": "证件号",
    "code": "编号",
    "roles": "角色",
    "guardian_name": "监护人姓名",
    "guardian_phone": "监护人手机号",
    "relation": "关系",
    "boarder": "住宿",
    **KIND_TITLES,
}
REASON = "原因"
_WORDS = {
    "name": "名字 人员姓名 学生姓名 员工姓名 居民姓名 户主姓名 真实姓名",
    "phone": "手机 电话 手机号码 联系电话 联系方式 电话号码 本人电话 本人手机号 移动电话",
    "id_number": "身份证号 身份证 身份证号码 证件号码 公民身份号码 身份证件号",
    "code": "工号 学号 人员编号 员工编号 职工号 学籍号",
    "roles": "身份 人员类别 人员角色",
    "guardian_name": "监护人 家长姓名 家长",
    "guardian_phone": "监护人电话 监护人手机 监护人联系电话 监护人电话号码 家长手机号 家长电话 家长手机 家长联系电话",
    "relation": "与监护人关系 监护人关系 与本人关系 与学生关系",
    "boarder": "是否住宿 住校 是否住校 住宿生",
}
_FIELDS = {
    **{title: field for field, title in TITLES.items()},
    **{word: field for field, words in _WORDS.items() for word in words.split()},
    **{word: level.kind for level in LEVELS for word in level.words},
}
_SILENT = {"", "序号", REASON}


@dataclass(frozen=True)
class Columns:
    """At which position each field stands, and the headings that nothing is read from."""

    at: dict[str, int]
    headings: tuple[str, ...]
    unused: tuple[str, ...]


def is_roster(headings: Sequence[str]) -> bool:
    """Whether these are the headings of a roster: the name, and anything else that is known."""
    found = {_FIELDS.get(one) for one in headings}
    return "name" in found and len(found - {None}) > 1


def columns_of(headings: Sequence[str]) -> Columns:
    """The columns under these headings, as written.

    Raises:
        Refused: two columns mean the same.
    """
    at: dict[str, int] = {}
    unused = []
    for position, written in enumerate(headings):
        plain = heading(written)
        field = _FIELDS.get(plain)
        if field is None:
            unused += [] if plain in _SILENT else [written]
        elif field in at:
            raise Refused(f"表头“{headings[at[field]]}”和“{written}”是同一项，请只留一列。")
        else:
            at[field] = position
    return Columns(at, tuple(headings), tuple(unused))
