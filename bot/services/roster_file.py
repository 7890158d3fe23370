"""A list of people as a file: Excel (.xlsx) or CSV, read however offices save it, and written so that no cell is run."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from bot.errors import Refused

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DELIMITERS = ",;\t"
_HEADER_WITHIN = 20  # rows: a title and notes may stand above the headings
_EXACT = 2**53  # up to here a number in Excel holds all its digits
_RUNS = re.compile(r"[=+\-@\t\r]")
_FORCED_TEXT = re.compile(r"^'(?=[=+\-@0-9])")
_HEADING_EXTRAS = re.compile(r"[\s*:]|\([^)]*\)")


@dataclass(frozen=True)
class Row:
    """A row with something in it: its number as a spreadsheet shows it, and its cells as text, blanks around them gone."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """`headings` as written."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]


def heading(text: str) -> str:
    """A heading without blanks, colons, asterisks and remarks in parentheses: 手机号（必填）* is 手机号."""
    return _HEADING_EXTRAS.sub("", unicodedata.normalize("NFKC", text))


def read_list(file: Path, is_headings: Callable[[Sequence[str]], bool], expected: str) -> Sheet:
    """The first table of the file whose headings `is_headings` knows (it gets them as `heading` makes them).

    Raises:
        Refused: no such file, not one of the formats, or no such headings; `expected` says in Chinese what they are.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Refused(f"文件读不了：{file}（{error.strerror}）") from error
    if data.startswith(_OLD_EXCEL):
        raise Refused(
            f"{file.name} 是旧格式（.xls）或加了密码的 Excel 文件，请另存为没有密码的 .xlsx 或 CSV 后再导入。"
        )
    sheets = _excel_sheets(data, file.name) if data.startswith(_ZIP) else _csv_readings(data, file.name)
    for rows in sheets:
        sheet = _table(rows, is_headings)
        if sheet is not None:
            return sheet
    raise Refused(f"{file.name} 的前{_HEADER_WITHIN}行里没有找到表头。表头要有：{expected}。")


def _table(rows: Sequence[Row], is_headings: Callable[[Sequence[str]], bool]) -> Sheet | None:
    for index, row in enumerate(rows):
        if row.number > _HEADER_WITHIN:
            return None
        if is_headings([heading(cell) for cell in row.cells]):
            return Sheet(row.cells, tuple(rows[index + 1 :]))
    return None


def _excel_sheets(data: bytes, name: str) -> Iterator[list[Row]]:
    import openpyxl  # here: a second that only those wait for who read such a file

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # programs write wrong ones, and then only the first cell would be read
            rows = ([_text(value) for value in row] for row in sheet.iter_rows(values_only=True))
            yield _with_something(enumerate(rows, 1))
    except (BadZipFile, KeyError, ValueError, TypeError, AttributeError, ParseError, OSError, EOFError) as error:
        raise Refused(f"{name} 打不开：不是完整的 Excel 文件。请在 Excel 里另存为 .xlsx 后再导入。") from error


def _csv_readings(data: bytes, name: str) -> Iterator[list[Row]]:
    text = _decoded(data, name).replace("\0", "")
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            yield _with_something((reader.line_num, [_clean(cell) for cell in cells]) for cells in reader)
        except csv.Error as error:
            raise Refused(f"{name} 的第{reader.line_num}行读不懂，多半是引号没有成对。") from error


def _decoded(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(f"{name} 的编码认不出，请另存为 UTF-8 或 GBK 编码的 CSV，或 .xlsx。")


def _with_something(rows: Iterable[tuple[int, list[str]]]) -> list[Row]:
    return [Row(number, tuple(cells)) for number, cells in rows if any(cells)]


def _text(value: Any) -> str:
    """A cell of Excel as text: numbers without the .0, moments as 2022-01-20 or 2022-01-20 08:30."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return _clean(str(value))


def _clean(text: str) -> str:
    # an apostrophe in front is how lists force text, and how `write_list` keeps a cell from being run
    return _FORCED_TEXT.sub("", text.strip().lstrip("\ufeff"))


def write_list(file: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Writes .xlsx or (any other ending) CSV in UTF-8 with a mark, which Excel opens by itself. Readable by its owner alone.

    Raises:
        Refused: it cannot be written.
    """
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            os.fchmod(raw.fileno(), 0o600)
            if file.suffix.lower() == ".xlsx":
                _write_excel(raw, headings, rows)
            else:
                with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
                    csv.writer(text).writerows([harmless(cell) for cell in row] for row in [headings, *rows])
    except OSError as error:
        raise Refused(f"文件写不了：{file}（{error.strerror}）") from error


def _write_excel(raw: Any, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    sheet.freeze_panes = "A2"
    for row in [headings, *rows]:
        sheet.append([harmless(cell) for cell in row])
    book.save(raw)


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _RUNS.match(text) else text
