"""The slot type of form fields."""

from __future__ import annotations

from rasa.shared.core.slots import AnySlot


class FieldSlot(AnySlot):
    """Holds any value and does not influence the conversation, like Rasa's `any`.

    Rasa copies every slot of the domain several times a turn; with many processes of many fields the general way of
    `copy.copy` costs more than all other work of a turn. A field's slot is a flat object: its attributes are copied.
    """

    type_name = "bot.assistant.slots.FieldSlot"

    def __copy__(self) -> FieldSlot:
        made = FieldSlot.__new__(FieldSlot)
        made.__dict__.update(self.__dict__)
        return made
