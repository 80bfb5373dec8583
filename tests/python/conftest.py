"""Fixtures: one Kafka for the session; topics, folders and servers for each test."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from harness import jdbc
from harness.configuration import Configuration
from harness.headwater import Server
from harness.kafka_server import KafkaServer
from harness.process import ManagedProcess
from harness.workload import Workload

_NUMBERS = itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps each phase's report on the item, so that fixtures see whether the test failed."""
    report = yield
    setattr(item, f"report_{report.when}", report)
    return report


def failed(request: pytest.FixtureRequest) -> bool:
    """Whether the test of this fixture failed."""
    report = getattr(request.node, "report_call", None)
    return report is None or report.failed


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One real Kafka for all tests; each test has topics of its own."""
    server = KafkaServer.started(tmp_path_factory.mktemp("kafka"))
    yield server
    server.kill()
    if os.environ.get("TESTS_KEEP") is None:
        shutil.rmtree(server.folder / "data", ignore_errors=True)


@pytest.fixture
def own_kafka(folder: Path) -> Iterator[KafkaServer]:
    """A Kafka that a test may kill."""
    server = KafkaServer.started(folder / "kafka")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def jdbc_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled programs of tests/jdbc."""
    return jdbc.compile_programs(tmp_path_factory.mktemp("jdbc"))


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The test's folder; it stays when the test fails."""
    yield tmp_path
    if not failed(request) and os.environ.get("TESTS_KEEP") is None:
        shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def workload(kafka: KafkaServer, folder: Path) -> Workload:
    """New topics' names, with a key ring and books; nothing is sent yet."""
    return new_workload(kafka, folder / "workload")


def new_workload(kafka: KafkaServer, folder: Path) -> Workload:
    """A workload on topics that no other test uses."""
    number = next(_NUMBERS)
    return Workload(kafka, folder, f"mobile-logs-{number}", f"products-{number}")


ServerFactory = Callable[..., Server]


@pytest.fixture
def new_server(folder: Path, request: pytest.FixtureRequest) -> Iterator[ServerFactory]:
    """Makes servers, on the same storage or on others; all are killed at the end."""
    servers: list[Server] = []

    def make(
        workload: Workload, *, name: str = "server", storage: Path | None = None, **more: object
    ) -> Server:
        settings = {key.replace("__", "."): value for key, value in more.items()}
        configuration = configuration_for(workload, storage or folder / f"{name}-storage")
        configuration.more.update(settings)  # type: ignore[arg-type]
        servers.append(Server(folder / name, configuration, workload.kafka))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()
        if failed(request):
            print(show_log(server))


def configuration_for(workload: Workload, storage: Path) -> Configuration:
    """The configuration of a server that reads a workload."""
    storage.mkdir(parents=True, exist_ok=True)
    return Configuration(
        brokers=workload.kafka.brokers,
        storage=storage,
        keys=workload.keys,
        mobile_topic=workload.mobile_topic,
        products_topic=workload.products_topic,
    )


def show_log(server: Server) -> str:
    """The end of a server's log, for the report of a failed test."""
    process: ManagedProcess | None = server._process
    return "the server was never started" if process is None else process.tail()


SHARED_EVENTS = 40_000


@pytest.fixture(scope="session")
def shared_server(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has read a small workload, for tests that only ask."""
    folder = tmp_path_factory.mktemp("shared")
    workload = new_workload(kafka, folder / "workload")
    workload.send(SHARED_EVENTS)
    server = Server(
        folder / "server", configuration_for(workload, folder / "storage"), kafka
    ).start()
    server.wait_until_read()
    yield server
    server.kill()
