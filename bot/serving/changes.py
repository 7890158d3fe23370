"""What changes the served model while the service runs: orders from the command line, and builds of what staff changed."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace

from bot.assistant.training import content_hash
from bot.errors import ContentError
from bot.knowledge.snapshot import read_snapshot
from bot.serving.child import run_child
from bot.serving.model_shelf import ModelShelf, Order, Result, Serving, content_of, model_of
from bot.serving.succession import Succession

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2


class Changes:
    """`train_delay`: seconds that staff must have been quiet before a build begins."""

    def __init__(self, shelf: ModelShelf, succession: Succession, train_delay: float, until_gone: int) -> None:
        self._shelf = shelf
        self._succession = succession
        self._train_delay = train_delay
        self._until_gone = until_gone
        self._content = content_hash()
        self._deciding = asyncio.Lock()
        self._wanted_at, self._wanted_model = 0, ""

    async def obey(self) -> None:
        """Carries out what `python -m bot model back` and `use` ask for, until cancelled."""
        while True:
            order = self._shelf.order()
            if order is not None:
                async with self._deciding:
                    await self._carry_out(order)
                self._shelf.order_done(order)
            await asyncio.sleep(_LOOK_SECONDS)

    async def build(self) -> None:
        """Trains and serves what staff have changed, once they have been quiet for a while; until cancelled."""
        if self._succession.given_model is not None:
            return
        seen, since = "", 0.0
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            wanted = self._wanted()
            if not wanted or wanted == self._serving().handled:
                continue
            if wanted != seen:
                seen, since = wanted, time.monotonic()
            if time.monotonic() - since >= self._train_delay:
                await self._take_up(wanted)

    async def _carry_out(self, order: Order) -> None:
        if self._succession.given_model is not None:
            failure = "BOT_MODEL 指定了模型文件，不能换用别的模型。"
            self._shelf.write_serving(replace(self._shelf.serving() or Serving(""), order=order.id, failure=failure))
            return
        serving = self._serving()
        back = next((m for m in reversed(serving.earlier) if self._is_servable(m)), None)
        model = order.model or back
        if model is None:
            failure = "没有更早的模型可以换回。"
        elif not self._is_servable(model):
            failure = f"没有这个模型，或者它不是用现在的内容训练的：{model}"
        else:
            failure = await self._succession.swap(model) if model != serving.model else ""
        if model is None or failure:
            serving = replace(serving, failure=failure)
        elif order.model is None:
            serving = serving.gone_back(model)
        else:
            serving = serving.followed_by(model, pinned=True)
        self._shelf.write_serving(replace(serving, order=order.id))

    async def _take_up(self, wanted: str) -> None:
        """Builds a model if that was not done, and serves it if it may be; `handled` keeps it from being tried again."""
        failure, result = "", None
        if wanted != self._content:  # the model of the files alone needs no build: it was served before
            result = await self._built(wanted)
            if result is None:
                return
            failure = "；".join(result.reasons)
        async with self._deciding:
            serving = self._serving()
            if not failure and wanted != serving.model:
                failure = await self._succession.swap(wanted)
            if failure:
                logger.error("the model %s is not served: %s", wanted, failure)
            else:
                serving = serving.followed_by(wanted, pinned=False)
            self._shelf.write_serving(replace(serving, handled=wanted))
            if result is not None:
                self._shelf.publish(replace(result, accepted=not failure, reasons=(failure,) if failure else ()))
            self._shelf.clear({serving.model, *serving.earlier[-1:]})

    async def _built(self, wanted: str) -> Result | None:
        """How the build of a model ended; None when staff wanted another one before it began."""
        digest = wanted.removeprefix(f"{self._content}-")
        result = self._shelf.built(digest)
        if result and result.model == wanted and (not result.accepted or self._is_servable(wanted)):
            return result  # its build had ended when the service was stopped
        status = await run_child(self._until_gone, "model", "build", beside_service=True)
        result = self._shelf.built(digest)
        if result and result.model == wanted:
            return result
        if self._wanted() != wanted:
            return None
        return Result(
            digest, self._content, wanted, False, (f"训练进程没有给出结果（退出状态 {status}），原因见日志。",)
        )

    def _wanted(self) -> str:
        """The model that staff want; empty when they have never changed anything, or what they want cannot be read."""
        with suppress(FileNotFoundError):
            written = self._shelf.wanted.stat().st_mtime_ns
            if written != self._wanted_at:
                self._wanted_at, self._wanted_model = written, ""
                try:
                    snapshot = read_snapshot(self._shelf.wanted)
                    self._wanted_model = model_of(self._content, snapshot.digest if snapshot.entries else None)
                except ContentError as error:
                    logger.error("what is to be trained cannot be read: %s", error)
        return self._wanted_model

    def _serving(self) -> Serving:
        serving = self._shelf.serving()
        assert serving is not None, "it was written before anything was served"
        return serving

    def _is_servable(self, model: str) -> bool:
        return content_of(model) == self._content and self._shelf.file(model).exists()
