"""Asking Headwater over Flight SQL with ADBC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import adbc_driver_flightsql
import adbc_driver_flightsql.dbapi
import pyarrow as pa
from adbc_driver_flightsql import DatabaseOptions
from adbc_driver_manager.dbapi import Connection

Row = dict[str, Any]

CATCHING_UP_HEADER = f"{DatabaseOptions.RPC_CALL_HEADER_PREFIX.value}allow_catching_up"


def login(
    user: str | None = None, password: str | None = None, token: str | None = None
) -> dict[str, str]:
    """The options of a login by password or by bearer token."""
    if token is not None:
        return {DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {token}"}
    given = {"username": user, "password": password}
    return {name: value for name, value in given.items() if value is not None}


@contextmanager
def connect(address: str, options: dict[str, str]) -> Iterator[Connection]:
    """A connection to `host:port`, closed at the end."""
    connection = adbc_driver_flightsql.dbapi.connect(
        f"grpc://{address}", db_kwargs=options, autocommit=True
    )
    try:
        yield connection
    finally:
        connection.close()


def fetch(connection: Connection, sql: str, parameters: list[object] | None = None) -> pa.Table:
    """The whole answer of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table()
