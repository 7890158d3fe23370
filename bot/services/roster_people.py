"""The people while a roster is imported: whom a row means, and what it changes of them. No input or output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.errors import Refused
from bot.services.identity import id_number_print, mask_id_number, mask_phone, name_print, opened, phone_print
from bot.services.people import mask_name
from bot.services.roster_columns import TITLES
from bot.services.roster_rows import RosterRow
from bot.storage.crypto import Vault

_MASKS = {"name": mask_name, "phone": mask_phone, "id_number": mask_id_number}
_PRINTS = {"name": name_print, "phone": phone_print, "id_number": id_number_print}
_FIELDS = ("name", "phone", "id_number", "code")


@dataclass(eq=False)
class Known:
    """A person. `id` is negative until stored; `prints` are of the values that they will have, the code as it is.

    `row` is the stored row. `changes` are values to be written; `said` what this file has said so far, and in which row.
    """

    id: int
    prints: dict[str, str] = field(default_factory=dict)
    row: Any = None
    roles: set[tuple[str, int]] = field(default_factory=set)
    changes: dict[str, str] = field(default_factory=dict)
    said: dict[str, tuple[str, int]] = field(default_factory=dict)
    new_roles: list[tuple[str, int]] = field(default_factory=list)
    in_file: bool = False

    @property
    def is_new(self) -> bool:
        """Whether the import makes this person."""
        return self.id < 0

    @property
    def touched(self) -> bool:
        """Whether anything is to be written of this person beside kin."""
        return self.is_new or bool(self.changes or self.new_roles)


class Crowd:
    """Everybody whom the rows may mean."""

    def __init__(self, vault: Vault, stored: Sequence[Known], aliases: Mapping[str, int]) -> None:
        """`aliases`: the codes of people who were merged, and into whom."""
        self._vault = vault
        self.new: list[Known] = []
        self.by_id: dict[int, Known] = {}
        self._by_code: dict[str, Known] = {}
        self._by_id_number: dict[str, list[Known]] = {}
        self._by_name: dict[str, list[Known]] = {}
        self.kin: dict[tuple[int, int], str] = {}
        self.guardians_of: dict[int, list[int]] = {}
        self.new_kin: dict[tuple[int, int], str] = {}
        for person in stored:
            self.by_id[person.id] = person
            self._index(person)
        for code, into in aliases.items():
            self._by_code.setdefault(code, self.by_id[into])

    def add_kin(self, guardian: int, ward: int, kind: str) -> None:
        """Keeps a stored tie."""
        self.kin[guardian, ward] = kind
        own = self.guardians_of.setdefault(ward, [])
        if guardian not in own:
            own.append(guardian)

    def find(self, row: RosterRow, place_ids: Sequence[int], doubles: list[str]) -> Known | None:
        """Whom the row means, None for somebody new. People who may be the same are written to `doubles`, not taken for one.

        By number, by code, by ID number, by name and phone; last by name among the people of the place who have nothing
        that the row contradicts.

        Raises:
            Refused: what the row says contradicts what is known; with words for the row.
        """
        if row.system_id is not None:
            return self._by_number(row)
        coded = self._by_code.get(row.code) if row.code else None
        if coded is not None:
            self._check_masks(coded, row)
            if not self._alike(coded, row, ("name", "phone", "id_number")):
                raise Refused(f"编号{row.code}在系统里是“{self._masked(coded)}”，和这一行不像同一个人，请核对编号")
            return coded
        if row.masked:
            raise Refused("打了码的姓名、手机号、证件号不能导入，请用 --with-private 导出的文件")
        prints = self._prints(row)
        found = self._by_id_or_phone(row, prints, doubles)
        return found or self._at_the_place(row, prints, place_ids, doubles)

    def _by_number(self, row: RosterRow) -> Known:
        person = self.by_id.get(row.system_id or 0)
        if person is None:
            raise Refused(f"系统编号{row.system_id}没有；不知道就空着")
        self._check_masks(person, row)
        if not self._alike(person, row, _FIELDS):
            raise Refused(f"系统编号{row.system_id}在系统里是“{self._masked(person)}”，和这一行不像同一个人")
        return person

    def _by_id_or_phone(self, row: RosterRow, prints: Mapping[str, str], doubles: list[str]) -> Known | None:
        for person in self._by_id_number.get(prints["id_number"], ()) if row.id_number else ():
            if person.prints["name"] != prints["name"]:
                raise Refused(f"证件号与“{self._masked(person)}”{_number(person)}的相同，姓名不同，请核对")
            if not _differ(person, prints, "code"):
                return person
            doubles.append(f"第{row.number}行与{_number(person)}（{self._masked(person)}）证件号相同，编号不同")
        for person in self._by_name.get(prints["name"], ()) if row.phone else ():
            if person.prints.get("phone") != prints["phone"]:
                continue
            other = next((one for one in ("code", "id_number") if _differ(person, prints, one)), None)
            if other is None:
                return person
            doubles.append(
                f"第{row.number}行与{_number(person)}（{self._masked(person)}）同名同手机号，{TITLES[other]}不同"
            )
        return None

    def _at_the_place(
        self, row: RosterRow, prints: Mapping[str, str], place_ids: Sequence[int], doubles: list[str]
    ) -> Known | None:
        there = [
            person
            for person in self._by_name.get(prints["name"], ())
            if any(place in place_ids for _, place in person.roles)
        ]
        fitting = [p for p in there if not any(_differ(p, prints, one) for one in ("code", "phone", "id_number"))]
        if not fitting:
            doubles += [
                f"第{row.number}行与{_number(person)}（{self._masked(person)}）同名，在同一地点，{'、'.join(apart)}不同"
                for person in there
                if (apart := [TITLES[one] for one in ("phone", "id_number") if _differ(person, prints, one)])
                and not _differ(person, prints, "code")
            ]
            return None
        known = row.code or row.phone or row.id_number
        if len(fitting) > 1 or (fitting[0].in_file and not known):
            raise Refused("这个地点有同名的人，请填手机号、证件号或编号来区分")
        return fitting[0]

    def take(self, row: RosterRow, person: Known | None) -> Known:
        """The person with what the row says of them written down; None makes a new one.

        Raises:
            Refused: an earlier row said otherwise of the same person, or code or ID number are another's.
        """
        prints = self._prints(row)
        if person is not None:
            self._check_said(person, prints)
            for other in self._by_id_number.get(prints.get("id_number", ""), ()):
                if other is not person and person.prints.get("id_number") != prints["id_number"]:
                    raise Refused(f"证件号已经是“{self._masked(other)}”{_number(other)}的，请核对")
        owner = self._by_code.get(row.code) if row.code else None
        if owner is not None and owner is not person:
            raise Refused(f"编号{row.code}已经是“{self._masked(owner)}”{_number(owner)}的")
        taken = self._written(row, prints, person)
        taken.in_file = True
        return taken

    def find_guardian(self, row: RosterRow, ward: Known | None) -> Known | None:
        """Who the row's guardian is: somebody known by name and phone, the ward's own of that name, None for somebody new.

        Raises:
            Refused: it is the ward, an earlier row said otherwise, or the values are masked and the ward has no guardian.
        """
        assert row.guardian is not None
        if row.guardian.masked:
            if ward is None or not self.guardians_of.get(ward.id):
                raise Refused("打了码的监护人不能导入，请用 --with-private 导出的文件")
            return None
        prints = self._prints(_of_guardian(row))
        named = self._by_name.get(prints["name"], [])
        own = self.guardians_of.get(ward.id, []) if ward is not None else []
        found = next((one for one in named if one.prints.get("phone") == prints["phone"]), None)
        found = found or next((one for one in named if one.id in own), None)
        mine = self._prints(row)
        if (found is not None and found is ward) or all(mine.get(one) == prints[one] for one in ("name", "phone")):
            raise Refused("监护人和本人是同一个人")
        if found is not None:
            self._check_said(found, prints)
        return found

    def take_guardian(self, row: RosterRow, guardian: Known | None, ward: Known) -> bool:
        """Ties the guardian that `find_guardian` found to the ward; returns whether that is anything new."""
        assert row.guardian is not None
        if row.guardian.masked:
            return False
        said = _of_guardian(row)
        taken = self._written(said, self._prints(said), guardian)
        tie = taken.id, ward.id
        kind = row.guardian.relation or self.kin.get(tie) or ("孩子" if "student" in row.roles else "家属")
        if self.kin.get(tie) == kind:
            return False
        self.new_kin[tie] = kind
        self.add_kin(*tie, kind)
        return True

    def _check_said(self, person: Known, prints: Mapping[str, str]) -> None:
        for name, value in prints.items():
            earlier, number = person.said.get(name, (value, 0))
            if earlier != value:
                raise Refused(f"与第{number}行是同一个人，{TITLES[name]}却不同")

    def _written(self, row: RosterRow, prints: Mapping[str, str], person: Known | None) -> Known:
        taken = person or Known(-len(self.new) - 1)
        if person is None:
            self.new.append(taken)
            self.by_id[taken.id] = taken
        for name, value in prints.items():
            taken.said[name] = (value, row.number)
            if taken.prints.get(name) != value:
                taken.prints[name] = value
                taken.changes[name] = getattr(row, name)
        self._index(taken)
        return taken

    def _prints(self, row: RosterRow) -> dict[str, str]:
        """Of the values that the row has, those that are masked left out."""
        prints = {
            name: make(self._vault, getattr(row, name))
            for name, make in _PRINTS.items()
            if getattr(row, name) and name not in row.masked
        }
        return {**prints, "code": row.code} if row.code else prints

    def _alike(self, person: Known, row: RosterRow, fields: Sequence[str]) -> bool:
        """Whether anything of these fields is the same; a masked name is, once `_check_masks` has passed."""
        prints = self._prints(row)
        return "name" in row.masked or any(one in prints and person.prints.get(one) == prints[one] for one in fields)

    def _check_masks(self, person: Known, row: RosterRow) -> None:
        for name in row.masked:
            stored = opened(self._vault, person.row, name) if person.row is not None else ""
            if _MASKS[name](stored) != getattr(row, name):
                raise Refused(f"打了码的{TITLES[name]}与系统里的不一致；要改请写全，不改就空着")

    def _masked(self, person: Known) -> str:
        name = person.changes.get("name") or opened(self._vault, person.row, "name")
        return mask_name(name)

    def _index(self, person: Known) -> None:
        prints = person.prints
        if "code" in prints:
            self._by_code[prints["code"]] = person
        for index, name in ((self._by_id_number, "id_number"), (self._by_name, "name")):
            if name in prints:
                same = index.setdefault(prints[name], [])
                if person not in same:
                    same.append(person)


def _of_guardian(row: RosterRow) -> RosterRow:
    assert row.guardian is not None
    return RosterRow(row.number, row.guardian.name, row.guardian.phone)


def _differ(person: Known, prints: Mapping[str, str], name: str) -> bool:
    """Whether both have this value, and not the same."""
    return name in prints and name in person.prints and person.prints[name] != prints[name]


def _number(person: Known) -> str:
    if person.is_new:
        return f"第{min(number for _, number in person.said.values())}行"
    return f"#{person.id}"
