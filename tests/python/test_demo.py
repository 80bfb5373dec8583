"""The demo: one command that runs the main job and judges itself by the generator's books."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from adbc_driver_manager import Error as AdbcError

from harness import cache, flight_client
from harness.books import Books
from harness.deadline import wait_until
from harness.kafka_server import KafkaServer
from harness.ports import free_ports
from harness.process import ManagedProcess
from harness.stored_tables import StoredTables

DEMO_TIMEOUT_S = 180
REASONS = {"unknown key", "cannot decrypt", "malformed", "unknown app_key", "bad device id"}


def start(folder: Path, *options: str, sql: Path | None = None) -> ManagedProcess:
    """Starts the demo on a free port, with the shipped SQL unless told otherwise."""
    return ManagedProcess(
        [
            *(str(cache.binary()), "demo", "--listen", "127.0.0.1:0"),
            *("--sql", str(sql or cache.sql_folder()), *options),
        ],
        folder / "demo.log",
        environment=cache.clean_environment(),
    )


def demo(folder: Path, *options: str, seconds: int = 10, rate: str = "5000") -> tuple[int, str]:
    """Runs the demo to its end; returns the exit code and what it printed."""
    process = start(folder, "--for", f"{seconds}s", "--exit", "--rate", rate, *options)
    try:
        code = process.wait(DEMO_TIMEOUT_S)
    finally:
        process.kill()
    output = process.output()
    assert "panicked" not in output, process.tail()
    return code, output


def stalled(folder: Path, *options: str) -> ManagedProcess:
    """Starts a demo whose engine waits for a topic that nobody makes, so that it reads nothing."""
    sql = folder / "stalled-sql"
    shutil.copytree(cache.sql_folder(), sql)
    source = sql / "sources" / "mobile.sql"
    text, replaced = re.subn(r"\$\{mobile_topic[^}]*\}", "a-topic-of-nobody", source.read_text())
    assert replaced == 1
    source.write_text(text)
    return start(folder, "--rate", "2000", *options, sql=sql)


def test_the_demo_agrees_with_its_books(folder: Path) -> None:
    code, output = demo(folder, seconds=20)
    assert code == 0, output[-4000:]
    for kind in ("adbc", "jdbc:arrow-flight-sql://", "pyarrow", "headwater sql"):
        assert kind in output.lower(), f"no connection string for {kind}"
    assert "\x1b" not in output, "control codes in a file"


def test_at_the_default_rate_a_minute_shows_everything(folder: Path) -> None:
    data = folder / "data"
    process = start(folder, "--for", "40s", "--exit", "--data", str(data))
    try:
        code = process.wait(DEMO_TIMEOUT_S)
    finally:
        process.kill()
    output = process.output()
    assert code == 0, output[-4000:]
    assert "agree exactly" in output.splitlines()[-2], output[-4000:]

    counts = re.search(r"elements: (\d+) events, (\d+) dead letters", output)
    moved = re.search(r"(\d+) credits moved", output)
    assert counts is not None, output[-4000:]
    assert moved is not None, output[-4000:]
    assert int(counts.group(1)) >= 500_000
    assert int(moved.group(1)) >= 1
    letters = dict(re.findall(r"^  dead letters, (.+): (\d+)$", output, re.MULTILINE))
    assert letters.keys() == REASONS

    booked = Books.read(data / "books").outcome_counts()
    assert booked == {
        "event": int(counts.group(1)),
        **{reason: int(count) for reason, count in letters.items()},
    }
    assert all(booked[reason] > 0 for reason in REASONS)


def test_records_that_are_withheld_make_the_demo_fail_and_name_a_device(folder: Path) -> None:
    data = folder / "data"
    code, output = demo(folder, "--withhold", "3", "--data", str(data))
    assert code == 1, output[-4000:]
    booked = {candidate.device for candidate in Books.read(data / "books").first_seen.values()}
    stored = StoredTables(next(data.rglob("events/_delta_log")).parent.parent)
    found = set(stored.rows("events", ["device"]).column("device").to_pylist())
    named = {word.strip(".,:;()'`\"") for word in output.split()}
    assert named & (booked - found), "no device is named that the books alone know"


def test_an_engine_that_reads_nothing_makes_the_demo_fail(folder: Path) -> None:
    process = stalled(folder, "--for", "3s", "--exit", "--read-within", "2s")
    try:
        code = process.wait(DEMO_TIMEOUT_S)
    finally:
        process.kill()
    output = process.output()
    assert code == 1, output[-4000:]
    assert re.search(r"only 0 of [1-9]\d* records were read within 2 s", output), output[-4000:]
    assert "agree exactly" not in output
    log = Path(re.findall(r"^log: (.+)$", output, re.MULTILINE)[-1])
    assert log.is_file(), "the log of a failed run is gone"
    log.unlink()


def test_an_interrupt_ends_the_wait_for_an_engine_that_reads_nothing(folder: Path) -> None:
    data = folder / "data"
    process = stalled(folder, "--for", "2s", "--data", str(data), "--read-within", "1h")
    try:

        def has_ended() -> bool:
            return bool(json.loads((data / "books" / "runs.json").read_text())["runs"][-1]["ended"])

        wait_until(
            "the generator ends",
            has_ended,
            timeout_s=60,
            retry_on=(FileNotFoundError, IndexError),
            on_timeout=process.tail,
        )
        process.stop(20)
        assert "records were read before the run was interrupted" in process.output()
    finally:
        process.kill()


def test_a_second_run_on_the_same_data_continues_the_books(folder: Path) -> None:
    data = str(folder / "data")
    code, output = demo(folder, "--data", data, "--seed", "5")
    assert code == 0, output[-4000:]
    code, output = demo(folder, "--data", data, "--seed", "6")
    assert code == 0, output[-4000:]


def test_on_a_real_kafka_only_the_books_of_a_topic_s_records_may_judge_it(
    folder: Path, kafka: KafkaServer
) -> None:
    known, other = str(folder / "known"), str(folder / "other")
    broker = ("--brokers", kafka.brokers, "--topic", "mobile-logs-of-the-demo")
    code, output = demo(folder, *broker, "--data", known, "--seed", "5")
    assert code == 0, output[-4000:]
    code, output = demo(folder, *broker, "--data", other)
    assert code == 2, output[-4000:]
    assert re.search(
        r"topic mobile-logs-of-the-demo holds \d+ records that the books don't know", output
    )
    code, output = demo(folder, *broker, "--data", known, "--seed", "6")
    assert code == 0, output[-4000:]


def test_a_property_for_a_real_kafka_reaches_generator_and_engine(
    folder: Path, kafka: KafkaServer
) -> None:
    broker = ("--brokers", kafka.brokers, "--topic", "mobile-logs-with-a-property")
    code, output = demo(folder, *broker, "--property", "socket.nagle.disable=true")
    assert code == 0, output[-4000:]
    code, output = demo(folder, *broker, "--property", "socket.nagel.disable=true")
    assert code == 2, output[-4000:]
    assert "did you mean `socket.nagle.disable`?" in output


def test_a_kafka_that_is_away_is_waited_for_aloud_until_an_interrupt(folder: Path) -> None:
    process = start(folder, "--brokers", f"127.0.0.1:{free_ports(1)[0]}")
    try:
        process.wait_for_line(r"broker away since \d{4}-\d\d-\d\dT", 60)
        assert process.stop(10) not in (0, 101), process.tail()
        assert "stopped while waiting for kafka" in process.output()
    finally:
        process.kill()


def test_the_demo_serves_until_it_is_interrupted(folder: Path) -> None:
    process = start(folder, "--for", "3s", "--rate", "2000")
    try:
        address = process.wait_for_line(r"listens on (127\.0\.0\.1:\d+)", 60).group(1)

        def has_events() -> bool:
            with flight_client.connect(address, {}) as connection:
                found = flight_client.fetch(connection, "SELECT count(*) AS n FROM events")
            return found.column("n")[0].as_py() > 1000

        wait_until(
            "the demo answers",
            has_events,
            timeout_s=60,
            retry_on=(AdbcError,),
            on_timeout=process.tail,
        )
        process.wait_for_line("Flight SQL answers until Ctrl-C", 60)
        commands = pasted(process.output())
        assert len(commands) >= 3, process.output()
        for command in commands:
            must_answer(command)
        assert process.stop() == 0, process.tail()
        assert "panicked" not in process.output()
    finally:
        process.kill()


def pasted(output: str) -> list[str]:
    """The commands to connect with that the demo prints; JDBC's URL is none."""
    lines = output[output.index("listens on") :].splitlines()
    end = next(at for at, line in enumerate(lines) if line.startswith("log: "))
    commands = [line.strip() for line in lines[:end] if line.startswith("  ")]
    return [command for command in commands if not command.startswith("jdbc:")]


