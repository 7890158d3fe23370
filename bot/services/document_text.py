"""The lines of a document file (txt, md, docx, pdf), with the headings that the file itself marks."""

from __future__ import annotations

import codecs
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from bot.errors import Refused
from bot.knowledge.headings import Line, unwrap

Progress = Callable[[int, int], None]
"""Called with the pages read so far and the pages in all."""

_MOST_CHARACTERS = 2_000_000
_UNPACKED_BYTES = 120 * 1024 * 1024  # a docx is a zip: all that it unpacks to ...
_XML_BYTES = 30 * 1024 * 1024  # ... and each part of it that is parsed
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # the form of .doc, and of a docx that is encrypted
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_CONTENTS_STYLE = re.compile(r"(?:toc|目录)\s*(?:\d|heading|标题|$)", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"[\s\-—–·.]*(?:第\s*)?\d{1,4}(?:\s*[页/]\s*(?:共?\s*\d{1,4}\s*页?)?)?[\s\-—–·.]*")
_GAP_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff，。；：、（）“”《》])[ \t]+(?=[\u3400-\u9fff，。；：、（）“”《》])")

# pypdf tells the log about each flaw of a file, with the file's own words
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class DocumentText:
    """What was read. `blank_pages`: pages of a PDF that hold no text, most likely scans."""

    lines: list[Line]
    blank_pages: int = 0


def read_text(name: str, data: bytes, progress: Progress | None = None) -> DocumentText:
    """The text of a document; its kind is told by the ending of `name`.

    Raises:
        Refused: the file cannot be read; the message says why, and what to do.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if not data.strip():
        raise Refused("文件是空的，没有可导入的内容。")
    if data.startswith(_OLE):
        raise Refused("这是旧版 .doc 文件，或加了密码的 Word 文件；请在 Word 里去掉密码，另存为 .docx 再导入。")
    readers = {"txt": _text, "md": _text, "docx": _word, "pdf": _pdf}
    if ending not in readers:
        raise Refused(f"不认识这种文件（{'.' + ending if ending else '没有扩展名'}）；可以导入 txt、md、docx、pdf。")
    read = readers[ending](data, progress)
    lines = [Line(clean, line.level) for line in read.lines if (clean := _clean(line.text))]
    if not lines:
        raise Refused("文件里没有文字，没有可导入的内容。")
    if sum(len(line.text) for line in lines) > _MOST_CHARACTERS:
        raise Refused(f"文件的文字超过{_MOST_CHARACTERS // 10_000}万字，请拆成几个文件再导入。")
    return DocumentText(lines, read.blank_pages)


def _clean(text: str) -> str:
    # half of a surrogate pair, which broken PDFs yield, is in no encoding
    return _CONTROL.sub("", text).encode("utf-8", "ignore").decode("utf-8").strip()


def _text(data: bytes, progress: Progress | None) -> DocumentText:
    text = _decoded(data)
    if text is None or len(_CONTROL.findall(text)) > len(text) // 100 + 2:
        raise Refused("这个文件不是文本，或者文字编码不认识；请另存为 UTF-8 编码的 txt 再导入。")
    return DocumentText([Line(line) for line in unwrap(text.splitlines())])


def _decoded(data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in data:
        # Without a mark of order only the line ends and digits tell: their zero is the second byte, or the first.
        encodings = ["utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _word(data: bytes, progress: Progress | None) -> DocumentText:
    from docx import Document
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    _check_package(data)
    try:
        document = Document(BytesIO(data))
    except Exception as error:  # whatever a damaged file makes of the parser
        raise Refused("Word 文件已损坏，打不开；请重新保存后再导入。") from error

    def lines(container: Any) -> Iterator[Line]:
        # by XPath and not by `iter_inner_content`, which leaves out what stands in content controls
        for element in container.xpath("./w:p | ./w:tbl | ./w:sdt//w:p[not(ancestor::w:tbl)] | ./w:sdt//w:tbl"):
            if element.tag.endswith("}tbl"):
                for row in Table(element, document).rows:
                    cells = [" ".join(line.text for line in lines(cell._tc) if line.text) for cell in row.cells]
                    merged = [
                        cell
                        for at, cell in enumerate(cells)
                        if at == 0 or row.cells[at]._tc is not row.cells[at - 1]._tc
                    ]
                    yield Line(" | ".join(cell for cell in merged if cell))
            else:
                yield from _paragraph(Paragraph(element, document))

    return DocumentText(list(lines(document.element.body)))


def _check_package(data: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            parts = package.infolist()
            if "word/document.xml" not in package.namelist():
                raise Refused("这不是 Word 文档（.docx）；请在 Word 里另存为 .docx 再导入。")
    except zipfile.BadZipFile as error:
        raise Refused("Word 文件已损坏，打不开；请重新保存后再导入。") from error
    # zipfile never reads more of a part than its entry declares
    parsed = max(part.file_size for part in parts if part.filename.endswith((".xml", ".rels")))
    if sum(part.file_size for part in parts) > _UNPACKED_BYTES or parsed > _XML_BYTES:
        raise Refused("Word 文件解开后太大，没有导入；请删去图片或拆成几个文件再导入。")


def _paragraph(paragraph: Any) -> Iterator[Line]:
    style = paragraph.style.name or "" if paragraph.style is not None else ""
    if _CONTENTS_STYLE.match(style):
        return
    # not `paragraph.text`, which leaves out what was inserted while changes were tracked
    parts = paragraph._p.xpath(".//w:t[not(ancestor::*[local-name()='Fallback'])] | .//w:br | .//w:tab")
    text = "".join(
        part.text or "" if part.tag.endswith("}t") else "\n" if part.tag.endswith("}br") else " " for part in parts
    )
    level = _style_level(paragraph)
    if level:
        yield Line(" ".join(text.split()), level)
    else:
        for line in text.split("\n"):
            yield Line(line)


def _style_level(paragraph: Any) -> int:
    """The level of the heading that the paragraph's style is, or is made from; 0 for none."""
    style = paragraph.style
    while style is not None:
        if found := _HEADING_STYLE.fullmatch((style.name or "").strip()):
            return int(found[1])
        style = style.base_style
    return 0


