"""The action server without HTTP: rasa-sdk's executor called where Rasa would send a request."""

from __future__ import annotations

from typing import Any

from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor


class InProcessActions(EndpointConfig):
    """An action endpoint that runs the actions of the package `actions` in this process."""

    def __init__(self) -> None:
        # the URL stands in Rasa's error messages only
        super().__init__("in-process", enable_selective_domain=True)
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(self, *args: Any, json: Any = None, **kwargs: Any) -> Any:
        """Runs the action that `json` asks for and returns its events and responses, as the HTTP server would."""
        result = await self._executor.run(json)
        return result if result is not None else {"events": [], "responses": []}
