"""`python -m bot people …` and `groups …`, on a real database and a real Redis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.services import context
from tests.people.rosters import GRID, HEAD, SOUND_ID, csv_file, rows_of

Run = Callable[..., str]
PEOPLE = [
    HEAD,
    [*GRID, "钱多多", "13900000001", SOUND_ID, "E1", "居民"],
    [*GRID, "孙小小", "13900000002", "", "E2", "居民、网格员"],
]


@pytest.fixture
def run(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Run:
    """Runs one command as its own process would, and returns what it printed; its status is checked."""
    for name, value in {
        "BOT_DEMO": "0",
        "BOT_SECRET_KEY": "s" * 32,
        "BOT_DATABASE_URL": database_url,
        "BOT_REDIS_URL": redis_url,
        "BOT_DATA_DIR": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str, status: int = 0) -> str:
        monkeypatch.setattr(context, "_current", None)
        assert main(arguments) == status
        monkeypatch.setattr(context, "_current", None)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return call


def test_a_roster_is_previewed_imported_exported_and_shown_as_a_tree(run: Run, tmp_path: Path) -> None:
    file = csv_file(tmp_path, [*PEOPLE, [*GRID, "", "1", "", "", "皇帝"]])
    printed = run("people", "import", str(file), "--dry-run")
    assert "预览，没有写入" in printed
    assert "第2行　新增　钱*" in printed
    assert "钱多多" not in printed
    assert "会新增2人" in printed
    assert "还没有地点" in run("people", "tree")
    failed = tmp_path / "failed.csv"
    printed = run("people", "import", str(file), "--failed", str(failed))
    assert "已新增2人，更新0人，不变0人，有误1行" in printed
    assert "已新建的地点3个" in printed
    assert "读取文件" in printed  # how far it is
    assert "缺姓名" in rows_of(failed)[1][-1]
    assert "不变2人" in run("people", "import", str(file))
    tree = run("people", "tree").splitlines()
    assert [line.split("\t")[1:] for line in tree] == [
        ["茶坊社区（社区）", "2人"],
        ["第三网格（网格）", "2人"],
        ["3号楼（楼栋）", "2人"],
    ]
    assert "已导出2人" in run("people", "export", str(tmp_path / "out.csv"))
    assert "钱*" in str(rows_of(tmp_path / "out.csv"))
    assert "没打码" in run("people", "export", str(tmp_path / "out.csv"), "--with-private", "--place", "1")
    assert "13900000001" in str(rows_of(tmp_path / "out.csv"))
    assert "没有编号为 99" in run("people", "export", str(tmp_path / "out.csv"), "--place", "99", status=1)


def test_invitations_with_a_picture_to_scan(run: Run, tmp_path: Path) -> None:
    run("people", "import", str(csv_file(tmp_path, PEOPLE)))
    url = ("--url", "https://chat.example.org/")
    printed = run("people", "invite", "--person", "E1", "--qr", str(tmp_path / "code.png"), *url)
    assert "https://chat.example.org/?bind=" in printed
    assert "▀" in printed or "█" in printed or "\x1b[" in printed
    assert (tmp_path / "code.png").read_bytes().startswith(b"\x89PNG")
    run("people", "invite", "--place", "2", "--role", "grid_worker", "--qr", str(tmp_path / "code.svg"), *url)
    assert b"<svg" in (tmp_path / "code.svg").read_bytes()
    run("people", "invite", "--person", "孙小小", *url)
    run("people", "invite", "--person", "#1", *url)
    for arguments, reason in (
        (("--person", "无名氏"), "花名册里没有"),
        (("--role", "grid_worker"), "请写角色和地点"),
        ((), "请写角色和地点"),
        (("--place", "99", "--role", "resident"), "没有编号为 99"),
        (("--person", "E1", "--qr", str(tmp_path / "code.gif")), "只能存成"),
    ):
        assert reason in run("people", "invite", *arguments, status=1)
    assert "bind=" in run("admin", "invite", "--role", "community")


def test_doubles_are_listed_and_merged(run: Run, tmp_path: Path) -> None:
    rows = [[*GRID, "钱多多", "13900000001", "", code, ""] for code in ("E1", "E2")]
    assert "可能重复登记的人（没有合并，请核对）1个" in run("people", "import", str(csv_file(tmp_path, [HEAD, *rows])))
    printed = run("people", "duplicates")
    assert "同名同手机号" in printed
    assert "钱多多" not in printed
    assert "还没有合并" in run("people", "merge", "1", "2")
    assert "已合并" in run("people", "merge", "1", "2", "--yes")
    assert "没有发现" in run("people", "duplicates")
    assert "不变1人" in run("people", "import", str(csv_file(tmp_path, [HEAD, *rows])))  # E2 is found in E1
    assert "合并掉的" in run("people", "merge", "1", "2", status=1)


def test_work_groups_are_imported_as_the_file_says(run: Run, tmp_path: Path) -> None:
    head = ["组", "姓名", "手机号", "职务", "职责"]
    rows = [
        ["物资组", "郑物资", "13900000011", "组长", "口罩、消毒液的采购和发放"],
        ["", "冯采购", "13900000012", "成员", "采购"],
        ["摸排组", "褚摸排", "13900000013", "组长", "入户摸排"],
    ]
    printed = run("groups", "import", str(csv_file(tmp_path, [head, *rows])))
    assert "已导入2个组（物资组、摸排组），3人，其中3人不在花名册里" in printed
    printed = run("groups", "import", str(csv_file(tmp_path, [head, rows[0]])))
    assert "不再是组员：物资组 冯*" in printed
    assert "其中" not in printed
    bad = csv_file(tmp_path, [head, ["物资组", "", "139", "成员", ""], rows[0], rows[0]])
    printed = run("groups", "import", str(bad), status=1)
    assert "第2行：缺姓名；手机号“1**”不对" in printed
    assert "第4行：与第3行重复" in printed