def _pdf(data: bytes, progress: Progress | None) -> DocumentText:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(BytesIO(data))
        # many public PDFs are only locked against changes: they open with the empty password
        locked = reader.is_encrypted and not reader.decrypt("")
        number = 0 if locked else len(reader.pages)
    except DependencyError:
        locked, number = True, 0
    except Exception as error:  # whatever a damaged file makes of the parser
        raise Refused("PDF 文件已损坏，打不开；请重新生成后再导入。") from error
    if locked:
        raise Refused("PDF 文件加了密码，读不了；请去掉密码再导入。")
    pages: list[list[str]] = []
    characters = 0
    for at in range(number):
        try:
            text = reader.pages[at].extract_text()
        except Exception as error:
            raise Refused(f"PDF 文件第{at + 1}页已损坏，读不了；请重新生成后再导入。") from error
        lines = (_GAP_IN_CHINESE.sub("", _clean(line)) for line in text.splitlines())
        pages.append([line for line in lines if line and not _PAGE_NUMBER.fullmatch(line)])
        characters += len(text)
        if characters > _MOST_CHARACTERS:
            break  # the caller refuses it
        if progress is not None:
            progress(at + 1, number)
    blank = sum(not page for page in pages)
    if blank == len(pages):
        raise Refused("这份 PDF 没有文字，多半是扫描件；请用识别软件（OCR）转成带文字的 PDF 或 Word 再导入。")
    running = _running_heads(pages)
    kept = [line for page in pages for line in page if _shape(line) not in running]
    return DocumentText([Line(line) for line in unwrap(kept)], blank)


def _running_heads(pages: list[list[str]]) -> set[str]:
    """The lines that stand at the top or foot of most pages."""
    edges = Counter(shape for page in pages if page for shape in {_shape(page[0]), _shape(page[-1])})
    return {shape for shape, times in edges.items() if times >= 3 and times > len(pages) / 2}


def _shape(line: str) -> str:
    return re.sub(r"\d+", "0", line)
