"""ADBC and JDBC clients connect, look around and ask."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from adbc_driver_manager import Error as AdbcError

from harness import flight_client, jdbc
from harness.configuration import PASSWORD, TOKEN, USER
from harness.deadline import wait_until
from harness.headwater import Server
from harness.process import ManagedProcess
from harness.processor_time import ProcessorTime

SHIPPED_TABLES = {"events", "new_user_ledger", "dead_letters", "archive"}
SHIPPED_VIEWS = {
    "new_users",
    "new_users_hourly",
    "new_users_daily",
    "new_users_cumulative",
    "new_users_by_channel",
    "reading_progress",
}
SYSTEM_TABLES = {"positions", "commits", "conservation"}
# Each goes on for minutes and needs little memory: only one side of a cross join is kept.
ENDLESS = "SELECT sum(length(md5(a.device || b.device))) FROM events a CROSS JOIN events b"
ENDLESS_ROWS = "SELECT md5(a.device || b.device) FROM events a CROSS JOIN events b"
CLIENT = """
import sys
from harness import flight_client
from harness.configuration import PASSWORD, USER
with flight_client.connect(sys.argv[1], flight_client.login(USER, PASSWORD)) as connection:
    flight_client.fetch(connection, sys.argv[2])
"""

LOGINS = {
    "password": {"user": USER, "password": PASSWORD},
    "token": {"token": TOKEN},
}
WRONG_LOGINS = {
    "wrong password": {"user": USER, "password": "wrong"},
    "unknown user": {"user": "nobody", "password": PASSWORD},
    "wrong token": {"token": "wrong"},
    "nothing": {},
}


@pytest.mark.parametrize("login", LOGINS.values(), ids=LOGINS.keys())
def test_adbc_connects(shared_server: Server, login: dict[str, str]) -> None:
    with flight_client.connect(shared_server.address, flight_client.login(**login)) as connection:
        assert flight_client.fetch(connection, "SELECT 1 AS one").to_pylist() == [{"one": 1}]


@pytest.mark.parametrize("login", WRONG_LOGINS.values(), ids=WRONG_LOGINS.keys())
def test_adbc_with_a_wrong_login_is_refused_with_a_plain_message(
    shared_server: Server, login: dict[str, str]
) -> None:
    with pytest.raises(AdbcError) as refused:
        with flight_client.connect(
            shared_server.address, flight_client.login(**login)
        ) as connection:
            flight_client.fetch(connection, "SELECT 1")
    message = str(refused.value)
    assert re.search("log in|wrong|token is unknown", message), message
    assert PASSWORD not in message
    assert TOKEN not in message


@pytest.mark.parametrize("login", LOGINS.values(), ids=LOGINS.keys())
def test_jdbc_connects(shared_server: Server, jdbc_programs: Path, login: dict[str, str]) -> None:
    url = jdbc.jdbc_url(shared_server.address, **login)
    assert jdbc.run(jdbc_programs, "Query", url, "SELECT 1 AS one")[0].rows == [[1]]


def test_jdbc_with_a_wrong_password_is_refused_with_a_plain_message(
    shared_server: Server, jdbc_programs: Path
) -> None:
    url = jdbc.jdbc_url(shared_server.address, **WRONG_LOGINS["wrong password"])
    with pytest.raises(jdbc.JdbcFailed, match="wrong"):
        jdbc.run(jdbc_programs, "Query", url, "SELECT 1 AS one")


def test_adbc_lists_catalogs_schemas_tables_and_columns(shared_server: Server) -> None:
    with shared_server.connection() as connection:
        catalogs = connection.adbc_get_objects(depth="all").read_all().to_pylist()
    schemas = {
        schema["db_schema_name"]: {
            table["table_name"]: [column["column_name"] for column in table["table_columns"]]
            for table in schema["db_schema_tables"]
        }
        for catalog in catalogs
        for schema in catalog["catalog_db_schemas"]
    }
    assert schemas["public"].keys() >= SHIPPED_TABLES | SHIPPED_VIEWS
    assert schemas["system"].keys() >= SYSTEM_TABLES
    assert {"product", "channel", "hour", "new_users", "as_of", "complete"} <= set(
        schemas["public"]["new_users_hourly"]
    )


def test_jdbc_lists_catalogs_schemas_tables_and_columns(
    shared_server: Server, jdbc_programs: Path
) -> None:
    url = jdbc.jdbc_url(shared_server.address, user=USER, password=PASSWORD)
    catalogs, schemas, tables, columns, types = jdbc.run(jdbc_programs, "Catalog", url)
    assert len(catalogs.rows) == 1
    assert {"public", "system"} <= set(schemas.column("TABLE_SCHEM"))
    assert set(tables.column("TABLE_NAME")) >= SHIPPED_TABLES | SHIPPED_VIEWS | SYSTEM_TABLES
    found = set(zip(columns.column("TABLE_NAME"), columns.column("COLUMN_NAME"), strict=True))
    assert {("events", "device"), ("events", "position"), ("new_users_hourly", "as_of")} <= found
    assert types.rows


def test_get_object_works_on_every_column_of_every_table_and_view(
    shared_server: Server, jdbc_programs: Path
) -> None:
    with shared_server.connection() as connection:
        tables = flight_client.fetch(
            connection,
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema IN ('public', 'system') ORDER BY 1, 2",
        ).to_pylist()
    assert {t["table_name"] for t in tables} >= SHIPPED_TABLES | SHIPPED_VIEWS | SYSTEM_TABLES
    queries = [f"SELECT * FROM {t['table_schema']}.{t['table_name']} LIMIT 500" for t in tables]
    url = jdbc.jdbc_url(shared_server.address, user=USER, password=PASSWORD)
    answers = jdbc.run(jdbc_programs, "Query", url, *queries)
    assert len(answers) == len(tables)
    for table, answer in zip(tables, answers, strict=True):
        if table["table_name"] in SHIPPED_TABLES | SHIPPED_VIEWS:
            assert answer.rows, f"{table} is empty"


def test_parameters_are_bound_by_adbc(shared_server: Server) -> None:
    sql = "SELECT product, new_users FROM new_users_hourly WHERE product = ? AND new_users >= ?"
    with shared_server.connection() as connection:
        products = flight_client.fetch(connection, "SELECT DISTINCT product FROM new_users_hourly")
        product = products.column(0)[0].as_py()
        found = flight_client.fetch(connection, sql, [product, 1])
        assert set(found.column("product").to_pylist()) == {product}
        assert flight_client.fetch(connection, sql, ["no such product", 1]).num_rows == 0
        nulls = flight_client.fetch(connection, "SELECT CAST(? AS VARCHAR) AS x", [None])
        assert nulls.column("x").to_pylist() == [None]


def test_parameters_are_bound_by_jdbc_again_and_again(
    shared_server: Server, jdbc_programs: Path
) -> None:
    url = jdbc.jdbc_url(shared_server.address, user=USER, password=PASSWORD)
    sql = "SELECT count(*) AS n FROM events WHERE product = ? AND position['offset'] >= ?"
    products = shared_server.rows(
        "SELECT product, count(*) AS n FROM events GROUP BY product ORDER BY 1"
    )
    bound = [f"{row['product']},0" for row in products]
    answers = jdbc.run(jdbc_programs, "Prepared", url, sql, *bound)
    assert [answer.rows[0][0] for answer in answers] == [row["n"] for row in products]


def test_headwater_sql_prints_the_same_numbers(shared_server: Server) -> None:
    sql = "SELECT product, sum(new_users) AS n FROM new_users_hourly GROUP BY product ORDER BY 1"
    expected = [f"{row['product']},{row['n']}" for row in shared_server.rows(sql)]
    done = shared_server.command(sql, "--output", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["product,n", *expected]


def test_sql_that_does_not_plan_is_an_error_that_names_the_word(shared_server: Server) -> None:
    with shared_server.connection() as connection, pytest.raises(AdbcError, match="chanel"):
        flight_client.fetch(connection, "SELECT chanel FROM new_users_hourly")


def test_times_come_with_their_zone(shared_server: Server) -> None:
    table = shared_server.query("SELECT hour, as_of FROM new_users_hourly LIMIT 1")
    assert table.schema.field("hour").type == pa.timestamp("us", "UTC")
    assert table.schema.field("as_of").type == pa.timestamp("us", "UTC")


def test_the_query_of_a_client_that_goes_away_ends(shared_server: Server, folder: Path) -> None:
    meter = ProcessorTime(shared_server.process.pid)
    client = ManagedProcess(
        [sys.executable, "-c", CLIENT, shared_server.address, ENDLESS],
        folder / "client.log",
        environment=dict(os.environ, PYTHONPATH=str(Path(__file__).parent)),
    )
    wait_until("the query runs", meter.is_busy, timeout_s=60, on_timeout=client.tail)
    client.kill()
    wait_until("the query has ended", meter.is_idle, timeout_s=30)


def test_a_cancelled_query_ends(shared_server: Server) -> None:
    meter = ProcessorTime(shared_server.process.pid)
    with shared_server.connection() as connection, connection.cursor() as cursor:
        cursor.execute(ENDLESS_ROWS)
        reader = cursor.fetch_record_batch()
        assert reader.read_next_batch().num_rows > 0
        cursor.adbc_cancel()
        wait_until("the query has ended", meter.is_idle, timeout_s=30)
