"""Comparing two answers row by row, duplicates counted, columns matched by name."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

SHOWN = 10


def assert_same_rows(what: str, expected: pa.Table, actual: pa.Table) -> None:
    """Fails with the first rows that only one side has."""
    assert sorted(expected.column_names) == sorted(actual.column_names), (
        f"{what}: columns {sorted(actual.column_names)}, expected {sorted(expected.column_names)}"
    )
    actual = actual.select(expected.column_names)
    differ = _difference(expected, actual)
    missing = differ.filter(pc.greater(differ.column("more"), 0))
    surplus = differ.filter(pc.less(differ.column("more"), 0))
    assert differ.num_rows == 0, (
        f"{what}: {expected.num_rows} rows expected, {actual.num_rows} found; "
        f"missing {_shown(missing)}; surplus {_shown(surplus)}"
    )


def assert_answers_agree(what: str, first: list[list[object]], second: list[list[object]]) -> None:
    """The same for rows of plain values, in any order."""
    left, right = sorted(map(_sortable, first)), sorted(map(_sortable, second))
    only_left = [row for row, other in zip(left, right, strict=False) if row != other]
    assert left == right, (
        f"{what}: {len(left)} rows against {len(right)}; the first that differ: {only_left[:SHOWN]}"
    )


def _difference(expected: pa.Table, actual: pa.Table) -> pa.Table:
    """The rows that are expected more often than they are, as `more`, or less often."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("expected", expected)
        database.register("actual", actual)
        return database.sql(
            """
            SELECT * EXCLUDE (side), sum(side)::BIGINT AS more
            FROM (SELECT *, 1 AS side FROM expected UNION ALL SELECT *, -1 FROM actual)
            GROUP BY ALL HAVING sum(side) <> 0
            """
        ).to_arrow_table()


def _shown(rows: pa.Table) -> str:
    """How many they are, duplicates counted, and the first of them."""
    count = abs(pc.sum(rows.column("more")).as_py() or 0)
    return f"{count}: {rows.drop_columns(['more']).slice(0, SHOWN).to_pylist()}"


def _sortable(row: list[object]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, repr(value)) for value in row)
