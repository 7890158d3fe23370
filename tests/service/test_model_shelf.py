"""What is kept of models, and what is known of which were served."""

from __future__ import annotations

import os
from pathlib import Path

from bot.serving.model_shelf import ModelShelf, Order, Result, Serving

_CONTENT = "c" * 16


def test_the_newest_three_models_and_the_needed_ones_are_kept(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    names = [f"{_CONTENT}-{number:016x}" for number in range(6)]
    shelf.folder.mkdir()
    for age, name in enumerate(reversed(names)):
        for path in (shelf.file(name), shelf.snapshot_file(name)):
            path.touch()
            os.utime(path, (1_000_000 - age, 1_000_000 - age))
    shelf.clear({names[0]})
    assert {path.name for path in shelf.kept()} == {f"{name}.tar.gz" for name in (names[0], *names[3:])}
    assert [name for name in names if shelf.snapshot_file(name).exists()] == [names[0], *names[3:]]


def test_going_back_forgets_what_came_after() -> None:
    serving = Serving("a").followed_by("b", pinned=False).followed_by("c", pinned=False)
    assert (serving.model, serving.earlier) == ("c", ("a", "b"))
    assert (serving.gone_back("b").model, serving.gone_back("b").earlier) == ("b", ("a",))
    assert serving.gone_back("a").earlier == ()
    assert serving.gone_back("b").pinned
    assert serving.followed_by("a", pinned=True).earlier == ("b", "c")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    assert (shelf.serving(), shelf.order(), shelf.built("0" * 16), shelf.results()) == (None, None, None, [])
    serving = Serving("b", ("a",), "b", True, "2022-01-20T00:00:00+00:00", "order", "")
    shelf.write_serving(serving)
    assert shelf.serving() == serving
    result = Result("0" * 16, _CONTENT, "b", False, ("不行",), {"questions": 3}, 1.5, "2022-01-20T00:00:00+00:00")
    shelf.write_built(result)
    assert (shelf.built(result.digest), shelf.results()) == (result, [])
    shelf.publish(result)
    assert (shelf.built(result.digest), shelf.results()) == (result, [result])


def test_an_order_that_comes_while_another_is_carried_out_is_not_lost(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    first, second = Order("1"), Order("2", "model")
    shelf.give_order(first)
    shelf.give_order(second)
    shelf.order_done(first)
    assert shelf.order() == second
    shelf.order_done(second)
    assert shelf.order() is None


def test_a_file_that_was_cut_off_counts_as_none(tmp_path: Path) -> None:
    shelf = ModelShelf(tmp_path)
    shelf.write_serving(Serving("a"))
    (shelf.folder / "serving.json").write_text('{"model": "a', encoding="utf-8")
    assert shelf.serving() is None
