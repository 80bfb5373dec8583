"""The tests' own tools: what follows from the books, comparisons, a Kafka that survives a kill."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from confluent_kafka import Producer
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness.applications import Application, zones
from harness.books import UTC, Books
from harness.deadline import DeadlineExceeded, wait_until
from harness.difference import assert_answers_agree, assert_same_rows
from harness.first_seen import Candidate, fold, new_users_by_hour
from harness.kafka_server import KafkaServer
from harness.metrics import METRICS, assert_metric_agrees, expected_metric
from harness.records import read_record

BOOK = """\
partition,offset,element,outcome,received_us,product,device,channel,event,event_time_us,clock_rule,tie,counts
0,0,-1,malformed,5,,,,,,,,0
0,1,0,event,1000,browser,aa,,launch,3600000001,skew,00000000000000ff,1
0,1,1,event,1000,browser,aa,"a,""b",launch,3600000001,skew,00000000000000ff,1
0,2,0,event,900,browser,aa,early,upgrade,3600000001,skew,0000000000000001,0
1,0,0,event,1001,browser,bb,"",launch,3600000001,skew,f0000000000000ff,1
"""


KEY = bytes(32)


def sealed(plain: bytes) -> bytes:
    """A record with key k."""
    payload = bytes(12) + AESGCM(KEY).encrypt(bytes(12), plain, None)
    return json.dumps({"key_id": "k", "payload": base64.b64encode(payload).decode()}).encode()


def candidate(
    *,
    channel: str | None = "a",
    received_us: int = 2,
    event_time_us: int = 2,
    tie: str = "2",
    offset: int = 2,
) -> Candidate:
    """A candidate for one device."""
    return Candidate("p", "d", channel, received_us, event_time_us, tie, (0, offset, 0))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (candidate(received_us=1, event_time_us=9, channel="z"), candidate()),
        (candidate(event_time_us=1, tie="9"), candidate()),
        (candidate(tie="1", channel="z"), candidate()),
        (candidate(channel="B"), candidate(channel="a")),
        (candidate(channel="z"), candidate(channel="é")),
        (candidate(channel="z", offset=9), candidate(channel=None)),
        (candidate(channel=""), candidate()),
        (candidate(channel=None, offset=1), candidate(channel=None)),
    ],
)
def test_each_part_of_the_order_decides_only_where_those_before_are_equal(
    first: Candidate, second: Candidate
) -> None:
    for both in ([first, second], [second, first]):
        assert list(fold(both).values()) == [first]


def test_a_new_user_counts_in_the_hour_of_the_event_time() -> None:
    counted = new_users_by_hour(fold([candidate(event_time_us=7_200_000_001)]))
    assert counted == {("p", "a", 7_200_000_000): 1}


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """The books of `BOOK`, in topic t."""
    run = {"run": 1, "facts": "facts-1.csv", "topic": "t", "topic_id": "x", "ended": True}
    (tmp_path / "runs.json").write_text(json.dumps({"version": 1, "runs": [run]}))
    (tmp_path / "facts-1.csv").write_text(BOOK)
    return Books.read(tmp_path)


def test_books_are_read_as_they_are_documented(books: Books) -> None:
    credits = {row["device"]: row for row in books.credits().to_pylist()}
    assert {device: row["channel"] for device, row in credits.items()} == {"aa": 'a,"b', "bb": ""}
    assert [credits["aa"][name] for name in ("topic", "offset", "element")] == ["t", 1, 1]
    assert books.outcome_counts() == {"event": 4, "malformed": 1}
    assert books.share_of_first_events_that_tie() == 0.5
    assert books.share_read_out_of_order() == 0.5
    counted = {row["partition"]: row for row in books.conservation().to_pylist()}
    assert counted[0]["records"] == counted[0]["opened"] == 3
    assert counted[0]["elements"] == 4
    assert counted[0]["dead_letters"] == 1
    assert books.events().num_rows == 4
    assert books.dead_letters().column("reason").to_pylist() == ["malformed"]
    records = books.records()
    assert records.schema.field("received").type == UTC
    assert sorted((r["partition"], r["offset"], r["element"]) for r in records.to_pylist()) == [
        *((0, 0, -1), (0, 1, -1), (0, 2, -1), (1, 0, -1))
    ]


def test_books_are_cut_at_the_next_offset_of_each_partition(books: Books) -> None:
    assert books.below({0: 2, 1: 0}).facts.num_rows == 3
    assert books.below({0: 9}).first_seen.keys() == {("browser", "aa")}


def test_what_is_filtered_has_another_outcome_and_credits_nothing(books: Books) -> None:
    filtering = books.filtering("event = 'launch' AND \"partition\" = 0")
    assert filtering.outcome_counts() == {"event": 2, "malformed": 1, "filtered": 2}
    assert filtering.events().num_rows == 2
    assert filtering.dead_letters().num_rows == 1
    assert filtering.first_seen.keys() == {("browser", "bb")}
    counted = {row["partition"]: row for row in filtering.conservation().to_pylist()}
    assert counted[0]["elements"] == 4
    assert counted[0]["filtered"] == 2
    assert counted[0]["dead_letters"] == 1


def test_every_metric_that_ships_follows_from_the_books(books: Books) -> None:
    # 01:00 of 1 January 1970 in UTC is the day before in Honolulu.
    in_zones = zones({"ak": Application("browser", "Pacific/Honolulu")})
    answers = {metric: expected_metric(metric, books, in_zones) for metric in METRICS}
    (hour,) = answers["new_users_cumulative"].to_pylist()
    assert str(hour["day"]) == "1969-12-31"
    assert (hour["new_users"], hour["new_users_today"], hour["new_users_ever"]) == (2, 2, 2)
    shares = answers["new_users_by_channel"].column("share").to_pylist()
    assert shares == [0.5, 0.5]
    daily = answers["new_users_daily"]
    as_of = pa.array([None, None], UTC)
    complete = pa.array([True, False])
    answer = daily.append_column("as_of", as_of).append_column("complete", complete)
    assert_metric_agrees("new_users_daily", answer, books, in_zones)
    with pytest.raises(AssertionError, match="compared with nothing"):
        assert_metric_agrees("new_users_daily", answer.append_column("x", as_of), books, in_zones)
    with pytest.raises(AssertionError, match="missing 1"):
        assert_metric_agrees("new_users_daily", answer.slice(1), books, in_zones)
    with pytest.raises(AssertionError, match="is new"):
        assert_metric_agrees("new_users_weekly", answer, books, in_zones)


@pytest.mark.parametrize(
    ("value", "outcomes"),
    [
        (None, [(-1, "malformed")]),
        (b"[1,2]", [(-1, "malformed")]),
        (b'{"key_id":"k","payload":1}', [(-1, "malformed")]),
        (b'{"key_id":"other","payload":""}', [(-1, "unknown key")]),
        (b'{"key_id":"k","payload":"?"}', [(-1, "cannot decrypt")]),
        (sealed(b"[]"), [(-1, "malformed")]),
        (sealed(b"[" * 5000), [(-1, "malformed")]),
        (sealed(b"\x1f\x8b broken"), [(-1, "cannot decrypt")]),
        (
            sealed(b'[null, 5, {}, {"event":"e"}, {"event":"e","app_key":"a"}]'),
            [
                *((0, "malformed"), (1, "malformed"), (2, "malformed")),
                *((3, "unknown app_key"), (4, "event")),
            ],
        ),
        (sealed(gzip.compress(b'[{"event":"e","app_key":"a"}]')), [(0, "event")]),
    ],
)
def test_a_record_is_read_as_the_pipeline_says(
    value: bytes | None, outcomes: list[tuple[int, str]]
) -> None:
    found = [(index, outcome) for index, outcome, _ in read_record(value, {"k": KEY}, {"a"})]
    assert found == outcomes


def test_a_comparison_counts_duplicates_and_sees_nulls() -> None:
    one = pa.table({"a": pa.array([1, 1, None], pa.int64())})
    assert_same_rows("the same", one, one.take(pa.array([2, 0, 1])))
    for other in ([1, None, None], [1, 1], [1, 1, 2]):
        with pytest.raises(AssertionError):
            assert_same_rows("another", one, pa.table({"a": pa.array(other, pa.int64())}))
    assert_answers_agree("in another order", [[1, None], [2, "x"]], [[2, "x"], [1, None]])
    with pytest.raises(AssertionError):
        assert_answers_agree("another", [[1, None]], [[1, "x"]])


def test_waiting_ends_with_what_was_last_seen() -> None:
    with pytest.raises(DeadlineExceeded, match=r"the answer: not within 0\.1 s; last: 0"):
        wait_until("the answer", lambda: 0, timeout_s=0.1, interval_s=0.01)


def test_kafka_keeps_its_records_through_a_kill(tmp_path: Path) -> None:
    kafka = KafkaServer.started(tmp_path)
    try:
        kafka.create_topic("logs", 3)
        producer = Producer({"bootstrap.servers": kafka.brokers})
        for number in range(300):
            producer.produce("logs", value=b"x" * 100, partition=number % 3)
        assert producer.flush(30) == 0
        del producer
        kafka.kill()
        kafka.start()
        assert kafka.end_offsets("logs") == {0: 100, 1: 100, 2: 100}
    finally:
        kafka.kill()
