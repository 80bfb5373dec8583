"""A real Kafka broker (KRaft, one node) on free ports, whose data survives its own `kill -9`."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from harness import cache
from harness.deadline import wait_until
from harness.ports import free_ports
from harness.process import ManagedProcess

START_TIMEOUT_S = 90.0
START_TRIES = 3

_SILENT = logging.getLogger("headwater.tests.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.retention.hours=-1
log.message.timestamp.before.max.ms=9223372036854775807
log.message.timestamp.after.max.ms=9223372036854775807
log.cleaner.dedupe.buffer.size=20000000
num.network.threads=2
num.io.threads=2
"""


class KafkaServer:
    """One broker in one folder: start, kill, start again on the same ports and data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: ManagedProcess | None = None
        self.brokers = ""

    @classmethod
    def started(cls, folder: Path) -> KafkaServer:
        """Formats and starts a broker; tries other ports if one was taken meanwhile."""
        if shutil.which("java") is None:
            raise RuntimeError("no `java` found: install a JDK (Debian: openjdk-17-jdk-headless)")
        for attempt in range(1, START_TRIES + 1):
            server = cls(folder / f"kafka-{attempt}")
            server._format()
            try:
                server.start()
                return server
            except AssertionError:
                server.kill()
                if (
                    "Address already in use" not in server._log().read_text()
                    or attempt == START_TRIES
                ):
                    raise
        raise AssertionError("unreachable: the last try raises")

    def start(self) -> None:
        """Starts the broker on the data that is there, and waits until it answers."""
        self._process = ManagedProcess(
            [
                *("java", "-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                *("-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", self._class_path()),
                *("kafka.Kafka", str(self._properties())),
            ],
            self._log(),
            environment=cache.clean_environment(),
        )
        wait_until(
            "Kafka answers",
            self._answers,
            timeout_s=START_TIMEOUT_S,
            interval_s=0.2,
            retry_on=(KafkaException, OSError),
            on_timeout=self._process.tail,
        )

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()

    def admin(self) -> AdminClient:
        """A new admin client of this broker."""
        settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.brokers,
            "socket.timeout.ms": 5000,
            "log_level": 0,
        }
        return AdminClient(settings, logger=_SILENT)

    def create_topic(self, name: str, partitions: int, *, compacted: bool = False) -> None:
        """Makes a topic and waits until it has leaders."""
        config = {"cleanup.policy": "compact"} if compacted else {}
        admin = self.admin()
        made = admin.create_topics([NewTopic(name, partitions, 1, config=config)])
        made[name].result(timeout=30)

        def has_leaders() -> bool:
            found = admin.list_topics(name, timeout=5).topics[name].partitions
            return len(found) == partitions and all(p.leader >= 0 for p in found.values())

        wait_until(f"topic {name} has leaders", has_leaders, timeout_s=30)

    def end_offsets(self, topic: str) -> dict[int, int]:
        """The end offset of each partition of a topic."""
        admin = self.admin()
        partitions = admin.list_topics(topic, timeout=10).topics[topic].partitions
        asked = {TopicPartition(topic, p): OffsetSpec.latest() for p in partitions}
        answers = admin.list_offsets(asked, request_timeout=10)
        return {place.partition: answer.result().offset for place, answer in answers.items()}

    def _answers(self) -> bool:
        assert self._process is not None
        if not self._process.is_running():
            raise AssertionError(f"Kafka ended while starting\n{self._process.tail()}")
        host, port = self.brokers.split(":")
        socket.create_connection((host, int(port)), timeout=2).close()
        return len(self.admin().list_topics(timeout=2).brokers) == 1

    def _format(self) -> None:
        self.folder.mkdir(parents=True)
        broker, controller = free_ports(2)
        self.brokers = f"127.0.0.1:{broker}"
        self._properties().write_text(
            PROPERTIES.format(broker=broker, controller=controller, data=self.folder / "data")
        )
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            [
                *("java", "-XX:TieredStopAtLevel=1", "-cp", self._class_path()),
                # In one word: one id in 64 begins with a dash.
                *("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}"),
                *("-c", str(self._properties())),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"formatting Kafka's storage: {done.stdout}{done.stderr}"

    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _log(self) -> Path:
        return self.folder / "kafka.log"

    @staticmethod
    def _class_path() -> str:
        return f"{cache.kafka_jars()}/*"
