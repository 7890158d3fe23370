from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import redis

from bot.errors import EmbeddedServerError
from bot.storage.embedded_postgres import EmbeddedPostgres, start_postgres
from bot.storage.embedded_redis import EmbeddedRedis, start_redis
from bot.storage.unprivileged import as_user, unprivileged_user
from tests.sql import run_sql

_REPOSITORY = Path(__file__).parents[2]
_OWNER = Path(__file__).with_name("embedded_owner.py")
_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@dataclass
class Owner:
    """The process of `embedded_owner.py` and what it said."""

    process: subprocess.Popen[str]
    postgres_url: str
    redis_url: str
    postgres_pid: int
    redis_pid: int

    def servers(self) -> list[psutil.Process]:
        postmaster = psutil.Process(self.postgres_pid)
        return [postmaster, *postmaster.children(recursive=True), psutil.Process(self.redis_pid)]


@pytest.fixture
def start_owner() -> Iterator[Callable[..., Owner]]:
    owners: list[Owner] = []

    def start(data_dir: Path, *before: str) -> Owner:
        process = subprocess.Popen(
            [*before, sys.executable, str(_OWNER), str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        postgres, redis_server = said["postgres"], said["redis"]
        owner = Owner(process, postgres["url"], redis_server["url"], postgres["pid"], redis_server["pid"])
        owners.append(owner)
        return owner

    yield start
    for owner in owners:
        owner.process.communicate(timeout=60)  # ends its input
        with contextlib.suppress(psutil.NoSuchProcess):  # else a test failed before it ended them
            kill(owner.servers())


def write_something(postgres_url: str, redis_url: str) -> None:
    run_sql(postgres_url, "CREATE TABLE kept AS SELECT 7 AS number")
    redis.Redis.from_url(redis_url).set("kept", "7")


def assert_it_is_there(postgres: EmbeddedPostgres, redis_server: EmbeddedRedis) -> None:
    assert run_sql(postgres.url, "SELECT number FROM kept") == [(7,)]
    assert redis.Redis.from_url(redis_server.url).get("kept") == b"7"


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's end with their postmaster
            process.kill()
    psutil.wait_procs(processes, timeout=30)


def runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def modes_up_to_root(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_mode, path.stat().st_uid) for path in (folder, *folder.parents)}


def test_the_shared_postgres_is_durable_and_takes_no_network(postgres: EmbeddedPostgres) -> None:
    shown = run_sql(
        postgres.url,
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit',"
        " 'listen_addresses', 'max_connections', 'shared_buffers')",
    )
    assert dict(shown) == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "max_connections": "100",
        "shared_buffers": str(128 * 1024 // 8),
    }
    assert run_sql(postgres.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]


def test_the_shared_redis_keeps_its_file_and_takes_no_network(redis_server: EmbeddedRedis, data_dir: Path) -> None:
    client = redis.Redis.from_url(redis_server.url)
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
    assert client.config_get("port") == {"port": "0"}
    assert (data_dir / "redis").stat().st_mode & 0o777 == 0o700


def test_everything_killed_at_once_loses_nothing(tmp_path: Path, start_owner: Callable[..., Owner]) -> None:
    owner = start_owner(tmp_path)
    write_something(owner.postgres_url, owner.redis_url)
    kill([psutil.Process(owner.process.pid), *owner.servers()])

    postgres, redis_server = start_postgres(tmp_path), start_redis(tmp_path)
    try:
        assert_it_is_there(postgres, redis_server)
    finally:
        postgres.stop()
        redis_server.stop()


def test_a_crash_s_pid_that_now_is_another_process_s_is_no_hindrance(tmp_path: Path) -> None:
    postgres = start_postgres(tmp_path)
    assert postgres.pid is not None
    postmaster = psutil.Process(postgres.pid)
    kill([postmaster, *postmaster.children(recursive=True)])
    # Of the same user, or PostgreSQL would see by itself that it cannot be one of its own.
    bystander = subprocess.Popen([*as_user(unprivileged_user()), "cat"], stdin=subprocess.PIPE)
    for pid_file in tmp_path.glob("postgres/*/*"):
        if pid_file.name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            first, rest = pid_file.read_text().split("\n", 1)
            assert first == str(postmaster.pid)
            pid_file.write_text(f"{bystander.pid}\n{rest}")
    try:
        postgres.restart()
        assert run_sql(postgres.url, "SELECT 1") == [(1,)]
        assert bystander.poll() is None
    finally:
        bystander.communicate()
        postgres.stop()


def test_servers_whose_owner_was_killed_are_taken_over(tmp_path: Path, start_owner: Callable[..., Owner]) -> None:
    owner = start_owner(tmp_path)
    write_something(owner.postgres_url, owner.redis_url)
    orphans = [psutil.Process(owner.postgres_pid), psutil.Process(owner.redis_pid)]
    owner.process.kill()
    owner.process.wait()
    assert all(orphan.is_running() for orphan in orphans)

    postgres, redis_server = start_postgres(tmp_path), start_redis(tmp_path)
    try:
        assert_it_is_there(postgres, redis_server)
        assert not any(runs(orphan) for orphan in orphans)
    finally:
        postgres.stop()
        redis_server.stop()


def test_a_data_dir_in_use_is_refused_and_left_in_peace(tmp_path: Path, start_owner: Callable[..., Owner]) -> None:
    owner = start_owner(tmp_path)
    for start in (start_postgres, start_redis):
        with pytest.raises(EmbeddedServerError, match=f"正被另一个进程（进程号 {owner.process.pid}）使用"):
            start(tmp_path)
    assert run_sql(owner.postgres_url, "SELECT 1") == [(1,)]
    assert redis.Redis.from_url(owner.redis_url).ping()


def test_the_same_process_cannot_start_a_server_twice(data_dir: Path, redis_server: EmbeddedRedis) -> None:
    with pytest.raises(EmbeddedServerError, match="不能重复启动"):
        start_redis(data_dir)
    assert redis_server.is_alive()


def test_ctrl_c_reaches_only_the_owner_which_stops_all(tmp_path: Path, start_owner: Callable[..., Owner]) -> None:
    owner = start_owner(tmp_path)
    servers = owner.servers()
    group = os.getpgid(owner.process.pid)
    assert len(servers) > 5
    assert group not in (os.getpgid(owner.postgres_pid), os.getpgid(owner.redis_pid))

    os.killpg(group, signal.SIGINT)
    assert owner.process.wait(60) == 0
    assert not any(runs(server) for server in servers)
    assert "database system is shut down" in (tmp_path / "postgres" / "postgres.log").read_text()
    assert "Redis is now ready to exit" in (tmp_path / "redis" / "redis.log").read_text()


def test_folders_above_the_data_stay_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = modes_up_to_root(closed)
    postgres, redis_server = start_postgres(closed / "data"), start_redis(closed / "data")
    try:
        assert run_sql(postgres.url, "SELECT 1") == [(1,)]
        assert modes_up_to_root(closed) == before
        for folder in (closed / "data", closed / "data" / "postgres", closed / "data" / "redis"):
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder.stat().st_uid == os.geteuid()
    finally:
        postgres.stop()
        redis_server.stop()


@_as_root
def test_other_processes_of_nobody_do_not_get_in() -> None:
    with tempfile.TemporaryDirectory() as open_to_all:
        os.chmod(open_to_all, 0o755)
        postgres = start_postgres(Path(open_to_all))
        try:
            list_data = subprocess.run(
                ["setpriv", "--reuid=nobody", "--clear-groups", "ls", f"{open_to_all}/postgres/data"],
                capture_output=True,
                env={"PATH": os.defpath, "LC_ALL": "C"},
            )
            assert b"Permission denied" in list_data.stderr
        finally:
            postgres.stop()


@_as_root
def test_works_without_root(start_owner: Callable[..., Owner]) -> None:
    nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--inh-caps=-all")
    if subprocess.run([*nobody, sys.executable, "-c", "import redis"], cwd="/").returncode != 0:
        pytest.skip("nobody cannot read this environment")
    folder = Path(tempfile.mkdtemp())
    try:
        shutil.chown(folder, "nobody")
        owner = start_owner(folder, *nobody)
        assert {server.uids().effective for server in owner.servers()} == {unprivileged_user()}
        write_something(owner.postgres_url, owner.redis_url)
        owner.process.communicate(timeout=60)
        assert owner.process.returncode == 0
    finally:
        shutil.rmtree(folder)


def test_a_path_too_long_or_odd_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    deep = tmp_path / "很深 的,目录" / ("x" * 100)
    for _ in range(2):  # the second start finds what the first left
        postgres, redis_server = start_postgres(deep), start_redis(deep)
        assert run_sql(postgres.url, "SELECT 1") == [(1,)]
        assert redis.Redis.from_url(redis_server.url).ping()
        postgres.stop()
        redis_server.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["很深 的,目录"]


def test_a_redis_that_died_is_started_again_with_its_data(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    try:
        url, pid = server.url, server.pid
        assert pid is not None
        client = redis.Redis.from_url(url)
        client.set("kept", "7")
        kill([psutil.Process(pid)])
        assert not server.is_alive()
        assert server.pid is None

        server.restart()
        assert server.is_alive()
        assert server.pid != pid
        assert server.url == url
        assert client.get("kept") == b"7"
    finally:
        server.stop()


def test_a_stopped_server_leaves_nothing_and_may_start_again(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    process = psutil.Process(server.pid)
    server.stop()
    server.stop()
    assert not process.is_running()
    with pytest.raises(EmbeddedServerError, match="不能重启"):
        server.restart()
    start_redis(tmp_path).stop()


def test_a_forked_worker_cannot_stop_the_server(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    try:
        worker = os.fork()
        if worker == 0:
            server.stop()
            os._exit(0)
        os.waitpid(worker, 0)
        assert server.is_alive()
    finally:
        server.stop()


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").write_text("this is no append-only file\n")
    with pytest.raises(EmbeddedServerError, match=r"(?s)启动失败.*Bad file format reading the append only file"):
        start_redis(tmp_path)
    (tmp_path / "redis" / "appendonly.aof").unlink()
    start_redis(tmp_path).stop()  # the folder was given back
