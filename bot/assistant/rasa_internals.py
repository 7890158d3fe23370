"""The one place that touches Rasa's inside. Each change has its reason here and a test that fails when Rasa changes
under it (tests/assistant/test_rasa_internals.py).
"""

from __future__ import annotations

from typing import Any

import jsonschema
from rasa.core.actions.action import RemoteAction

_validator = jsonschema.Draft7Validator(RemoteAction.action_response_format_spec())


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    error = jsonschema.exceptions.best_match(_validator.iter_errors(result))
    if error is not None:
        raise error
    return True


def compile_action_check() -> None:
    """Rasa checks its constant schema of an action's answer against the metaschema at every action: some 40 ms, nine
    tenths of a form's turn. The same check with the schema compiled once takes microseconds. There is no setting for it.
    """
    RemoteAction._validate_action_result = _validate_action_result  # type: ignore[method-assign]
