"""What one row of a roster says of one person, and what is wrong with it, in Chinese. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.processes.fields.base import Context, Filled, Spec, Unclear, Wrong
from bot.processes.fields.id_number import ID_NUMBER
from bot.processes.fields.phone import PHONE
from bot.services.identity import one_blank, plain_name
from bot.services.place_levels import HOUSES, KIND_TITLES, LEVELS
from bot.services.roles import MARKS, SUBJECT
from bot.services.roles import TITLES as ROLE_TITLES
from bot.services.roster_columns import TITLES

Path = tuple[tuple[str, str], ...]
"""Places from the outermost to the innermost, each as kind and name."""

_ROLES = {
    **{title: role for role, title in ROLE_TITLES.items()},
    **{role: role for role in ROLE_TITLES},
    **dict.fromkeys(("住户", "村民", "业主", "租户"), "resident"),
    **dict.fromkeys(("职工", "工人", "务工人员"), "worker"),
    **dict.fromkeys(("住宿", "住校", "住校生"), "boarder"),
}
_SUBJECTS = {level.kind: level.subject for level in LEVELS}
_YES = frozenset("是 住宿 住校 Y YES 1 √ ✓".split())
_NO = frozenset(("", *"否 不住宿 走读 N NO 0 ×".split()))
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_DECIMAL_END = re.compile(r"(?<=[0-9])\.0$")
_SCIENTIFIC = re.compile(r"[0-9.]+e\+?[0-9]+", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9:]+)?")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBER_LIKE = re.compile(r"[0-9]{3}")
_LONGEST = 40
_PHONE, _ID = Spec("phone", "手机号"), Spec("id_number", "证件号")


@dataclass(frozen=True)
class Guardian:
    """`relation` as it was written, which may be who the guardian is or who the person is to them; '' for none."""

    name: str
    phone: str
    relation: str

    @property
    def masked(self) -> bool:
        """Whether it comes from an export without private values: then it changes nothing."""
        return "*" in self.name or "*" in self.phone


@dataclass(frozen=True)
class RosterRow:
    """Values are '' where the row has none. One with `*` in it is masked, and can only confirm what is stored."""

    number: int
    name: str
    phone: str = ""
    id_number: str = ""
    code: str = ""
    system_id: int | None = None
    roles: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    guardian: Guardian | None = None

    @property
    def masked(self) -> tuple[str, ...]:
        """The fields whose values are masked."""
        return tuple(one for one in ("name", "phone", "id_number") if "*" in getattr(self, one))


@dataclass
class _Reading:
    """One row while it is read."""

    cells: Mapping[str, str]
    context: Context
    faults: list[str] = field(default_factory=list)

    def of(self, name: str) -> str:
        return self.cells.get(name, "")

    def fault(self, column: str, value: str, what: str) -> str:
        self.faults.append(f"{TITLES[column]}“{mask(value)}”{what}")
        return ""


def read_row(number: int, cells: Mapping[str, str], now: datetime) -> RosterRow | list[str]:
    """The row, or everything that is wrong with it. `cells` are by field; `now` is local: nobody is born after it."""
    reading = _Reading(cells, Context(now, 37.3))
    name = _name(reading, "name")
    if not name and not reading.of("name"):
        reading.faults.append("缺姓名")
    phone, id_number = _phone(reading, "phone"), _id_number(reading)
    path = _path(reading)
    row = RosterRow(
        number,
        name,
        phone,
        id_number,
        _DECIMAL_END.sub("", reading.of("code")),
        _system_id(reading),
        _roles(reading, path),
        _paths(path),
        _guardian(reading),
    )
    if _SCIENTIFIC.fullmatch(row.code) and len(row.code) > 8:
        reading.fault("code", row.code, "成了科学计数法，请把这一列设为文本")
    return reading.faults or row


def mask(text: str) -> str:
    """A value as a reason shows it: its ends, enough to find it in one's own list."""
    if len(text) >= 7:
        return f"{text[:3]}{'*' * min(len(text) - 5, 8)}{text[-2:]}"
    return f"{text[:1]}{'*' * (len(text) - 1)}"


def _name(reading: _Reading, column: str) -> str:
    name = plain_name(reading.of(column))
    if not name:
        return ""
    if not _LETTER.search(name) or _NUMBER_LIKE.search(name):
        return reading.fault(column, name, "不像姓名")
    if len(name) > _LONGEST:
        return reading.fault(column, name, f"太长，最多{_LONGEST}个字")
    return name


