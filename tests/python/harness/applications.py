"""The products topic, read without Headwater: which app key belongs to which product and zone."""

from __future__ import annotations

import json
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from harness.kafka_server import KafkaServer

POLL_TIMEOUT_S = 30.0


class Application(NamedTuple):
    """The latest record of one app key."""

    product: str
    zone: str


def read_applications(kafka: KafkaServer, topic: str) -> dict[str, Application]:
    """The applications by app key: the topic read to its end; a record without value deletes."""
    partitions = set(kafka.end_offsets(topic))
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.brokers,
            "group.id": "tests",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    found: dict[str, Application] = {}
    try:
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
        while partitions:
            message = consumer.poll(POLL_TIMEOUT_S)
            assert message is not None, f"{topic}: nothing read within {POLL_TIMEOUT_S:g} s"
            error = message.error()
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF, f"{topic}: {error}"
                partitions.discard(message.partition())
                continue
            app_key, value = message.key().decode(), message.value()
            found.pop(app_key, None)
            if value is not None:
                row = json.loads(value)
                found[app_key] = Application(row["product"], row["zone"])
    finally:
        consumer.close()
    return found


def zones(applications: dict[str, Application]) -> dict[str, str]:
    """The business time zone of each product."""
    found = {application.product: application.zone for application in applications.values()}
    assert found.items() == set(applications.values()), "a product has two zones"
    return found
