"""XML as the platforms write it, and a reader of replies as strict as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Union
from xml.etree import ElementTree

Fields = dict[str, Any]
"""A document: names to text, numbers, nested fields, or a list of them, which repeats the element."""

Read = Union[str, "dict[str, Read]", "list[Read]"]

# What XML 1.0 cannot carry at all.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class FormError(Exception):
    """What is wrong with a document."""


def write(fields: Mapping[str, Any]) -> str:
    """The document under the root `xml`: strings in CDATA, numbers bare, a list as the element repeated."""
    return f"<xml>{_inner(fields)}</xml>"


def _inner(fields: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"<{name}>{_inner(value)}</{name}>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    return f"<{name}>{cdata(str(value))}</{name}>"


def cdata(text: str) -> str:
    """A text as CDATA, with its own `]]>` taken apart and without what XML cannot carry."""
    return "<![CDATA[" + _IMPOSSIBLE.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def read(body: bytes) -> dict[str, Read]:
    """A reply's fields; raises FormError unless it is one plain UTF-8 document under `xml` with each name once."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise FormError("not UTF-8") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FormError("a document type")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise FormError(f"not XML: {error}") from error
    if root.tag != "xml" or root.attrib:
        raise FormError(f"the root is {root.tag}")
    found = _read(root)
    if not isinstance(found, dict):
        raise FormError("no elements under the root")
    return found


def _read(element: ElementTree.Element) -> Read:
    children = list(element)
    if not children:
        return element.text or ""
    if (element.text or "").strip() or any((child.tail or "").strip() for child in children):
        raise FormError(f"loose text in {element.tag}")
    names = [child.tag for child in children]
    if set(names) == {"item"}:
        return [_read(child) for child in children]
    if len(set(names)) != len(names):
        raise FormError(f"an element twice in {element.tag}")
    return {child.tag: _read(child) for child in children}
