"""One generation serves after the other: replaced when it dies, swapped for one with another model without a pause."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import replace
from pathlib import Path

from bot.assistant.training import content_hash
from bot.errors import BotError
from bot.serving.child import run_child
from bot.serving.generation import Generation
from bot.serving.model_shelf import SUFFIX, ModelShelf, content_of
from bot.serving.progress import say
from bot.serving.tasks import cancel
from bot.settings import Settings

logger = logging.getLogger(__name__)

_EARLY_SECONDS, _EARLY_ENDS = 5.0, 3  # so many generations in a row that end so soon: it is not bad luck


class Succession:
    """The generation that serves, and those that are leaving. `until_gone`: see `end_with_supervisor`."""

    def __init__(self, settings: Settings, shelf: ModelShelf, listener: socket.socket, until_gone: int) -> None:
        self._shelf = shelf
        self._listener = listener
        self._until_gone = until_gone
        named = Path(settings.model)
        self.given_model = named if named.is_file() else None
        """The model file that the operator named: then nothing else is served, and nothing built."""
        self._urls: tuple[str, str] | None = None
        self._serving: Generation | None = None
        self._leaving: dict[Generation, asyncio.Task[None]] = {}
        self._early_ends = 0
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Begins to load the model that is to be served, trained first when its content is new.

        Raises:
            BotError: the training failed.
        """
        if self.given_model is None:
            await self._choose_model()
        say("载入模型（约需十几秒）")
        self._serving = self._new(self._model())

    def give(self, database_url: str, redis_url: str) -> None:
        """Lets the generation serve as soon as it has loaded its model: the servers are up."""
        self._urls = database_url, redis_url
        if self._serving is not None:
            self._serving.give(*self._urls)

    async def is_ready(self) -> bool:
        """Returns when the generation takes connections; False when it ended before, and `keep` replaces it."""
        return await self._now_serving().is_ready()

    async def keep(self) -> None:
        """Puts a new generation in the place of one that ended by itself, until cancelled.

        Raises:
            BotError: it ends again and again, or the model cannot be served.
        """
        while True:
            generation = self._now_serving()
            await generation.ended()
            async with self._changing:
                if generation is not self._serving:
                    continue  # it was told to end
                logger.error("the generation that serves %s ended", generation.model)
                self._let_go(generation)
                if generation.failure:
                    self._fall_back(generation)
                self._early_ends = self._early_ends + 1 if generation.served_seconds < _EARLY_SECONDS else 0
                if self._early_ends == _EARLY_ENDS:
                    raise BotError("模型进程一启动就退出，请查看上面的日志。")
                self._serving = self._new(self._model())

    async def swap(self, model: str) -> str:
        """Serves another model without a pause; returns why it cannot be served, an empty text when it is."""
        async with self._changing:
            new = self._new(model)
            try:
                ready = await new.is_ready()
            except asyncio.CancelledError:
                self._let_go(new)
                raise
            if not ready:
                self._let_go(new)
                return new.failure or f"模型 {model} 的进程意外退出，原因见日志。"
            old, self._serving = self._now_serving(), new
            self._let_go(old)
            return ""

    async def end(self) -> None:
        """Ends all generations; their workers finish what they are at."""
        await cancel(*self._leaving.values())
        generations = [*self._leaving, *([self._serving] if self._serving else [])]
        await asyncio.gather(*(generation.end() for generation in generations))

    async def _choose_model(self) -> None:
        """What was served last; when the content has changed since then, the model of the new content."""
        content, serving = content_hash(), self._shelf.serving()
        if serving and content_of(serving.model) == content and self._shelf.file(serving.model).exists():
            return
        if not self._shelf.file(content).exists():
            say("内容有变化，训练模型（两核机器约一分钟）")
            if await run_child(self._until_gone, "train") != 0:
                raise BotError("模型训练失败，服务没有启动；原因见上面的输出。")
        if serving is None or serving.model != content:
            self._shelf.start_afresh(content)

    def _model(self) -> str:
        if self.given_model is not None:
            return self.given_model.name.removesuffix(SUFFIX)
        serving = self._shelf.serving()
        assert serving is not None, "_choose_model has written it"
        return serving.model

    def _new(self, model: str) -> Generation:
        file = self.given_model or self._shelf.file(model)
        generation = Generation.start(model, file, self._listener, self._until_gone)
        if self._urls is not None:
            generation.give(*self._urls)
        return generation

    def _now_serving(self) -> Generation:
        assert self._serving is not None, "start comes first"
        return self._serving

    def _let_go(self, generation: Generation) -> None:
        """Ends a generation that serves no longer, in its own time; also what is left of one that was killed."""
        task = asyncio.create_task(generation.end(drain=True))
        self._leaving[generation] = task
        task.add_done_callback(lambda _: None if task.cancelled() else self._leaving.pop(generation))

    def _fall_back(self, failed: Generation) -> None:
        """From a model that cannot be served to that of the content files alone."""
        content, serving = content_of(failed.model), self._shelf.serving()
        if self.given_model or serving is None or failed.model == content or not self._shelf.file(content).exists():
            raise BotError(failed.failure)
        self._shelf.write_serving(replace(serving, model=content, failure=failed.failure))
