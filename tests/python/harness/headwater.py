"""The real binary: a server that a test starts, kills and starts again, and its commands."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from adbc_driver_manager import Error as AdbcError
from adbc_driver_manager.dbapi import Connection

from harness import cache, flight_client
from harness.configuration import PASSWORD, TOKEN, USER, Configuration
from harness.deadline import wait_until
from harness.flight_client import Row
from harness.kafka_server import KafkaServer
from harness.process import ManagedProcess

START_TIMEOUT_S = 60.0
CATCH_UP_TIMEOUT_S = 300.0
LISTENING = r"listening on grpc://(127\.0\.0\.1:\d+)"

Offsets = dict[int, int]


def run_command(
    *arguments: str | Path,
    timeout_s: float = 120,
    environment: dict[str, str] | None = None,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a command of the binary to its end; the caller looks at the exit code."""
    return subprocess.run(
        [str(cache.binary()), *(str(a) for a in arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env=cache.clean_environment() | (environment or {}),
        input=stdin,
    )


def must_run(*arguments: str | Path, timeout_s: float = 120) -> str:
    """Runs a command that has to end with exit code 0, and returns its standard output."""
    done = run_command(*arguments, timeout_s=timeout_s)
    shown = " ".join(str(a) for a in arguments)
    assert done.returncode == 0, f"headwater {shown}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Server:
    """`headwater serve` on one configuration; it may be started many times."""

    def __init__(self, folder: Path, configuration: Configuration, kafka: KafkaServer) -> None:
        self.folder = folder
        self.configuration = configuration
        self.kafka = kafka
        self.address = ""
        self._process: ManagedProcess | None = None

    @property
    def process(self) -> ManagedProcess:
        """The process that was started last."""
        assert self._process is not None, "the server has not been started"
        return self._process

    def launch(self, *settings: str) -> ManagedProcess:
        """Starts the process with `--set` for each setting, without waiting for it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.configuration.write(self.folder / "headwater.toml")
        flags = [part for setting in settings for part in ("--set", setting)]
        self._process = ManagedProcess(
            [cache.binary(), "serve", "--config", file, *flags],
            self.folder / "server.log",
            environment=cache.clean_environment(),
        )
        return self._process

    def start(self, *settings: str) -> Server:
        """Starts the process and waits until it listens."""
        process = self.launch(*settings)
        self.address = process.wait_for_line(LISTENING, START_TIMEOUT_S).group(1)
        return self

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        return self.process.stop()

    @contextmanager
    def connection(self, *, allow_catching_up: bool = False) -> Iterator[Connection]:
        """An ADBC connection with the password."""
        options = flight_client.login(USER, PASSWORD)
        if allow_catching_up:
            options[flight_client.CATCHING_UP_HEADER] = "true"
        with flight_client.connect(self.address, options) as connection:
            yield connection

    def query(self, sql: str, *, allow_catching_up: bool = False) -> pa.Table:
        """The answer of one query, on a connection of its own."""
        with self.connection(allow_catching_up=allow_catching_up) as connection:
            return flight_client.fetch(connection, sql)

    def rows(self, sql: str, *, allow_catching_up: bool = False) -> list[Row]:
        """The answer of one query as one dictionary a row."""
        return self.query(sql, allow_catching_up=allow_catching_up).to_pylist()

    def command(self, sql: str, *options: str) -> subprocess.CompletedProcess[str]:
        """The same by `headwater sql`, logged in with the token."""
        token = self.folder / "token"
        token.write_text(TOKEN)
        url = f"grpc://{self.address}"
        return run_command("sql", "-c", sql, "--url", url, "--token-file", token, *options)

    def read_offsets(self) -> Offsets:
        """The next offset of each partition of the logs in the published state."""
        return self._offsets("next_offset")

    def committed_offsets(self) -> Offsets:
        """The next offset of each partition of the logs in the last commit group."""
        return self._offsets("committed_offset")

    def wait_until_read(
        self, ends: Offsets | None = None, *, timeout_s: float = CATCH_UP_TIMEOUT_S
    ) -> None:
        """Waits until the published state has every record below the topic's end offsets."""
        goal = ends or self.kafka.end_offsets(self.configuration.mobile_topic)

        def has_read() -> bool:
            self._must_run()
            read = self.read_offsets()
            return all(read.get(p, 0) >= end for p, end in goal.items() if end > 0)

        wait_until(
            f"{sum(goal.values())} records are read",
            has_read,
            timeout_s=timeout_s,
            interval_s=0.2,
            retry_on=(AdbcError,),
            on_timeout=self._progress,
        )
        self.wait_until_answering()

    def wait_until_answering(self, *, timeout_s: float = 60) -> None:
        """Waits until the server no longer tells queries that it is catching up."""

        def answers() -> bool:
            self._must_run()
            return self.query("SELECT count(*) FROM events").num_rows == 1

        wait_until(
            "the server answers",
            answers,
            timeout_s=timeout_s,
            retry_on=(AdbcError,),
            on_timeout=self.process.tail,
        )

    def _offsets(self, column: str) -> Offsets:
        rows = self.rows(
            f'SELECT "partition", min({column}) AS next_offset FROM system.positions '
            f"WHERE topic = '{self.configuration.mobile_topic}' GROUP BY \"partition\""
        )
        return {int(row["partition"]): int(row["next_offset"] or 0) for row in rows}

    def _must_run(self) -> None:
        code = self.process.exit_code()
        if code is not None:
            raise RuntimeError(f"the server ended with {code}\n{self.process.tail()}")

    def _progress(self) -> str:
        try:
            return f"read so far: {self.read_offsets()}\n{self.process.tail()}"
        except AdbcError as error:
            return f"no positions: {error}\n{self.process.tail()}"
