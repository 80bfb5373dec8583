"""A value of each Arrow type as SQL, and what ADBC and JDBC give for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal


@dataclass(frozen=True)
class Literal:
    """One type: an expression of it, and its value in Python and as Json.java writes it."""

    name: str
    sql: str
    adbc: object
    jdbc: object


def _cast(value: str, arrow_type: str) -> str:
    return f"arrow_cast({value}, '{arrow_type}')"


def _same(name: str, sql: str, value: object) -> Literal:
    return Literal(name, sql, value, value)


_DECIMAL = "12345678901234567890.1234"
_INSTANT = datetime(2026, 2, 28, 12, 34, 56, 789012)

LITERALS = [
    _same("bool_", "true", True),
    _same("int8", _cast("-128", "Int8"), -128),
    _same("int16", _cast("-32768", "Int16"), -32768),
    _same("int32", _cast("-2147483648", "Int32"), -2147483648),
    _same("int64", "-9223372036854775807", -9223372036854775807),
    _same("uint8", _cast("255", "UInt8"), 255),
    _same("uint16", _cast("65535", "UInt16"), 65535),
    _same("uint32", _cast("4294967295", "UInt32"), 4294967295),
    # Above this, the JDBC driver itself gives a negative number.
    _same("uint64", _cast("9223372036854775807", "UInt64"), 9223372036854775807),
    _same("float16", _cast("1.5", "Float16"), 1.5),
    _same("float32", _cast("0.25", "Float32"), 0.25),
    _same("float64", "-1.0e100", -1e100),
    Literal("decimal", _cast(f"'{_DECIMAL}'", "Decimal128(38, 4)"), Decimal(_DECIMAL), _DECIMAL),
    Literal("decimal32", _cast("'-1.99'", "Decimal32(9, 2)"), Decimal("-1.99"), "-1.99"),
    Literal(
        "decimal64", _cast("'1234567.89'", "Decimal64(18, 2)"), Decimal("1234567.89"), "1234567.89"
    ),
    _same("text", "'a ''quoted'' é'", "a 'quoted' é"),
    _same(
        "text_view",
        _cast("'a text longer than twelve bytes'", "Utf8View"),
        "a text longer than twelve bytes",
    ),
    _same("large_text", _cast("'large'", "LargeUtf8"), "large"),
    Literal("binary_", "X'00ff'", b"\x00\xff", "00ff"),
    Literal("binary_view", _cast("X'0a0b'", "BinaryView"), b"\x0a\x0b", "0a0b"),
    _same("dictionary", _cast("'red'", "Dictionary(Int32, Utf8)"), "red"),
    Literal("date32", "DATE '2026-02-28'", date(2026, 2, 28), "2026-02-28"),
    Literal("date64", _cast("DATE '2026-02-28'", "Date64"), date(2026, 2, 28), "2026-02-28"),
    Literal("time_", _cast("'12:34:56'", "Time64(Microsecond)"), time(12, 34, 56), "12:34:56"),
    Literal(
        "naive",
        _cast("'2026-02-28T12:34:56.789012'", "Timestamp(Microsecond, None)"),
        _INSTANT,
        "2026-02-28T12:34:56.789012",
    ),
    Literal(
        "zoned",
        _cast("'2026-02-28T12:34:56.789012Z'", 'Timestamp(Microsecond, Some("UTC"))'),
        _INSTANT.replace(tzinfo=UTC),
        "2026-02-28T12:34:56.789012",
    ),
    Literal("list_", "[1, NULL, 3]", [1, None, 3], [1, None, 3]),
    Literal("list_of_text", "['a', 'b']", ["a", "b"], ["a", "b"]),
    Literal("struct_", "named_struct('a', 1, 'b', 'x')", {"a": 1, "b": "x"}, [1, "x"]),
    Literal(
        "list_of_struct",
        "[named_struct('a', 1), named_struct('a', 2)]",
        [{"a": 1}, {"a": 2}],
        [[1], [2]],
    ),
    Literal("map_", "MAP {'k': 1}", [("k", 1)], [1]),
]