def _phone(reading: _Reading, column: str) -> str:
    said = _DECIMAL_END.sub("", reading.of(column))
    if not said or _MOBILE.fullmatch(said) or "*" in said:
        return said
    if _SCIENTIFIC.fullmatch(said):
        return reading.fault(column, said, "成了科学计数法，号码已经不全，请把这一列设为文本后重填")
    read = PHONE.read(said, _PHONE, reading.context)
    if isinstance(read, Filled):
        return str(read.value)
    if isinstance(read, Unclear):
        return reading.fault(column, said, "不止一个号码，请只留一个")
    digits = re.sub(r"[^0-9]", "", said)
    wrong = "不是11位" if len(digits) != 11 else "应以13到19开头"
    return reading.fault(column, said, wrong if digits else "不是号码")


def _id_number(reading: _Reading) -> str:
    said = _DECIMAL_END.sub("", reading.of("id_number"))
    if not said or "*" in said:
        return said
    if _SCIENTIFIC.fullmatch(said):
        return reading.fault("id_number", said, "在Excel里存成了数字，末几位已丢失，请把这一列设为文本后重填")
    read = ID_NUMBER.read(said, _ID, reading.context)
    if isinstance(read, Filled):
        return str(read.value)
    if not isinstance(read, Wrong):
        return reading.fault("id_number", said, "不是18位的身份证号；是台胞证的请写“台胞证”加号码")
    what = read.reason.split("，请")[0].replace("身份证号的最后一位对不上", "校验位不对")
    return reading.fault("id_number", said, f"：{what}")


def _system_id(reading: _Reading) -> int | None:
    said = _DECIMAL_END.sub("", reading.of("system_id"))
    if said and not re.fullmatch(r"[0-9]{1,12}", said):
        reading.fault("system_id", said, "不是数字")
        return None
    return int(said) if said else None


def _path(reading: _Reading) -> Path:
    path = []
    written = [(level, said) for level in LEVELS if (said := reading.cells.get(level.kind))]
    for level, said in written:
        name = one_blank(said)
        if _DAY.fullmatch(said):
            reading.faults.append(f"{level.title}成了日期，请把这一列设为文本后重填")
        elif len(name) > _LONGEST:
            reading.faults.append(f"{level.title}的名称太长，最多{_LONGEST}个字")
        else:
            path.append((level.kind, name))
    if not written:
        reading.faults.append("没有写地点（合并的单元格要取消合并，每行都填）")
    return tuple(path)


def _paths(path: Path) -> tuple[Path, ...]:
    """The places that the row puts the person in: a class, and beside it the dormitory, which is no part of the class."""
    if len(path) < 2 or path[-1][0] != "dormitory":
        return (path,) if path else ()
    around = path[:-1]
    ends = [index for index, (kind, _) in enumerate(around, 1) if kind in HOUSES]
    house = around[: ends[-1]] if ends else around
    dormitory = (*house, path[-1])
    return (dormitory,) if house == around else (around, dormitory)


def _roles(reading: _Reading, path: Path) -> tuple[str, ...]:
    said = [part for part in re.split(r"[、，,;；/\s]+", reading.of("roles")) if part]
    for part in said:
        if part not in _ROLES:
            reading.faults.append(f"角色“{part[:10]}”没有，可以写：{'、'.join(ROLE_TITLES.values())}")
    roles = [_ROLES[part] for part in said if part in _ROLES]
    # 住宿生 alone is a student who boards; an export says all that somebody is
    if path and not set(roles) - set(MARKS) and not (roles and reading.of("system_id")):
        around = path[-2] if path[-1][0] == "dormitory" and len(path) > 1 else path[-1]
        roles.insert(0, _SUBJECTS[around[0]])
    boards = reading.of("boarder").upper()
    if boards in _YES:
        roles.append("boarder")
    elif boards not in _NO:
        reading.fault("boarder", boards, "要写“是”或“否”")
    return tuple(dict.fromkeys(roles))


def roles_at(row: RosterRow, path: Path) -> tuple[str, ...]:
    """The roles that the row gives at one of its places: at the dormitory beside a class, only what one is there."""
    if path == row.paths[0]:
        return row.roles
    return tuple(role for role in row.roles if role in SUBJECT)


def _guardian(reading: _Reading) -> Guardian | None:
    name, phone = _name(reading, "guardian_name"), _phone(reading, "guardian_phone")
    wrote_name, wrote_phone = reading.of("guardian_name"), reading.of("guardian_phone")
    if wrote_name and not wrote_phone:
        reading.faults.append("监护人没有写手机号")
    if wrote_phone and not wrote_name:
        reading.faults.append("监护人没有写姓名")
    if not (name and phone):
        return None
    return Guardian(name, phone, reading.of("relation")[:10])


def path_words(path: Path) -> str:
    """A path as people read it: 茶坊社区 › 第三网格."""
    return " › ".join(name for _, name in path)


def level_words(kind: str) -> str:
    """What a kind of place is called; the kind itself where rosters have no column for it."""
    return KIND_TITLES.get(kind, kind)
