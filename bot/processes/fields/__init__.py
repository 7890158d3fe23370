"""The field types of processes: what each kind of answer looks like in chat. Pure, no input or output."""

from __future__ import annotations

from bot.processes.fields.address import ADDRESS
from bot.processes.fields.base import FieldType
from bot.processes.fields.choice import CHOICE
from bot.processes.fields.choices import CHOICES
from bot.processes.fields.count import COUNT
from bot.processes.fields.date import DATE
from bot.processes.fields.document_number import DOCUMENT_NUMBER
from bot.processes.fields.id_number import ID_NUMBER
from bot.processes.fields.person_name import PERSON_NAME
from bot.processes.fields.phone import PHONE
from bot.processes.fields.place import PLACE
from bot.processes.fields.places import PLACES
from bot.processes.fields.plate import PLATE_NUMBER
from bot.processes.fields.quantity import QUANTITY
from bot.processes.fields.temperature import TEMPERATURE
from bot.processes.fields.text import TEXT
from bot.processes.fields.transport import TRANSPORT
from bot.processes.fields.when import WHEN
from bot.processes.fields.yes_no import YES_NO

FIELD_TYPES: dict[str, FieldType] = {
    kind.name: kind
    for kind in (
        TEMPERATURE,
        CHOICE,
        CHOICES,
        YES_NO,
        PERSON_NAME,
        PHONE,
        ID_NUMBER,
        DATE,
        WHEN,
        PLACE,
        PLACES,
        COUNT,
        TEXT,
        ADDRESS,
        TRANSPORT,
        PLATE_NUMBER,
        DOCUMENT_NUMBER,
        QUANTITY,
    )
}
"""Every field type by the name that process files use."""
