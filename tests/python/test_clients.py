"""ADBC and JDBC clients connect, look around and ask."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from adbc_driver_manager import AdbcStatusCode
from adbc_driver_manager import Error as AdbcError
from pyarrow import flight

from conftest import ServerFactory
from harness import cache, flight_client, jdbc
from harness.configuration import PASSWORD, TOKEN, USER
from harness.deadline import wait_until
from harness.headwater import Server
from harness.literals import LITERALS
from harness.process import ManagedProcess
from harness.processor_time import ProcessorTime
from harness.workload import Workload

SHIPPED_TABLES = {"events", "new_user_ledger", "dead_letters", "archive"}
SHIPPED_VIEWS = {
    "new_users",
    "new_users_hourly",
    "new_users_daily",
    "new_users_cumulative",
    "new_users_by_channel",
    "reading_progress",
}
SYSTEM_TABLES = {"positions", "commits", "conservation", "sources", "tables", "engine"}
# Each goes on for minutes and needs little memory: only one side of a cross join is kept.
ENDLESS = "SELECT sum(length(md5(a.device || b.device))) FROM events a CROSS JOIN events b"
ENDLESS_ROWS = "SELECT md5(a.device || b.device) FROM events a CROSS JOIN events b"
# These give nothing back, and so never give way: a filter alone, and one beside join keys.
BARREN = "SELECT count(*) FROM events a JOIN events b ON md5(a.device || b.device) = 'x'"
BARREN_KEYED = f"{BARREN} AND a.product = b.product"
GOING_AWAY = {"endless": ENDLESS, "barren": BARREN, "barren with keys": BARREN_KEYED}
# Each would make gigabytes within one call.
MUCH_FROM_LITTLE = {
    "repeat": "SELECT length(repeat('a', 2000000000))",
    "repeat by row": "SELECT length(repeat(device, 1000000)) FROM events",
    "range": "SELECT array_length(range(0, 5000000000))",
    "constants": "SELECT length(concat(" + ", ".join(["repeat('a', 30000000)"] * 20) + "))",
}
# Each makes a tree as deep as it is long, though nothing is nested.
CHAINS = {
    "sum": ("SELECT 1", "+1"),
    "casts": ("SELECT 1", "::bigint"),
    "texts": ("SELECT ''", "||product", " FROM events LIMIT 1"),
    "filter": ("SELECT count(*) FROM events WHERE product = '0'", " OR product = '1'"),
    "union": ("SELECT 1", " UNION ALL SELECT 1"),
}
HEAVY_EVENTS = 40_000
STOP_LIMIT_S = 20
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
        if table["table_name"] in SHIPPED_TABLES | SHIPPED_VIEWS | SYSTEM_TABLES:
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


def test_headwater_sql_prints_nested_columns_as_text(shared_server: Server) -> None:
    sql = 'SELECT "position", 1 AS one FROM events LIMIT 1'
    done = shared_server.command(sql, "--output", "csv")
    assert done.returncode == 0, done.stderr
    header, row = done.stdout.splitlines()
    assert header == "position,one"
    assert "offset" in row


@pytest.mark.parametrize("output", ["table", "csv"])
def test_headwater_sql_ends_quietly_when_its_reader_has_enough(
    shared_server: Server, output: str
) -> None:
    token = shared_server.folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    command = [cache.binary(), "sql", "--url", f"grpc://{shared_server.address}"]
    command += ["--token-file", token, "--output", output, "-c", ENDLESS_ROWS]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=cache.clean_environment()
    ) as client:
        assert client.stdout is not None
        assert client.stderr is not None
        assert client.stdout.readline()
        client.stdout.close()
        assert client.wait(60) == 0
        assert client.stderr.read() == b""


def test_sql_that_does_not_plan_is_an_error_that_names_the_place_and_a_near_name(
    shared_server: Server,
) -> None:
    with shared_server.connection() as connection, pytest.raises(AdbcError) as refused:
        flight_client.fetch(connection, "SELECT product,\n  chanel FROM new_users_hourly")
    message = str(refused.value)
    assert "line 2, column 3" in message
    assert re.search(r"chanel.*[Dd]id you mean.*channel", message, re.DOTALL), message


def test_times_come_with_their_zone(shared_server: Server) -> None:
    table = shared_server.query("SELECT hour, as_of FROM new_users_hourly LIMIT 1")
    assert table.schema.field("hour").type == pa.timestamp("us", "UTC")
    assert table.schema.field("as_of").type == pa.timestamp("us", "UTC")


@pytest.mark.parametrize("sql", GOING_AWAY.values(), ids=GOING_AWAY.keys())
def test_the_query_of_a_client_that_goes_away_ends(
    shared_server: Server, folder: Path, sql: str
) -> None:
    meter = ProcessorTime(shared_server.process.pid)
    client = adbc_client(shared_server, folder, sql)
    wait_until("the query runs", meter.has_worked, timeout_s=60, on_timeout=client.tail)
    client.kill()
    wait_until("the query has ended", meter.is_idle, timeout_s=30)


@pytest.mark.parametrize("sql", GOING_AWAY.values(), ids=GOING_AWAY.keys())
def test_the_query_of_a_jdbc_client_that_goes_away_ends(
    shared_server: Server, jdbc_programs: Path, folder: Path, sql: str
) -> None:
    meter = ProcessorTime(shared_server.process.pid)
    url = jdbc.jdbc_url(shared_server.address, user=USER, password=PASSWORD)
    client = ManagedProcess(jdbc.command(jdbc_programs, "Query", url, sql), folder / "client.log")
    wait_until("the query runs", meter.has_worked, timeout_s=60, on_timeout=client.tail)
    client.kill()
    wait_until("the query has ended", meter.is_idle, timeout_s=30)


def adbc_client(server: Server, folder: Path, sql: str) -> ManagedProcess:
    """A process of its own that asks a server."""
    return ManagedProcess(
        [sys.executable, "-c", CLIENT, server.address, sql],
        folder / "client.log",
        environment=dict(os.environ, PYTHONPATH=str(Path(__file__).parent)),
    )


def test_a_query_ends_at_the_time_limit_and_a_signal_ends_the_server_beside_one(
    workload: Workload, new_server: ServerFactory, folder: Path
) -> None:
    workload.send(HEAVY_EVENTS)
    server = new_server(workload, query__timeout_ms=3_000).start()
    server.wait_until_read()
    for sql in GOING_AWAY.values():
        with pytest.raises(AdbcError, match="time limit"):
            server.query(sql)
    server.stop()
    server = new_server(workload, name="second", storage=folder / "server-storage").start()
    server.wait_until_answering()
    meter = ProcessorTime(server.process.pid)
    clients = [adbc_client(server, folder / str(i), BARREN_KEYED) for i in range(3)]
    wait_until("the queries run", meter.has_worked, timeout_s=60, on_timeout=clients[0].tail)
    # Whoever comes while all threads compute is still heard.
    with server.connection() as connection:
        assert connection.adbc_get_table_types()
    asked_at = time.monotonic()
    assert server.process.stop(by=signal.SIGTERM) == 0, server.process.tail()
    assert time.monotonic() - asked_at < STOP_LIMIT_S
    for client in clients:
        client.kill()


def test_a_cancelled_query_ends(shared_server: Server) -> None:
    meter = ProcessorTime(shared_server.process.pid)
    with shared_server.connection() as connection, connection.cursor() as cursor:
        cursor.execute(ENDLESS_ROWS)
        reader = cursor.fetch_record_batch()
        assert reader.read_next_batch().num_rows > 0
        cursor.adbc_cancel()
        wait_until("the query has ended", meter.is_idle, timeout_s=30)


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS.keys())
def test_a_chain_that_is_too_long_is_refused_and_the_server_stays(
    shared_server: Server, chain: tuple[str, ...]
) -> None:
    first, link, *rest = chain
    for links in (9_000, 50_000):
        with pytest.raises(AdbcError, match="operators, set operations"):
            shared_server.query(first + link * links + "".join(rest))
    assert shared_server.query(first + link * 900 + "".join(rest)).num_rows >= 1


@pytest.mark.parametrize("sql", MUCH_FROM_LITTLE.values(), ids=MUCH_FROM_LITTLE.keys())
def test_a_call_that_makes_much_from_little_is_refused(shared_server: Server, sql: str) -> None:
    with pytest.raises(AdbcError, match=r"query\.memory_bytes_max"):
        shared_server.query(sql)
    assert shared_server.query("SELECT 1 AS one").num_rows == 1


def test_a_value_that_fails_a_filter_is_the_statements_fault(shared_server: Server) -> None:
    with pytest.raises(AdbcError, match=r"Divide by zero|DivideByZero") as failed:
        shared_server.query("SELECT count(*) FROM events WHERE 1 / (length(device) * 0) = 1")
    assert failed.value.status_code == AdbcStatusCode.INVALID_ARGUMENT


def test_every_tables_schema_is_listed_as_its_rows_have_it(shared_server: Server) -> None:
    with shared_server.connection() as connection:
        tables = flight_client.fetch(
            connection,
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema IN ('public', 'system') ORDER BY 1, 2",
        ).to_pylist()
        for table in tables:
            schema, name = table["table_schema"], table["table_name"]
            listed = connection.adbc_get_table_schema(name, db_schema_filter=schema)
            rows = flight_client.fetch(connection, f"SELECT * FROM {schema}.{name} LIMIT 0")
            assert listed.equals(rows.schema), f"{schema}.{name}"


# The first row is null in every column, the second has the values.
LITERALS_SQL = (
    "SELECT "
    + ", ".join(f"CASE WHEN value = 2 THEN {one.sql} END AS {one.name}" for one in LITERALS)
    + " FROM generate_series(1, 2) ORDER BY value"
)
NO_LITERALS_SQL = f"SELECT * FROM ({LITERALS_SQL}) WHERE bool_ AND NOT bool_"


def test_adbc_gives_the_right_value_of_every_type(shared_server: Server) -> None:
    with shared_server.connection() as connection:
        table = flight_client.fetch(connection, LITERALS_SQL)
        empty = flight_client.fetch(connection, NO_LITERALS_SQL)
        nothing = flight_client.fetch(
            connection, "SELECT NULL AS n, INTERVAL '1 month 2 days' AS i"
        )
    nulls, values = table.to_pylist()
    assert set(nulls.values()) == {None}
    assert values == {one.name: one.adbc for one in LITERALS}
    assert (empty.num_rows, empty.schema) == (0, table.schema)
    assert nothing.to_pylist() == [{"n": None, "i": pa.MonthDayNano([1, 2, 0])}]


def test_jdbc_gives_the_right_value_of_every_type(
    shared_server: Server, jdbc_programs: Path
) -> None:
    url = jdbc.jdbc_url(shared_server.address, user=USER, password=PASSWORD)
    found, empty, nothing = jdbc.run(
        jdbc_programs,
        "Query",
        url,
        LITERALS_SQL,
        NO_LITERALS_SQL,
        "SELECT NULL AS n, INTERVAL '1 month 2 days' AS i",
    )
    assert found.columns == [one.name for one in LITERALS]
    # The driver itself shows the columns of an empty result twice.
    assert set(empty.columns) == set(found.columns)
    nulls, values = found.rows
    assert nulls == [None] * len(LITERALS)
    assert dict(zip(found.columns, values, strict=True)) == {one.name: one.jdbc for one in LITERALS}
    assert empty.rows == []
    assert nothing.rows[0][0] is None
    assert str(nothing.rows[0][1]).startswith("P1M2D")


def test_every_getter_of_jdbcs_metadata_answers(shared_server: Server, jdbc_programs: Path) -> None:
    url = jdbc.jdbc_url(shared_server.address, user=USER, password=PASSWORD)
    (getters,) = jdbc.run(jdbc_programs, "Metadata", url)
    answers = {str(name): (answer, failure) for name, answer, failure in getters.rows}
    assert len(answers) > 100
    assert {name: failure for name, (_, failure) in answers.items() if failure} == {}
    assert answers["getDatabaseProductName"][0] == "Headwater"
    assert answers["isReadOnly"][0] == "true"
    assert answers["getCatalogs"][0] == "1"


def test_pyarrow_asks_by_flight_alone(shared_server: Server) -> None:
    with flight.FlightClient(f"grpc://{shared_server.address}") as client:
        bearer = client.authenticate_basic_token(USER, PASSWORD)
        options = flight.FlightCallOptions(headers=[bearer])
        sql = "SELECT count(*) AS n FROM events"
        descriptor = flight.FlightDescriptor.for_command(sql.encode())
        info = client.get_flight_info(descriptor, options)
        table = client.do_get(info.endpoints[0].ticket, options).read_all()
        assert table.to_pylist() == shared_server.rows(sql)
        assert table.schema == info.schema
        with pytest.raises(flight.FlightUnauthenticatedError):
            client.get_flight_info(descriptor)
