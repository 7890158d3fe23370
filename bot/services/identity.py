"""By what people are known: name, phone, ID number. Each is stored sealed, with a fingerprint by which it is found again."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import sqlalchemy as sa

from bot.processes.fields.base import Spec
from bot.processes.fields.id_number import ID_NUMBER
from bot.processes.fields.phone import PHONE
from bot.services.context import Services
from bot.storage.crypto import Vault
from bot.storage.tables import people

_BATCH = 1000
_SPEC = Spec("", "")


def plain_name(text: str) -> str:
    """A name as it is compared and stored: half-width, no blanks within Chinese names, one between foreign ones."""
    return one_blank(unicodedata.normalize("NFKC", text))


def one_blank(text: str) -> str:
    """Blanks collapsed; none at all where there is anything but ASCII."""
    name = re.sub(r"\s+", " ", text).strip()
    return name if name.isascii() else name.replace(" ", "")


def name_print(vault: Vault, name: str) -> str:
    """The fingerprint of a name, however it is spaced."""
    return vault.fingerprint(plain_name(name).casefold(), "name")


def phone_print(vault: Vault, phone: str) -> str:
    """The fingerprint of a phone number as the field type `phone` gives it."""
    return vault.fingerprint(phone, "phone")


def id_number_print(vault: Vault, id_number: str) -> str:
    """The fingerprint of an ID number as the field type `id_number` gives it."""
    return vault.fingerprint(id_number, "id_number")


def stored(vault: Vault, name: str = "", phone: str = "", id_number: str = "") -> dict[str, Any]:
    """The columns of `people` for those of the values that are not ''."""
    columns: dict[str, Any] = {}
    if name:
        columns |= {"name_sealed": vault.seal(name, "people.name"), "name_print": name_print(vault, name)}
    if phone:
        columns |= {"phone_sealed": vault.seal(phone, "people.phone"), "phone_print": phone_print(vault, phone)}
    if id_number:
        columns["id_number_sealed"] = vault.seal(id_number, "people.id_number")
        columns["id_number_print"] = id_number_print(vault, id_number)
    return columns


def opened(vault: Vault, row: Any, column: str) -> str:
    """The value of a `*_sealed` column of `people` (`column` without that ending), '' where there is none."""
    sealed = getattr(row, f"{column}_sealed")
    return vault.open(sealed, f"people.{column}") if sealed is not None else ""


def mask_phone(phone: str) -> str:
    """138****0001."""
    return PHONE.mask(phone, _SPEC) if phone else ""


def mask_id_number(id_number: str) -> str:
    """110***********002X."""
    return ID_NUMBER.mask(id_number, _SPEC) if id_number else ""


async def fill_prints(services: Services) -> int:
    """Gives names that were stored before there were fingerprints of them theirs; returns how many. Run at each start."""
    last, filled = 0, 0
    while True:
        async with services.transaction() as connection:
            rows = (
                await connection.execute(
                    sa.select(people.c.id, people.c.name_sealed)
                    .where(people.c.name_print.is_(None), people.c.id > last)
                    .order_by(people.c.id)
                    .limit(_BATCH)
                )
            ).all()
            named = [(row.id, services.vault.open(row.name_sealed, "people.name")) for row in rows]
            for person_id, name in named:
                if name:  # who has been deleted has none
                    await connection.execute(
                        people.update()
                        .where(people.c.id == person_id)
                        .values(name_print=name_print(services.vault, name))
                    )
                    filled += 1
        if not rows:
            return filled
        last = rows[-1].id
