"""What the engine decrypts and parses is what Python's cryptography and json make of it."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.applications import read_applications
from harness.headwater import Server
from harness.records import Element, read_keys, read_record, text

Place = tuple[int, int, int]
Reading = dict[Place, tuple[str, Element | None]]

# The columns of `events` that hold a text of the element as it is, and where it stands in there.
TEXTS = {
    "event_id": ("event_id",),
    "event": ("event",),
    "channel": ("channel", "id"),
    "sub_channel": ("channel", "sub"),
    "click_id": ("channel", "click_id"),
    "model": ("device", "model"),
    "brand": ("device", "brand"),
    "os": ("device", "os"),
    "os_ver": ("device", "os_ver"),
    "app_ver": ("app", "ver"),
    "app_build": ("app", "build"),
    "app_pkg": ("app", "pkg"),
}
PLACE = "position['partition'] AS p, position['offset'] AS o, position['element'] AS e"
BAD_ID = "bad device id"


@pytest.fixture(scope="module")
def reading(shared_server: Server) -> Reading:
    """What Python reads in each archived record."""
    configuration = shared_server.configuration
    keys = read_keys(configuration.keys)
    app_keys = read_applications(shared_server.kafka, configuration.products_topic).keys()
    records = shared_server.rows(f"SELECT {PLACE}, value FROM archive WHERE source = 'mobile'")
    return {
        (record["p"], record["o"], index): (outcome, element)
        for record in records
        for index, outcome, element in read_record(record["value"], keys, app_keys)
    }


@pytest.fixture(scope="module")
def letters(shared_server: Server) -> dict[Place, str]:
    """The reason of each dead letter."""
    rows = shared_server.rows(f"SELECT {PLACE}, reason FROM dead_letters")
    return {(row["p"], row["o"], row["e"]): row["reason"] for row in rows}


def test_events_are_what_an_independent_implementation_reads_no_more_and_no_fewer(
    shared_server: Server, reading: Reading, letters: dict[Place, str]
) -> None:
    expected = {
        place: {column: text(element, *path) for column, path in TEXTS.items()}
        | {"test": (element or {}).get("test") is True}
        for place, (outcome, element) in reading.items()
        if outcome == "event" and letters.get(place) != BAD_ID
    }
    columns = ", ".join(TEXTS)
    served = {
        (row.pop("p"), row.pop("o"), row.pop("e")): row
        for row in shared_server.rows(f"SELECT {PLACE}, {columns}, test FROM events")
    }
    assert served
    missing = expected.keys() - served.keys()
    assert not missing, f"{len(missing)} events were not served, e.g. {sorted(missing)[:3]}"
    wrong = [(place, row) for place, row in served.items() if expected.get(place) != row]
    assert wrong == [], f"{len(wrong)} events differ, e.g. {wrong[:3]}"


def test_dead_letters_have_the_reason_that_an_independent_implementation_finds(
    reading: Reading, letters: dict[Place, str]
) -> None:
    expected = {place: outcome for place, (outcome, _) in reading.items() if outcome != "event"}
    judged = {place: reason for place, reason in letters.items() if reason != BAD_ID}
    differ = {
        place: (expected.get(place), judged.get(place))
        for place in expected.keys() | judged.keys()
        if expected.get(place) != judged.get(place)
    }
    assert differ == {}, f"{len(differ)} differ (expected, found): {list(differ.items())[:3]}"
    assert Counter(expected.values()).keys() == {
        *("unknown key", "cannot decrypt", "malformed", "unknown app_key")
    }
    only_the_id_is_bad = [place for place, reason in letters.items() if reason == BAD_ID]
    assert only_the_id_is_bad
    assert {reading[place][0] for place in only_the_id_is_bad} == {"event"}
