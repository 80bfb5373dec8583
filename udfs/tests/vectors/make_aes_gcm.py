"""Writes aes_gcm.json: values sealed by Python's `cryptography`, and damaged ones.

    pip install cryptography && python3 udfs/tests/vectors/make_aes_gcm.py

`plain` is null where a value must not open. The keys are made here and protect nothing.
"""

import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LENGTHS = [0, 1, 15, 16, 17, 31, 64, 255, 600, 4097]


def stream(label: str, length: int) -> bytes:
    """Bytes that are the same in each run."""
    return hashlib.shake_256(label.encode()).digest(length)


def main() -> None:
    keys = {f"k{bits}": stream(f"key {bits}", bits // 8) for bits in (128, 256)}
    cases = []

    def case(
        name: str, key_id: str, sealed: bytes, plain: bytes | None, aad: bytes | None = None
    ) -> None:
        made = {
            "name": name,
            "key_id": key_id,
            "sealed": sealed.hex(),
            "plain": None if plain is None else plain.hex(),
        }
        cases.append(made if aad is None else made | {"aad": aad.hex()})

    for key_id, key in keys.items():
        for length in LENGTHS:
            plain, nonce = stream(f"plain {length}", length), stream(f"nonce {key_id} {length}", 12)
            case(f"{length} bytes", key_id, nonce + AESGCM(key).encrypt(nonce, plain, None), plain)
        plain, nonce = b'[{"event":"launch"}]', stream(f"nonce {key_id}", 12)
        sealed = nonce + AESGCM(key).encrypt(nonce, plain, None)
        flip = lambda at: sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        case("another nonce", key_id, flip(0), None)
        case("changed ciphertext", key_id, flip(12), None)
        case("wrong tag", key_id, flip(len(sealed) - 1), None)
        case("truncated nonce", key_id, sealed[1:], None)
        case("only part of a nonce", key_id, sealed[:11], None)
        case("only a nonce", key_id, sealed[:12], None)
        case("truncated tag", key_id, sealed[:-1], None)
        case("shorter than nonce and tag", key_id, sealed[:27], None)
        case("empty", key_id, b"", None)
        with_aad = nonce + AESGCM(key).encrypt(nonce, plain, b"aad")
        case("additional data that is not given", key_id, with_aad, None)
        case("additional data", key_id, with_aad, plain, b"aad")
        case("other additional data", key_id, with_aad, None, b"dad")
        case("additional data where there is none", key_id, sealed, None, b"aad")
        other = next(other for other in keys if other != key_id)
        case("another key", other, sealed, None)
        case("unknown key", "k999", sealed, None)

    vectors = {"keys": {key_id: key.hex() for key_id, key in keys.items()}, "cases": cases}
    path = pathlib.Path(__file__).with_name("aes_gcm.json")
    path.write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
