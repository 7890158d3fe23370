"""`python -m bot process check` and `try`: what an office that writes its own file sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.__main__ import main
from bot.content import content_dir

GOOD = """process: gate_visit
title: 外来人员登记
start:
  words: [外来登记]
  asks: [我来登记一下]
fields:
  - {name: who, label: 姓名, type: person_name, ask: 请问您叫什么？}
  - {name: heat, label: 体温, type: temperature, ask: 体温多少？}
alerts:
  - {id: hot, when: heat >= fever, level: urgent, text: '体温 {heat}'}
measures:
  - {id: mask, when: heat < fever, text: 进门请戴口罩, source: 篇一}
told: 登记好了。
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gate_visit.yml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_our_own_files_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted((content_dir() / "processes").glob("*.yml"))
    assert main(["process", "check", *map(str, files)]) == 0
    assert capsys.readouterr().out.count("没有错误") == len(files)


def test_a_good_file_gets_hints(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["process", "check", str(file)]) == 0
    told = capsys.readouterr().out
    assert "外来人员登记，2 个字段，没有错误" in told
    assert "start asks 只有 1 句" in told
    assert "姓名是个人信息" in told


def test_a_start_word_that_another_process_has_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("[外来登记]", "[外来登记, 打卡]"), encoding="utf-8")
    assert main(["process", "check", str(file)]) == 0
    assert "“打卡”也是每日健康打卡的开始词" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("title: 外来人员登记\n", "", "缺少 title"),
        ("process: gate_visit", "process: 登记", "第1行（process）：process 是英文小写字母"),
        ("words: [外来登记]", "words: 外来登记", "第4行（start words）：words 要写成列表，例如 [外来登记]"),
        ("type: temperature", "type: temprature", "第8行（fields 第2项 type）：没有 temprature 这种字段，是不是想写 temperature？"),
        (", ask: 体温多少？", "", "第8行（fields 第2项）：缺少 ask"),
        ("name: heat", "name: who", "第8行（fields 第2项 name）：字段名 who 用了两次"),
        ("heat >= fever", "haet >= fever", "第10行（alerts 第1项 when）：条件 haet >= fever 里没有 haet 这个字段，是不是想写 heat？"),
        ("heat >= fever", "heat >=", "第10行（alerts 第1项 when）：条件 heat >= 写得不对"),
        ("level: urgent", "level: 紧急", "第10行（alerts 第1项 level）：level 只能是 urgent、watch"),
        ("'体温 {heat}'", "'体温 {temp}'", "第10行（alerts 第1项 text）：没有 temp 这个字段"),
        (", source: 篇一", "", "第12行（measures 第1项）：缺少 source"),
        ("told: 登记好了。", "tolds: 登记好了。", "第13行（tolds）：不认识 tolds，是不是想写 told？"),
        ("  asks: [我来登记一下]", "\tasks: [我来登记一下]", "第5行：缩进要用空格，不能用 Tab 键"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_by_its_line(
    file: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, told: str
) -> None:
    assert GOOD.count(before) == 1
    file.write_text(GOOD.replace(before, after), encoding="utf-8")
    assert main(["process", "check", str(file)]) == 1
    error = capsys.readouterr().err
    assert f"gate_visit.yml {told}" in error


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gbk.yml").write_bytes("标题: 登记".encode("gbk"))
    assert main(["process", "check", str(tmp_path / "none.yml"), str(tmp_path / "gbk.yml")]) == 1
    assert capsys.readouterr().err.count("打不开") == 2


def test_a_file_is_played_in_the_terminal(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter(["外来登记", "王小明", "38.5", "1", "外来登记 我叫王小明 36.5", "确认", "退出"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    assert main(["process", "try", str(file)]) == 0
    told = capsys.readouterr().out
    assert "请问您叫什么？" in told
    assert "会发预警：紧急，hot" in told
    assert "进门请戴口罩（依据：篇一）" in told
    assert told.count("没有保存") == 2
