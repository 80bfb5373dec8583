"""JDBC as a test tool: small Java programs, compiled once, that print rows as JSON."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from harness import cache

SOURCES = cache.REPOSITORY / "tests" / "jdbc"
PROGRAM_TIMEOUT_S = 300


class JdbcFailed(RuntimeError):
    """A Java program ended with an exception; the message is its standard error."""


@dataclass(frozen=True)
class Rows:
    """One result: its column names, and its rows with the values that Json.java writes."""

    columns: list[str]
    rows: list[list[object]]

    def column(self, name: str) -> list[object]:
        """The values of one column."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


def compile_programs(classes: Path) -> Path:
    """Compiles tests/jdbc into a folder and returns it."""
    classes.mkdir(parents=True, exist_ok=True)
    sources = [str(path) for path in sorted(SOURCES.glob("*.java"))]
    done = subprocess.run(
        ["javac", "-Xlint:all", "-Werror", "-d", str(classes), *sources],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"javac: {done.stdout}{done.stderr}"
    return classes


def jdbc_url(
    address: str, *, user: str | None = None, password: str | None = None, token: str | None = None
) -> str:
    """The URL of a server at `host:port`, for a user with a password or for a token."""
    given = {"user": user, "password": password, "token": token}
    options = "".join(
        f"&{name}={quote(value)}" for name, value in given.items() if value is not None
    )
    return f"jdbc:arrow-flight-sql://{address}/?useEncryption=false{options}"


def command(classes: Path, program: str, *arguments: str) -> list[str]:
    """The command that runs a program of tests/jdbc."""
    return [
        *("java", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"),
        *("-Duser.timezone=UTC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"),
        *("-cp", f"{cache.jdbc_jar()}:{classes}", program, *arguments),
    ]


def run(classes: Path, program: str, *arguments: str) -> list[Rows]:
    """Runs a program of tests/jdbc and returns what it printed, one `Rows` a result."""
    done = subprocess.run(
        command(classes, program, *arguments),
        capture_output=True,
        text=True,
        timeout=PROGRAM_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise JdbcFailed(done.stderr)
    results = []
    for block in done.stdout.split("\n\n"):
        lines = [json.loads(line) for line in block.splitlines() if line]
        if lines:
            results.append(Rows(lines[0], lines[1:]))
    return results


def as_json_values(table: pa.Table) -> list[list[object]]:
    """An Arrow table's rows with the values as Json.java writes them."""
    return [[_json_value(value) for value in row.values()] for row in table.to_pylist()]


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return [_json_value(one) for one in value.values()]
    if isinstance(value, list):
        return [_json_value(one) for one in value]
    return value
