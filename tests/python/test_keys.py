"""`headwater keys`: key ring files are private, and no key is shown unless asked for."""

from __future__ import annotations

import base64
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.headwater import must_run, run_command


@pytest.fixture
def ring(folder: Path) -> Path:
    """A key ring file with a fresh key m1."""
    file = folder / "keys.toml"
    must_run("keys", "make", "--file", file, "--id", "m1")
    return file


def secrets(file: Path) -> dict[str, str]:
    """The secrets in base64, by key id."""
    return {key["id"]: key["secret"] for key in tomllib.loads(file.read_text())["key"]}


def test_a_made_key_ring_is_private_and_has_one_fresh_key(ring: Path, folder: Path) -> None:
    assert ring.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(secrets(ring)["m1"])) == 32
    must_run("keys", "make", "--file", folder / "other.toml", "--id", "m1", "--bits", "128")
    other = secrets(folder / "other.toml")["m1"]
    assert len(base64.b64decode(other)) == 16


def test_a_key_ring_is_never_overwritten(ring: Path) -> None:
    before = ring.read_text()
    done = run_command("keys", "make", "--file", ring, "--id", "m2")
    assert done.returncode != 0
    assert "keys add" in done.stderr
    assert ring.read_text() == before


def test_keys_are_added_and_listed_without_their_secrets(ring: Path) -> None:
    given = base64.b64encode(bytes(range(32))).decode()
    assert must_run("keys", "add", "--file", ring, "--id", "m2", "--bits", "128")
    added = run_command("keys", "add", "--file", ring, "--id", "m3", "--stdin", stdin=given)
    assert added.returncode == 0, added.stderr
    kept = secrets(ring)
    assert kept["m3"] == given
    assert ring.stat().st_mode & 0o777 == 0o600

    listed = must_run("keys", "list", "--file", ring)
    assert all(key_id in listed for key_id in kept)
    assert not any(secret in listed for secret in kept.values())
    shown = must_run("keys", "list", "--file", ring, "--show-secrets")
    assert all(secret in shown for secret in kept.values())


def test_the_generator_refuses_a_key_ring_that_others_can_read(ring: Path, folder: Path) -> None:
    ring.chmod(0o644)
    books = folder / "books"
    done = run_command(
        *("generate", "--brokers", "127.0.0.1:1", "--books", books, "--keys", ring),
        *("--events", "1"),
    )
    assert done.returncode == 2
    assert f"chmod 600 {ring}" in done.stderr
    assert not books.exists(), "books were begun"


def test_a_key_is_never_replaced(ring: Path) -> None:
    done = run_command("keys", "add", "--file", ring, "--id", "m1")
    assert done.returncode != 0
    assert "m1" in done.stderr
    assert secrets(ring)["m1"] not in done.stderr


def test_a_secret_of_a_wrong_length_is_refused_without_showing_it(ring: Path) -> None:
    short = base64.b64encode(b"only ten b").decode()
    done = run_command("keys", "add", "--file", ring, "--id", "m2", "--stdin", stdin=short)
    assert done.returncode != 0
    assert "m2" in done.stderr
    assert short not in done.stdout + done.stderr
    assert secrets(ring).keys() == {"m1"}


def test_keys_added_at_once_are_all_there(ring: Path) -> None:
    ids = [f"p{n}" for n in range(16)]
    with ThreadPoolExecutor(len(ids)) as adding:
        added = adding.map(lambda i: must_run("keys", "add", "--file", ring, "--id", i), ids)
        assert len(list(added)) == len(ids)
    assert sorted(secrets(ring)) == sorted(["m1", *ids])


@pytest.mark.parametrize("key_id", ["", " m2", "m2\n"])
def test_a_key_needs_an_id_that_a_person_can_read(ring: Path, key_id: str) -> None:
    done = run_command("keys", "add", "--file", ring, "--id", key_id)
    assert done.returncode == 2
    assert "no id of a key" in done.stderr
    assert list(secrets(ring)) == ["m1"]


def test_a_key_ring_in_a_folder_that_is_missing_tells_how_to_make_it(folder: Path) -> None:
    missing = folder / "not" / "there"
    done = run_command("keys", "make", "--file", missing / "keys.toml", "--id", "m1")
    assert done.returncode == 2
    assert f"mkdir -p {missing}" in done.stderr
