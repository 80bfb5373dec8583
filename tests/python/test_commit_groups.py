"""Commit groups: a crash after the commit point keeps each group whole, and one writer rules."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

from adbc_driver_manager import Error as AdbcError

from conftest import ServerFactory
from harness import cache
from harness.books import Books
from harness.checks import (
    assert_agrees_with_books,
    assert_evidence_is_there,
    assert_one_outcome_a_record,
    unbalanced,
)
from harness.deadline import wait_until
from harness.headwater import Server
from harness.stored_tables import PUBLIC_TABLES, StoredTables
from harness.workload import Workload

EVENTS = 150_000
# The puts after a start until one carries rows: the epoch is taken first, and a group that only
# makes tables may come between.
PUTS_TO_TRY = (2, 3, 4)
WITHHELD_KEY = "m6"
# Small groups, so that there are many of them before the topic is read to its end.
SMALL_GROUPS = {
    "ingest__commit_interval_ms": 300,
    "ingest__commit_bytes": 1 << 20,
    "ingest__micro_batch_records": 500,
}
SIGKILLED = -9
FENCED = 4


def test_a_crash_after_the_commit_point_leaves_no_record_two_outcomes(
    workload: Workload, new_server: ServerFactory, folder: Path
) -> None:
    workload.send(EVENTS)
    books = Books.read(workload.books)
    server = new_server(workload, **SMALL_GROUPS)
    server.configuration.keys = folder / "server-keys.toml"
    write_keys(workload.keys, server.configuration.keys, without=WITHHELD_KEY)

    behind = crash_after_a_commit_point(server)
    assert behind, "no table was behind system.commits at the crash"
    ends = workload.kafka.end_offsets(workload.mobile_topic)
    stored = StoredTables(server.configuration.storage)
    committed = stored.committed_offsets(workload.mobile_topic)
    assert any(committed.get(p, 0) < end for p, end in ends.items()), "nothing is left to read"

    shutil.copyfile(workload.keys, server.configuration.keys)
    workload.put_product("ak-browser-01", None)
    server.configuration.sql = changed_sql(folder / "changed-sql")
    server.start()
    server.wait_until_read(ends)

    assert_one_outcome_a_record(server, books)
    assert_evidence_is_there(server)
    assert unbalanced(server) == []
    assert stored.tables_behind() == {}
    reasons = dead_letters_by_reason(server)
    expected = books.outcome_counts()
    assert reasons["unknown key"] > expected["unknown key"], "the missing key was never missed"
    assert reasons["unknown app_key"] > expected["unknown app_key"], "the product was never missed"
    assert reasons["not our format"] > 0, "the changed SQL was never used"


def test_a_second_server_on_the_same_storage_fences_the_first(
    workload: Workload, new_server: ServerFactory, folder: Path
) -> None:
    storage = folder / "storage"
    generator = workload.start("--rate", "4000", "--for", "15s")
    generator.wait_for_line(r".", 60)
    first = new_server(
        workload, name="first", storage=storage, ingest__commit_interval_ms=300
    ).start()
    wait_until(
        "the first server has committed",
        lambda: sum(first.committed_offsets().values()) > 1000,
        timeout_s=60,
        retry_on=(AdbcError,),
    )

    second = new_server(
        workload, name="second", storage=storage, ingest__commit_interval_ms=300
    ).start()
    assert first.process.wait(60) == FENCED, first.process.tail()
    assert re.search(r"fenced: .*epoch \d+", first.process.output()), first.process.tail()

    assert generator.wait(120) == 0, generator.tail()
    second.wait_until_read()
    assert_agrees_with_books(second, Books.read(workload.books))
    assert_evidence_is_there(second)
    assert second.stop() == 0, second.process.tail()
    assert_one_writer_at_a_time(StoredTables(storage))


def test_of_servers_started_at_once_all_but_one_are_fenced(
    workload: Workload, new_server: ServerFactory, folder: Path
) -> None:
    workload.send(1000)
    storage = folder / "storage"
    started = [
        new_server(workload, name=f"server-{n}", storage=storage, ingest__commit_interval_ms=100)
        for n in range(4)
    ]
    for _ in range(2):
        assert exit_codes_of_losers(started) == [FENCED] * 3
        for server in started:
            server.kill()


def exit_codes_of_losers(servers: list[Server]) -> list[int]:
    """Starts servers on one storage at once, and waits until one is left."""
    processes = [server.launch() for server in servers]
    wait_until(
        "one server is left",
        lambda: sum(process.is_running() for process in processes) == 1,
        timeout_s=60,
    )
    return [process.wait(1) for process in processes if not process.is_running()]


def crash_after_a_commit_point(server: Server) -> dict[str, tuple[int, int]]:
    """Lets the server kill itself after a put of `system.commits`; the tables that are behind."""
    server.start()
    wait_until(
        "something is committed",
        lambda: sum(server.committed_offsets().values()) > 0,
        timeout_s=60,
        interval_s=0.01,
        retry_on=(AdbcError,),
    )
    server.kill()
    stored = StoredTables(server.configuration.storage)
    for put in PUTS_TO_TRY:
        process = server.launch(f"fault.plan=after-put:system/commits/_delta_log/*.json:{put}=kill")
        assert process.wait(60) == SIGKILLED, process.tail()
        if behind := stored.tables_behind():
            return behind
    return {}


def assert_one_writer_at_a_time(stored: StoredTables) -> None:
    """Epochs never go back, each has one writer, and tables have what the groups pin, no more."""
    groups = sorted(stored.groups(), key=lambda row: row["commit_group"])
    epochs = [row["epoch"] for row in groups]
    assert epochs == sorted(epochs)
    assert len({row["epoch"] for row in groups}) == len(
        {(row["epoch"], row["writer"]) for row in groups}
    )
    pinned: dict[str, int] = {}
    for row in groups:
        pinned |= {entry["table"]: entry["version"] for entry in row["tables"]}
    assert {name: stored.version(name) for name in PUBLIC_TABLES} == {
        name: pinned[name] for name in PUBLIC_TABLES
    }


def write_keys(source: Path, target: Path, *, without: str) -> None:
    """A key ring with all keys but one."""
    keys = tomllib.loads(source.read_text())["key"]
    assert without in {key["id"] for key in keys}, f"the generator has no key {without}"
    kept = [key for key in keys if key["id"] != without]
    target.touch(mode=0o600)
    target.write_text(
        "".join(f'[[key]]\nid = "{key["id"]}"\nsecret = "{key["secret"]}"\n\n' for key in kept)
    )


def changed_sql(folder: Path) -> Path:
    """The SQL folder with another word for what is malformed."""
    shutil.copytree(cache.sql_folder(), folder)
    file = next(folder.rglob("mobile_events.sql"))
    text = file.read_text()
    assert "'malformed'" in text
    file.write_text(text.replace("'malformed'", "'not our format'"))
    return folder


def dead_letters_by_reason(server: Server) -> dict[str, int]:
    """How many dead letters each reason has."""
    rows = server.rows(
        "SELECT reason, CAST(sum(sign) AS BIGINT) AS n FROM dead_letters GROUP BY reason"
    )
    return {str(row["reason"]): int(row["n"]) for row in rows}
