"""A roster of 50,000 rows: previewed, imported, imported again and exported, as the operator does it, with times and memory.

python -m bench.roster [rows]
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from bot.storage.embedded_postgres import start_postgres
from bot.storage.embedded_redis import start_redis

_HEAD = ["街道", "社区", "网格", "楼栋", "姓名", "手机号", "证件号", "编号", "角色"]
_FAMILY, _GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "一诺浩然梓涵子墨雨桐国强秀英建华"
_WEIGHTS, _CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
_BAD_EVERY = 500


def _id_number(number: int) -> str:
    """A number as GB 11643 builds it: region, birthday, sequence, check digit."""
    body = f"110105{1950 + number % 60:04}{1 + number % 12:02}{1 + number % 28:02}{number // 100 % 1000:03}"
    return body + _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def _rows(count: int) -> Iterator[list[str]]:
    """People of ten communities; one row in 500 has a phone number that is none."""
    for number in range(count):
        grid, building = number // 500, number // 100
        name = _FAMILY[number % 16] + _GIVEN[number // 16 % 16] + _GIVEN[number // 256 % 16]
        phone = "123" if number % _BAD_EVERY == _BAD_EVERY - 1 else f"139{number:08}"
        yield [
            "幸福街道", f"第{grid // 10 + 1}社区", f"{grid + 1}网格", f"{building + 1}号楼",
            name, phone, _id_number(number), f"R{number:06}", "居民",
        ]  # fmt: skip


def _write(folder: Path, count: int) -> tuple[Path, Path]:
    as_csv, as_excel = folder / "roster.csv", folder / "roster.xlsx"
    with as_csv.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([_HEAD, *_rows(count)])
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [_HEAD, *_rows(count)]:
        sheet.append(row)
    book.save(as_excel)
    return as_csv, as_excel


def _measured(what: str, environment: dict[str, str], *arguments: str) -> None:
    """Runs one command; prints its time and how much more memory than any before it a command took at most."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{what}：{done.stderr}")
    said = next((line for line in done.stdout.splitlines() if line.startswith(("会新增", "已新增", "已导出"))), "")
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{what}：{taken:.1f} 秒，至今各命令最多占内存 {most:.0f} MB；{said}", flush=True)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        as_csv, as_excel = _write(folder, count)
        postgres, redis = start_postgres(folder / "data"), start_redis(folder / "data")
        environment = {
            **os.environ,
            "BOT_DEMO": "0",
            "BOT_SECRET_KEY": "bench" * 8,
            "BOT_DATABASE_URL": postgres.url,
            "BOT_REDIS_URL": redis.url,
            "BOT_DATA_DIR": str(folder / "bot"),
        }
        try:
            _measured("预览 CSV（GBK）", environment, "people", "import", str(as_csv), "--dry-run")
            _measured("导入 CSV（GBK）", environment, "people", "import", str(as_csv))
            _measured("再导入一次", environment, "people", "import", str(as_csv))
            _measured("导入同样的 Excel", environment, "people", "import", str(as_excel))
            exported = folder / "out.xlsx"
            _measured("导出 Excel", environment, "people", "export", str(exported), "--with-private")
            _measured("导入导出的 Excel", environment, "people", "import", str(exported))
        finally:
            redis.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
