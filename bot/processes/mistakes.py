"""Mistakes in a YAML file: found together, each told in Chinese with its line, for whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, TypeVar

import yaml

from bot.errors import ContentError

Made = TypeVar("Made")
Path = tuple[str | int, ...]
"""Keys and positions that lead to a place in the file."""

_SYNTAX = {
    "mapping values are not allowed here": "冒号用错了：带冒号的文字请加引号，或检查这一行的缩进",
    "found character '\\t' that cannot start any token": "缩进要用空格，不能用 Tab 键",
    "could not find expected ':'": "少了冒号，或冒号后面少了空格（要用英文冒号）",
    "did not find expected key": "缩进没有对齐，或少了引号",
    "expected <block end>, but found": "缩进没有对齐",
    "found unexpected end of stream": "引号没有配对",
}


@contextmanager
def at(*path: str | int) -> Iterator[None]:
    """Says of mistakes found within the block that they stand below `path`."""
    try:
        yield
    except ContentError as error:
        for one in (error, *error.more):
            one.path = (*path, *one.path)
        raise


def each(raw: Mapping[str, Any], key: str, read: Callable[[Any], Made]) -> tuple[Made, ...]:
    """Every entry of a list, read; none where the key is absent.

    Raises:
        ContentError: with the mistakes of all entries.
    """
    listed = raw.get(key, [])
    if not isinstance(listed, list):
        raise ContentError(f"{key} 要写成列表，每一项前面写“- ”", (key,))
    made, wrong = [], Mistakes()
    for number, one in enumerate(listed):
        with wrong.kept(), at(key, number):
            made.append(read(one))
    wrong.tell()
    return tuple(made)


class Mistakes:
    """Collects mistakes, so that an author sees all of them at once."""

    def __init__(self) -> None:
        self._found: list[ContentError] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps the mistakes found within the block."""
        try:
            yield
        except ContentError as error:
            self._found += [error, *error.more]

    def add(self, message: str, *path: str | int) -> None:
        """Keeps one."""
        self._found.append(ContentError(message, path))

    def tell(self) -> None:
        """Raises what was kept as one `ContentError`, if anything was."""
        if self._found:
            first, *more = self._found
            raise ContentError(first.message, first.path, more)


def keys(raw: Any, allowed: Collection[str], needed: Iterable[str]) -> None:
    """Refuses what is no mapping, lacks a key, or has one that nobody would read (a slip of the pen)."""
    if not isinstance(raw, Mapping):
        raise ContentError("这里要写成“名称: 内容”的形式")
    wrong = Mistakes()
    missing = [key for key in needed if raw.get(key) in (None, "", [], {})]
    if missing:
        wrong.add(f"缺少 {'、'.join(missing)}")
    for key in map(str, raw):
        if key not in allowed:
            like = get_close_matches(key, allowed, 1)
            meant = f"，是不是想写 {like[0]}？" if like else f"，这里可以写：{'、'.join(sorted(allowed))}"
            wrong.add(f"不认识 {key}{meant}", key)
    wrong.tell()


def texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts, each once; none where the key is absent."""
    values = raw.get(key, [])
    if not isinstance(values, list):
        raise ContentError(f"{key} 要写成列表，例如 [{values}]", (key,))
    return tuple(dict.fromkeys(str(value).strip() for value in values))


def whole(raw: Mapping[str, Any], key: str, least: int = 0) -> int:
    """A whole number."""
    value = raw.get(key, least)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ContentError(f"{key} 要写不小于 {least} 的整数，这里是 {value!r}", (key,))
    return value


def one_of(raw: Mapping[str, Any], key: str, known: Collection[str]) -> str:
    """One of the words that are known."""
    value = raw.get(key)
    if value not in known:
        raise ContentError(f"{key} 只能是 {'、'.join(known)}，这里是 {value!r}", (key,))
    return str(value)


def load(text: str) -> Any:
    """What a YAML text says.

    Raises:
        ContentError: it is no YAML; with the line.
    """
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = str(error.problem or error.context or "")
        meaning = next((words for sign, words in _SYNTAX.items() if said.startswith(sign)), f"格式不对（{said}）")
        raise ContentError(f"第{line}行：{meaning}") from error
    except yaml.YAMLError as error:
        raise ContentError(f"不是 YAML 文件：{error}") from error


def told(text: str, error: ContentError) -> list[str]:
    """Each mistake with its line and the place in the file, in the order of the lines."""
    found = {(_line(text, one.path), one.path, one.message) for one in (error, *error.more)}
    return [
        f"第{line}行（{_place(path)}）：{message}" if path else message
        for line, path, message in sorted(found, key=lambda one: (one[0], str(one[1])))
    ]


def _place(path: Path) -> str:
    return " ".join(f"第{part + 1}项" if isinstance(part, int) else part for part in path)


def _line(text: str, path: Path) -> int:
    """The line of the deepest part of the path that stands in the file."""
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        return 1
    line = 1
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pair = next((one for one in node.value if one[0].value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        else:
            break
    return line
