"""A row that the engine loses is noticed: by its balance, by the stored rows or by the books."""

from __future__ import annotations

import shutil

import pytest

from conftest import ServerFactory, new_workload
from harness.books import Books
from harness.checks import (
    assert_agrees_with_books,
    assert_conserved,
    assert_credits_agree,
    assert_every_record_is_archived,
    assert_evidence_is_there,
    assert_stored_rows_are_counted,
    unbalanced,
)
from harness.headwater import Server
from harness.kafka_server import KafkaServer
from harness.workload import Workload

EVENTS = 5_000
# About ten micro-batches.
SMALL = {"ingest__micro_batch_records": 50}
# One micro-batch, so that nothing that comes later asks for an entry of it.
LARGE = {"ingest__micro_batch_ms": 2000}


@pytest.fixture(scope="module")
def sent(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Workload:
    """A small workload for servers of which each loses another row."""
    workload = new_workload(kafka, tmp_path_factory.mktemp("lost-rows") / "workload")
    workload.send(EVENTS)
    return workload


@pytest.fixture(scope="module")
def books(sent: Workload) -> Books:
    """What must come of it."""
    return Books.read(sent.books)


def losing(place: str, workload: Workload, new_server: ServerFactory, **settings: object) -> Server:
    """A server that has read everything and lost one row at a place.

    `place:n` is the place's n-th micro-batch with rows.
    """
    server = new_server(workload, **settings).start(f"fault.drop_row={place}")
    server.wait_until_read()
    server.process.wait_for_line("a row is lost on purpose", 1)
    return server


def test_where_no_row_is_lost_everything_agrees(
    sent: Workload, books: Books, new_server: ServerFactory
) -> None:
    server = new_server(sent).start()
    server.wait_until_read()
    assert_agrees_with_books(server, books)
    assert_evidence_is_there(server)


@pytest.mark.parametrize("place", ["pipeline", "pipeline:3"])
def test_a_row_lost_in_a_pipeline_unbalances_the_engines_own_counts(
    sent: Workload, books: Books, new_server: ServerFactory, place: str
) -> None:
    server = losing(place, sent, new_server, **SMALL)
    assert unbalanced(server) != []
    with pytest.raises(AssertionError, match="unbalanced"):
        assert_conserved(server, books)


@pytest.mark.parametrize("table", ["events", "dead_letters", "archive"])
def test_a_row_lost_on_the_way_into_a_table_is_missing_from_what_was_counted(
    sent: Workload, new_server: ServerFactory, table: str
) -> None:
    server = losing(table, sent, new_server)
    with pytest.raises(AssertionError, match="stored rows"):
        assert_stored_rows_are_counted(server)


def test_a_record_lost_on_the_way_into_the_archive_is_missing_from_the_books_records(
    sent: Workload, books: Books, new_server: ServerFactory
) -> None:
    server = losing("archive:3", sent, new_server, **SMALL)
    with pytest.raises(AssertionError, match="missing 1"):
        assert_every_record_is_archived(server, books)


def test_a_lost_entry_is_missing_from_the_books_credits_and_the_next_start_refuses(
    workload: Workload, new_server: ServerFactory
) -> None:
    workload.send(EVENTS)
    server = losing("new_user_ledger", workload, new_server, **LARGE)
    with pytest.raises(AssertionError, match=r"credits.* missing 1:"):
        assert_credits_agree(server, Books.read(workload.books))
    # Later entries make a gap of it.
    workload.send(EVENTS, "--seed", "8")
    server.wait_until_read()
    assert server.stop() == 0, server.process.tail()

    # Without its cache the index comes from the ledger alone.
    shutil.rmtree(server.configuration.storage / "cache", ignore_errors=True)
    process = server.launch()
    assert process.wait(60) != 0, process.tail()
    assert "entries are missing" in process.output(), process.tail()
