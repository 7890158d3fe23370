"""Any paper that says who somebody is: an identity number, a permit, or a passport."""

from __future__ import annotations

import re
from typing import Any

from bot.processes.fields.base import Context, FieldType, Filled, NotThis, Reading, Spec, Wrong
from bot.processes.fields.id_number import ID_NUMBER
from bot.processes.normal import normalise

# Chinese passports: a letter (E and a second one on newer books) and seven or eight digits; foreign ones have six to nine characters.
_PASSPORT = re.compile(r"(?<![0-9A-Z])(?=[A-Z0-9]*[0-9]{5})[A-Z]{1,2}[0-9]{6,8}(?![0-9A-Z])")
_NAMED = re.compile(r"护照")
_BARE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{6,9}(?![0-9A-Z])")
_EXAMPLE = "例如：11010519491231002X 或护照 E12345678"


class DocumentNumber(FieldType):
    """Value: `kind` (id or passport) and `number` in capitals. Who says 护照 may have any six to nine letters and digits."""

    name = "document_number"
    example = "护照 E12345678"

    def read(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).upper()
        if _NAMED.search(said):
            numbers = [one for one in _BARE.findall(said) if re.search(r"[0-9]{4}", one)]
            if len(numbers) == 1:
                return Filled({"kind": "passport", "number": numbers[0]})
            return Wrong(f"护照号是6到9位的字母和数字，请核对后再写，{_EXAMPLE}")
        reading = ID_NUMBER.read(text, spec, context)
        if isinstance(reading, Filled):
            return Filled({"kind": "id", "number": reading.value})
        found = list(dict.fromkeys(_PASSPORT.findall(said)))
        if len(found) == 1 and not isinstance(ID_NUMBER.spot(text, spec, context), Filled):
            return Filled({"kind": "passport", "number": found[0]})
        return reading

    def spot(self, text: str, spec: Spec, context: Context) -> Reading:
        said = normalise(text).upper()
        if _NAMED.search(said) and _BARE.search(said):
            return self.read(text, spec, context)
        sure = isinstance(ID_NUMBER.spot(text, spec, context), Filled)
        return self.read(text, spec, context) if sure else NotThis()

    def show(self, value: Any, spec: Spec) -> str:
        return f"护照 {value['number']}" if value["kind"] == "passport" else str(value["number"])

    def mask(self, value: Any, spec: Spec) -> str:
        if value["kind"] == "id":
            return ID_NUMBER.mask(value["number"], spec)
        number = str(value["number"])
        return f"护照 {number[:2]}{'*' * (len(number) - 4)}{number[-2:]}"


DOCUMENT_NUMBER = DocumentNumber()
