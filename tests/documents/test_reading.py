"""Files of each kind are read; what cannot be read is refused with one sentence that says why."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document
from pypdf import PdfReader, PdfWriter

from bot.errors import Refused
from bot.knowledge.headings import Line
from bot.services.document_text import read_text
from tests.documents.pdf import pdf
from tests.documents.texts import CARE_HOMES

VISITS = "家属探视老人实行预约制，须提前3天电话预约"


def word(build) -> bytes:  # type: ignore[no-untyped-def]
    document = Document()
    build(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def encrypted(user: str) -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf([[VISITS]]))))
    writer.encrypt(user, "owner")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_each_encoding(encoding: str) -> None:
    read = read_text("a.txt", CARE_HOMES.encode(encoding))
    assert any(VISITS in line.text for line in read.lines)
    assert read.lines[0].text == CARE_HOMES.splitlines()[0]


def test_word_gives_headings_tables_and_tracked_insertions() -> None:
    def build(document) -> None:  # type: ignore[no-untyped-def]
        document.add_heading("探视", level=1)
        document.add_paragraph("提前预约。")
        table = document.add_table(rows=2, cols=2)
        for cell, text in zip(table._cells, ("片区", "负责人", "第一片区", "老张")):
            cell.text = text
        document.add_heading("外出", level=2)
        paragraph = document.add_paragraph("非必要")
        run = paragraph.add_run("不外出。")._r
        inserted = run.makeelement(run.tag.replace("}r", "}ins"), {})
        run.addprevious(inserted)
        inserted.append(run)

    assert read_text("a.docx", word(build)).lines == [
        Line("探视", 1),
        Line("提前预约。"),
        Line("片区 | 负责人"),
        Line("第一片区 | 老张"),
        Line("外出", 2),
        Line("非必要不外出。"),
    ]


def test_a_merged_cell_is_told_once() -> None:
    def build(document) -> None:  # type: ignore[no-untyped-def]
        table = document.add_table(rows=1, cols=3)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "白班"
        table.cell(0, 2).text = "八点"

    assert read_text("a.docx", word(build)).lines == [Line("白班 | 八点")]


def test_pdf_without_page_numbers_running_heads_and_broken_lines() -> None:
    pages = [
        ["东街办文件", "一、探视", "家属探视老人实行预约制，须提前三天电话预约，每次不", "超过两人。", "- 1 -"],
        ["东街办文件", "二、外出", "老人非必要不外出。", "- 2 -"],
        ["东街办文件", "三、消毒", "每天两次。", "- 3 -"],
    ]
    seen: list[tuple[int, int]] = []
    read = read_text("a.pdf", pdf(pages), lambda page, of: seen.append((page, of)))
    assert [line.text for line in read.lines] == [
        "一、探视",
        "家属探视老人实行预约制，须提前三天电话预约，每次不超过两人。",
        "二、外出",
        "老人非必要不外出。",
        "三、消毒",
        "每天两次。",
    ]
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_pdf_locked_against_changes_alone_is_read_and_blank_pages_are_told() -> None:
    assert read_text("a.pdf", encrypted("")).lines == [Line(VISITS)]
    assert read_text("a.pdf", pdf([[VISITS], []])).blank_pages == 1


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b"<w>" + b" " * (40 * 1024 * 1024))
    return out.getvalue()


def other_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("a.txt", "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.txt", b"", "空的"),
        ("a.txt", b"  \r\n ", "空的"),
        ("a.txt", bytes(range(256)) * 20, "不是文本"),
        ("a.docx", word(lambda document: None), "没有文字"),
        ("a.pdf", pdf([[], []]), "扫描件"),
        ("a.pdf", pdf([["- 1 -"], ["- 2 -"]]), "扫描件"),
        ("a.pdf", encrypted("secret"), "加了密码"),
        ("a.pdf", b"%PDF-1.7\nnothing", "已损坏"),
        ("a.doc", bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "旧版 .doc"),
        ("a.docx", bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "加了密码"),
        ("a.docx", b"PK\x03\x04 and no more", "已损坏"),
        ("a.docx", word(lambda document: document.add_paragraph("x"))[:-200], "已损坏"),
        ("a.docx", other_zip(), "不是 Word"),
        ("a.docx", bomb(), "太大"),
        ("a.txt", "汉字".encode() * 1_100_000, "拆成几个文件"),
        ("a.exe", b"MZ", "不认识"),
        ("a.xlsx", other_zip(), "不认识"),
        ("README", b"text", "不认识"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_what_cannot_be_read_is_refused(name: str, data: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read_text(name, data)
