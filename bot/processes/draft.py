"""A form in progress."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

# What a draft can wait for beside the name of a field.
CONFIRM = "confirm"  # the summary was shown
RESUME = "resume"  # go on with what was begun earlier today, or start anew?
FIX = "fix"  # which field is to be changed?


@dataclass(frozen=True)
class Subject:
    """Whom a form is filled in for, where that is not the speaker. `who` is how a summary names them: 刘*（母亲）."""

    person_id: int
    who: str


@dataclass(frozen=True)
class Draft:
    """A form in progress.

    `id` becomes the record's key, so that no crash and no double confirm files it twice. `day` is the local day on which
    it was begun: it lapses with that day. `asked` is the field now asked, or CONFIRM, RESUME, FIX. `trail` lists the
    fields in the order in which they were filled. `tries` counts failed readings of `asked`. `skipped` fields are left
    empty on purpose. `before` is what was asked before a menu (RESUME, FIX) was shown. `subject` is None for the speaker's
    own; `check` is the id of the check of the day that was named (晨检 36.5), '' when none was.
    """

    id: str
    day: str
    values: Mapping[str, Any] = field(default_factory=dict)
    asked: str = ""
    trail: tuple[str, ...] = ()
    tries: int = 0
    skipped: tuple[str, ...] = ()
    before: str = ""
    subject: Subject | None = None
    check: str = ""

    @classmethod
    def new(
        cls, day: date, values: Mapping[str, Any] | None = None, subject: Subject | None = None, check: str = ""
    ) -> Draft:
        """An empty draft, or one with what the roster knows already."""
        return cls(id=str(uuid.uuid4()), day=day.isoformat(), values=dict(values or {}), subject=subject, check=check)

    def filled(self, values: Mapping[str, Any]) -> Draft:
        """The draft with these values set; they count as filled last, and are skipped no longer."""
        if not values:
            return self
        trail = (*(name for name in self.trail if name not in values), *values)
        skipped = tuple(name for name in self.skipped if name not in values)
        return replace(self, values={**self.values, **values}, trail=trail, skipped=skipped)

    def without(self, *names: str) -> Draft:
        """The draft with these fields empty again."""
        return replace(
            self,
            values={name: value for name, value in self.values.items() if name not in names},
            trail=tuple(name for name in self.trail if name not in names),
            skipped=tuple(name for name in self.skipped if name not in names),
        )

    def waiting(self, asked: str, tries: int = 0) -> Draft:
        """The draft, now waiting for this field (or CONFIRM, RESUME, FIX)."""
        return replace(self, asked=asked, tries=tries)

    def lacks(self, name: str) -> bool:
        """Whether a field has no value and is not left empty on purpose."""
        return name not in self.values and name not in self.skipped

    def menu(self, menu: str) -> Draft:
        """The draft, now waiting at RESUME or FIX, from where it can go back."""
        return replace(self, asked=menu, before=self.before if self.asked in (RESUME, FIX) else self.asked)

    def meta(self) -> dict[str, Any]:
        """All but the values, as it is kept in the form's draft slot."""
        return {
            "id": self.id,
            "day": self.day,
            "asked": self.asked,
            "trail": list(self.trail),
            "tries": self.tries,
            "skipped": list(self.skipped),
            "before": self.before,
            "subject": [self.subject.person_id, self.subject.who] if self.subject else None,
            "check": self.check,
        }

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any], values: Mapping[str, Any]) -> Draft:
        """The inverse of `meta`."""
        return cls(
            meta["id"],
            meta["day"],
            dict(values),
            meta["asked"],
            tuple(meta["trail"]),
            meta["tries"],
            tuple(meta["skipped"]),
            meta.get("before", ""),
            Subject(*meta["subject"]) if meta.get("subject") else None,
            meta.get("check", ""),
        )
