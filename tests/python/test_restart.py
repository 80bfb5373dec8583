"""Stops and outages: nothing is lost or read twice, and readers are told what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ServerFactory
from harness.books import Books
from harness.checks import CREDITS, assert_agrees_with_books
from harness.difference import assert_same_rows
from harness.kafka_server import KafkaServer
from harness.workload import Workload

EVENTS = 30_000


@pytest.fixture
def own_kafka(folder: Path) -> Iterator[KafkaServer]:
    """A Kafka that this test may kill."""
    server = KafkaServer.started(folder / "kafka")
    yield server
    server.kill()


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
