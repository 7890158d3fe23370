"""Who may keep the knowledge up to date."""

from __future__ import annotations

from bot.errors import NotEntitled
from bot.services.people import Speaker

_EDITORS = ("policy_editor", "headquarters", "admin")


def may_edit(by: Speaker) -> bool:
    """Whether this person may change what is answered."""
    return any(held.role in _EDITORS for held in by.roles)


def check_editor(by: Speaker | None) -> None:
    """Lets editors pass, and None, the operator's own command line.

    Raises:
        NotEntitled: with words for the speaker.
    """
    if by is not None and not may_edit(by):
        raise NotEntitled(
            "答复由政策维护人员、指挥部和管理员维护，您的身份不能查看或修改。有问题可以直接问我，或者转人工。"
        )
