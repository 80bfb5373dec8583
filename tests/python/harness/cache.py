"""Where tests/run has put what the tests need; a missing piece is an error that says so."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def _required(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        raise RuntimeError(f"{variable} is not set: start the tests with tests/run")
    path = Path(value)
    if not path.exists():
        raise RuntimeError(
            f"{variable} names {path}, which does not exist: start the tests with tests/run"
        )
    return path


def kafka_jars() -> Path:
    """The folder with the broker's jars."""
    return _required("TESTS_KAFKA_JARS")


def jdbc_jar() -> Path:
    """The JDBC driver's jar."""
    return _required("TESTS_JDBC_JAR")


def binary() -> Path:
    """The `headwater` binary under test."""
    return _required("TESTS_BINARY")


def sql_folder() -> Path:
    """The SQL folder that ships."""
    return REPOSITORY / "sql"


def clean_environment() -> dict[str, str]:
    """The environment without Headwater's own settings, so that a test decides them all."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HEADWATER_")}
