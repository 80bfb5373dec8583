"""`headwater generate`: encrypted logs sent to a Kafka, with the books of what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Producer

from harness import cache
from harness.headwater import must_run
from harness.kafka_server import KafkaServer
from harness.process import ManagedProcess


@dataclass(frozen=True)
class Workload:
    """One pair of topics with its key ring and its books."""

    kafka: KafkaServer
    folder: Path
    mobile_topic: str
    products_topic: str

    @property
    def books(self) -> Path:
        """The folder of the books."""
        return self.folder / "books"

    @property
    def keys(self) -> Path:
        """The key ring file."""
        return self.folder / "keys.toml"

    def send(self, events: int, *options: str, timeout_s: float = 600) -> None:
        """Sends as many events as fast as it goes, and returns when Kafka has them."""
        arguments = self._arguments("--events", str(events), "--rate", "0", *options)
        self._report().write_text(must_run(*arguments, timeout_s=timeout_s))

    def defects(self) -> dict[str, int]:
        """How often the last `send` made each kind of defect."""
        lines = (line.rpartition(": ") for line in self._report().read_text().splitlines())
        return {kind.strip(): int(count) for kind, _, count in lines if kind.startswith("  ")}

    def _report(self) -> Path:
        return self.folder / "generate.txt"

    def put_product(self, app_key: str, value: bytes | None) -> None:
        """Sends a record of the products topic; None deletes the product."""
        producer = Producer({"bootstrap.servers": self.kafka.brokers})
        producer.produce(self.products_topic, key=app_key.encode(), value=value)
        assert producer.flush(30) == 0

    def start(self, *options: str) -> ManagedProcess:
        """Starts sending and returns at once."""
        return ManagedProcess(
            [cache.binary(), *self._arguments(*options)],
            self.folder / "generate.log",
            environment=cache.clean_environment(),
        )

    def _arguments(self, *options: str) -> list[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return [
            "generate",
            *("--brokers", self.kafka.brokers),
            *("--books", str(self.books)),
            *("--keys", str(self.keys)),
            *("--topic", self.mobile_topic),
            *("--products-topic", self.products_topic),
            *options,
        ]
