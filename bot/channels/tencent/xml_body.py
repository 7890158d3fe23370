"""The platforms' documents, XML or JSON: read strictly, written so that no text can add an element."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

Fields = dict[str, Any]
"""Element name to its text, to the fields below it, or to a list of these where the name stands several times."""

_OTHER_ENCODING = re.compile(rb"\A\s*<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
_DEEPEST = 8
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadXml(Exception):
    """No document of the platform."""


def read(body: bytes) -> Fields:
    """The fields of a document.

    Raises:
        BadXml: not well-formed, another root, a DOCTYPE, an entity, another encoding, too deep.
    """
    if _OTHER_ENCODING.search(body):
        raise BadXml("encoding")
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadXml(type(error).__name__) from error
    if root.tag != "xml":
        raise BadXml("root")
    found = _fields(root, _DEEPEST)
    return found if isinstance(found, dict) else {}


def read_json(body: bytes) -> Fields:
    """The fields of a document in JSON, numbers as texts, as XML has them.

    Raises:
        BadXml: no JSON object, or too deep.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadXml(type(error).__name__) from error
    if not isinstance(found, dict):
        raise BadXml("no object")
    fields = _plain(found, _DEEPEST)
    assert isinstance(fields, dict)
    return fields


def _plain(value: Any, deepest: int) -> Any:
    if not deepest:
        raise BadXml("too deep")
    if isinstance(value, dict):
        return {str(name): _plain(part, deepest - 1) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part, deepest - 1) for part in value]
    return "" if value is None else str(value)


def _fields(element: Element, deepest: int) -> Any:
    if not len(element):
        return element.text or ""
    if not deepest:
        raise BadXml("too deep")
    fields: Fields = {}
    for child in element:
        value = _fields(child, deepest - 1)
        if child.tag in fields:
            before = fields[child.tag]
            fields[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            fields[child.tag] = value
    return fields


def text(fields: Mapping[str, Any], name: str) -> str:
    """The text of an element without surrounding blanks; '' where there is none, or something else than text."""
    value = fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def items(fields: Mapping[str, Any], name: str) -> list[Fields]:
    """The elements of this name that have fields of their own, whether there are none, one or many."""
    value = fields.get(name, [])
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def write(fields: Mapping[str, Any]) -> str:
    """A document; numbers stand bare, texts in CDATA."""
    return f"<xml>{_written(fields)}</xml>"


def _written(fields: Mapping[str, Any]) -> str:
    parts = []
    for name, value in fields.items():
        if isinstance(value, Mapping):
            inside = _written(value)
        elif isinstance(value, int):
            inside = str(value)
        else:
            plain = _NOT_IN_XML.sub("", str(value))
            inside = "<![CDATA[" + plain.replace("]]>", "]]]]><![CDATA[>") + "]]>"
        parts.append(f"<{name}>{inside}</{name}>")
    return "".join(parts)
