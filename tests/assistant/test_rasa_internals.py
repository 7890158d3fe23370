"""What bot/assistant touches of Rasa's inside stays as it was found: these fail when Rasa changes under it."""

from __future__ import annotations

import inspect

import jsonschema
import pytest
from rasa.core.actions.action import RemoteAction
from rasa.core.processor import MessageProcessor

from bot.assistant import rasa_internals

_ORIGINAL = inspect.unwrap(RemoteAction._validate_action_result)


@pytest.fixture
def checking() -> RemoteAction:
    rasa_internals.compile_action_check()
    return RemoteAction("action_any", None)


@pytest.mark.parametrize(
    "result",
    [
        {"events": [], "responses": []},
        {"events": [{"event": "slot", "name": "a", "value": 1}], "responses": [{"text": "a"}]},
    ],
)
def test_a_good_answer_of_an_action_passes(checking: RemoteAction, result: dict) -> None:
    assert checking._validate_action_result(result) is True


@pytest.mark.parametrize("result", [[], {"events": {}}, {"events": [{"name": "a"}]}, {"responses": ["text"]}])
def test_a_bad_answer_of_an_action_is_refused_as_rasa_refuses_it(checking: RemoteAction, result: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(result, RemoteAction.action_response_format_spec())
    with pytest.raises(jsonschema.ValidationError):
        checking._validate_action_result(result)


def test_rasa_still_checks_by_the_method_that_is_replaced() -> None:
    assert "_validate_action_result" in inspect.getsource(RemoteAction.run)
    assert list(inspect.signature(_ORIGINAL).parameters) == ["self", "result"]


def test_the_processor_keeps_its_store_where_the_host_puts_ours() -> None:
    assert "self.tracker_store = tracker_store" in inspect.getsource(MessageProcessor.__init__)
    assert "self.tracker_store.save(tracker)" in inspect.getsource(MessageProcessor.save_tracker)
