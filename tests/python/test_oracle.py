"""Independent readers get the same rows and the same numbers from the tables as Flight SQL."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from conftest import configuration_for, new_workload
from harness.deadline import wait_until
from harness.difference import assert_same_rows
from harness.headwater import Server
from harness.kafka_server import KafkaServer
from harness.stored_tables import COMMITS, PUBLIC_TABLES, StoredTables

EVENTS = 10_000

HOURLY = """
    SELECT product, channel, hour, sum(credit)::BIGINT AS new_users
    FROM new_user_ledger GROUP BY ALL HAVING sum(credit) <> 0
"""


@pytest.fixture(scope="module")
def server(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with several commit groups and checkpoints, at which readers begin."""
    folder = tmp_path_factory.mktemp("oracle")
    workload = new_workload(kafka, folder / "workload")
    configuration = configuration_for(workload, folder / "storage")
    configuration.more["maintenance.checkpoint_every_groups"] = 2
    server = Server(folder / "server", configuration, kafka)
    try:
        for seed in ("7", "8", "9"):
            workload.send(EVENTS, "--seed", seed)
            if seed == "7":
                server.start()
            server.wait_until_read()
            wait_until_committed(server)
        wait_until_checkpointed(StoredTables(configuration.storage))
        yield server
    finally:
        server.kill()


def wait_until_committed(server: Server) -> None:
    """Waits until nothing is left in memory only."""

    def all_committed() -> bool:
        rows = server.rows("SELECT next_offset, committed_offset FROM system.positions")
        return all(row["next_offset"] == row["committed_offset"] for row in rows)

    wait_until("everything read is committed", all_committed, timeout_s=60)


def wait_until_checkpointed(tables: StoredTables) -> None:
    """Waits until each table has a checkpoint."""

    def all_checkpointed() -> bool:
        return all(tables.last_checkpoint(name).exists() for name in (*PUBLIC_TABLES, COMMITS))

    wait_until("every table has a checkpoint", all_checkpointed, timeout_s=60)


@pytest.fixture
def committed(server: Server) -> StoredTables:
    """The server's tables."""
    return StoredTables(server.configuration.storage)


@pytest.fixture
def database(committed: StoredTables) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB over the tables' files."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in PUBLIC_TABLES:
            connection.register(name, committed.rows(name))
        yield connection


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("events", ["product", "arrival_hour"]),
        ("dead_letters", ["source", "arrival_hour"]),
        ("archive", ["topic", "arrival_hour"]),
    ],
)
def test_tables_are_partitioned_by_what_they_are_asked_for(
    committed: StoredTables, table: str, columns: list[str]
) -> None:
    assert committed.table(table).metadata().partition_columns == columns


@pytest.mark.parametrize("table", PUBLIC_TABLES)
def test_every_row_of_a_table_is_the_same(
    server: Server, committed: StoredTables, table: str
) -> None:
    served = server.query(f"SELECT * FROM {table}")
    assert served.num_rows > 0
    assert_same_rows(table, _plain(committed.rows(table)), _plain(served))


def test_new_users_by_hour_are_the_same(
    server: Server, database: duckdb.DuckDBPyConnection
) -> None:
    served = server.query(
        "SELECT product, channel, hour, new_users FROM new_users_hourly WHERE new_users <> 0"
    )
    assert_same_rows("new_users_hourly", database.sql(HOURLY).to_arrow_table(), served)


def test_the_balance_of_each_device_is_zero_or_one(database: duckdb.DuckDBPyConnection) -> None:
    wrong = database.sql(
        "SELECT product, device, sum(sign) AS balance FROM new_user_ledger "
        "GROUP BY ALL HAVING sum(sign) NOT IN (0, 1)"
    ).fetchall()
    assert wrong == []


def test_the_entries_are_numbered_without_gaps(database: duckdb.DuckDBPyConnection) -> None:
    count, distinct, span = database.sql(
        "SELECT count(*), count(DISTINCT entry), max(entry) - min(entry) + 1 FROM new_user_ledger"
    ).fetchall()[0]
    assert count == distinct == span


def _plain(table: pa.Table) -> pa.Table:
    """The same rows with the small differences of writers' types (large, view) taken away."""
    fields = [pa.field(field.name, _plain_type(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _plain_type(data_type: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(data_type) or pa.types.is_string_view(data_type):
        return pa.string()
    if pa.types.is_large_binary(data_type) or pa.types.is_binary_view(data_type):
        return pa.binary()
    if pa.types.is_dictionary(data_type):
        return _plain_type(data_type.value_type)
    if pa.types.is_struct(data_type):
        return pa.struct([pa.field(f.name, _plain_type(f.type)) for f in data_type])
    if pa.types.is_list(data_type) or pa.types.is_large_list(data_type):
        return pa.list_(_plain_type(data_type.value_type))
    return data_type
