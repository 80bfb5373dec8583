"""The tests' own tools: the fold of the books, the comparisons, a Kafka that survives a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from confluent_kafka import Producer

from harness.books import Books
from harness.deadline import DeadlineExceeded, wait_until
from harness.difference import assert_answers_agree, assert_same_rows
from harness.first_seen import Candidate, fold, new_users_by_hour
from harness.kafka_server import KafkaServer

BOOK = """\
partition,offset,element,outcome,received_us,product,device,channel,event,event_time_us,clock_rule,tie,counts
0,0,-1,malformed,5,,,,,,,,0
0,1,0,event,1000,browser,aa,,launch,3600000001,skew,00000000000000ff,1
0,1,1,event,1000,browser,aa,"a,""b",launch,3600000001,skew,00000000000000ff,1
0,2,0,event,900,browser,aa,early,upgrade,3600000001,skew,0000000000000001,0
1,0,0,event,1001,browser,bb,"",launch,3600000001,skew,f0000000000000ff,1
"""


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


def test_books_are_read_as_they_are_documented(tmp_path: Path) -> None:
    run = {"run": 1, "facts": "facts-1.csv", "topic": "t", "topic_id": "x", "ended": True}
    (tmp_path / "runs.json").write_text(json.dumps({"version": 1, "runs": [run]}))
    (tmp_path / "facts-1.csv").write_text(BOOK)
    books = Books.read(tmp_path)
    credits = {row["device"]: row["channel"] for row in books.credits().to_pylist()}
    assert credits == {"aa": 'a,"b', "bb": ""}
    assert books.outcome_counts() == {"event": 4, "malformed": 1}
    assert books.share_of_first_events_that_tie() == 0.5
    counted = {row["partition"]: row for row in books.conservation().to_pylist()}
    assert counted[0]["records"] == 3
    assert counted[0]["elements"] == 4
    assert counted[0]["dead_letters"] == 1


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
