"""How a platform delivers callbacks: what its documentation leaves open is a switch here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CallbackRules:
    """`deliveries`: how often one message is delivered at most (the three may mean 3 or 1 + 3). `patience`: seconds until
    an unanswered connection is cut. `gap`: seconds between a cut and the next delivery. `refusal_gap`: the same after
    another status than 200, or a failed connection. `later_answers_show`: whether the answer to a redelivery reaches the person.
    `same_post_again`: redeliveries repeat nonce, timestamp and body to the byte, instead of being signed anew.
    """

    deliveries: int = 3
    patience: float = 5.0
    gap: float = 0.0
    refusal_gap: float = 5.0
    later_answers_show: bool = True
    same_post_again: bool = False
