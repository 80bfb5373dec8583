"""What Python's cryptography, gzip and json make of a record of the mobile SDK.

The order of the reasons is that of sql/pipelines/mobile_events.sql; whether a device id is usable
is not judged here.
"""

from __future__ import annotations

import base64
import gzip
import json
import tomllib
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
TAG_BYTES = 16
WHOLE_RECORD = -1

Keys = Mapping[str, bytes]
Element = dict[str, object]


def read_keys(file: Path) -> dict[str, bytes]:
    """Secrets by key id."""
    keys = tomllib.loads(file.read_text())["key"]
    return {key["id"]: base64.b64decode(key["secret"]) for key in keys}


def read_record(
    value: bytes | None, keys: Keys, app_keys: Collection[str]
) -> Iterator[tuple[int, str, Element | None]]:
    """Each element's index and outcome, with the element where it is an event."""
    envelope = _json(value)
    payload = text(envelope, "payload")
    if payload is None:
        yield WHOLE_RECORD, "malformed", None
        return
    key_id = text(envelope, "key_id")
    if key_id not in keys:
        yield WHOLE_RECORD, "unknown key", None
        return
    plain = plaintext(payload, keys[key_id])
    if plain is None:
        yield WHOLE_RECORD, "cannot decrypt", None
        return
    elements = _json(plain)
    if not isinstance(elements, list) or not elements:
        yield WHOLE_RECORD, "malformed", None
        return
    for index, element in enumerate(elements):
        if text(element, "event") is None:
            yield index, "malformed", None
        elif text(element, "app_key") not in app_keys:
            yield index, "unknown app_key", None
        else:
            yield index, "event", element


def plaintext(payload: str, key: bytes) -> bytes | None:
    """The decrypted and inflated payload; none where something on the way fails."""
    try:
        sealed = base64.b64decode(payload, validate=True)
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            return None
        plain = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        return gzip.decompress(plain) if plain[:2] == b"\x1f\x8b" else plain
    except (ValueError, InvalidTag, OSError, EOFError, zlib.error):
        return None


def text(value: object, *path: str) -> str | None:
    """The text at a path of names; none where a step is missing or of another type."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _json(document: bytes | None) -> object:
    try:
        return json.loads(document or b"")
    except (ValueError, RecursionError):
        return None
