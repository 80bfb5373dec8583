"""Independent readers get the same rows and the same numbers from the tables as Flight SQL."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from harness.deadline import wait_until
from harness.difference import assert_same_rows
from harness.headwater import Server
from harness.stored_tables import PUBLIC_TABLES, StoredTables

HOURLY = """
    SELECT product, channel, hour, sum(credit)::BIGINT AS new_users
    FROM new_user_ledger GROUP BY ALL HAVING sum(credit) <> 0
"""


@pytest.fixture
def committed(shared_server: Server) -> StoredTables:
    """The shared server's tables, once nothing is left in memory only."""

    def all_committed() -> bool:
        rows = shared_server.rows("SELECT next_offset, committed_offset FROM system.positions")
        return all(row["next_offset"] == row["committed_offset"] for row in rows)

    wait_until("everything read is committed", all_committed, timeout_s=60)
    return StoredTables(shared_server.configuration.storage)


@pytest.fixture
def database(committed: StoredTables) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB over the tables' files."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in PUBLIC_TABLES:
            connection.register(name, committed.rows(name))
        yield connection


@pytest.mark.parametrize("table", PUBLIC_TABLES)
def test_every_row_of_a_table_is_the_same(
    shared_server: Server, committed: StoredTables, table: str
) -> None:
    served = shared_server.query(f"SELECT * FROM {table}")
    assert served.num_rows > 0
    assert_same_rows(table, _plain(committed.rows(table)), _plain(served))


def test_new_users_by_hour_are_the_same(
    shared_server: Server, database: duckdb.DuckDBPyConnection
) -> None:
    served = shared_server.query(
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
