"""Comparing two answers row by row, duplicates counted, columns matched by name."""

from __future__ import annotations

import duckdb
import pyarrow as pa

SHOWN = 10


def assert_same_rows(what: str, expected: pa.Table, actual: pa.Table) -> None:
    """Fails with the first rows that only one side has."""
    assert sorted(expected.column_names) == sorted(actual.column_names), (
        f"{what}: columns {sorted(actual.column_names)}, expected {sorted(expected.column_names)}"
    )
    actual = actual.select(expected.column_names)
    missing = _only_in(expected, actual)
    surplus = _only_in(actual, expected)
    assert missing.num_rows + surplus.num_rows == 0, (
        f"{what}: {expected.num_rows} rows expected, {actual.num_rows} found; "
        f"missing {missing.num_rows}: {missing.slice(0, SHOWN).to_pylist()}; "
        f"surplus {surplus.num_rows}: {surplus.slice(0, SHOWN).to_pylist()}"
    )


def assert_answers_agree(what: str, first: list[list[object]], second: list[list[object]]) -> None:
    """The same for rows of plain values, in any order."""
    left, right = sorted(map(_sortable, first)), sorted(map(_sortable, second))
    only_left = [row for row, other in zip(left, right, strict=False) if row != other]
    assert left == right, (
        f"{what}: {len(left)} rows against {len(right)}; the first that differ: {only_left[:SHOWN]}"
    )


def _only_in(one: pa.Table, other: pa.Table) -> pa.Table:
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("one", one)
        database.register("other", other)
        return database.sql("SELECT * FROM one EXCEPT ALL SELECT * FROM other").to_arrow_table()


def _sortable(row: list[object]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, repr(value)) for value in row)
