"""Tickets (转人工): a resident's talk with the staff in charge of them."""

from __future__ import annotations


def ticket_key(account: str) -> str:
    """The Redis key that holds the number of an account's standing ticket."""
    return f"ticket:{account}"