def must_answer(command: str) -> None:
    """Runs a command as if it were pasted into a shell where the clients are installed."""
    environment = cache.clean_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert "new_users" in done.stdout, f"{command}\n{done.stdout}"


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (60, 10)])
def test_on_a_terminal_each_drawing_covers_the_one_before(
    columns: int, lines: int, folder: Path
) -> None:
    command = [str(cache.binary()), "demo", "--listen", "127.0.0.1:0", "--for", "8s", "--exit"]
    screen = Terminal(columns, lines)
    screen.run([*command, "--rate", "3000", "--data", str(folder / "data")])
    assert screen.drawings > 3
    assert screen.widest <= columns
    assert screen.tallest < lines


class Terminal:
    """A pseudo-terminal that measures what a program draws on it."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns = columns
        self.lines = lines
        self.drawings = 0
        self.widest = 0
        self.tallest = 0

    def run(self, command: list[str]) -> None:
        """Runs a program to its end."""
        text = self._output_of(command).decode(errors="replace")
        # A drawing stands between the codes that turn the wrapping of lines off and on again.
        for drawing in re.findall(r"\x1b\[\?7l(.*?)\x1b\[\?7h", text, re.DOTALL):
            drawn = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in drawing.split("\r\n")]
            self.drawings += 1
            self.widest = max(self.widest, *(len(line) for line in drawn))
            self.tallest = max(self.tallest, len(drawn) - 1)

    def _output_of(self, command: list[str]) -> bytes:
        leader, follower = pty.openpty()
        size = struct.pack("HHHH", self.lines, self.columns, 0, 0)
        fcntl.ioctl(follower, termios.TIOCSWINSZ, size)
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=follower,
            stderr=follower,
            env=cache.clean_environment(),
        )
        os.close(follower)
        output = bytearray()
        try:
            # Linux tells by an error that nobody has the other side open.
            with contextlib.suppress(OSError):
                while chunk := os.read(leader, 1 << 16):
                    output += chunk
        finally:
            child.kill()
            child.wait(30)
            os.close(leader)
        return bytes(output)
