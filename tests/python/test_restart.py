"""Stops and outages: nothing is lost or read twice, and readers are told what is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import ServerFactory
from harness import cache
from harness.books import Books
from harness.checks import (
    CREDITS,
    assert_agrees_with_books,
    assert_credits_agree,
    assert_every_element_has_its_outcome,
    assert_hours_agree,
    unbalanced,
)
from harness.deadline import wait_until
from harness.difference import assert_same_rows
from harness.kafka_server import KafkaServer
from harness.workload import Workload

EVENTS = 30_000
ARCHIVED_TWICE = "SELECT position FROM archive GROUP BY position HAVING count(*) > 1"


def test_a_stop_commits_everything_and_a_start_goes_on(
    workload: Workload, new_server: ServerFactory
) -> None:
    workload.send(EVENTS)
    server = new_server(workload, ingest__commit_interval_ms=60_000).start()
    server.wait_until_read()
    before = server.query(CREDITS)
    read = server.read_offsets()
    assert server.stop() == 0, server.process.tail()

    server.start()
    assert server.committed_offsets() == read
    server.wait_until_read()
    assert_same_rows("credits after a restart", before, server.query(CREDITS))
    workload.send(EVENTS, "--seed", "8")
    server.wait_until_read()
    assert_agrees_with_books(server, Books.read(workload.books))


def test_a_pipeline_that_is_renamed_reads_no_record_again(
    workload: Workload, new_server: ServerFactory, folder: Path
) -> None:
    """The new name joins where the topic is being read; the old one holds nothing back."""
    pipelines = folder / "sql" / "pipelines"
    shutil.copytree(cache.sql_folder(), pipelines.parent)
    server = new_server(workload)
    server.configuration.sql = pipelines.parent
    workload.send(EVENTS)
    server.start()
    server.wait_until_read()
    assert server.stop() == 0, server.process.tail()

    (pipelines / "mobile_events.sql").rename(pipelines / "renamed_events.sql")
    for seed in ("8", "9"):
        server.start()
        workload.send(EVENTS, "--seed", seed)
        server.wait_until_read()
        books = Books.read(workload.books)
        assert_every_element_has_its_outcome(server, books)
        assert_credits_agree(server, books)
        assert_hours_agree(server, books)
        assert unbalanced(server) == []
        assert server.rows(ARCHIVED_TWICE) == []
        names = {row["pipeline"] for row in server.rows("SELECT pipeline FROM system.positions")}
        assert names == {"archive", "renamed_events"}
        assert server.stop() == 0, server.process.tail()


def test_a_kafka_that_goes_away_and_comes_back_is_read_on(
    own_kafka: KafkaServer, folder: Path, new_server: ServerFactory
) -> None:
    workload = Workload(own_kafka, folder / "workload", "mobile-logs", "products")
    workload.send(EVENTS)
    server = new_server(workload).start()
    server.wait_until_read()
    own_kafka.kill()
    server.process.wait_for_line(r"broker away since \d{4}-\d\d-\d\dT", 90)
    assert server.query(CREDITS).num_rows > 0
    own_kafka.start()
    workload.send(EVENTS, "--seed", "8")
    server.wait_until_read()
    assert_agrees_with_books(server, Books.read(workload.books))


def test_storage_that_is_away_for_a_while_is_waited_for(
    workload: Workload, new_server: ServerFactory
) -> None:
    """A folder that is not mounted: nothing is missing meanwhile, and nothing is written there."""
    workload.send(EVENTS)
    server = new_server(workload, ingest__commit_interval_ms=200).start()
    server.wait_until_read()
    storage = server.configuration.storage
    aside = storage.with_name("aside")
    storage.rename(aside)
    storage.mkdir()
    # Credits that move ask for old entries of the ledger.
    workload.send(EVENTS, "--seed", "8")
    server.process.wait_for_line(r"is away: another folder is in its place", 60)
    assert list(storage.iterdir()) == []

    storage.rmdir()
    aside.rename(storage)
    server.wait_until_read()
    assert server.stop() == 0, server.process.tail()
    server.start()
    server.wait_until_read()
    assert_agrees_with_books(server, Books.read(workload.books))


def test_the_index_is_a_cache(workload: Workload, new_server: ServerFactory) -> None:
    """A start takes a snapshot and what the ledger has since; without one it takes the ledger."""
    workload.send(EVENTS)
    server = new_server(
        workload,
        ingest__commit_interval_ms=200,
        ingest__commit_bytes=1 << 20,
        ingest__micro_batch_records=500,
        maintenance__checkpoint_every_groups=2,
    ).start()
    server.wait_until_read()
    snapshots = server.configuration.storage / "cache"
    wait_until("a snapshot is written", lambda: any(snapshots.glob("*.index")), timeout_s=60)
    server.kill()

    for seed, from_snapshot in (("8", "true"), ("9", "false")):
        workload.send(EVENTS, "--seed", seed)
        server.start()
        server.process.wait_for_line(rf"index loaded.*from_snapshot={from_snapshot}", 60)
        server.wait_until_read()
        assert_agrees_with_books(server, Books.read(workload.books))
        server.kill()
        shutil.rmtree(snapshots, ignore_errors=True)
