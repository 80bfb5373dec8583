"""What the engine decrypts and parses is what Python's cryptography and json make of it."""

from __future__ import annotations

import base64
import gzip
import json
import tomllib
import zlib
from collections import Counter
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness.headwater import Server

NONCE_BYTES = 12
TAG_BYTES = 16
Found = tuple[object, ...]


def test_events_are_what_an_independent_implementation_reads(shared_server: Server) -> None:
    keys = read_keys(shared_server.configuration.keys)
    records = shared_server.rows(
        """SELECT position['partition'] AS p, position['offset'] AS o, value FROM archive
           WHERE source = 'mobile'"""
    )
    expected: dict[tuple[int, int, int], Found] = {}
    for record in records:
        for index, element in enumerate(elements_of(record["value"], keys)):
            if isinstance(element, dict):
                at = (record["p"], record["o"], index)
                expected[at] = (*at, *(text(element, *path) for path in PATHS))
    served = shared_server.rows(
        """SELECT position['partition'] AS p, position['offset'] AS o, position['element'] AS e,
                  event_id, event, channel FROM events"""
    )
    assert served
    wrong = [row for row in served if expected.get((row["p"], row["o"], row["e"])) != found(row)]
    assert wrong == [], f"{len(wrong)} events differ, e.g. {wrong[:3]}"


def test_what_cannot_be_decrypted_is_what_an_independent_implementation_cannot_open(
    shared_server: Server,
) -> None:
    keys = read_keys(shared_server.configuration.keys)
    letters = shared_server.rows(
        "SELECT reason, value FROM dead_letters WHERE reason IN ('unknown key', 'cannot decrypt')"
    )
    reasons = Counter(row["reason"] for row in letters)
    assert reasons.keys() == {"unknown key", "cannot decrypt"}
    for row in letters:
        key_id = json.loads(row["value"])["key_id"]
        assert (key_id in keys) == (row["reason"] == "cannot decrypt")
        assert plaintext_of(row["value"], keys) is None


PATHS = (("event_id",), ("event",), ("channel", "id"))


def found(row: dict[str, object]) -> Found:
    """A served row in the form of the expected ones."""
    return tuple(row[name] for name in ("p", "o", "e", "event_id", "event", "channel"))


def read_keys(file: Path) -> dict[str, bytes]:
    """Secrets by key id."""
    keys = tomllib.loads(file.read_text())["key"]
    return {key["id"]: base64.b64decode(key["secret"]) for key in keys}


def plaintext_of(value: bytes | None, keys: dict[str, bytes]) -> bytes | None:
    """The decrypted and inflated payload; none where something on the way fails."""
    try:
        envelope = json.loads(value or b"")
        sealed = base64.b64decode(envelope["payload"], validate=True)
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            return None
        cipher = AESGCM(keys[envelope["key_id"]])
        plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        return gzip.decompress(plain) if plain[:2] == b"\x1f\x8b" else plain
    except (ValueError, KeyError, TypeError, RecursionError, InvalidTag, OSError, EOFError):
        return None
    except zlib.error:
        return None


def elements_of(value: bytes | None, keys: dict[str, bytes]) -> list[object]:
    """The elements of a record; none where it doesn't open or isn't an array."""
    plain = plaintext_of(value, keys)
    try:
        parsed = json.loads(plain or b"")
    except (ValueError, RecursionError):
        return []
    return parsed if isinstance(parsed, list) else []


def text(element: dict[str, object], *path: str) -> str | None:
    """The text at a path of names; none where a step is missing or of another type."""
    value: object = element
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
