"""Rosters as offices have them: encodings, titles above the headings, numbers and days that Excel made of text."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from bot.errors import Refused
from bot.services.context import Services
from bot.services.roster import EXPECTED
from bot.services.roster_columns import is_roster
from bot.services.roster_file import read_list
from tests.people.rosters import GRID, HEAD, SOUND_ID, counts, csv_file, excel_file, imported, person, rows_of

ROW = [*GRID, "钱多多", "13900000001", "", "", "居民"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    sheet = read_list(csv_file(tmp_path, [["名单"], [], HEAD, ROW], encoding, delimiter), is_roster, EXPECTED)
    assert sheet.headings == tuple(HEAD)
    assert [(row.number, row.cells) for row in sheet.rows] == [(4, tuple(ROW))]


async def test_headings_in_any_order_with_other_names_and_a_title_above(services: Services, tmp_path: Path) -> None:
    rows = [
        ["茶坊社区居民花名册（2022年1月）", None, None, None],
        [],
        ["序号", "联系电话*", "姓 名", "所属网格：", "社区/村", "备注"],
        [1, 13900000001.0, " 钱 多多 ", "第三网格", "茶坊社区", "独居"],
    ]
    done = await imported(services, excel_file(tmp_path, rows, merge="A1:D1"))
    assert counts(done) == (1, 0, 0, 0)
    assert done.unused == ("备注",)
    assert done.places == []
    found = await person(services, "钱多多")
    assert (found["phone"], found["held"]) == ("13900000001", ["茶坊社区 第三网格 居民"])


async def test_numbers_that_excel_made(services: Services, tmp_path: Path) -> None:
    rows = [
        HEAD,
        [*GRID, "数一", 1.39e10, "", 12.0, "居民"],
        [*GRID, "数二", "13900000002.0", "", "0012", "居民"],
        [*GRID, "数三", "+86 139-0000-0003", SOUND_ID.lower(), None, None],
    ]
    assert counts(await imported(services, excel_file(tmp_path, rows))) == (3, 0, 0, 0)
    assert (await person(services, "数一"))["phone"] == "13900000000"
    assert (await person(services, "数一"))["code"] == "12"
    assert (await person(services, "数二"))["phone"] == "13900000002"
    assert (await person(services, "数二"))["code"] == "0012"
    third = await person(services, "数三")
    assert (third["phone"], third["id_number"]) == ("13900000003", SOUND_ID)


BAD = [
    ({"姓名": ""}, "缺姓名"),
    ({"姓名": "13900000009"}, "不像姓名"),
    ({"手机号": "1390000001"}, "手机号“139*****01”不是11位"),
    ({"手机号": "12900000001"}, "应以13到19开头"),
    ({"手机号": "1.39E+10"}, "科学计数法"),
    ({"手机号": "13900000001/13900000002"}, "不止一个号码"),
    ({"手机号": "无"}, "不是号码"),
    ({"证件号": "110105194912310021"}, "校验位不对"),
    ({"证件号": "110105194913310021"}, "出生日期不对"),
    ({"证件号": "11010519491231002"}, "18 位"),
    ({"证件号": 110105194912310000.0}, "末几位已丢失"),
    ({"角色": "皇帝"}, "角色“皇帝”没有"),
    ({"社区": "", "网格": "", "楼栋": ""}, "没有写地点"),
    ({"楼栋": datetime(2022, 3, 1)}, "楼栋成了日期"),
]


async def test_each_bad_row_has_its_reason(services: Services, tmp_path: Path) -> None:
    bad = [[changed.get(title, value) for title, value in zip(HEAD, ROW)] for changed, _ in BAD]
    done = await imported(services, excel_file(tmp_path, [HEAD, ROW, *bad]))
    assert counts(done) == (1, 0, 0, len(BAD))
    for (row, told), (number, (_, reason)) in zip(done.bad, enumerate(BAD, 3)):
        assert row.number == number
        assert reason in told
        assert "13900000001" not in told


async def test_all_that_is_wrong_with_a_row_is_told_at_once(services: Services, tmp_path: Path) -> None:
    done = await imported(services, csv_file(tmp_path, [HEAD, ["", "", "", "", "139", "", "", "皇帝"]]))
    [(_, told)] = done.bad
    assert [word in told for word in ("缺姓名", "手机号", "没有写地点", "角色")] == [True] * 4


async def test_failed_rows_are_corrected_and_imported_again_as_they_are(services: Services, tmp_path: Path) -> None:
    head = [*HEAD, "备注"]
    file = csv_file(tmp_path, [head, [*ROW, "x"], [*GRID, "孙小小", "139", "", "=1+1", "居民", "@SUM(A1)"]])
    done = await imported(services, file)
    assert counts(done) == (1, 0, 0, 1)
    failed = file.with_name("roster.csv.failed.csv")
    assert failed.read_bytes().startswith(b"\xef\xbb\xbf")
    assert failed.stat().st_mode & 0o077 == 0
    [titles, row] = rows_of(failed)
    assert titles == [*head, "原因"]
    assert row[6:9] == ["'=1+1", "居民", "'@SUM(A1)"]  # nothing that a spreadsheet would run
    assert "手机号" in row[-1]
    again = await imported(services, failed)
    assert counts(again) == (0, 0, 0, 1)
    assert rows_of(failed.with_name("roster.csv.failed.csv.failed.csv"))[0] == titles  # one column of reasons, not two
    failed.write_bytes(failed.read_bytes().replace(b",139,", b",13900000002,"))
    assert counts(await imported(services, failed)) == (1, 0, 0, 0)
    assert (await person(services, "孙小小"))["code"] == "=1+1"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "没有找到表头"),
        ("姓名\n张三\n".encode(), "没有找到表头"),
        ("第一列,第二列\n张三,李四\n".encode(), "没有找到表头"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧格式"),
        (b"PK\x03\x04 and then nothing", "打不开"),
        (b"\xff\xff\x80", "编码认不出"),
        ("姓名,手机号,电话,社区\n".encode(), "同一项"),
        ('姓名,手机号,社区\n"张三,1'.encode() + b"x" * 200_000, "读不懂"),
    ],
)
async def test_files_that_are_no_roster_are_refused_with_a_reason(
    services: Services, tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "roster.xlsx"
    file.write_bytes(content)
    with pytest.raises(Refused, match=reason):
        await imported(services, file)
    with pytest.raises(Refused, match="读不了"):
        await imported(services, tmp_path / "none.csv")


async def test_a_wrong_dimension_in_the_file_hides_no_rows(services: Services, tmp_path: Path) -> None:
    """Programs write `<dimension ref="A1"/>` whatever the sheet holds."""
    file = excel_file(tmp_path, [HEAD, ROW])
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(b'<dimension ref="A1:H2"', b'<dimension ref="A1"')
                assert b'ref="A1"' in data
            target.writestr(name, data)
    assert counts(await imported(services, broken)) == (1, 0, 0, 0)


async def test_the_sheet_with_the_headings_is_found(services: Services, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["填表说明"])
    for row in (HEAD, ROW):
        (book["名单"] if "名单" in book.sheetnames else book.create_sheet("名单")).append(row)
    book.save(tmp_path / "roster.xlsx")
    assert counts(await imported(services, tmp_path / "roster.xlsx")) == (1, 0, 0, 0)
